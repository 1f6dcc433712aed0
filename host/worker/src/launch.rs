//! Starting a worker and holding it.
//!
//! The worker finds one end of a socket at its standard input, for both directions; its standard error is read for the
//! words with which it ends. It has no environment and no other open file.
//!
//! Must not live here: limits that a worker sets for itself. Invariant: a worker that is dropped is killed.

use crate::{Ending, frame::FrameReader};
use kamld_types::{Problem, problem::Result};
use std::{
    os::{fd::OwnedFd, unix::net::UnixStream as StdStream},
    path::PathBuf,
    process::Stdio,
};
use tokio::{
    io::AsyncReadExt,
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    process::{Child, Command},
};

/// Bytes of the standard error that are read.
const WORDS: u64 = 64 << 10;

/// How a worker is started: `EXE ARGS... MORE...`.
#[derive(Clone, Debug)]
pub struct Launch {
    pub exe: PathBuf,
    pub args: Vec<String>,
}

impl Launch {
    pub fn new(exe: impl Into<PathBuf>, args: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { exe: exe.into(), args: args.into_iter().map(Into::into).collect() }
    }

    /// Without an environment, and killed when it is dropped.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.exe);
        command
            .args(&self.args)
            .env_clear()
            // Each arena keeps memory for itself after it was freed.
            .env("MALLOC_ARENA_MAX", "2")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Starts a worker that is talked with.
    pub fn start(&self, more: &[String]) -> Result<Process> {
        let failed = |error: std::io::Error| {
            Problem::unavailable(format!("a worker process did not start ({}): {error}", self.exe.display()))
                .help("nothing was changed; see whether the machine has memory and processes left, and try again")
        };
        let (ours, theirs) = StdStream::pair().map_err(failed)?;
        ours.set_nonblocking(true).map_err(failed)?;
        let child = self.command().args(more).stdin(Stdio::from(OwnedFd::from(theirs))).spawn().map_err(failed)?;
        let (read, write) = UnixStream::from_std(ours).map_err(failed)?.into_split();
        Ok(Process { child, frames: FrameReader::new(read), write })
    }
}

/// A worker that runs.
pub struct Process {
    child: Child,
    pub frames: FrameReader<OwnedReadHalf>,
    pub write: OwnedWriteHalf,
}

impl Process {
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Kills it and waits until it is gone.
    pub async fn kill(mut self) {
        // It may have ended by itself.
        let _ = self.child.kill().await;
    }

    /// Waits for its end and says why it came.
    pub async fn ending(mut self) -> Ending {
        // It may wait for an answer that nobody will give.
        drop((self.frames, self.write));
        let mut said = String::new();
        if let Some(stderr) = self.child.stderr.take() {
            let _ = stderr.take(WORDS).read_to_string(&mut said).await;
        }
        match self.child.wait().await {
            Ok(status) => Ending::of(status, &said),
            Err(error) => Ending::Failed(error.to_string()),
        }
    }
}
