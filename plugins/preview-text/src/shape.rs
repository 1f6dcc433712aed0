//! Descriptions and views of text and of other bytes. Pure.

use crate::text::{Encoding, Lines, Window};
use kamld_sdk::{
    Description, format,
    view::{self, Tone, View},
};
use std::fmt::Write;

/// What people call it, and the language by which it is coloured: by the ending of its name, else its media type.
pub fn kind(media_type: &str, address: &str) -> (&'static str, &'static str) {
    let name = address.rsplit('/').next().unwrap_or(address);
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "md" | "markdown" => ("Markdown", "markdown"),
        "py" => ("Python", "python"),
        "ipynb" => ("Notebook", "json"),
        "rs" => ("Rust", "rust"),
        "js" | "mjs" => ("JavaScript", "javascript"),
        "ts" => ("TypeScript", "typescript"),
        "sql" => ("SQL", "sql"),
        "r" => ("R", "r"),
        "sh" => ("Shell", "shell"),
        "yaml" | "yml" => ("YAML", "yaml"),
        "toml" => ("TOML", "toml"),
        "html" | "htm" => ("HTML", "html"),
        "xml" => ("XML", "xml"),
        "svg" => ("SVG", "xml"),
        "css" => ("CSS", "css"),
        "go" => ("Go", "go"),
        "java" => ("Java", "java"),
        "c" | "h" => ("C", "c"),
        "cpp" | "cc" | "hpp" => ("C++", "cpp"),
        "json" | "geojson" => ("JSON", "json"),
        _ => match media_type.split(';').next().unwrap_or(media_type).trim() {
            "application/json" => ("JSON", "json"),
            "text/markdown" => ("Markdown", "markdown"),
            "text/html" => ("HTML", "html"),
            "application/xml" | "text/xml" => ("XML", "xml"),
            _ => ("Text", "text"),
        },
    }
}

pub fn description(
    media_type: &str,
    address: &str,
    size: u64,
    encoding: Encoding,
    lines: Lines,
    head: &str,
) -> Description {
    let (name, _) = kind(media_type, address);
    if size == 0 {
        return Description::new(format!("{name}, empty"));
    }
    let least = if lines.all { "" } else { "more than " };
    let counted = format::counted(lines.count, "line", "lines");
    Description::new(format!("{name}, {least}{counted}"))
        .fact("Lines", format!("{least}{}", format::count(lines.count)))
        .fact("Encoding", encoding.name())
        .text(head)
}

/// Whether it promises to be one JSON document.
pub fn is_json(media_type: &str, address: &str) -> bool {
    kind(media_type, address) == ("JSON", "json")
}

/// JSON that is none says where it stops being it.
pub fn no_json(error: &serde_json::Error, head: &str) -> Description {
    let why = match error.classify() {
        serde_json::error::Category::Eof => "it ends in the middle".to_owned(),
        _ => error.to_string(),
    };
    let place = format!("{why} (line {}, column {})", error.line(), error.column());
    Description::new("JSON, cannot be read").fact("Reason", place).text(head)
}

pub fn bytes(media_type: &str, size: u64) -> Description {
    Description::new(format!("{}, {}", named(media_type), format::bytes(size)))
}

pub fn named(media_type: &str) -> &str {
    match media_type {
        "" | "application/octet-stream" => "Data",
        other => other,
    }
}

pub fn view(media_type: &str, address: &str, size: u64, start: u64, window: &Window) -> View {
    let (_, language) = kind(media_type, address);
    if window.lines.is_empty() {
        let says =
            if size == 0 { "the file is empty".into() } else { format!("the text ends before line {}", start + 1) };
        return view::text(says).tone(Tone::Muted).into();
    }
    let code = view::code(window.lines.join("\n")).language(language).first_line(start + 1);
    let next = start + window.lines.len() as u64;
    let more = window.more.then(|| view::hint("it goes on").command(format!("kamld preview {address} --start {next}")));
    View::new().show(code).show_some(more)
}

/// Bytes as they are, 16 a line, with their letters beside.
pub fn hex(media_type: &str, size: u64, start: u64, bytes: &[u8]) -> View {
    let facts = [view::Fact::new("Type", named(media_type)), view::Fact::new("Size", format::bytes(size))];
    let facts = View::from(view::facts(facts));
    if bytes.is_empty() {
        return facts.show(view::text("there are no bytes so far down").tone(Tone::Muted));
    }
    let mut text = String::new();
    for (place, row) in bytes.chunks(16).enumerate() {
        let numbers = row.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
        let letters: String =
            row.iter().map(|byte| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' }).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:08x}  {numbers:<47}  {letters}", start + place as u64 * 16);
    }
    facts.show(view::code(text.trim_end()).language("hex"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_summed_up_by_its_kind_and_its_lines() {
        let lines = Lines { count: 3201, all: true };
        let described = description("text/markdown", "b/s/notes.md", 9, Encoding::Utf8, lines, "# Notes");
        assert_eq!(described.summary(), "Markdown, 3,201 lines");
        let lines = Lines { count: 1, all: false };
        let described = description("text/plain", "b/s/notes", 9, Encoding::Latin, lines, "");
        assert_eq!(described.summary(), "Text, more than 1 line");
        assert_eq!(described.facts()[1], ("Encoding".into(), "Windows-1252".into()));
    }

    #[test]
    fn json_that_is_cut_says_where() {
        let error = serde_json::from_str::<serde::de::IgnoredAny>("[{\"a\": 1},\n{\"a\"").unwrap_err();
        let described = no_json(&error, "");
        assert_eq!(described.summary(), "JSON, cannot be read");
        assert_eq!(described.facts()[0].1, "it ends in the middle (line 2, column 4)");
    }

    #[test]
    fn lines_are_numbered_as_in_the_file() {
        let window = Window { lines: vec!["a".into(), "b".into()], more: true };
        let view = view("text/plain", "b/s/x.py", 99, 40, &window);
        assert_eq!(view.nodes()[0].props["first-line"], 41);
        assert_eq!(view.nodes()[0].props["language"], "python");
        assert_eq!(view.nodes()[1].props["command"], "kamld preview b/s/x.py --start 42");
    }

    #[test]
    fn bytes_are_shown_with_their_letters_beside() {
        let view = hex("application/octet-stream", 17, 16, b"abc\0 0123456789xyz");
        let text = view.nodes()[1].props["text"].as_str().unwrap();
        let rows: Vec<_> = text.lines().collect();
        assert_eq!(rows[0], "00000010  61 62 63 00 20 30 31 32 33 34 35 36 37 38 39 78  abc. 0123456789x");
        assert_eq!(rows[1], format!("00000020  {:<47}  yz", "79 7a"));
    }

    #[test]
    fn an_empty_file_says_so() {
        assert_eq!(view("text/plain", "b/s/x", 0, 0, &Window::default()).nodes()[0].props["text"], "the file is empty");
    }
}
