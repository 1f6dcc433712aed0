//! From places in the text that the parser saw back to places in the text that the person wrote.
//!
//! Invariants: edits are sorted and do not overlap; a place inside an edit is the start of what it stands for.

use kamld_types::Position;

/// Characters from one mark to the next.
const STEP: usize = 128;

/// A text with the starts of its lines, to turn (line, column in characters) into bytes and back. A text of one long line
/// is asked for the place of each of its words, so none of this walks along the line.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    text: String,
    /// Byte and character at which each line begins.
    starts: Vec<(usize, usize)>,
    /// The bytes of every character whose number is a multiple of [`STEP`].
    marks: Vec<usize>,
}

impl Lines {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let (mut starts, mut marks) = (vec![(0, 0)], Vec::new());
        for (number, (byte, c)) in text.char_indices().enumerate() {
            if number % STEP == 0 {
                marks.push(byte);
            }
            if c == '\n' {
                starts.push((byte + 1, number + 1));
            }
        }
        Self { text, starts, marks }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Both count from 1; what lies beyond the text is its end.
    pub(crate) fn byte(&self, line: u64, column: u64) -> usize {
        let line = usize::try_from(line.max(1) - 1).unwrap_or(usize::MAX);
        let Some(&(_, start)) = self.starts.get(line) else { return self.text.len() };
        let number = usize::try_from(column.max(1) - 1).unwrap_or(usize::MAX).saturating_add(start);
        let Some(&mark) = self.marks.get(number / STEP) else { return self.text.len() };
        self.text[mark..].char_indices().nth(number % STEP).map_or(self.text.len(), |(at, _)| mark + at)
    }

    /// How many characters begin before a byte.
    fn number(&self, byte: usize) -> usize {
        let marks = self.marks.partition_point(|mark| *mark <= byte);
        let Some(last) = marks.checked_sub(1) else { return 0 };
        last * STEP + self.text[self.marks[last]..byte].chars().count()
    }

    pub(crate) fn position(&self, byte: usize) -> Position {
        let byte = byte.min(self.text.len());
        let line = self.starts.partition_point(|(start, _)| *start <= byte).max(1);
        let column = self.number(byte) - self.starts[line - 1].1 + 1;
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
