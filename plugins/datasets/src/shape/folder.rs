//! The entries of a folder as rows of a table: which are seen, in which order, and what each row knows. Pure.

use super::listing::Entry;
use kamld_sdk::{
    Address, Window,
    view::{Align, Column, Size, ValueType, at, cell},
};
use serde_json::{Map, Value, json};
use std::{cmp::Ordering, collections::BTreeSet};

/// A row of JSON objects by the keys of the columns.
pub type Row = Map<String, Value>;

/// Entries of one folder that are looked through for sorting and filtering, ten pages of the host for each window; a
/// folder that has more is listed so far in the order of names, and the filter reaches the rest by how a name begins.
pub const MOST: usize = 10_000;
/// Rows that travel with the view. More are fetched as they are seen.
pub const INLINE: usize = 200;
/// The most of a view that rows may take, of the 256 KiB that a message may have.
pub const BYTES: usize = 150 << 10;

/// What of a branch is not committed: by path, or not known when there are too many.
#[derive(Clone, Debug)]
pub struct Loose {
    pub paths: BTreeSet<String>,
    /// Whether these are all.
    pub all: bool,
}

impl Loose {
    /// Nothing is: the state is a commit's.
    pub fn none() -> Self {
        Self { paths: BTreeSet::new(), all: true }
    }

    /// Whether the last commit has the very bytes that an entry has now, so that removing it can be taken back.
    fn keeps(&self, path: &str) -> bool {
        let inside =
            path.ends_with('/') && self.paths.range(path.to_owned()..).next().is_some_and(|p| p.starts_with(path));
        self.all && !inside && !self.paths.contains(path)
    }
}

pub fn columns() -> [Column; 5] {
    [
        Column::new("name", "Name").r#type(ValueType::Path).open(true).sortable(true).width(Size::Medium),
        Column::new("modified", "Modified").r#type(ValueType::Time).sortable(true),
        Column::new("summary", "Summary"),
        Column::new("tags", "Tags").r#type(ValueType::Tags).width(Size::Medium),
        Column::new("size", "Size").r#type(ValueType::Bytes).align(Align::End).sortable(true),
    ]
}

/// Puts entries in the order that was asked for, folders first whatever it is, and leaves out what does not match.
pub fn arrange(entries: &mut Vec<Entry>, sort: &[(String, bool)], filter: &str) {
    let wanted = filter.trim().to_lowercase();
    entries.retain(|entry| entry.name.to_lowercase().contains(&wanted));
    entries.sort_by(|a, b| {
        let folders = (a.kind != "folder").cmp(&(b.kind != "folder"));
        let asked = sort.iter().map(|(key, down)| {
            let order = match key.as_str() {
                "modified" => a.modified.cmp(&b.modified),
                "size" => a.size.cmp(&b.size),
                "name" => by_name(a, b),
                _ => Ordering::Equal,
            };
            if *down { order.reverse() } else { order }
        });
        asked.fold(folders, Ordering::then).then_with(|| by_name(a, b))
    });
}

/// As people sort: `A` beside `a`, and `file2` before `file10`.
fn by_name(a: &Entry, b: &Entry) -> Ordering {
    let (lower, other) = (a.name.to_lowercase(), b.name.to_lowercase());
    naturally(&lower, &other).then_with(|| a.name.cmp(&b.name))
}

/// Runs of digits count as the numbers that they are, of any length.
fn naturally(mut a: &str, mut b: &str) -> Ordering {
    let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    loop {
        let (i, j) = (digits(a), digits(b));
        let order = if i > 0 && j > 0 {
            let (x, y) = (a[..i].trim_start_matches('0'), b[..j].trim_start_matches('0'));
            (a, b) = (&a[i..], &b[j..]);
            x.len().cmp(&y.len()).then_with(|| x.cmp(y))
        } else {
            let (x, y) = (a.chars().next(), b.chars().next());
            let (Some(c), Some(d)) = (x, y) else { return x.cmp(&y) };
            (a, b) = (&a[c.len_utf8()..], &b[d.len_utf8()..]);
            c.cmp(&d)
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// The entries of a window.
pub fn cut(entries: Vec<Entry>, window: &Window) -> Vec<Entry> {
    let start = usize::try_from(window.start).unwrap_or(usize::MAX);
    entries.into_iter().skip(start).take(window.count as usize).collect()
}

/// What the table shows of an entry, and what its actions need. A value that is missing takes away the actions that
/// name it: `file`, `subject` and `$is` are there for objects, `kept` or `loose` where something can be removed.
pub fn row(entry: &Entry, folder: &Address, writable: bool, loose: &Loose) -> Row {
    let here = folder.with_path(entry.path.as_str());
    let address = here.to_string();
    let mut row = Row::new();
    let mut put = |key: &str, value: Value| row.insert(key.to_owned(), value);
    put("name", json!(entry.name));
    if let (Some(modified), Some(size)) = (entry.modified, entry.size) {
        put("modified", json!(modified));
        put("size", json!(size));
        put("file", json!(address));
        put("subject", json!(here.subject()));
        put("$is", json!(entry.media_type));
    }
    if !entry.summary.is_empty() {
        put("summary", json!(entry.summary));
    }
    if !entry.tags.is_empty() {
        put("tags", json!(entry.tags));
    }
    if writable {
        put("writable", json!(address));
        put(if loose.keeps(&entry.path) { "kept" } else { "loose" }, json!(address));
    }
    put("$open", cell(&at(&address)));
    put("address", json!(address));
    row
}

#[cfg(test)]
mod tests {
    use super::{super::samples, *};

    fn entries() -> Vec<Entry> {
        let object = |path: &str, size, modified| {
            let found = kamld_sdk::storage::types::Object { size, modified, ..samples::object(path) };
            Entry::object(found, "", None)
        };
        vec![object("a.csv", 9, 1), object("B.csv", 3, 2), object("c.csv", 5, 3), Entry::folder("raw/".into(), "")]
    }

    fn names(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.name.as_str()).collect()
    }

    #[test]
    fn folders_come_first_whatever_the_order() {
        for (sort, expected) in [
            (vec![], ["raw/", "a.csv", "B.csv", "c.csv"]),
            (vec![("name".to_owned(), true)], ["raw/", "c.csv", "B.csv", "a.csv"]),
            (vec![("size".to_owned(), false)], ["raw/", "B.csv", "c.csv", "a.csv"]),
            (vec![("modified".to_owned(), true)], ["raw/", "c.csv", "B.csv", "a.csv"]),
            (vec![("colour".to_owned(), true)], ["raw/", "a.csv", "B.csv", "c.csv"]),
        ] {
            let mut entries = entries();
            arrange(&mut entries, &sort, "");
            assert_eq!(names(&entries), expected, "{sort:?}");
        }
    }

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let mut names = ["file10", "file9", "file", "file010", "file1a", "file1", "ž2", "99999999999999999999999", "9"];
        names.sort_by(|a, b| naturally(a, b));
        assert_eq!(
            names,
            ["9", "99999999999999999999999", "file", "file1", "file1a", "file9", "file10", "file010", "ž2"]
        );
    }

    #[test]
    fn a_filter_finds_parts_of_names_in_any_case() {
        let mut found = entries();
        arrange(&mut found, &[], " b.C");
        assert_eq!(names(&found), ["B.csv"]);
    }

    #[test]
    fn a_window_is_cut_out_and_ends_with_the_entries() {
        let window = |start, count| Window { start, count, sort: Vec::new(), filter: String::new() };
        assert_eq!(names(&cut(entries(), &window(1, 2))), ["B.csv", "c.csv"]);
        assert_eq!(names(&cut(entries(), &window(3, 200))), ["raw/"]);
        assert!(cut(entries(), &window(u64::MAX, 1)).is_empty());
    }

    #[test]
    fn only_what_the_last_commit_has_can_be_taken_back() {
        let loose = Loose { paths: ["a.csv", "raw/new.csv"].map(str::to_owned).into(), all: true };
        let folder: Address = "birds/strikes".parse().unwrap();
        let keys: Vec<_> = entries().iter().map(|entry| row(entry, &folder, true, &loose)).collect();
        let kept: Vec<_> = keys.iter().map(|row| row.contains_key("kept")).collect();
        assert_eq!(kept, [false, true, true, false], "a folder with something new in it cannot");
        let unknown = Loose { paths: BTreeSet::new(), all: false };
        assert!(row(&entries()[2], &folder, true, &unknown).contains_key("loose"));
    }

    #[test]
    fn a_row_has_what_its_actions_need_and_no_more() {
        let folder: Address = "birds/strikes@v1".parse().unwrap();
        let [file, .., raw] = &entries()[..] else { panic!() };
        let row = |entry| super::row(entry, &folder, false, &Loose::none());
        let file = row(file);
        assert_eq!(
            (&file["file"], &file["subject"]),
            (&json!("birds/strikes@v1/a.csv"), &json!("birds/strikes/a.csv"))
        );
        assert_eq!(file["$open"], json!({ "address": "birds/strikes@v1/a.csv" }));
        assert!(file["$is"].is_string(), "other plug-ins know what it is");
        assert!(!file.contains_key("kept") && !file.contains_key("loose") && !file.contains_key("writable"));
        let raw = row(raw);
        assert_eq!(raw["address"], "birds/strikes@v1/raw/");
        assert!(!raw.contains_key("file") && !raw.contains_key("$is") && !raw.contains_key("size"));
    }
}
