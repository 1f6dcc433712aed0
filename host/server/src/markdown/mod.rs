//! Markdown drawn as HTML: the one place where HTML is made of what a person wrote.
//!
//! Lives here: which Markdown and which HTML there is. Must not live here: who shows it, on which thread it runs
//! (`drawing`), how the cost of a text is bounded (`bounds`).
//! Invariants: raw HTML in the text is shown as text; what leaves has passed the sanitiser after everything else; a
//! picture comes from the asset that the text lies in, a link leads to the page or, marked as such, out of it; the time
//! and memory that a text costs grow no faster than its length.

mod bounds;
#[cfg(test)]
mod cost;

use crate::drawing::Stop;
use ammonia::Builder;
use bounds::{Bounded, Limited, MAX_LINK, shallow, unmarked};
use kamld_types::{Address, ObjectPath, Problem, problem::Result};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};
use std::{
    cell::Cell,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

pub use bounds::MAX_TEXT;

/// Where links lead.
pub struct Links {
    base: Option<Address>,
    area: String,
}

/// A byte as a URL carries it within a path.
fn encoded(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' | b'@' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

impl Links {
    pub fn new(base: Option<Address>, area: Option<&str>) -> Result<Self> {
        let area = area.unwrap_or_default().trim_matches('/');
        if !area.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(Problem::invalid("the area is not one word"));
        }
        Ok(Self { base, area: area.to_owned() })
    }

    /// The object that a relative link names, and what follows `#` in it.
    fn object(&self, link: &str) -> Option<String> {
        let base = self.base.as_ref().filter(|_| link.len() <= MAX_LINK)?;
        let path = link.split(['#', '?']).next().unwrap_or_default();
        if path.is_empty() || path.contains(':') || path.starts_with("//") {
            return None;
        }
        let decoded = percent(path)?;
        let mut parts: Vec<&str> = match decoded.starts_with('/') {
            true => Vec::new(),
            false => base.path.as_deref().unwrap_or_default().split('/').collect(),
        };
        parts.pop();
        for part in decoded.split('/').filter(|part| !part.is_empty()) {
            match part {
                "." => {}
                ".." => drop(parts.pop()?),
                part => parts.push(part),
            }
        }
        let path = ObjectPath::new(parts.join("/")).ok()?;
        Some(Address { path: Some(path.into()), ..base.clone() }.to_string())
    }

    fn link(&self, link: &str) -> Option<String> {
        if link.len() > MAX_LINK {
            return None;
        }
        let lower = link.trim().to_ascii_lowercase();
        if ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme)) {
            return Some(link.trim().to_owned());
        }
        if self.area.is_empty() {
            return None;
        }
        self.object(link).map(|object| format!("/{}/{}", self.area, encoded(&object)))
    }

    fn image(&self, link: &str) -> Option<String> {
        self.object(link).map(|object| format!("/api/v1/objects/{}", encoded(&object)))
    }
}

fn percent(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'%' && after.len() >= 2 {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&after[..2]).ok()?, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

/// What stands below a text that is drawn only in part.
const CUT: &str =
    "<p><em>The rest of this text is not drawn: it is too long when drawn. Download it to read all of it.</em></p>\n";

/// Draws a text, which the caller has found to be at most [`MAX_TEXT`] long. What would cost too much is left out at the
/// end, and that is said.
pub fn html_of(text: &str, links: &Links, stop: &Stop) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
    let text = shallow(text);
    // Links and pictures that lead nowhere are left out, what they say stays.
    let mut dropped = Vec::new();
    let full = Cell::new(false);
    let events = Bounded::new(Parser::new_ext(&text, options), stop, &full);
    let events = events.filter_map(move |event| match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => match links.link(&dest_url) {
            Some(link) => {
                dropped.push(false);
                let title = if title.len() <= MAX_LINK { title } else { "".into() };
                Some(Event::Start(Tag::Link { link_type, dest_url: CowStr::from(link), title, id }))
            }
            None => {
                dropped.push(true);
                None
            }
        },
        Event::End(TagEnd::Link) => (!dropped.pop().unwrap_or(false)).then_some(Event::End(TagEnd::Link)),
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            let dest_url = CowStr::from(links.image(&dest_url).unwrap_or_default());
            let title = if title.len() <= MAX_LINK { title } else { "".into() };
            Some(Event::Start(Tag::Image { link_type, dest_url, title, id }))
        }
        // A box that cannot be ticked is a sign; as an input it would want a name of its own.
        Event::TaskListMarker(done) => Some(Event::Text(if done { "☑ " } else { "☐ " }.into())),
        event => Some(event),
    });
    let mut drawn = Limited::new(text.len() * 3 / 2, &full);
    // Writing to memory does not fail.
    let _ = html::write_html_fmt(&mut drawn, events);
    let mut clean = unmarked(&SANITISER.clean(&drawn.into_text()).to_string());
    if full.get() {
        clean.push_str(CUT);
    }
    clean
}

/// What may leave, whatever was made before.
static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let tags = "a blockquote br code del em h1 h2 h3 h4 h5 h6 hr img li ol p pre strong table tbody td th thead tr ul";
    let attributes = HashMap::from([
        ("a", HashSet::from(["href", "title"])),
        ("img", HashSet::from(["src", "alt", "title"])),
        ("ol", HashSet::from(["start"])),
        ("td", HashSet::from(["align"])),
        ("th", HashSet::from(["align"])),
    ]);
    let mut builder = Builder::empty();
    builder
        .tags(tags.split(' ').collect())
        .tag_attributes(attributes)
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .link_rel(Some("noopener noreferrer"))
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            // Pictures come from here; an empty source would fetch the page itself.
            ("img", "src") => value.starts_with("/api/v1/objects/").then(|| value.into()),
            _ => Some(value.into()),
        });
    builder
});

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str) -> String {
        let base = "birds/strikes@v1/docs/about.md".parse().unwrap();
        html_of(text, &Links::new(Some(base), Some("data")).unwrap(), &Stop::never())
    }

    #[test]
    fn markdown_is_drawn() {
        let html = drawn("# Birds\n\n* [x] *done*\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n");
        for piece in ["<h1>Birds</h1>", "☑ <em>done</em>", "<td>2</td>"] {
            assert!(html.contains(piece), "{piece} in {html}");
        }
    }

    #[test]
    fn links_stay_in_the_asset_or_are_marked() {
        let html = drawn("[a](../data%20x.csv) [b](https://example.org/x) [c](javascript:alert(1)) ![p](p.png)");
        assert!(html.contains("href=\"/data/birds/strikes@v1/data%20x.csv\""), "{html}");
        assert!(html.contains("href=\"https://example.org/x\"") && html.contains("noopener noreferrer"), "{html}");
        assert!(html.contains("src=\"/api/v1/objects/birds/strikes@v1/docs/p.png\""), "{html}");
        assert!(!html.contains("javascript") && html.contains('c'), "{html}");
    }

    #[test]
    fn nothing_that_runs_or_loads_gets_through() {
        for text in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<a href='javascript:alert(1)'>x</a>",
            "[x](data:text/html,<script>alert(1)</script>)",
            "[x](JaVaScRiPt:alert(1))",
            "[x](&#106;avascript:alert(1))",
            "![x](https://evil.example/p.png)",
            "![x](//evil.example/p.png)",
            "![x](../../../../etc/passwd)",
            "<style>*{display:none}</style>",
            "<iframe src=//evil.example></iframe>",
            "[x](https://a.example \"\" onmouseover=\"alert(1)\")",
            "`<svg onload=alert(1)>`",
            "<svg><script>alert(1)</script></svg>",
            "<math><mtext></mtext></math><form action=/x><button>go</button></form>",
        ] {
            let html = drawn(text);
            for hole in [
                "<script",
                "<style",
                "<iframe",
                "<svg",
                "<form",
                "<math",
                "href=\"javascript",
                "href=\"data:",
                "src=\"http",
                "src=\"//",
                "passwd\"",
            ] {
                assert!(!html.to_lowercase().contains(hole), "{text} gave {html}");
            }
            assert!(!html.contains("<img") || !html.contains(" onerror="), "{text} gave {html}");
        }
    }
}
