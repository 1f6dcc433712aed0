//! Text and other bytes on a page: documents as what they mean, long texts page by page. Pure.

use crate::{
    shape::{self, kind},
    text::Window,
};
use kamld_sdk::{
    format,
    view::{self, Gap, Icon, Target, Tone, View},
};

/// A document up to here is shown as what it means; a larger one by its lines. Half of what a message may carry, since
/// quotes and ends of lines take two bytes on the way.
pub const WHOLE: usize = 128 << 10;
/// Lines of one page.
pub const LINES: u32 = 1000;
/// What a view may take on its way, of the 256 KiB of a message; what stands beside it takes the rest.
const BYTES: usize = 180 << 10;

/// Markdown and JSON as what they mean; none for what is shown by its lines.
pub fn meant(media_type: &str, address: &str, text: &str) -> Option<View> {
    let fits = || as_sent(text) <= BYTES;
    match kind(media_type, address).0 {
        // An empty document says so in words.
        _ if text.trim().is_empty() => None,
        "Markdown" if fits() => {
            let folder = address.rfind('/').map_or("", |end| &address[..=end]);
            Some(view::markdown(text).base(folder).into())
        }
        "JSON" if fits() && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => {
            Some(view::json(text).depth(2).into())
        }
        _ => None,
    }
}

fn as_sent(text: &str) -> usize {
    serde_json::to_string(text).map_or(usize::MAX, |sent| sent.len())
}

/// As many lines as a view holds, and the ways to the others.
pub fn lines(media_type: &str, address: &str, size: u64, start: u64, mut window: Window) -> View {
    fit(&mut window);
    if window.lines.is_empty() {
        let nothing = shape::view(media_type, address, size, start, &window);
        return if start > 0 { nothing.show(way("To the first lines", 0, Icon::ChevronLeft)) } else { nothing };
    }
    let count = window.lines.len() as u64;
    let (_, language) = kind(media_type, address);
    let code = view::code(window.lines.join("\n")).language(language).first_line(start + 1);
    if start == 0 && !window.more {
        return code.into();
    }
    let says = format!("Lines {} to {}", format::count(start + 1), format::count(start + count));
    let mut ways = view::row().gap(Gap::Medium).show(view::text(says).tone(Tone::Muted));
    if start > 0 {
        let before = start.saturating_sub(u64::from(LINES));
        ways = ways.show(way("Previous lines", before, Icon::ChevronLeft));
    }
    if window.more {
        ways = ways.show(way("Next lines", start + count, Icon::ChevronRight));
    }
    View::new().show(view::Node::from(ways).named("ways")).show(view::Node::from(code).named("lines"))
}

/// The same place from another line on; the first needs no word in the link.
fn way(text: &str, start: u64, icon: Icon) -> view::Link {
    let start = if start == 0 { serde_json::Value::Null } else { start.to_string().into() };
    view::link(text, Target::new().with("start", start)).icon(icon)
}

/// Leaves out lines at the end until the rest can be sent, but for the first.
fn fit(window: &mut Window) {
    let mut bytes = 0;
    let over = window.lines.iter().position(|line| {
        // The end of a line takes two bytes on the way.
        bytes += as_sent(line) + 2;
        bytes > BYTES
    });
    if let Some(over) = over {
        window.lines.truncate(over.max(1));
        window.more = true;
    }
}

/// Bytes that the page fetches as they are seen.
pub fn bytes(address: &str, size: u64) -> View {
    if size == 0 {
        return view::text("The file is empty").tone(Tone::Muted).into();
    }
    let says = "This is no text, and no plug-in shows it as anything else: these are its bytes.";
    View::new().show(view::text(says).tone(Tone::Muted)).show(view::hex(address, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(view: View) -> Vec<String> {
        view.flatten().into_iter().map(|node| node.kind).collect()
    }

    fn window(count: usize, line: &str, more: bool) -> Window {
        Window { lines: vec![line.to_owned(); count], more }
    }

    #[test]
    fn documents_are_shown_as_what_they_mean() {
        let view = meant("text/plain", "b/s@v1/docs/notes.md", "# Notes").unwrap();
        assert_eq!(view.nodes()[0].props["base"], "b/s@v1/docs/");
        assert_eq!(kinds(meant("application/json", "b/s/x", "{\"a\": 1}").unwrap()), ["json"]);
        for (media_type, address, text) in [
            ("application/json", "b/s/x.json", "{\"a\": "),
            ("text/html", "b/s/x.html", "<script>alert(1)</script>"),
            ("image/svg+xml", "b/s/x.svg", "<svg/>"),
            ("text/markdown", "b/s/empty.md", " \n"),
        ] {
            assert!(meant(media_type, address, text).is_none(), "{address}");
        }
        assert!(meant("text/markdown", "b/s/x.md", &"\"".repeat(WHOLE)).is_none(), "too large on its way");
    }

    #[test]
    fn a_long_text_is_read_page_by_page() {
        let first = lines("text/plain", "b/s/x.txt", 9_000_000, 0, window(1000, "a", true));
        assert_eq!(kinds(first.clone()), ["stack", "row", "text", "link", "code"]);
        let words = |view: View| view.flatten().into_iter().map(|node| node.props).collect::<Vec<_>>().join("\n");
        assert!(words(first).contains("{\"start\":\"1000\"}"));
        let last = words(lines("text/plain", "b/s/x.txt", 9_000_000, 1000, window(10, "a", false)));
        assert!(last.contains("{\"start\":null}") && last.contains("Lines 1,001 to 1,010"), "{last}");
        assert_eq!(kinds(lines("text/plain", "b/s/x.txt", 9, 0, window(3, "a", false))), ["code"]);
    }

    #[test]
    fn no_page_is_larger_than_a_message_and_nothing_is_skipped() {
        let view = lines("text/plain", "b/s/x.txt", 9_000_000, 0, window(1000, &"\"".repeat(1000), true));
        let nodes = view.flatten();
        assert!(nodes.iter().map(|node| node.props.len()).sum::<usize>() < 200 << 10);
        let code = nodes.iter().find(|node| node.kind == "code").unwrap();
        let shown = serde_json::from_str::<serde_json::Value>(&code.props).unwrap();
        let count = shown["text"].as_str().unwrap().lines().count();
        assert!(nodes.iter().any(|node| node.props.contains(&format!("{{\"start\":\"{count}\"}}"))), "{count}");
    }

    #[test]
    fn a_link_behind_the_end_leads_back() {
        let view = lines("text/plain", "b/s/x.txt", 9, 5000, Window::default());
        assert!(kinds(view).contains(&"link".to_owned()));
    }

    #[test]
    fn other_bytes_are_fetched_by_the_page() {
        assert_eq!(kinds(bytes("b/s/x.bin", 300)), ["stack", "text", "hex"]);
        assert_eq!(kinds(bytes("b/s/x.bin", 0)), ["text"]);
    }
}
