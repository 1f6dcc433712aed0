//! Text of strangers on its way to a log, a terminal or an audit record.
//!
//! Lives here: which characters deceive, and how they are written instead. Must not live here: lengths, which each
//! place bounds by itself.

use std::{borrow::Cow, fmt::Write};

/// Characters that are not seen, or that change how others are seen: control characters, line separators, marks of
/// direction, and those without a width.
pub fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text in one line that looks like what it is: what deceives is written as its code, such as `\u{202e}`.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(deceives) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => plain.push_str("\\n"),
            '\t' => plain.push_str("\\t"),
            c if deceives(c) => {
                // Writing to memory does not fail.
                let _ = write!(plain, "\\u{{{:x}}}", u32::from(c));
            }
            c => plain.push(c),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_deceives_is_written_as_its_code_and_the_rest_stays() {
        assert!(matches!(plain("Zürich 鳥 a\\b"), Cow::Borrowed("Zürich 鳥 a\\b")));
        assert_eq!(plain("gpj.\u{202e}exe\r\n\u{1b}[2J\u{200b}"), "gpj.\\u{202e}exe\\u{d}\\n\\u{1b}[2J\\u{200b}");
    }
}
