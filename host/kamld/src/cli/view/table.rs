//! Tables: cells of data in columns that fit the terminal.
//!
//! Lives here: widths, cutting, alignment. Must not live here: where the rows come from.
//! Invariant: in a pipe nothing is cut; on a terminal no line is wider than the terminal while a column can still shrink.

use super::{
    style::{Style, Tone, clean},
    words,
};
use console::{measure_text_width, truncate_str};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Align {
    #[default]
    Start,
    End,
}

/// How the cells of a column read. An unknown type reads as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellType {
    Bytes,
    Count,
    Time,
    Tags,
    Path,
    #[default]
    #[serde(other)]
    Text,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Column {
    pub key: String,
    #[serde(default)]
    pub label: String,
    #[serde(default)]
    pub align: Align,
    #[serde(default)]
    pub r#type: CellType,
}

impl Column {
    pub fn new(key: &str, label: &str, r#type: CellType) -> Self {
        let align = if matches!(r#type, CellType::Bytes | CellType::Count) { Align::End } else { Align::Start };
        Self { key: key.into(), label: label.into(), align, r#type }
    }
}

/// The text of one cell, clean and uncut.
pub fn cell(value: &Value, r#type: CellType, style: &Style) -> String {
    match (r#type, value) {
        (_, Value::Null) => String::new(),
        (CellType::Bytes, Value::Number(n)) => n.as_u64().map_or_else(|| n.to_string(), words::bytes),
        (CellType::Count, Value::Number(n)) => n.as_i64().map_or_else(|| n.to_string(), words::count),
        (CellType::Time, Value::Number(n)) => n.as_i64().map_or_else(|| n.to_string(), |ms| words::time(ms, style)),
        (CellType::Tags, Value::Array(tags)) => {
            let tags: Vec<_> = tags.iter().map(|tag| cell(tag, CellType::Text, style)).collect();
            tags.join(", ")
        }
        (_, Value::String(text)) => clean(text).into_owned(),
        (_, other) => clean(&other.to_string()).into_owned(),
    }
}

/// A column gives way down to this many places before another line is allowed to be too wide.
const NARROWEST: usize = 8;
const GAP: usize = 2;

/// Columns with their widths settled, so that rows may be drawn in portions.
pub struct Table<'a> {
    columns: Vec<Column>,
    widths: Vec<usize>,
    style: &'a Style,
}

impl<'a> Table<'a> {
    /// Settles the widths by the rows that are known.
    pub fn new(columns: Vec<Column>, rows: &[Map<String, Value>], style: &'a Style) -> Self {
        let mut widths: Vec<usize> = columns.iter().map(|c| measure_text_width(&clean(&c.label))).collect();
        for row in rows {
            for (column, width) in columns.iter().zip(&mut widths) {
                if let Some(value) = row.get(&column.key) {
                    *width = (*width).max(measure_text_width(&cell(value, column.r#type, style)));
                }
            }
        }
        if let Some(available) = style.width {
            shrink(&columns, &mut widths, available);
        }
        Self { columns, widths, style }
    }

    pub fn head(&self, out: &mut String) {
        let labels: Vec<String> = self.columns.iter().map(|c| clean(&c.label).into_owned()).collect();
        if labels.iter().any(|label| !label.is_empty()) {
            self.line(out, &labels, |_| Tone::Strong);
        }
    }

    pub fn rows(&self, out: &mut String, rows: &[Map<String, Value>]) {
        for row in rows {
            let cells: Vec<String> = self
                .columns
                .iter()
                .map(|c| row.get(&c.key).map(|value| cell(value, c.r#type, self.style)).unwrap_or_default())
                .collect();
            self.line(out, &cells, |column| match column.r#type {
                CellType::Tags => Tone::Accent,
                CellType::Time => Tone::Dim,
                _ => Tone::Plain,
            });
        }
    }

    fn line(&self, out: &mut String, cells: &[String], tone: impl Fn(&Column) -> Tone) {
        let last = self.columns.len().saturating_sub(1);
        let start = out.len();
        for (place, (column, text)) in self.columns.iter().zip(cells).enumerate() {
            let width = self.widths[place];
            let text = if self.style.width.is_some() { cut(text, width, column.r#type) } else { text.clone() };
            let pad = width.saturating_sub(measure_text_width(&text));
            if place > 0 {
                out.push_str("  ");
            }
            if column.align == Align::End {
                out.extend(std::iter::repeat_n(' ', pad));
            }
            out.push_str(&self.style.paint(tone(column), &text));
            if column.align == Align::Start && place != last {
                out.extend(std::iter::repeat_n(' ', pad));
            }
        }
        // Empty cells at the end of a row leave no spaces behind.
        let kept = out[start..].trim_end_matches(' ').len();
        out.truncate(start + kept);
        out.push('\n');
    }
}

fn shrink(columns: &[Column], widths: &mut [usize], available: usize) {
    let gaps = GAP * columns.len().saturating_sub(1);
    let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(available);
    while excess > 0 {
        // The widest column that may be cut gives way down to the next widest: short columns stay whole.
        let mut candidates: Vec<usize> = (0..columns.len())
            .filter(|&i| {
                matches!(columns[i].r#type, CellType::Text | CellType::Path | CellType::Tags) && widths[i] > NARROWEST
            })
            .collect();
        candidates.sort_by_key(|&i| std::cmp::Reverse(widths[i]));
        let Some(&widest) = candidates.first() else { return };
        let next = candidates.get(1).map_or(NARROWEST, |&i| widths[i]);
        let step = (widths[widest] - next).max(1).min(excess).min(widths[widest] - NARROWEST);
        widths[widest] -= step;
        excess -= step;
    }
}

/// Cuts to `width` places. A path keeps its end, which tells files apart; all else keeps its start.
fn cut(text: &str, width: usize, r#type: CellType) -> String {
    if measure_text_width(text) <= width {
        return text.to_owned();
    }
    if r#type != CellType::Path {
        return truncate_str(text, width, "…").into_owned();
    }
    let mut kept = 1;
    let mut start = text.len();
    for (place, c) in text.char_indices().rev() {
        kept += measure_text_width(c.encode_utf8(&mut [0; 4]));
        if kept > width {
            break;
        }
        start = place;
    }
    format!("…{}", &text[start..])
}

#[cfg(test)]
mod tests {
    use super::{super::style::tests::*, *};
    use serde_json::json;

    fn draw(columns: &Value, rows: &Value, style: &Style) -> String {
        let columns: Vec<Column> = serde_json::from_value(columns.clone()).unwrap();
        let rows: Vec<Map<String, Value>> = serde_json::from_value(rows.clone()).unwrap();
        let table = Table::new(columns, &rows, style);
        let mut out = String::new();
        table.head(&mut out);
        table.rows(&mut out, &rows);
        out
    }

    fn sample() -> (Value, Value) {
        let columns = json!([
            {"key": "name", "label": "Name", "type": "path"},
            {"key": "modified", "label": "Modified", "type": "time"},
            {"key": "summary", "label": "Summary", "type": "text"},
            {"key": "tags", "label": "Tags", "type": "tags"},
            {"key": "size", "label": "Size", "align": "end", "type": "bytes"},
        ]);
        let rows = json!([
            {"name": "2019.csv", "modified": 1_795_435_000_000_i64, "summary": "CSV, 12 columns, 3,201 rows", "tags": ["raw", "faa"], "size": 1_234_567},
            {"name": "photos/鳥/white-tailed-eagle.png", "modified": 1_795_000_000_000_i64, "summary": "image, 640 × 480", "tags": [], "size": 88},
        ]);
        (columns, rows)
    }

    #[test]
    fn in_a_pipe_a_table_is_aligned_and_nothing_is_cut() {
        let (columns, rows) = sample();
        assert_eq!(
            draw(&columns, &rows, &pipe()),
            "\
Name                              Modified              Summary                      Tags        Size
2019.csv                          2026-11-23T11:56:40Z  CSV, 12 columns, 3,201 rows  raw, faa  1.2 MB
photos/鳥/white-tailed-eagle.png  2026-11-18T11:06:40Z  image, 640 × 480                         88 B
"
        );
    }

    #[test]
    fn on_a_terminal_the_widest_columns_give_way() {
        let (columns, rows) = sample();
        let drawn = draw(&columns, &rows, &terminal(70));
        for line in drawn.lines() {
            assert!(measure_text_width(line) <= 70, "{line}");
        }
        assert!(drawn.contains("…") && drawn.contains("eagle.png") && drawn.contains("1.2 MB"), "{drawn}");
    }

    #[test]
    fn a_cell_cannot_break_its_row_and_unknown_types_read_as_text() {
        let drawn = draw(
            &json!([{"key": "a", "label": "A", "type": "sparkline"}, {"key": "b"}]),
            &json!([{"a": "x\n\x1b[2Jy", "b": {"n": 1}}, {"b": true}]),
            &pipe(),
        );
        assert_eq!(drawn, "A\nx\\n\\u{1b}[2Jy  {\"n\":1}\n               true\n");
    }
}
