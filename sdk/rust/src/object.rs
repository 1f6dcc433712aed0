//! Objects as `std::io` knows files: read and sought in, or written.
//!
//! Invariant: never more than one chunk of an object is held in memory.

use crate::{Address, Error, Result, bindings::imports::kamld::storage::objects};
use std::io::{self, Read, Seek, SeekFrom, Write};

/// What is read or written by one call of the host: large enough that the call costs nothing beside it.
const CHUNK: usize = 1 << 20;

/// Reads one object; wrap it in a [`std::io::BufReader`] when reading in small pieces.
///
/// ```no_run
/// use kamld_sdk::{Address, ObjectReader};
/// use std::io::{BufRead, BufReader};
///
/// let address: Address = "birds/strikes@v1/2019.csv".parse()?;
/// let reader = BufReader::new(ObjectReader::open(&address)?);
/// let rows = reader.lines().count();
/// # Ok::<(), kamld_sdk::Error>(())
/// ```
pub struct ObjectReader {
    inner: objects::Reader,
    size: u64,
    place: u64,
}

impl ObjectReader {
    /// Opens the object at an address; at its ref, else on the default branch.
    pub fn open(address: &Address) -> Result<Self> {
        let path = address.need_path()?;
        let inner = objects::open(&address.project, &address.asset, address.at.as_deref(), path)?;
        let size = inner.size();
        Ok(Self { inner, size, place: 0 })
    }

    /// The text of an object, of a long one as much as its first `most` bytes hold; what is not UTF-8 is replaced.
    ///
    /// ```no_run
    /// let about = kamld_sdk::ObjectReader::text(&"birds/strikes/about.md".parse()?, 64 << 10)?;
    /// # Ok::<(), kamld_sdk::Error>(())
    /// ```
    pub fn text(address: &Address, most: usize) -> Result<String> {
        Ok(String::from_utf8_lossy(&Self::open(address)?.read_range(0, most)?).into_owned())
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Up to `length` bytes from `offset`, fewer only at the end.
    pub fn read_range(&self, offset: u64, length: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while bytes.len() < length {
            let want = (length - bytes.len()).min(CHUNK) as u32;
            let chunk = self.inner.read_at(offset + bytes.len() as u64, want)?;
            if chunk.is_empty() {
                break;
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = buffer.len().min(CHUNK) as u32;
        if want == 0 || self.place >= self.size {
            return Ok(0);
        }
        let bytes = self.inner.read_at(self.place, want).map_err(|error| io::Error::other(Error::from(error)))?;
        let length = bytes.len().min(buffer.len());
        buffer[..length].copy_from_slice(&bytes[..length]);
        self.place += length as u64;
        Ok(length)
    }
}

impl Seek for ObjectReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.place.checked_add_signed(by),
        };
        self.place =
            place.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "sought before the first byte"))?;
        Ok(self.place)
    }
}

/// Writes one object. Nothing is seen of it before [`ObjectWriter::finish`]; dropped before, nothing was written.
///
/// ```no_run
/// use kamld_sdk::{Address, ObjectWriter};
/// use std::io::Write;
///
/// let address: Address = "birds/strikes/notes.md".parse()?;
/// let mut writer = ObjectWriter::create(&address, Some("text/markdown"))?;
/// writer.write_all(b"# Strikes\n")?;
/// let object = writer.finish()?;
/// assert_eq!(object.size, 10);
/// # Ok::<(), kamld_sdk::Error>(())
/// ```
pub struct ObjectWriter {
    inner: objects::Writer,
    buffer: Vec<u8>,
}

impl ObjectWriter {
    /// Starts an object on the branch that the address names, else on the default branch.
    /// Without a media type it is found out from name and content.
    pub fn create(address: &Address, media_type: Option<&str>) -> Result<Self> {
        let path = address.need_path()?;
        let inner = objects::create(&address.project, &address.asset, address.at.as_deref(), path, media_type)?;
        Ok(Self { inner, buffer: Vec::new() })
    }

    /// Puts the object in place, durably.
    pub fn finish(mut self) -> Result<objects::Object> {
        self.flush()?;
        Ok(self.inner.finish()?)
    }
}

impl Write for ObjectWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..length]);
        if self.buffer.len() == CHUNK {
            self.flush()?;
        }
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.inner.write(&self.buffer).map_err(|error| io::Error::other(Error::from(error)))?;
            self.buffer.clear();
        }
        Ok(())
    }
}
