//! JSON lines out of an answer that is still coming.
//!
//! Lives here: cutting a byte stream into objects. Must not live here: what they mean.
//! Invariant: no more than one line and one chunk is held.

use super::{client::Client, failure::Result};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream::BoxStream};
use kamld_types::Problem;
use reqwest::Response;
use serde_json::{Map, Value};

pub struct Lines<'a> {
    client: &'a Client,
    stream: BoxStream<'static, reqwest::Result<Bytes>>,
    held: BytesMut,
    /// How much of `held` is known to have no line end: a long line in many chunks is looked through once.
    seen: usize,
    ended: bool,
}

impl<'a> Lines<'a> {
    pub fn of(client: &'a Client, response: Response) -> Self {
        Self { client, stream: response.bytes_stream().boxed(), held: BytesMut::new(), seen: 0, ended: false }
    }

    /// The next object; none at the end.
    pub async fn next(&mut self) -> Result<Option<Map<String, Value>>> {
        loop {
            if let Some(end) = self.held[self.seen..].iter().position(|b| *b == b'\n') {
                let line = self.held.split_to(self.seen + end + 1);
                self.seen = 0;
                if line.trim_ascii().is_empty() {
                    continue;
                }
                return read(&line).map(Some);
            }
            self.seen = self.held.len();
            if self.ended {
                let line = self.held.split();
                self.seen = 0;
                return if line.trim_ascii().is_empty() { Ok(None) } else { read(&line).map(Some) };
            }
            match self.stream.next().await {
                Some(chunk) => self.held.extend_from_slice(&chunk.map_err(|e| self.client.lost(&e))?),
                None => self.ended = true,
            }
        }
    }
}

fn read(line: &[u8]) -> Result<Map<String, Value>> {
    serde_json::from_slice(line)
        .map_err(|e| Problem::internal(format!("a line of the answer cannot be read: {e}")).into())
}
