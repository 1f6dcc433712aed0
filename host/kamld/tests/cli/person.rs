//! A person at a shell: runs `kamld` with folders of their own.

use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

pub struct Person {
    pub home: TempDir,
}

/// What a command left behind.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Person {
    pub fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join("data")).unwrap();
        std::fs::create_dir_all(home.path().join("work")).unwrap();
        Self { home }
    }

    pub fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// The folder that commands run in.
    pub fn work(&self) -> PathBuf {
        self.home.path().join("work")
    }

    pub fn file(&self, path: &str, bytes: &[u8]) -> PathBuf {
        let file = self.work().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, bytes).unwrap();
        file
    }

    pub fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kamld"));
        command.args(line).current_dir(self.work()).stdin(Stdio::null());
        for name in ["KAMLD_URL", "KAMLD_TOKEN", "KAMLD_PROJECT", "XDG_DATA_HOME"] {
            command.env_remove(name);
        }
        command
            .env("HOME", self.home.path())
            .env("KAMLD_DATA", self.data())
            .env("XDG_CACHE_HOME", self.home.path().join("cache"));
        command
    }

    pub fn start(&self, line: &[&str]) -> Child {
        self.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub fn run(&self, line: &[&str]) -> Run {
        self.command(line).output().unwrap().into()
    }

    /// Runs and expects success without a word on standard error.
    pub fn says(&self, line: &[&str]) -> String {
        let run = self.run(line);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{line:?}: {}", run.out);
        run.out
    }

    pub fn json(&self, line: &[&str]) -> Value {
        serde_json::from_str(&self.says(line)).unwrap()
    }

    pub fn read(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.work().join(path)).unwrap()
    }

    /// Every file below the folder that commands run in.
    pub fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut open = vec![self.work()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    files.push(path.strip_prefix(self.work()).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        files.sort();
        files
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Whether a folder holds nothing, or is not there at all.
pub fn empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none())
}
