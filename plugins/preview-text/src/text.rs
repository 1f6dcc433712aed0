//! Encodings, counting lines, and reading some of them. Pure over any reader.

use std::io::{self, BufRead};

/// The longest line that is shown, in bytes; the rest of it is left away.
const LINE: usize = 2000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    /// Text in some encoding of one byte a character; read as Windows-1252, which most of it is.
    Latin,
}

impl Encoding {
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "UTF-8",
            Encoding::Utf16Le | Encoding::Utf16Be => "UTF-16",
            Encoding::Latin => "Windows-1252",
        }
    }

    pub fn decode(self, bytes: &[u8]) -> String {
        let text = match self {
            Encoding::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            Encoding::Utf16Le => units(bytes, u16::from_le_bytes),
            Encoding::Utf16Be => units(bytes, u16::from_be_bytes),
            Encoding::Latin => bytes.iter().map(|byte| windows_1252(*byte)).collect(),
        };
        text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)
    }

    /// How a line ends, in bytes.
    fn line_end(self) -> &'static [u8] {
        match self {
            Encoding::Utf16Le => b"\n\0",
            Encoding::Utf16Be => b"\0\n",
            Encoding::Utf8 | Encoding::Latin => b"\n",
        }
    }
}

fn units(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The 32 characters in which Windows-1252 differs from the first 256 of Unicode.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        byte => char::from(byte),
    }
}

/// The encoding of a text that starts so; none when it is no text.
pub fn encoding(head: &[u8]) -> Option<Encoding> {
    match head {
        [0xff, 0xfe, ..] => return Some(Encoding::Utf16Le),
        [0xfe, 0xff, ..] => return Some(Encoding::Utf16Be),
        _ => {}
    }
    let control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    if head.iter().any(control) {
        return None;
    }
    match std::str::from_utf8(head) {
        Ok(_) => Some(Encoding::Utf8),
        // A character that the end of the head cuts in two.
        Err(error) if error.error_len().is_none() => Some(Encoding::Utf8),
        // Mostly letters of ASCII with some others between: text of an older encoding. Else bytes of some format.
        Err(_) => (head.iter().filter(|byte| **byte >= 0x80).count() * 3 < head.len()).then_some(Encoding::Latin),
    }
}

/// How many lines there are, and whether that was all that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines {
    pub count: u64,
    pub all: bool,
}

/// Counts lines within the first `most` bytes; a last line without an end counts too.
pub fn count(mut reader: impl BufRead, encoding: Encoding, most: u64) -> io::Result<Lines> {
    let (mut count, mut seen, mut open) = (0, 0, false);
    // An end of UTF-16 may be cut by the buffer: its last byte alone decides, at its place within a unit.
    let (end, step) = (encoding.line_end(), encoding.line_end().len() as u64);
    let mut before = 0;
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(Lines { count: count + u64::from(open), all: true });
        }
        if seen >= most {
            return Ok(Lines { count, all: false });
        }
        if step == 1 {
            count += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
            open = bytes.last() != Some(&b'\n');
        } else {
            for (place, byte) in bytes.iter().enumerate() {
                if (seen + place as u64) % 2 == 1 {
                    open = [before, *byte] != *end;
                    count += u64::from(!open);
                }
                before = *byte;
            }
        }
        let length = bytes.len();
        seen += length as u64;
        reader.consume(length);
    }
}

/// Some lines of a text, and whether it goes on behind them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    pub lines: Vec<String>,
    pub more: bool,
}

/// At most `most` lines from line `start` (from 0), each without its end and not longer than is shown.
pub fn lines(mut reader: impl BufRead, encoding: Encoding, start: u64, most: u32) -> io::Result<Window> {
    let mut window = Window::default();
    let mut number = 0;
    loop {
        let wanted = number >= start;
        if window.lines.len() == most as usize {
            window.more = !reader.fill_buf()?.is_empty();
            return Ok(window);
        }
        let Some(line) = line(&mut reader, encoding, wanted)? else { return Ok(window) };
        if wanted {
            let text = encoding.decode(&line);
            window.lines.push(text.strip_suffix('\r').map(str::to_owned).unwrap_or(text));
        }
        number += 1;
    }
}

/// The bytes of the next line, at most as many as are shown; none at the end.
fn line(reader: &mut impl BufRead, encoding: Encoding, keep: bool) -> io::Result<Option<Vec<u8>>> {
    let end = encoding.line_end();
    let (mut line, mut seen, mut last) = (Vec::new(), 0_u64, Vec::with_capacity(2));
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok((seen > 0).then_some(line));
        }
        if end.len() == 1 {
            let found = bytes.iter().position(|byte| *byte == b'\n');
            let length = found.unwrap_or(bytes.len());
            if keep {
                line.extend_from_slice(&bytes[..length.min(LINE - line.len().min(LINE))]);
            }
            seen += length as u64;
            reader.consume(length + usize::from(found.is_some()));
            if found.is_some() {
                return Ok(Some(line));
            }
            continue;
        }
        let byte = bytes[0];
        reader.consume(1);
        seen += 1;
        last.push(byte);
        if last.len() == 2 {
            if last == end {
                return Ok(Some(line));
            }
            if keep && line.len() < LINE * 2 {
                line.extend_from_slice(&last);
            }
            last.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn text_is_told_from_other_bytes() {
        for (bytes, expected) in [
            (&b""[..], Some(Encoding::Utf8)),
            ("žlutý kůň".as_bytes(), Some(Encoding::Utf8)),
            (&"žlutý kůň".as_bytes()[..1], Some(Encoding::Utf8)),
            (b"caf\xe9 au lait", Some(Encoding::Latin)),
            (b"\xff\xfea\0", Some(Encoding::Utf16Le)),
            (b"\x89PNG\r\n\x1a\n\0\0", None),
            (b"\xe9\xe8\xe7\xe6a", None),
        ] {
            assert_eq!(encoding(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn lines_are_counted_in_every_encoding() {
        for (text, expected) in [("", 0), ("a", 1), ("a\n", 1), ("a\nb", 2), ("\n\n", 2)] {
            assert_eq!(
                count(text.as_bytes(), Encoding::Utf8, 100).unwrap(),
                Lines { count: expected, all: true },
                "{text:?}"
            );
        }
        for (text, expected) in [("a\nb", 2), ("a\nb\n", 2), ("ਅ\u{0a0a}", 1)] {
            let bytes = utf16(text);
            let reader = io::BufReader::with_capacity(3, &bytes[..]);
            assert_eq!(count(reader, Encoding::Utf16Le, 100).unwrap().count, expected, "{text:?}");
        }
        let many = io::BufReader::with_capacity(4, &b"a\nb\nc\nd\n"[..]);
        assert_eq!(count(many, Encoding::Utf8, 4).unwrap(), Lines { count: 2, all: false });
    }

    #[test]
    fn a_window_of_lines_is_read_from_any_place() {
        let text = b"a\r\nb\n\nd";
        for (start, most, lines_expected, more) in [
            (0, 2, vec!["a", "b"], true),
            (1, 9, vec!["b", "", "d"], false),
            (4, 1, vec![], false),
            (3, 1, vec!["d"], false),
        ] {
            let reader = io::BufReader::with_capacity(2, &text[..]);
            let window = lines(reader, Encoding::Utf8, start, most).unwrap();
            assert_eq!((window.lines, window.more), (lines_expected.iter().map(|l| (*l).to_owned()).collect(), more));
        }
        let bytes = utf16("a\nbč\n");
        let window = lines(&bytes[..], Encoding::Utf16Le, 1, 5).unwrap();
        assert_eq!(window.lines, ["bč"]);
    }

    #[test]
    fn a_line_of_ten_megabytes_is_cut() {
        let mut bytes = vec![b'x'; 10 << 20];
        bytes.extend_from_slice(b"\nnext");
        let window = lines(&bytes[..], Encoding::Utf8, 0, 2).unwrap();
        assert_eq!((window.lines[0].len(), window.lines[1].as_str()), (LINE, "next"));
    }

    #[test]
    fn old_quotes_are_read_as_they_were_meant() {
        assert_eq!(Encoding::Latin.decode(b"\x93caf\xe9\x94 \x80"), "“café” €");
    }
}
