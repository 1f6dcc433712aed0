//! The standard output: text for people, JSON for programs, and questions on a terminal.
//!
//! Lives here: writing, and the end of writing when nobody reads. Must not live here: what is written.

use super::{
    failure::{Result, Stop},
    view::Style,
};
use kamld_types::Problem;
use serde_json::Value;
use std::io::{self, BufRead, IsTerminal, Write};

pub struct Output {
    /// `--json` was given.
    pub json: bool,
    pub style: Style,
}

impl Output {
    pub fn new(json: bool) -> Self {
        Self { json, style: Style::of_stdout() }
    }

    /// Text that is clean already.
    pub fn text(&self, text: &str) -> Result<()> {
        self.bytes(text.as_bytes())
    }

    pub fn bytes(&self, bytes: &[u8]) -> Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).map_err(|e| Stop::output(&e))
    }

    /// JSON: indented on a terminal, one line in a pipe.
    pub fn data(&self, data: &Value) -> Result<()> {
        let text = if self.style.terminal { serde_json::to_string_pretty(data) } else { serde_json::to_string(data) };
        let text = text.map_err(|e| Problem::internal(format!("an answer cannot be written as JSON: {e}")))?;
        self.text(&format!("{text}\n"))
    }

    /// An answer of the host that has no view: JSON, or facts and tables of it.
    pub fn value(&self, value: &Value) -> Result<()> {
        if self.json { self.data(value) } else { self.text(&super::view::json::draw(value, &self.style)) }
    }
}

/// A line on standard error beside the result: progress, a warning. Nobody reading it is no error.
pub fn aside(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Whether somebody is there to answer a question.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on the terminal; anything but yes is no.
pub fn ask(question: &str) -> bool {
    let _ = write!(io::stderr().lock(), "{question} [y/N] ");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}
