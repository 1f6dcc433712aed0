//! The kinds of nodes that hold a list: facts, search hits, facets, changes, commits.
//!
//! Lives here: their properties and how each item reads. Must not live here: tables, the walk over a view.

use super::{
    style::{Style, Tone, clean},
    table::{CellType, cell},
    words,
};
use console::measure_text_width;
use serde::Deserialize;
use serde_json::Value;
use std::fmt::Write;

#[derive(Deserialize)]
pub struct Fact {
    #[serde(default)]
    label: String,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    r#type: CellType,
}

pub fn facts(out: &mut String, items: &[Fact], style: &Style) {
    let labels: Vec<_> = items.iter().map(|fact| clean(&fact.label)).collect();
    let width = labels.iter().map(|label| measure_text_width(label)).max().unwrap_or(0);
    for (fact, label) in items.iter().zip(&labels) {
        let r#type = if fact.value.is_array() { CellType::Tags } else { fact.r#type };
        let value = cell(&fact.value, r#type, style);
        let pad = width - measure_text_width(label);
        let line = format!("{}{:pad$}  {value}", style.paint(Tone::Dim, label), "");
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

#[derive(Deserialize)]
pub struct Hit {
    #[serde(default)]
    title: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    fragments: Vec<Fragment>,
}

#[derive(Deserialize)]
struct Fragment {
    #[serde(default)]
    field: String,
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    text: String,
    #[serde(default)]
    matched: bool,
}

pub fn hits(out: &mut String, items: &[Hit], total: Option<u64>, style: &Style) {
    for hit in items {
        let address = clean(&hit.address);
        let title = if hit.title.is_empty() { address.clone() } else { clean(&hit.title) };
        let mut head = style.paint(Tone::Strong, &title).into_owned();
        if title != address && !address.is_empty() {
            let _ = write!(head, "  {}", style.paint(Tone::Dim, &address));
        }
        let mut about: Vec<String> = Vec::new();
        about.extend([&hit.kind, &hit.summary].into_iter().filter(|t| !t.is_empty()).map(|t| clean(t).into_owned()));
        let _ = writeln!(out, "{head}");
        let mut line = about.join(", ");
        if !hit.tags.is_empty() {
            let tags = hit.tags.iter().map(|tag| clean(tag)).collect::<Vec<_>>().join(", ");
            let gap = if line.is_empty() { "" } else { "  " };
            let _ = write!(line, "{gap}{}", style.paint(Tone::Accent, &format!("[{tags}]")));
        }
        if !line.is_empty() {
            let _ = writeln!(out, "  {line}");
        }
        for fragment in &hit.fragments {
            let mut text = String::new();
            for part in &fragment.parts {
                // A fragment is shown on one line, whatever lines it had in the file.
                let line = part.text.replace(['\n', '\r', '\t'], " ");
                let clean = clean(&line);
                match (part.matched, style.colour) {
                    (true, true) => text.push_str(&style.paint(Tone::Strong, &clean)),
                    // Without colours a match is still told from its surroundings, as in a printed text.
                    (true, false) => {
                        let _ = write!(text, "*{clean}*");
                    }
                    (false, _) => text.push_str(&clean),
                }
            }
            let field = clean(&fragment.field);
            let _ = writeln!(out, "  {}: {text}", style.paint(Tone::Dim, &field));
        }
    }
    let total = total.unwrap_or(items.len() as u64);
    let shown = items.len() as u64;
    let line = match (total, shown) {
        (0, _) => "nothing found".to_owned(),
        (total, shown) if total > shown => {
            format!("{} found, the first {} shown", words::count(total as i64), words::count(shown as i64))
        }
        (total, _) => format!("{} found", words::count(total as i64)),
    };
    let _ = writeln!(out, "{}", style.paint(Tone::Dim, &line));
}

#[derive(Deserialize)]
pub struct Facet {
    field: String,
    #[serde(default)]
    values: Vec<FacetValue>,
}

#[derive(Deserialize)]
struct FacetValue {
    value: Value,
    #[serde(default)]
    count: i64,
}

pub fn facets(out: &mut String, items: &[Facet], style: &Style) {
    let items: Vec<_> = items.iter().filter(|facet| !facet.values.is_empty()).collect();
    let width = items.iter().map(|facet| measure_text_width(&clean(&facet.field))).max().unwrap_or(0);
    for facet in items {
        let field = clean(&facet.field);
        let pad = width - measure_text_width(&field);
        let values: Vec<String> = facet
            .values
            .iter()
            .map(|v| {
                let count = words::count(v.count);
                format!("{} {}", cell(&v.value, CellType::Text, style), style.paint(Tone::Dim, &format!("({count})")))
            })
            .collect();
        let _ = writeln!(out, "{}{:pad$}  {}", style.paint(Tone::Dim, &field), "", values.join("  "));
    }
}

#[derive(Deserialize)]
pub struct Change {
    path: String,
    kind: String,
    #[serde(default)]
    before: Option<u64>,
    #[serde(default)]
    after: Option<u64>,
}

pub fn changes(out: &mut String, items: &[Change], more: bool, style: &Style) {
    let paths: Vec<_> = items.iter().map(|change| clean(&change.path)).collect();
    let width = paths.iter().map(|path| measure_text_width(path)).max().unwrap_or(0).min(60);
    for (change, path) in items.iter().zip(&paths) {
        let (sign, tone) = match change.kind.as_str() {
            "added" => ('+', Tone::Good),
            "removed" => ('-', Tone::Bad),
            _ => ('~', Tone::Warning),
        };
        let sizes = match (change.before, change.after) {
            (Some(before), Some(after)) => format!("{} → {}", words::bytes(before), words::bytes(after)),
            (Some(size), None) | (None, Some(size)) => words::bytes(size),
            (None, None) => String::new(),
        };
        let pad = width.saturating_sub(measure_text_width(path));
        let head = style.paint(tone, &format!("{sign} {path}")).into_owned();
        let line = format!("{head}{:pad$}  {}", "", style.paint(Tone::Dim, &sizes));
        out.push_str(line.trim_end());
        out.push('\n');
    }
    if more {
        let _ = writeln!(out, "{}", style.paint(Tone::Dim, "… and more"));
    }
}

#[derive(Deserialize)]
pub struct Commit {
    id: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    author: String,
    #[serde(default)]
    created: Option<i64>,
    #[serde(default)]
    objects: Option<u64>,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    names: Vec<String>,
}

pub fn commits(out: &mut String, items: &[Commit], style: &Style) {
    for commit in items {
        let id: String = commit.id.chars().take(12).collect();
        let mut message = commit.message.lines();
        let first = clean(message.next().unwrap_or_default()).into_owned();
        let mut head = format!("{}  {first}", style.paint(Tone::Warning, &clean(&id)));
        if !commit.names.is_empty() {
            let names = commit.names.iter().map(|name| clean(name)).collect::<Vec<_>>().join(", ");
            let _ = write!(head, "  {}", style.paint(Tone::Accent, &format!("({names})")));
        }
        let _ = writeln!(out, "{}", head.trim_end());
        for line in message {
            let _ = writeln!(out, "{}", format!("              {}", clean(line)).trim_end());
        }
        let mut about = Vec::new();
        if !commit.author.is_empty() {
            about.push(clean(&commit.author).into_owned());
        }
        about.extend(commit.created.map(|ms| words::time(ms, style)));
        about.extend(commit.objects.map(|n| words::some(n, "object", "objects")));
        about.extend(commit.size.map(words::bytes));
        if !about.is_empty() {
            let _ = writeln!(out, "              {}", style.paint(Tone::Dim, &about.join(", ")));
        }
    }
}
