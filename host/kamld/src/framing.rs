//! How the records of a backup stand in their file: each part behind its length.
//!
//! Must not live here: what the parts mean (`backup` in the binary). Invariant: a file that was cut short is an error.

use anyhow::{Context, bail};
use std::io::Read;

/// A number of bytes before each text: how records lie in `records.bin` and `refs.bin`.
pub fn framed(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend((part.len() as u32).to_le_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// Reads so many framed parts; none at the end.
pub fn unframed<const N: usize>(input: &mut impl Read) -> anyhow::Result<Option<[Vec<u8>; N]>> {
    let mut parts: [Vec<u8>; N] = std::array::from_fn(|_| Vec::new());
    for (place, part) in parts.iter_mut().enumerate() {
        let mut length = [0; 4];
        match input.read_exact(&mut length) {
            Err(error) if place == 0 && error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other.context("the records of the backup are cut short")?,
        }
        let length = u32::from_le_bytes(length) as usize;
        if length > 64 << 20 {
            bail!("the records of the backup are damaged");
        }
        *part = vec![0; length];
        input.read_exact(part).context("the records of the backup are cut short")?;
    }
    Ok(Some(parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_bytes_stands_before_each_part() {
        let framed = framed(&[b"ab", b"", b"c"]);
        let mut input = &framed[..];
        let parts: [Vec<u8>; 3] = unframed(&mut input).unwrap().unwrap();
        assert_eq!(parts, [b"ab".to_vec(), Vec::new(), b"c".to_vec()]);
        assert!(unframed::<1>(&mut input).unwrap().is_none());
        assert!(unframed::<3>(&mut &framed[..5]).is_err());
    }
}
