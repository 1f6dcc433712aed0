//! Cuts a stream of text into chunks of whole rows, so that rows are decoded side by side and in order.
//!
//! Must not live here: types of values. Invariants: every chunk holds whole rows and knows its line and offset in the
//! object; at most one row's worth of text (`max_row`) is held back; a row that never ends is an error that says where
//! it began.

use kamld_types::Problem;
use memchr::{memchr, memchr_iter, memchr3, memrchr};

/// Whole rows, and where they stand in the object.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub bytes: Vec<u8>,
    /// Of the first byte; counts from 1.
    pub line: u64,
    /// Of the first byte, in the object.
    pub offset: u64,
}

impl Chunk {
    /// Line and column of a byte of the chunk.
    pub(crate) fn place(&self, byte: usize) -> (u64, u64) {
        let before = &self.bytes[..byte.min(self.bytes.len())];
        let start = memrchr(b'\n', before).map_or(0, |at| at + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count() as u64 + 1;
        (self.line + newlines(before), column)
    }

    /// Takes away what stands before a byte.
    pub(crate) fn skip(&mut self, bytes: usize) {
        self.line += newlines(&self.bytes[..bytes]);
        self.offset += bytes as u64;
        self.bytes.drain(..bytes);
    }
}

pub(crate) fn newlines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

/// A problem at a place in an object.
pub(crate) fn at_place(problem: Problem, (line, column): (u64, u64)) -> Problem {
    let clip = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    problem.at(clip(line), clip(column))
}

pub(crate) enum Splitter {
    Delimited(Delimited),
    Lines(Lines),
    Json(Box<Json>),
}

impl Splitter {
    /// The whole rows that are there after this piece.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<Option<Chunk>, Problem> {
        match self {
            Splitter::Delimited(split) => split.push(piece),
            Splitter::Lines(split) => split.push(piece),
            Splitter::Json(split) => split.push(piece),
        }
    }

    /// What is left at the end.
    pub(crate) fn finish(&mut self) -> Result<Option<Chunk>, Problem> {
        match self {
            Splitter::Delimited(split) => split.finish(),
            Splitter::Lines(split) => Ok(split.held.take(split.held.bytes.len())),
            Splitter::Json(split) => split.finish(),
        }
    }
}

/// Bytes that wait for the end of their row.
#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    /// Lines and bytes before them.
    lines: u64,
    offset: u64,
}

impl Held {
    fn take(&mut self, end: usize) -> Option<Chunk> {
        if end == 0 {
            return None;
        }
        let rest = self.bytes.split_off(end);
        let bytes = std::mem::replace(&mut self.bytes, rest);
        let chunk = Chunk { line: self.lines + 1, offset: self.offset, bytes };
        self.lines += newlines(&chunk.bytes);
        self.offset += chunk.bytes.len() as u64;
        Some(chunk)
    }

    fn too_long(&self, max_row: usize) -> Problem {
        let line = self.lines + 1;
        at_place(
            Problem::limit(format!("the row that begins on line {line} is longer than {} MiB", max_row >> 20)),
            (line, 1),
        )
        .help("is it one table, and are its line ends there? longer values belong in objects of their own")
    }
}

/// CSV and TSV: a row ends at a line end outside quotes.
pub(crate) struct Delimited {
    held: Held,
    delimiter: u8,
    max_row: usize,
    scanned: usize,
    /// Where the open quote is.
    opened: Option<usize>,
    /// Where a quote was closed last, and where it had been opened: one right behind it was an escape, and it is open still.
    closed: Option<(usize, usize)>,
}

impl Delimited {
    pub(crate) fn new(delimiter: u8, max_row: usize) -> Self {
        Self { held: Held::default(), delimiter, max_row, scanned: 0, opened: None, closed: None }
    }

    fn push(&mut self, piece: &[u8]) -> Result<Option<Chunk>, Problem> {
        self.held.bytes.extend_from_slice(piece);
        let data = &self.held.bytes;
        let mut at = self.scanned;
        let mut end = 0;
        while at < data.len() {
            let quote = memchr(b'"', &data[at..]).map(|n| at + n);
            let stop = quote.unwrap_or(data.len());
            if self.opened.is_none()
                && let Some(newline) = memrchr(b'\n', &data[at..stop])
            {
                end = at + newline + 1;
            }
            let Some(quote) = quote else { break };
            at = quote + 1;
            if self.opened.is_some() {
                self.closed = self.opened.map(|opened| (quote, opened));
                // An escaped quote goes on with the value that the first quote opened.
                if data.get(quote + 1) == Some(&b'"') {
                    at = quote + 2;
                    continue;
                }
                self.opened = None;
            } else {
                let before = quote.checked_sub(1).map(|before| data[before]);
                let starts = before.is_none_or(|byte| byte == self.delimiter || matches!(byte, b'\n' | b'\r'));
                let again = self.closed.filter(|(closed, _)| closed + 1 == quote).map(|(_, opened)| opened);
                self.opened = if starts { Some(quote) } else { again };
            }
        }
        self.scanned = at.max(data.len());
        let chunk = self.held.take(end);
        self.scanned -= end;
        self.opened = self.opened.map(|at| at - end);
        self.closed = self.closed.and_then(|(at, opened)| Some((at.checked_sub(end)?, opened.checked_sub(end)?)));
        if self.held.bytes.len() > self.max_row {
            return Err(self
                .unclosed(&format!("within {} MiB", self.max_row >> 20))
                .unwrap_or_else(|| self.held.too_long(self.max_row)));
        }
        Ok(chunk)
    }

    fn unclosed(&self, within: &str) -> Option<Problem> {
        let opened = self.opened?;
        let before = &self.held.bytes[..opened];
        let line = self.held.lines + 1 + newlines(before);
        let start = memrchr(b'\n', before).map_or(0, |at| at + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count() as u64 + 1;
        let problem =
            Problem::invalid(format!("the quote that opens on line {line}, column {column} never closes {within}"))
                .help("close it, or write a quote that belongs to a value twice (\"\") inside quotes");
        Some(at_place(problem, (line, column)))
    }

    fn finish(&mut self) -> Result<Option<Chunk>, Problem> {
        match self.unclosed("before the end") {
            Some(problem) => Err(problem),
            None => Ok(self.held.take(self.held.bytes.len())),
        }
    }
}

/// JSON Lines: a row is a line.
pub(crate) struct Lines {
    held: Held,
    max_row: usize,
}

impl Lines {
    pub(crate) fn new(max_row: usize) -> Self {
        Self { held: Held::default(), max_row }
    }

    fn push(&mut self, piece: &[u8]) -> Result<Option<Chunk>, Problem> {
        let held = self.held.bytes.len();
        self.held.bytes.extend_from_slice(piece);
        let end = memrchr(b'\n', piece).map_or(0, |at| held + at + 1);
        let chunk = self.held.take(end);
        if self.held.bytes.len() > self.max_row {
            return Err(self.held.too_long(self.max_row));
        }
        Ok(chunk)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    /// The first byte decides: an array of rows, or rows one after another.
    Document,
    Row,
    RowOrEnd,
    CommaOrEnd,
    /// Rows one after another.
    AnyRow,
    /// Behind the array.
    Nothing,
}

/// JSON: a row is an element of the one array, or one of the values one after another. What is no object becomes one
/// with the single column `value`.
pub(crate) struct Json {
    /// Rows, freed of what joins them; its line ends are those of the object.
    out: Vec<u8>,
    /// Of `out`, what is whole rows.
    whole: usize,
    out_line: u64,
    out_offset: u64,
    max_row: usize,
    expect: Expect,
    array: bool,
    in_row: bool,
    wrapped: bool,
    bare: bool,
    in_string: bool,
    escaped: bool,
    depth: u32,
    seen: u64,
    line: u64,
    line_start: u64,
    began: (u64, u64),
    document: (u64, u64),
}

/// Deeper than any table, and shallow enough for every reader of it.
const MAX_DEPTH: u32 = 120;

impl Json {
    pub(crate) fn new(max_row: usize) -> Self {
        Self {
            out: Vec::new(),
            whole: 0,
            out_line: 1,
            out_offset: 0,
            max_row,
            expect: Expect::Document,
            array: false,
            in_row: false,
            wrapped: false,
            bare: false,
            in_string: false,
            escaped: false,
            depth: 0,
            seen: 0,
            line: 1,
            line_start: 0,
            began: (1, 1),
            document: (1, 1),
        }
    }

    fn push(&mut self, piece: &[u8]) -> Result<Option<Chunk>, Problem> {
        let mut at = 0;
        while at < piece.len() {
            at = if self.in_string {
                self.string(piece, at)
            } else {
                self.byte(piece[at], at as u64).map(|()| at + 1)?
            };
        }
        self.seen += piece.len() as u64;
        if self.out.len() - self.whole > self.max_row {
            let (line, column) = self.began;
            let problem = Problem::limit(format!(
                "the value that begins on line {line} is longer than {} MiB",
                self.max_row >> 20
            ))
            .help("a table is an array of rows or one row a line, not one large value");
            return Err(at_place(problem, (line, column)));
        }
        Ok(self.take(self.whole))
    }

    fn take(&mut self, end: usize) -> Option<Chunk> {
        if end == 0 {
            return None;
        }
        let rest = self.out.split_off(end);
        let bytes = std::mem::replace(&mut self.out, rest);
        let chunk = Chunk { line: self.out_line, offset: self.out_offset, bytes };
        self.out_line += newlines(&chunk.bytes);
        self.out_offset += chunk.bytes.len() as u64;
        self.whole = 0;
        Some(chunk)
    }

    /// Copies a string up to what matters in it; answers where to go on.
    fn string(&mut self, piece: &[u8], at: usize) -> usize {
        if self.escaped {
            self.escaped = false;
            self.out.push(piece[at]);
            return at + 1;
        }
        let stop = memchr3(b'"', b'\\', b'\n', &piece[at..]).map(|n| at + n);
        let end = stop.map_or(piece.len(), |stop| stop + 1);
        self.out.extend_from_slice(&piece[at..end]);
        match stop.map(|stop| piece[stop]) {
            Some(b'"') => {
                self.in_string = false;
                if self.depth == 0 {
                    self.end_row();
                }
            }
            Some(b'\\') => self.escaped = true,
            Some(_) => {
                self.line += 1;
                self.line_start = self.seen + end as u64;
            }
            None => {}
        }
        end
    }

    fn here(&self, at: u64) -> (u64, u64) {
        (self.line, self.seen + at + 1 - self.line_start)
    }

    fn byte(&mut self, byte: u8, at: u64) -> Result<(), Problem> {
        if byte == b'\n' {
            self.line += 1;
            self.line_start = self.seen + at + 1;
        }
        let blank = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        if self.bare && (blank || matches!(byte, b',' | b']')) {
            self.end_row();
        }
        if self.in_row {
            self.out.push(byte);
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => {
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(at_place(
                            Problem::invalid(format!("values nest deeper than {MAX_DEPTH}")),
                            self.here(at),
                        ));
                    }
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        self.end_row();
                    }
                }
                _ => {}
            }
            return Ok(());
        }
        if blank {
            self.out.push(byte);
            return Ok(());
        }
        match (self.expect, byte) {
            (Expect::Document, b'[') => {
                (self.array, self.expect, self.document) = (true, Expect::RowOrEnd, self.here(at));
            }
            (Expect::RowOrEnd | Expect::CommaOrEnd, b']') if self.array => self.expect = Expect::Nothing,
            (Expect::CommaOrEnd, b',') => self.expect = Expect::Row,
            (Expect::Document | Expect::Row | Expect::RowOrEnd | Expect::AnyRow, _) if starts_value(byte) => {
                self.begin_row(byte, at);
                return Ok(());
            }
            (expect, _) => {
                let wanted = match expect {
                    Expect::Nothing => "nothing behind the array",
                    Expect::CommaOrEnd => "',' or ']' behind a row",
                    Expect::RowOrEnd => "a row or ']'",
                    _ => "a value",
                };
                let (line, column) = self.here(at);
                let found = char::from(byte).escape_default();
                let problem =
                    Problem::invalid(format!("line {line}, column {column}: expected {wanted}, found '{found}'"));
                return Err(at_place(problem, (line, column)).help("the text is not JSON from there on"));
            }
        }
        self.out.push(b' ');
        Ok(())
    }

    fn begin_row(&mut self, byte: u8, at: u64) {
        self.began = self.here(at);
        self.in_row = true;
        self.wrapped = byte != b'{';
        if self.wrapped {
            self.out.extend_from_slice(b"{\"value\":");
        }
        self.out.push(byte);
        match byte {
            b'{' | b'[' => self.depth = 1,
            b'"' => self.in_string = true,
            _ => self.bare = true,
        }
    }

    fn end_row(&mut self) {
        if self.wrapped {
            self.out.push(b'}');
        }
        (self.in_row, self.wrapped, self.bare) = (false, false, false);
        self.whole = self.out.len();
        self.expect = if self.array { Expect::CommaOrEnd } else { Expect::AnyRow };
    }

    fn finish(&mut self) -> Result<Option<Chunk>, Problem> {
        if self.bare {
            self.end_row();
        }
        let end = self.here(0);
        let cut = |what: &str, (line, column): (u64, u64)| {
            let (end_line, end_column) = end;
            at_place(
                Problem::invalid(format!(
                    "the text ends on line {end_line}, column {end_column} in the middle of {what} that begins on line {line}, column {column}"
                )),
                end,
            )
            .help("the object seems to be cut off: put the whole of it again")
        };
        if self.in_row {
            return Err(cut("a value", self.began));
        }
        if self.array && self.expect != Expect::Nothing {
            return Err(cut("the array", self.document));
        }
        Ok(self.take(self.whole))
    }
}

fn starts_value(byte: u8) -> bool {
    matches!(byte, b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(mut split: Splitter, text: &str, step: usize) -> Result<String, Problem> {
        let mut out = String::new();
        for piece in text.as_bytes().chunks(step) {
            if let Some(chunk) = split.push(piece)? {
                out += std::str::from_utf8(&chunk.bytes).unwrap();
                out.push('|');
            }
        }
        if let Some(chunk) = split.finish()? {
            out += std::str::from_utf8(&chunk.bytes).unwrap();
        }
        Ok(out)
    }

    #[test]
    fn delimited_text_is_cut_only_between_rows_wherever_the_pieces_end() {
        let text = "a,b\n1,\"x\n\"\"y\"\"\n\"\n5\" pipe,\"\"\n3,4";
        for step in 1..text.len() {
            let cut = rows(Splitter::Delimited(Delimited::new(b',', 1 << 20)), text, step).unwrap();
            assert_eq!(cut.replace('|', ""), text, "{step}");
            for row in cut.split('|') {
                assert_eq!(row.matches("\"\"y").count(), row.matches("y\"\"").count(), "{step}: {cut}");
            }
        }
    }

    #[test]
    fn an_array_is_cut_into_its_rows_wherever_the_pieces_end() {
        let text = "[ {\"a\":\"],\\\"}\"},\n {\"a\":[1,{}]} , 7, \"s\", null]\n";
        for step in 1..text.len() {
            let out = rows(Splitter::Json(Box::new(Json::new(1 << 20))), text, step).unwrap().replace('|', "");
            let values: Vec<serde_json::Value> =
                serde_json::Deserializer::from_str(&out).into_iter().collect::<Result<_, _>>().unwrap();
            assert_eq!(values.len(), 5, "{step}: {out}");
            assert_eq!(values[2], serde_json::json!({"value": 7}));
        }
    }

    #[test]
    fn text_that_is_cut_off_says_where() {
        for (text, line, column) in
            [("[{\"a\":1},\n{\"a\"", 2, 5), ("[1,2", 1, 5), ("[1 2]", 1, 4), ("[1]x", 1, 4), ("{\"a\":\"b", 1, 8)]
        {
            for step in [1, 3, 100] {
                let problem = rows(Splitter::Json(Box::new(Json::new(1 << 20))), text, step).unwrap_err();
                let at = problem.at.unwrap();
                assert_eq!((at.line, at.column), (line, column), "{text}: {problem}");
            }
        }
        let problem = rows(Splitter::Delimited(Delimited::new(b',', 1 << 20)), "a,b\n1,\"x\n2,3\n", 4).unwrap_err();
        assert!(problem.message.contains("line 2, column 3"), "{problem}");
    }
}
