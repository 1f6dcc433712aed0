//! Messages between the host and a worker: a header in JSON and a body of bytes.
//!
//! On the wire: the length of the header and of the body in bytes, each a big-endian `u32`, then header and body.
//!
//! Must not live here: what headers mean. Invariants: a frame beyond the bounds is an error, not an allocation; reading
//! can be given up and taken up again at any point without losing a byte.

use bytes::{Bytes, BytesMut};
use serde::{Serialize, de::DeserializeOwned};
use std::io::{self, Read, Write};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes of a header: a list of some thousand objects fits.
const HEADER: usize = 32 << 20;
/// Bytes of a body: a piece of an object, or a batch of rows with one very large one.
const BODY: usize = 256 << 20;
const PREFIX: usize = 8;

#[derive(Clone, Debug, Default)]
pub struct Frame {
    pub header: Vec<u8>,
    pub body: Bytes,
}

fn wrong(what: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_string())
}

fn lengths(prefix: [u8; PREFIX]) -> io::Result<(usize, usize)> {
    let [a, b, c, d, e, f, g, h] = prefix;
    let length = |bytes| usize::try_from(u32::from_be_bytes(bytes)).unwrap_or(usize::MAX);
    let (header, body) = (length([a, b, c, d]), length([e, f, g, h]));
    if header > HEADER || body > BODY {
        return Err(wrong(format!("a frame of {header} and {body} bytes is too large")));
    }
    Ok((header, body))
}

impl Frame {
    pub fn new(header: &impl Serialize, body: Bytes) -> io::Result<Self> {
        let header = serde_json::to_vec(header).map_err(wrong)?;
        if header.len() > HEADER || body.len() > BODY {
            return Err(wrong(format!("a frame of {} and {} bytes is too large", header.len(), body.len())));
        }
        Ok(Self { header, body })
    }

    pub fn read_header<T: DeserializeOwned>(&self) -> io::Result<T> {
        serde_json::from_slice(&self.header).map_err(wrong)
    }

    fn prefix(&self) -> [u8; PREFIX] {
        let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        let mut prefix = [0; PREFIX];
        prefix[..4].copy_from_slice(&length(self.header.len()).to_be_bytes());
        prefix[4..].copy_from_slice(&length(self.body.len()).to_be_bytes());
        prefix
    }

    pub fn write_to(&self, to: &mut impl Write) -> io::Result<()> {
        to.write_all(&[&self.prefix()[..], &self.header].concat())?;
        to.write_all(&self.body)
    }

    pub async fn send(&self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        to.write_all(&[&self.prefix()[..], &self.header].concat()).await?;
        to.write_all(&self.body).await
    }

    /// None at the end of the stream.
    pub fn read_from(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut prefix = [0; PREFIX];
        match from.read_exact(&mut prefix) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        let (header_length, body_length) = lengths(prefix)?;
        let mut header = vec![0; header_length];
        from.read_exact(&mut header)?;
        let mut body = vec![0; body_length];
        from.read_exact(&mut body)?;
        Ok(Some(Self { header, body: body.into() }))
    }
}

/// Reads frames; what was read of one stays here when a call is dropped half done.
pub struct FrameReader<R> {
    from: R,
    read: BytesMut,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub fn new(from: R) -> Self {
        Self { from, read: BytesMut::new() }
    }

    pub fn into_inner(self) -> R {
        self.from
    }

    /// None at the end of the stream.
    pub async fn next(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if let Some(prefix) = self.read.first_chunk::<PREFIX>() {
                let (header, body) = lengths(*prefix)?;
                let whole = PREFIX + header + body;
                if self.read.len() >= whole {
                    let mut frame = self.read.split_to(whole);
                    let body = frame.split_off(PREFIX + header).freeze();
                    return Ok(Some(Frame { header: frame[PREFIX..].to_vec(), body }));
                }
                self.read.reserve(whole - self.read.len());
            } else {
                self.read.reserve(64 << 10);
            }
            if self.from.read_buf(&mut self.read).await? == 0 {
                return if self.read.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_come_out_as_they_went_in_however_they_are_cut() {
        let mut wire = Vec::new();
        for (header, body) in [("one", &b""[..]), ("two", &[7; 100_000]), ("three", b"x")] {
            Frame::new(&header, Bytes::copy_from_slice(body)).unwrap().write_to(&mut wire).unwrap();
        }
        let mut blocking = &wire[..];
        let (sender, receiver) = tokio::io::duplex(13);
        let mut sender = sender;
        let sent = wire.clone();
        let writing = tokio::spawn(async move { sender.write_all(&sent).await });
        let mut reader = FrameReader::new(receiver);
        for (expected, length) in [("one", 0), ("two", 100_000), ("three", 1)] {
            let frame = reader.next().await.unwrap().unwrap();
            let same = Frame::read_from(&mut blocking).unwrap().unwrap();
            assert_eq!(frame.read_header::<String>().unwrap(), expected);
            assert_eq!((frame.body.len(), same.body.len()), (length, length));
        }
        writing.await.unwrap().unwrap();
        assert!(reader.next().await.unwrap().is_none());
        assert!(Frame::read_from(&mut blocking).unwrap().is_none());
    }

    #[tokio::test]
    async fn a_length_beyond_the_bounds_is_refused_before_memory_is_taken() {
        let wire = [255_u8; 16];
        assert!(Frame::read_from(&mut &wire[..]).is_err());
        assert!(FrameReader::new(&wire[..]).next().await.is_err());
    }
}
