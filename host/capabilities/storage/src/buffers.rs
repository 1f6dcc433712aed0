//! Memory for what is read from local files, used again and again: to get a megabyte of fresh memory from the system
//! costs more than to fill it.
//!
//! Invariant: a buffer is written only while nobody else has it.

use bytes::Bytes;
use parking_lot::Mutex;
use std::{io, sync::Arc};

/// The step in which objects are read; smaller reads take memory of their own, so that a few bytes that somebody
/// keeps never hold a megabyte.
const SIZE: usize = 1 << 20;
/// One reader has at most three under way (one it looks at, two fetched ahead); more readers than a machine has cores
/// gain nothing.
const KEPT: usize = 12;

#[derive(Default)]
pub(crate) struct Buffers {
    free: Mutex<Vec<Box<[u8]>>>,
}

/// A buffer that goes back where it came from when the last who reads it is done.
struct Lent {
    bytes: Option<Box<[u8]>>,
    len: usize,
    home: Arc<Buffers>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_deref().map_or(&[], |bytes| &bytes[..self.len])
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(bytes) = self.bytes.take() else { return };
        let mut free = self.home.free.lock();
        if free.len() < KEPT {
            free.push(bytes);
        }
    }
}

impl Buffers {
    /// `len` bytes that `fill` has written.
    pub fn filled(self: &Arc<Self>, len: usize, fill: impl FnOnce(&mut [u8]) -> io::Result<()>) -> io::Result<Bytes> {
        if !(SIZE / 2..=SIZE).contains(&len) {
            let mut bytes = vec![0; len];
            return fill(&mut bytes).map(|()| bytes.into());
        }
        let free = self.free.lock().pop();
        let mut bytes = free.unwrap_or_else(|| vec![0; SIZE].into());
        let result = fill(&mut bytes[..len]);
        let lent = Lent { bytes: Some(bytes), len, home: self.clone() };
        result.map(|()| Bytes::from_owner(lent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(buffers: &Arc<Buffers>, len: usize, byte: u8) -> Bytes {
        let fill = |bytes: &mut [u8]| {
            bytes.fill(byte);
            Ok(())
        };
        buffers.filled(len, fill).unwrap()
    }

    #[test]
    fn memory_is_used_again_but_never_while_somebody_reads_it() {
        let buffers = Arc::new(Buffers::default());
        let step = |byte: u8| filled(&buffers, SIZE, byte);
        let (one, two) = (step(1), step(2));
        let part = one.slice(10..20);
        let (first, second) = (one.as_ptr(), two.as_ptr());
        drop((one, two));
        let three = step(3);
        assert_eq!(three.as_ptr(), second, "a part of the first is still looked at");
        assert!(part.iter().all(|byte| *byte == 1));
        drop(part);
        assert_eq!(step(4).as_ptr(), first);
    }

    #[test]
    fn what_cannot_be_filled_is_an_error_and_its_memory_is_kept() {
        let buffers = Arc::new(Buffers::default());
        buffers.filled(SIZE, |_| Err(io::ErrorKind::UnexpectedEof.into())).unwrap_err();
        assert_eq!(buffers.free.lock().len(), 1);
        assert_eq!(filled(&buffers, 3, 7), [7, 7, 7][..]);
        assert_eq!(filled(&buffers, SIZE - 5, 1).len(), SIZE - 5);
    }
}
