//! Draws a view (data from a plug-in or the host) as text for a terminal or a pipe.
//!
//! Lives here: the walk over the nodes and the simple kinds. Must not live here: I/O, the meaning of any command.
//! Invariants: a view with unknown kinds, missing nodes or a loop is drawn as far as it goes; every text is cleaned.

pub mod items;
pub mod json;
pub mod style;
pub mod table;
pub mod words;

use kamld_types::Node;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::{collections::HashMap, fmt::Write};
pub use style::{Style, Tone, clean, clean_lines};
use table::{Column, Table};

/// The deepest nesting of nodes, as the catalogue has it.
const DEPTH: usize = 24;

/// A view in the order of its drawing: text, and places where rows are streamed in.
#[derive(Debug, PartialEq)]
pub enum Piece {
    Text(String),
    Rows(Rows),
}

/// A result that the server hands over once.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Rows {
    pub result: String,
    #[serde(default)]
    pub columns: Vec<RowColumn>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct RowColumn {
    pub name: String,
    #[serde(default)]
    pub r#type: String,
}

/// Draws from the node `root` on, or from the first node when there is none.
pub fn draw(view: &[Node], style: &Style) -> Vec<Piece> {
    let by_id: HashMap<&str, &Node> = view.iter().map(|node| (node.id.as_str(), node)).collect();
    let mut drawing = Drawing { by_id, style, pieces: vec![Piece::Text(String::new())], before: Above::Nothing };
    if let Some(root) = drawing.by_id.get("root").copied().or(view.first()) {
        drawing.node(root, &mut Vec::new());
    }
    drawing.pieces.retain(|piece| *piece != Piece::Text(String::new()));
    drawing.pieces
}

/// What stands above, for the empty line between two blocks.
#[derive(Clone, Copy, PartialEq)]
enum Above {
    Nothing,
    Heading,
    Line,
    Block,
}

struct Drawing<'a> {
    by_id: HashMap<&'a str, &'a Node>,
    style: &'a Style,
    pieces: Vec<Piece>,
    before: Above,
}

impl<'a> Drawing<'a> {
    fn node(&mut self, node: &'a Node, above: &mut Vec<&'a str>) {
        // A node inside itself would never end.
        if above.len() >= DEPTH || above.contains(&node.id.as_str()) {
            return;
        }
        self.kind(node);
        above.push(&node.id);
        for child in &node.children {
            if let Some(child) = self.by_id.get(child.as_str()).copied() {
                self.node(child, above);
            }
        }
        above.pop();
    }

    fn kind(&mut self, node: &Node) {
        let style = self.style;
        let props = &node.props;
        let mut text = String::new();
        let block = match node.kind.as_str() {
            "stack" => return,
            "heading" => {
                let _ = writeln!(text, "{}", style.paint(Tone::Strong, &clean(word(props, "text"))));
                Above::Heading
            }
            "hint" => {
                // What to do next is for a person: a program that reads the lines must not find it among them.
                if !style.terminal {
                    return;
                }
                hint(&mut text, word(props, "text"), word(props, "command"), style);
                Above::Line
            }
            "facts" => {
                items::facts(&mut text, &list(props, "items"), style);
                Above::Block
            }
            "table" => {
                table(&mut text, props, style);
                Above::Block
            }
            "code" => {
                code(&mut text, word(props, "text"), props.get("first-line").and_then(Value::as_u64), style);
                Above::Block
            }
            "image" => {
                image(&mut text, props, style);
                Above::Line
            }
            "hits" => {
                items::hits(&mut text, &list(props, "items"), props.get("total").and_then(Value::as_u64), style);
                Above::Block
            }
            "facets" => {
                items::facets(&mut text, &list(props, "items"), style);
                Above::Block
            }
            "changes" => {
                let more = props.get("next").is_some_and(|next| !next.is_null());
                items::changes(&mut text, &list(props, "items"), more, style);
                Above::Block
            }
            "commits" => {
                items::commits(&mut text, &list(props, "items"), style);
                Above::Block
            }
            "rows" => {
                if let Ok(rows) = Rows::deserialize(Value::Object(props.clone())) {
                    self.space(Above::Block);
                    self.pieces.push(Piece::Rows(rows));
                    self.pieces.push(Piece::Text(String::new()));
                    self.before = Above::Block;
                }
                return;
            }
            // `text`, and any kind of a newer catalogue that carries a text to fall back on.
            _ => {
                let strong = props.get("strong").and_then(Value::as_bool).unwrap_or(false);
                let tone = match word(props, "tone") {
                    "muted" => Tone::Dim,
                    "good" => Tone::Good,
                    "warning" => Tone::Warning,
                    "bad" => Tone::Bad,
                    _ if strong => Tone::Strong,
                    _ => Tone::Plain,
                };
                for line in clean_lines(word(props, "text")) {
                    let _ = writeln!(text, "{}", style.paint(tone, &line));
                }
                Above::Line
            }
        };
        if !text.is_empty() {
            self.space(block);
            self.push(&text);
            self.before = block;
        }
    }

    fn space(&mut self, next: Above) {
        let together = match self.before {
            Above::Nothing | Above::Heading => true,
            Above::Line => next == Above::Line,
            Above::Block => false,
        };
        if !together {
            self.push("\n");
        }
    }

    fn push(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }
}

fn word<'a>(props: &'a Map<String, Value>, name: &str) -> &'a str {
    props.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The items that can be read; one that cannot takes no other with it.
fn list<T: DeserializeOwned>(props: &Map<String, Value>, name: &str) -> Vec<T> {
    let items = props.get(name).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(|item| T::deserialize(item).ok()).collect()
}

fn hint(out: &mut String, text: &str, command: &str, style: &Style) {
    let line = match (text, command) {
        ("", command) => clean(command).into_owned(),
        (text, "") => clean(text).into_owned(),
        (text, command) => format!("{}: {}", clean(text), clean(command)),
    };
    let _ = writeln!(out, "{}", style.paint(Tone::Dim, &format!("→ {line}")));
}

fn table(out: &mut String, props: &Map<String, Value>, style: &Style) {
    let columns: Vec<Column> = list(props, "columns");
    let rows: Vec<Map<String, Value>> = list(props, "rows");
    if rows.is_empty() {
        let empty = word(props, "empty");
        let empty = if empty.is_empty() { "nothing here" } else { empty };
        let _ = writeln!(out, "{}", style.paint(Tone::Dim, &clean(empty)));
        return;
    }
    let table = Table::new(columns, &rows, style);
    table.head(out);
    table.rows(out, &rows);
}

fn code(out: &mut String, text: &str, first: Option<u64>, style: &Style) {
    let lines = clean_lines(text);
    let Some(first) = first else {
        for line in lines {
            let _ = writeln!(out, "{line}");
        }
        return;
    };
    let width = (first + lines.len().saturating_sub(1) as u64).to_string().len();
    for (number, line) in (first..).zip(lines) {
        let gutter = style.paint(Tone::Dim, &format!("{number:>width$}")).into_owned();
        let _ = writeln!(out, "{}", format!("{gutter}  {line}").trim_end());
    }
}

fn image(out: &mut String, props: &Map<String, Value>, style: &Style) {
    let side = |name| props.get(name).and_then(Value::as_u64);
    let mut facts = vec![clean(word(props, "source")).into_owned()];
    if let (Some(width), Some(height)) = (side("width"), side("height")) {
        facts.push(format!("{width} × {height}"));
    }
    let alt = clean(word(props, "alt"));
    if !alt.is_empty() {
        facts.push(alt.into_owned());
    }
    let _ = writeln!(out, "{} {}", style.paint(Tone::Dim, "image:"), facts.join(", "));
}

#[cfg(test)]
mod tests;
