//! How a terminal is written to: colours, width, and the escaping of what came from data.
//!
//! Lives here: `Style`, `clean`. Must not live here: what a view means.
//! Invariant: no byte of data reaches a terminal but through `clean` or `clean_lines`, so no file name and no cell
//! can move the cursor, change the title or colour a line.

use chrono::{FixedOffset, Local, Offset};
use console::Term;
use std::{borrow::Cow, env, io::IsTerminal};

/// What the reader of the output can take.
#[derive(Clone, Debug)]
pub struct Style {
    pub colour: bool,
    /// A person reads it on a terminal; otherwise a file or a program does.
    pub terminal: bool,
    /// Columns of the terminal; none in a pipe, where nothing is cut.
    pub width: Option<usize>,
    /// Milliseconds since 1970, for "3 min ago".
    pub now: i64,
    pub offset: FixedOffset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Strong,
    Dim,
    Good,
    Warning,
    Bad,
    Accent,
}

impl Style {
    /// The style of the standard output.
    pub fn of_stdout() -> Self {
        Self::of(std::io::stdout().is_terminal(), Term::stdout().size_checked())
    }

    /// The style of the standard error.
    pub fn of_stderr() -> Self {
        Self::of(std::io::stderr().is_terminal(), Term::stderr().size_checked())
    }

    fn of(terminal: bool, size: Option<(u16, u16)>) -> Self {
        let no_colour = env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|v| v == "dumb");
        let now = Local::now();
        Self {
            colour: terminal && !no_colour && !dumb,
            terminal,
            width: terminal.then(|| size.map_or(80, |(_, columns)| usize::from(columns).max(20))),
            now: now.timestamp_millis(),
            offset: now.offset().fix(),
        }
    }

    /// Wraps an already clean text in the colour of `tone`.
    pub fn paint<'a>(&self, tone: Tone, text: &'a str) -> Cow<'a, str> {
        let code = match tone {
            Tone::Plain => return Cow::Borrowed(text),
            Tone::Strong => "1",
            Tone::Dim => "2",
            Tone::Good => "32",
            Tone::Warning => "33",
            Tone::Bad => "31",
            Tone::Accent => "36",
        };
        if !self.colour || text.is_empty() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(format!("\x1b[{code}m{text}\x1b[0m"))
    }
}

/// Whether a terminal might act on it, or show a text in another order than it is stored.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// One line of data: everything that a terminal might act on is written as an escape.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if acts(c) { cleaned.extend(c.escape_default()) } else { cleaned.push(c) }
    }
    Cow::Owned(cleaned)
}

/// Lines of data: line ends stay, tabs become spaces up to the next multiple of four, all else as in `clean`.
pub fn clean_lines(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| {
            let mut cleaned = String::with_capacity(line.len());
            let mut column = 0;
            for c in line.chars() {
                if c == '\t' {
                    let spaces = 4 - column % 4;
                    cleaned.extend(std::iter::repeat_n(' ', spaces));
                    column += spaces;
                } else {
                    let mut bytes = [0; 4];
                    cleaned.push_str(&clean(c.encode_utf8(&mut bytes)));
                    column += 1;
                }
            }
            cleaned
        })
        .collect()
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A reader in a pipe at 2026-11-23 12:00 UTC.
    pub fn pipe() -> Style {
        Style {
            colour: false,
            terminal: false,
            width: None,
            now: 1_795_435_200_000,
            offset: Local::now().offset().fix(),
        }
    }

    /// A person at a terminal of `width` columns without colours.
    pub fn terminal(width: usize) -> Style {
        Style { terminal: true, width: Some(width), ..pipe() }
    }

    #[test]
    fn data_cannot_speak_to_the_terminal() {
        assert_eq!(clean("a\x1b]0;owned\x07b"), "a\\u{1b}]0;owned\\u{7}b");
        assert_eq!(clean("\u{9b}31m"), "\\u{9b}31m");
        assert_eq!(clean("gpj.\u{202e}exe"), "gpj.\\u{202e}exe");
        assert_eq!(clean("line\nnext"), "line\\nnext");
        assert_eq!(clean("鳥 – é 🐦"), "鳥 – é 🐦");
        assert_eq!(clean_lines("a\tb\r\nc\x08d"), ["a   b", "c\\u{8}d"]);
    }

    #[test]
    fn colours_are_written_only_where_they_are_wanted() {
        let mut style = terminal(80);
        assert_eq!(style.paint(Tone::Bad, "x"), "x");
        style.colour = true;
        assert_eq!(style.paint(Tone::Bad, "x"), "\x1b[31mx\x1b[0m");
    }
}
