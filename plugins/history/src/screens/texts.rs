//! Two texts as one `diff` node that fits into a message.
//!
//! Pure. Invariant: what is left away is the same on both sides.

use std::borrow::Cow;

/// Lines that stay around what differs when the rest is left away.
const AROUND: usize = 20;

/// Two texts, or the part of them where they differ.
#[derive(Debug, PartialEq, Eq)]
pub struct Shown<'a> {
    pub before: &'a str,
    pub after: &'a str,
    /// Lines that are left away at the start and at the end.
    pub left_away: (usize, usize),
}

/// The texts, cut down where they are the same at both ends until they take at most `most` bytes of a message; none
/// when what differs is larger.
pub fn fit<'a>(before: &'a str, after: &'a str, most: usize) -> Option<Shown<'a>> {
    if weight(before) + weight(after) <= most {
        return Some(Shown { before, after, left_away: (0, 0) });
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (lines(before), lines(after));
    let start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let room = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take(room).take_while(|(old, new)| old == new).count();
    let (start, end) = (start.saturating_sub(AROUND), end.saturating_sub(AROUND));
    let part = |text: &'a str, lines: &[&str]| {
        let skipped: usize = lines[..start].iter().map(|line| line.len()).sum();
        let kept: usize = lines[start..lines.len() - end].iter().map(|line| line.len()).sum();
        &text[skipped..skipped + kept]
    };
    let (before, after) = (part(before, &old), part(after, &new));
    (weight(before) + weight(after) <= most).then_some(Shown { before, after, left_away: (start, end) })
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Bytes that a text takes as JSON in JSON: properties travel as text in a message.
fn weight(text: &str) -> usize {
    text.bytes()
        .map(|byte| {
            if byte == b'"' || byte == b'\\' {
                4
            } else if byte < 0x20 {
                3
            } else {
                1
            }
        })
        .sum()
}

/// The text of an object; none when it is not text.
pub fn read(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    (!text.contains('\0')).then_some(text)
}

/// Whether objects of a media type are compared as text.
pub fn is_text(media_type: &str) -> bool {
    let kind = media_type.split(';').next().unwrap_or_default().trim();
    kind.starts_with("text/")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
        || matches!(
            kind.strip_prefix("application/"),
            Some(
                "json"
                    | "jsonl"
                    | "x-ndjson"
                    | "ndjson"
                    | "xml"
                    | "toml"
                    | "yaml"
                    | "x-yaml"
                    | "javascript"
                    | "sql"
                    | "x-sh"
                    | "x-ipynb+json"
                    | "typescript"
            )
        )
}

/// What stands over a text of which a part is left away.
pub fn said(left_away: (usize, usize)) -> Option<Cow<'static, str>> {
    match left_away {
        (0, 0) => None,
        (start, 0) => Some(format!("The first {start} lines are the same and left away.").into()),
        (0, end) => Some(format!("The last {end} lines are the same and left away.").into()),
        (start, end) => Some(format!("The first {start} and the last {end} lines are the same and left away.").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("line {n}\n")).collect()
    }

    #[test]
    fn small_texts_stay_whole() {
        let shown = fit("a\nb\n", "a\nc\n", 100).unwrap();
        assert_eq!(shown, Shown { before: "a\nb\n", after: "a\nc\n", left_away: (0, 0) });
        assert_eq!(said(shown.left_away), None);
    }

    #[test]
    fn what_is_the_same_at_both_ends_is_left_away() {
        let old = numbered(1000);
        let mut new = old.clone();
        new[500] = "changed\n".into();
        new.insert(501, "and more\n".into());
        let (old, new) = (old.concat(), new.concat());
        let shown = fit(&old, &new, 2000).unwrap();
        assert_eq!(shown.left_away, (480, 479));
        assert!(shown.before.starts_with("line 480\n") && shown.before.ends_with("line 520\n"));
        assert!(shown.after.contains("changed\nand more\n") && shown.after.ends_with("line 520\n"));
    }

    #[test]
    fn what_only_grew_is_found_too() {
        let old = numbered(1000).concat();
        let new = format!("{old}one more");
        let shown = fit(&old, &new, 2000).unwrap();
        assert_eq!(shown.left_away, (980, 0));
        assert!(shown.after.ends_with("one more"));
        let shown = fit(&new, &old, 2000).unwrap();
        assert!(shown.before.ends_with("one more"));
    }

    #[test]
    fn what_differs_too_much_is_not_shown() {
        let (old, new) = ("a\n".repeat(1000), "b\n".repeat(1000));
        assert_eq!(fit(&old, &new, 1000), None);
    }

    #[test]
    fn only_text_is_compared_as_text() {
        assert!(is_text("text/csv") && is_text("application/json; charset=utf-8") && is_text("image/svg+xml"));
        assert!(!is_text("image/png") && !is_text("application/octet-stream"));
        assert_eq!(read(b"a\0b".to_vec()), None);
        assert_eq!(read(vec![0xff]), None);
    }
}
