//! From places in the text that the parser saw back to places in the text that the person wrote.
//!
//! Invariants: edits are sorted and do not overlap; a place inside an edit is the start of what it stands for.

use kamld_types::Position;

/// A text with the starts of its lines, to turn (line, column in characters) into bytes and back.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    text: String,
    starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Both count from 1; what lies beyond the text is its end.
    pub(crate) fn byte(&self, line: u64, column: u64) -> usize {
        let line = usize::try_from(line.max(1) - 1).unwrap_or(usize::MAX);
        let Some(&start) = self.starts.get(line) else { return self.text.len() };
        let column = usize::try_from(column.max(1) - 1).unwrap_or(usize::MAX);
        self.text[start..].char_indices().nth(column).map_or(self.text.len(), |(at, _)| start + at)
    }

    pub(crate) fn position(&self, byte: usize) -> Position {
        let byte = byte.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= byte).max(1);
        let column = self.text[self.starts[line - 1]..byte].chars().count() + 1;
        let clip = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Position { line: clip(line), column: clip(column) }
    }
}

/// A replacement of bytes `start..end` of the person's text.
#[derive(Clone, Debug)]
pub(crate) struct Edit {
    pub start: usize,
    pub end: usize,
    pub text: String,
}

/// What the person wrote, what the parser sees, and the way back.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    written: Lines,
    seen: Lines,
    edits: Vec<Edit>,
}

impl Source {
    pub(crate) fn new(written: &str, mut edits: Vec<Edit>) -> Self {
        edits.sort_by_key(|edit| edit.start);
        let mut seen = String::with_capacity(written.len() + 16);
        let mut done = 0;
        for edit in &edits {
            seen.push_str(&written[done..edit.start]);
            seen.push_str(&edit.text);
            done = edit.end;
        }
        seen.push_str(&written[done..]);
        Self { written: Lines::new(written), seen: Lines::new(seen), edits }
    }

    pub(crate) fn written(&self) -> &str {
        self.written.text()
    }

    pub(crate) fn seen(&self) -> &Lines {
        &self.seen
    }

    pub(crate) fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// The byte of the person's text that a byte of the parser's text came from.
    pub(crate) fn back(&self, seen: usize) -> usize {
        let (mut written, mut at) = (0, 0);
        for edit in &self.edits {
            let plain = edit.start - written;
            if seen < at + plain {
                break;
            }
            at += plain;
            if seen < at + edit.text.len() {
                return edit.start;
            }
            at += edit.text.len();
            written = edit.end;
        }
        (written + (seen - at)).min(self.written.text().len())
    }

    /// Where (line, column) of the parser's text is in the person's.
    pub(crate) fn position(&self, line: u64, column: u64) -> Position {
        self.written.position(self.back(self.seen.byte(line, column)))
    }

    pub(crate) fn position_of_written(&self, byte: usize) -> Position {
        self.written.position(byte)
    }

    /// The end of what the person wrote, without the space behind it.
    pub(crate) fn end(&self) -> Position {
        self.written.position(self.written.text().trim_end().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_behind_an_edit_are_found_in_what_was_written() {
        let written = "select é,\n x from a@b.\"c\" where y";
        let start = written.find("a@b").unwrap();
        let source = Source::new(written, vec![Edit { start, end: start + 3, text: "\"a@b\"".into() }]);
        let seen = source.seen().text().find("where").unwrap();
        assert_eq!(source.back(seen), written.find("where").unwrap());
        assert_eq!(source.position(2, 9), Position { line: 2, column: 9 });
        assert_eq!(source.position(1, 9), Position { line: 1, column: 9 });
    }
}
