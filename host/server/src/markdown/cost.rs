//! Tests of what a text costs: hostile shapes at full size, and mixtures of them.
//!
//! Must not live here: what is drawn of a text that people write.

use super::{Links, MAX_TEXT, bounds::MAX_DEPTH, html_of};
use crate::drawing::Stop;
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// What a text of the largest size takes is a tenth of it on a quiet machine; what grows with the square of the length
/// takes minutes.
const PATIENCE: Duration = Duration::from_secs(4);

/// Pieces that parsers of Markdown and HTML have stumbled over.
const PIECES: [&str; 60] = [
    ">",
    "> ",
    ">\n",
    "> > a\n",
    "- ",
    "-\n",
    "* ",
    "*\t",
    "+ a\n",
    "1. ",
    "1)\n",
    "  - a\n",
    "\t",
    "    ",
    "\n",
    "\r",
    "\\",
    "[",
    "![",
    "[](",
    "]",
    "](",
    "[a](b)",
    "[](a)",
    "![](a)",
    "[a]",
    "[a]: b\n",
    "[^a]",
    "[^a]: b\n",
    "<",
    "<a",
    "</a>",
    "<!--",
    "-->",
    "<?",
    "<![CDATA[",
    "<div>\n",
    "<a href=\"",
    "&",
    "&#",
    "&amp;",
    "*",
    "**",
    "*a ",
    "**a ",
    "_",
    "_a ",
    "a_",
    "*a_ ",
    "~",
    "~~",
    "~~a ",
    "`",
    "`a ",
    "```\n",
    "|",
    "|-",
    "a|b\n-|-\n",
    "# ",
    "=\n",
];

fn links() -> Links {
    let base = format!("birds/strikes/{}/x.md", "d".repeat(250)).parse().unwrap();
    Links::new(Some(base), Some("data")).unwrap()
}

/// How deep elements are within each other.
fn depth(html: &str) -> usize {
    let (mut depth, mut most) = (0usize, 0);
    for tag in html.split('<').skip(1) {
        match tag.split(['>', ' ', '/']).next().unwrap() {
            "" if tag.starts_with('/') => depth = depth.saturating_sub(1),
            "br" | "hr" | "img" => {}
            _ => depth += 1,
        }
        most = most.max(depth);
    }
    most
}

fn check(name: &str, text: &str) {
    let began = Instant::now();
    let html = html_of(text, &links(), &Stop::never());
    let took = began.elapsed();
    assert!(took < PATIENCE, "{name}: {} bytes took {took:?}", text.len());
    // The parser of HTML adds a body to a table, and the element that a text is cleaned in.
    assert!(depth(&html) <= MAX_DEPTH + 3, "{name}: {} deep", depth(&html));
    assert!(html.len() < 16 << 20, "{name}: became {} bytes", html.len());
    for hole in ["<script", "<style", "<div", "<!--", "href=\"javascript"] {
        assert!(!html.contains(hole), "{name} has {hole}");
    }
}

#[test]
fn one_piece_again_and_again_takes_time_that_grows_with_its_length() {
    for piece in PIECES {
        check(piece, &piece.repeat(MAX_TEXT / piece.len()));
    }
}

#[test]
fn opened_and_closed_takes_time_that_grows_with_its_length() {
    for (open, close) in [
        ("[", "]"),
        ("![", "](a)"),
        ("[", "](a)"),
        ("*", "*"),
        ("**", "**"),
        ("_", "_"),
        ("*a **b ", " c** d*"),
        ("~~", "~~"),
        ("(", ")"),
        ("[a](", ")"),
        ("<", ">"),
        ("`", "`"),
        ("> ", "\n"),
        ("- ", "\n\n"),
        ("<a>", "</a>"),
        ("\\[", "\\]"),
    ] {
        let half = MAX_TEXT / (open.len() + close.len());
        check(&format!("{open} {close}"), &format!("{}x{}", open.repeat(half), close.repeat(half)));
    }
}

#[test]
fn depth_times_length_takes_time_that_grows_with_its_length() {
    let half = MAX_TEXT / 2;
    let wide = format!("{}\n{}\n", "|a".repeat(half / 4), "|-".repeat(half / 4));
    // Each line is deeper than the one before, by indentation.
    let stairs: String = (0..)
        .map(|n| format!("{}- a\n", "  ".repeat(n)))
        .scan(0, |sum, line| {
            *sum += line.len();
            (*sum < half).then_some(line)
        })
        .collect();
    let climbing: String = (0..)
        .map(|n| format!("{}{}\n", " ".repeat(200 * n), "- ".repeat(100)))
        .scan(0, |sum, line| {
            *sum += line.len();
            (*sum < half).then_some(line)
        })
        .collect();
    for (name, head) in [
        ("quotes", "> ".repeat(half / 2)),
        ("lists", "- ".repeat(half / 2)),
        ("stairs", stairs),
        ("climbing", climbing),
        ("ninety quotes", ">".repeat(90)),
        ("ninety items", "- ".repeat(90)),
        ("wide table", wide),
        ("a definition", format!("[a]: {}\n\n", "b".repeat(half - 100))),
    ] {
        for line in ["\n", "a\n", "- a\n", "> a\n", "|\n", "[a]", "    a\n", "`\n", "<a>\n"] {
            let rest = line.repeat((MAX_TEXT - head.len()) / line.len());
            check(&format!("{name}, then {line:?}"), &format!("{head}\n{rest}"));
        }
    }
    // What has to be escaped, and what looks like it to a serialiser.
    for text in ["&", "·", "£&", "&a\"", "é"] {
        let long = text.repeat(MAX_TEXT / text.len() - 20);
        for text in [format!("[a]({long})"), format!("[a](b \"{long}\")"), format!("![{long}](b)"), format!("`{long}`")]
        {
            check(&format!("{text:.12}"), &text);
        }
    }
    // Runs of different lengths find no partner each.
    for mark in ["`", "*", "_", "~"] {
        let runs: String = (1..700).map(|n| format!("{} ", mark.repeat(n))).collect();
        check(&format!("runs of {mark}"), &runs[..MAX_TEXT.min(runs.len())]);
    }
}

#[test]
fn what_is_too_deep_is_drawn_as_text() {
    let html = html_of(&format!("{}deep", "> ".repeat(150)), &links(), &Stop::never());
    assert_eq!(html.matches("<blockquote>").count(), MAX_DEPTH);
    assert!(html.contains("&gt; &gt; deep"), "{html}");
    let html = html_of(&format!("{}a{}", "*b **c ".repeat(100), " d** e*".repeat(100)), &links(), &Stop::never());
    assert!(html.contains(" d e</strong>") || html.contains("a d e d e"), "{html}");
}

#[test]
fn long_texts_and_links_come_out_as_they_went_in() {
    let text = "£1 & 2\u{fdd0} ".repeat(2000);
    let html = html_of(&text, &links(), &Stop::never());
    assert_eq!(html.trim(), format!("<p>{}</p>", "£1 &amp; 2\u{fffd} ".repeat(2000).trim()));
    let far = format!("https://example.org/{}", "x".repeat(3000));
    assert_eq!(html_of(&format!("[a]({far})"), &links(), &Stop::never()), "<p>a</p>\n");
}

#[test]
fn a_text_that_grows_when_it_is_drawn_is_cut_and_says_so() {
    let html = html_of(&"[a](a) ".repeat(MAX_TEXT / 7), &links(), &Stop::never());
    assert!(html.len() < 4 << 20, "{}", html.len());
    assert!(html.contains("The rest of this text is not drawn"));
    assert!(!html_of("short", &links(), &Stop::never()).contains("not drawn"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mixtures_take_time_that_grows_with_their_length(
        parts in proptest::collection::vec((0..PIECES.len(), 1usize..4000), 1..12),
    ) {
        let mut text: String = parts.iter().map(|(piece, times)| PIECES[*piece].repeat(*times)).collect();
        text.truncate(MAX_TEXT / 2);
        check(&format!("{parts:?}"), &text);
    }
}
