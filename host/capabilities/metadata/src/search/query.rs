//! The query language: words, "phrases", `tag:raw`, `format:csv`, `project:birds`, `column:species`, `name:x`,
//! `kind:asset`, and `-` before any of them to leave out.
//!
//! Must not live here: the index. Invariant: every text is a query; what is not understood is taken as words.

use super::{document::canonical, words::Splitter};

/// The most parts of a query that count: a person types few, a program should not ask for thousands.
const MOST: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The folded words of one piece without spaces, such as `2019.csv`; the last may go on in a prefix.
    Word(Vec<String>),
    Phrase(Vec<String>),
    Tag(String),
    Format(String),
    Project(String),
    Kind(&'static str),
    Column(String),
    Name(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub what: What,
    pub without: bool,
    /// As typed, for a suggestion that keeps the rest.
    pub text: String,
}

pub(super) fn parse(text: &str, splitter: &mut Splitter) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() && parts.len() < MOST {
        let piece = &rest[..piece_end(rest)];
        rest = rest[piece.len()..].trim_start();
        if let Some(part) = part(piece, splitter) {
            parts.push(part);
        }
    }
    parts
}

/// Where the piece ends that begins here: at the first space outside of quotes. A quote that never closes
/// reaches to the end.
fn piece_end(text: &str) -> usize {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

fn part(piece: &str, splitter: &mut Splitter) -> Option<Part> {
    let (without, body) = match piece.strip_prefix('-') {
        Some(body) if !body.is_empty() => (true, body),
        _ => (false, piece),
    };
    let what = filter(body).or_else(|| {
        let words = splitter.words(body);
        if words.is_empty() {
            return None;
        }
        Some(if body.starts_with('"') { What::Phrase(words) } else { What::Word(words) })
    })?;
    Some(Part { what, without, text: piece.to_owned() })
}

fn filter(body: &str) -> Option<What> {
    let (field, value) = body.split_once(':')?;
    let value = value.replace('"', "");
    let value = value.trim();
    if value.is_empty() {
        return None;
    }
    match field.to_lowercase().as_str() {
        "tag" | "tags" => Some(What::Tag(value.to_lowercase())),
        "format" | "type" => Some(What::Format(canonical(value))),
        "project" => Some(What::Project(value.to_lowercase())),
        "column" | "columns" => Some(What::Column(value.to_lowercase())),
        "name" => Some(What::Name(value.to_lowercase())),
        "kind" => match value.to_lowercase().as_str() {
            "asset" | "assets" => Some(What::Kind("asset")),
            "object" | "objects" | "file" | "files" => Some(What::Kind("object")),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(What, bool)> {
        parse(text, &mut Splitter::new()).into_iter().map(|part| (part.what, part.without)).collect()
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn each_kind_of_part_is_read() {
        assert_eq!(
            read(r#"Wind "bird strikes" tag:Raw format:.CSV project:birds column:"wing span" name:x kind:asset -old"#),
            [
                (What::Word(words(&["wind"])), false),
                (What::Phrase(words(&["bird", "strikes"])), false),
                (What::Tag("raw".into()), false),
                (What::Format("csv".into()), false),
                (What::Project("birds".into()), false),
                (What::Column("wing span".into()), false),
                (What::Name("x".into()), false),
                (What::Kind("asset"), false),
                (What::Word(words(&["old"])), true),
            ]
        );
    }

    #[test]
    fn what_is_not_understood_is_words_and_never_an_error() {
        assert_eq!(
            read("note:this kind:odd"),
            [(What::Word(words(&["note", "this"])), false), (What::Word(words(&["kind", "odd"])), false),]
        );
        assert_eq!(read(r#""never closed"#), [(What::Phrase(words(&["never", "closed"])), false)]);
        for odd in ["", " ", "-", ":", "tag:", "\"\"", "- -", "((", "a:b:c", "\\", "*", "NOT AND OR", "\u{0}", "🐦"] {
            let _ = read(odd);
        }
        assert!(read("tag: - \"").is_empty() || read("tag: - \"").len() == 1);
        assert_eq!(read(&"x ".repeat(1000)).len(), MOST);
    }

    #[test]
    fn a_file_name_is_one_part() {
        assert_eq!(read("2019/a_b.csv"), [(What::Word(words(&["2019", "a", "b", "csv"])), false)]);
    }
}
