//! What a text of Markdown may cost: its depth, its size, its time.
//!
//! Lives here: numbers, and the three places where they hold: before the parser, between parser and writer, in the
//! writer. Must not live here: what is drawn. Invariant: nothing behind this file meets a tree that is deeper than
//! [`MAX_DEPTH`]: parser, sanitiser and browser all take time that grows with depth times length.

use crate::drawing::Stop;
use pulldown_cmark::{CowStr, Event, Tag, TagEnd};
use std::{borrow::Cow, cell::Cell, fmt};

/// Bytes of one text. Twice what a preview shows of a file, and below 0.3 s of work.
pub const MAX_TEXT: usize = 256 << 10;
/// Elements within elements; what is deeper is drawn as plain text. People nest ten deep at most.
pub(super) const MAX_DEPTH: usize = 100;
/// Bytes of HTML that one text may become. Links repeat the path of their text, so short ones grow.
const MAX_HTML: usize = 2 << 20;
/// Bytes of the target of a link, and of its title: what is longer leads nowhere and is not shown.
pub(super) const MAX_LINK: usize = 2048;
/// Bytes of text between two marks. The serialiser of HTML looks through all that follows for each character that it
/// escapes, unless it meets one of `<` and `>`; a mark has one.
const STRIDE: usize = 1024;
/// What is put into long texts before the sanitiser and taken out behind it. No text has the character: it is not one.
const MARK: char = '\u{fdd0}';
/// Events between two looks at the clock.
const LOOK: u32 = 64;

/// The text with the marks of quotes and lists escaped that are deeper than [`MAX_DEPTH`] within one line, so that they
/// are plain text. Each level takes a mark or two columns of indentation in each line that is in it.
pub(super) fn shallow(text: &str) -> Cow<'_, str> {
    let mut escaped = String::new();
    let mut copied = 0;
    let mut start = 0;
    // `\r` alone ends a line too.
    for line in text.split_inclusive(['\n', '\r']) {
        if let Some(place) = too_deep(line.as_bytes()) {
            escaped.push_str(&text[copied..start + place]);
            escaped.push('\\');
            copied = start + place;
        }
        start += line.len();
    }
    if copied == 0 && escaped.is_empty() {
        return Cow::Borrowed(text);
    }
    escaped.push_str(&text[copied..]);
    Cow::Owned(escaped)
}

/// Where in a line the first mark stands that is too deep: the character that a backslash makes plain.
fn too_deep(line: &[u8]) -> Option<usize> {
    let (mut at, mut marks, mut columns) = (0, 0, 0);
    let ends = |byte: Option<&u8>| matches!(byte, None | Some(b' ' | b'\t' | b'\n' | b'\r'));
    while let Some(byte) = line.get(at) {
        let (mark, width) = match byte {
            b' ' => {
                (columns, at) = (columns + 1, at + 1);
                continue;
            }
            b'\t' => {
                (columns, at) = (columns + 4, at + 1);
                continue;
            }
            b'>' => (at, 1),
            b'-' | b'+' | b'*' if ends(line.get(at + 1)) => (at, 1),
            b'0'..=b'9' => {
                let digits = line[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                let closed = matches!(line.get(at + digits), Some(b'.' | b')')) && ends(line.get(at + digits + 1));
                if !closed || digits > 9 {
                    return None;
                }
                (at + digits, digits + 1)
            }
            _ => return None,
        };
        marks += 1;
        // A mark is followed by a column that is part of it.
        if marks + columns / 2 > MAX_DEPTH * 3 / 2 || marks > MAX_DEPTH {
            return Some(mark);
        }
        at += width;
    }
    None
}

/// Text with marks in it: `unmarked` counts the bytes since the last one.
fn marked<'t>(text: CowStr<'t>, unmarked: &mut usize) -> CowStr<'t> {
    if !text.contains(MARK) && *unmarked + text.len() < STRIDE {
        *unmarked += text.len();
        return text;
    }
    let mut marked = String::with_capacity(text.len() + text.len() / STRIDE * 8 + 8);
    for c in text.chars() {
        *unmarked += c.len_utf8();
        if *unmarked >= STRIDE {
            *unmarked = 0;
            marked.extend([MARK, '>']);
        }
        marked.push(if c == MARK { char::REPLACEMENT_CHARACTER } else { c });
    }
    marked.into()
}

/// HTML without the marks.
pub(super) fn unmarked(html: &str) -> String {
    html.replace(&format!("{MARK}&gt;"), "")
}

/// Events of the parser, without elements that are too deep, up to the end or to what may be spent.
pub(super) struct Bounded<'a, I> {
    events: I,
    depth: usize,
    stop: &'a Stop,
    looked: u32,
    unmarked: usize,
    full: &'a Cell<bool>,
}

impl<'a, I> Bounded<'a, I> {
    pub fn new(events: I, stop: &'a Stop, full: &'a Cell<bool>) -> Self {
        Self { events, depth: 0, stop, looked: 0, unmarked: 0, full }
    }
}

/// What separates words where the element around them is left out.
fn separator(inline: bool) -> Option<Event<'static>> {
    (!inline).then_some(Event::SoftBreak)
}

fn begins_inline(tag: &Tag<'_>) -> bool {
    matches!(tag, Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. })
}

fn ends_inline(tag: TagEnd) -> bool {
    matches!(tag, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image)
}

impl<'t, I: Iterator<Item = Event<'t>>> Iterator for Bounded<'_, I> {
    type Item = Event<'t>;

    fn next(&mut self) -> Option<Event<'t>> {
        loop {
            self.looked = (self.looked + 1) % LOOK;
            if self.looked == 0 && self.stop.now() {
                self.full.set(true);
            }
            if self.full.get() {
                return None;
            }
            let (kept, otherwise) = match self.events.next()? {
                Event::Start(tag) => {
                    self.depth += 1;
                    let inline = begins_inline(&tag);
                    ((self.depth <= MAX_DEPTH).then_some(Event::Start(tag)), separator(inline))
                }
                Event::End(tag) => {
                    self.depth = self.depth.saturating_sub(1);
                    ((self.depth < MAX_DEPTH).then_some(Event::End(tag)), separator(ends_inline(tag)))
                }
                Event::Text(text) => (Some(Event::Text(marked(text, &mut self.unmarked))), None),
                Event::Code(text) => (Some(Event::Code(marked(text, &mut self.unmarked))), None),
                // Raw HTML is shown as text.
                Event::Html(html) | Event::InlineHtml(html) => {
                    (Some(Event::Text(marked(html, &mut self.unmarked))), None)
                }
                event => (Some(event), None),
            };
            if let Some(event) = kept.or(otherwise) {
                return Some(event);
            }
        }
    }
}

/// Takes the HTML, and says when it is enough. The event that fills it is written whole.
pub(super) struct Limited<'a> {
    text: String,
    full: &'a Cell<bool>,
}

impl<'a> Limited<'a> {
    pub fn new(capacity: usize, full: &'a Cell<bool>) -> Self {
        Self { text: String::with_capacity(capacity), full }
    }

    pub fn into_text(self) -> String {
        self.text
    }
}

impl fmt::Write for Limited<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text.push_str(text);
        if self.text.len() > MAX_HTML {
            self.full.set(true);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_left_as_it_is() {
        let deep = format!("{}- item\n", "  ".repeat(90));
        for text in ["> quoted\n> - item\n>   1. one\n", "* * *\n", "2019. was a year", "", deep.as_str()] {
            assert!(matches!(shallow(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn the_mark_beyond_the_depth_is_escaped_in_each_line() {
        for (mark, escaped) in [(">", "\\>"), ("> ", "\\> "), ("- ", "\\- "), ("1) ", "1\\) ")] {
            let line = format!("{}x\n", mark.repeat(MAX_DEPTH + 5));
            let shown = format!("{}{escaped}{}x\n", mark.repeat(MAX_DEPTH), mark.repeat(4));
            assert_eq!(shallow(&line.repeat(2)), shown.repeat(2));
        }
    }
}
