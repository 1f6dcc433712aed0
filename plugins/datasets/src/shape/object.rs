//! The tabs of an object: what is in it, with its facts beside, and its columns. Pure.

use super::{
    files::{self, LOST, tags},
    refs::{KEY, Refs},
    type_of,
};
use kamld_sdk::{
    Address, Screen, format,
    metadata::catalog::Document,
    row,
    storage::types::Object,
    view::{self, Action, Column, Fact, Icon, MenuItem, Node, Rows, Side, Target, Tone, View, Weight, at, going, run},
};
use serde_json::json;

/// What came of asking the plug-in for its media type.
pub enum Drawn {
    View(Node),
    /// No plug-in draws its media type.
    Nobody,
    /// In words.
    Failed(String, Option<String>),
}

/// What the screen shows of one object.
pub struct Preview<'a> {
    pub address: &'a Address,
    pub object: &'a Object,
    pub document: &'a Document,
    pub refs: &'a Refs,
    pub drawn: Drawn,
    /// The paths of the objects before and behind it in its folder.
    pub beside: (Option<String>, Option<String>),
    /// Whether the last commit has it as it is now.
    pub kept: bool,
}

impl Preview<'_> {
    pub fn screen(self) -> Screen {
        let head = Node::from(self.head()).named("head");
        let read_only = self.refs.read_only(self.address).map(|callout| Node::from(callout).named("read-only"));
        let aside = Node::from(self.aside()).named("about");
        let refs = self.refs.name().to_owned();
        let main = Node::from(view::stack()).named("preview").with(self.main());
        let both = Node::from(view::split().side(Side::End)).named("both").with([main, aside]);
        Screen::from(View::new().show(head).show_some(read_only).show(both)).data(KEY, refs)
    }

    fn head(&self) -> view::Row {
        let address = self.address.to_string();
        let (before, behind) = &self.beside;
        let to = |path: &String| at(self.address.with_path(path.as_str()).to_string());
        let mut left = view::row().show(self.refs.chooser("preview"));
        if let Some(path) = before {
            left = left.show(view::link("Previous", to(path)).icon(Icon::ChevronLeft));
        }
        if let Some(path) = behind {
            left = left.show(view::link("Next", to(path)).icon(Icon::ChevronRight));
        }
        let download = view::button("Download", Action::new().download(&address)).icon(Icon::Download);
        let right = view::row().show(download.weight(Weight::Normal)).show(self.menu());
        view::row().spread(true).show(Node::from(left).named("state")).show(Node::from(right).named("actions"))
    }

    fn menu(&self) -> view::Menu {
        let address = self.address.to_string();
        let mut items = vec![
            MenuItem::new("Copy address", Action::new().copy(&address)).icon(Icon::Link),
            MenuItem::new("Copy to…", files::copying(address.as_str()).then(at("{to}"))).icon(Icon::Copy),
        ];
        if self.refs.writable() {
            let folder = self.address.parent().to_string();
            let rename = run("mv")
                .with("from", address.as_str())
                .with("to", address.as_str())
                .ask(["to"])
                .then(at("{to}"))
                .taken_back_by(run("mv").with("from", "{to}").with("to", address.as_str()));
            let remove = run("rm").with("address", address.as_str()).then(at(folder.as_str()));
            let back = run("undelete").with("address", json!([address]));
            let remove = if self.kept { remove.taken_back_by(back) } else { remove.confirm(LOST) };
            items.extend([
                MenuItem::new("Rename or move…", rename).icon(Icon::Edit),
                MenuItem::new("Upload here…", files::uploading(folder.trim_end_matches('/'))).icon(Icon::Upload),
                MenuItem::new("Remove", remove).icon(Icon::Delete).tone(Tone::Bad),
            ]);
        }
        view::menu("More", items).icon(Icon::More)
    }

    fn main(self) -> Vec<Node> {
        let bytes = |object: &Object| view::hex(self.address.to_string(), object.size).into();
        match self.drawn {
            Drawn::View(node) => vec![node],
            Drawn::Nobody if self.object.size == 0 => vec![view::text("The file is empty").tone(Tone::Muted).into()],
            Drawn::Nobody => {
                let says =
                    "No plug-in shows files of this type. These are its bytes; download it to open it elsewhere.";
                vec![view::text(says).tone(Tone::Muted).into(), bytes(self.object)]
            }
            Drawn::Failed(why, help) => {
                let says = help.map_or_else(|| why.clone(), |help| format!("{why}. {help}"));
                let callout = view::callout(says).title("It cannot be shown as what it is called").tone(Tone::Warning);
                vec![callout.into(), bytes(self.object)]
            }
        }
    }

    fn aside(&self) -> view::Stack {
        let described = self.document.description.as_ref();
        let summary = described.map(|description| description.summary.as_str()).filter(|summary| !summary.is_empty());
        let mut facts = vec![
            Fact::new("Type", type_of(&self.object.media_type)),
            Fact::new("Size", format::bytes(self.object.size)),
            Fact::new("Modified", format::time(self.object.modified)),
        ];
        if let Some(description) = described {
            facts.extend(description.rows.map(|rows| Fact::new("Rows", format::count(rows))));
            let columns = description.columns.len() as u64;
            facts.extend((columns > 0).then(|| Fact::new("Columns", format::count(columns))));
            facts.extend(description.facts.iter().map(|(label, value)| Fact::new(label, value)));
        }
        facts.push(Fact::new("Media type", &self.object.media_type));
        facts.push(Fact::new("SHA-256", &self.object.hash));
        let stack = view::stack();
        let stack = match summary {
            Some(summary) => stack.show(view::text(summary).strong(true)),
            None => stack,
        };
        stack
            .show(Node::from(tags(&self.address.subject(), &self.document.tags)).named("tags"))
            .show(Node::from(view::facts(facts)).named("facts"))
    }
}

/// The columns of a table, as whoever described it found them.
pub fn columns(document: &Document) -> View {
    let columns = document.description.as_ref().map(|description| &description.columns[..]).unwrap_or_default();
    if columns.is_empty() {
        let says = match &document.description {
            None => "This file has not been looked through yet: its columns show here as soon as it has.",
            Some(_) => "This file was not read as a table, so it has no columns.",
        };
        let see = MenuItem::new("See what is in it", going(Target::new().tab("preview"))).icon(Icon::File);
        let empty = view::empty("No columns").text(says).icon(Icon::Column).actions([see]);
        let hint = view::hint("tables are files such as .csv, .parquet and .json")
            .command("kamld put strikes.csv PROJECT/ASSET");
        return View::new().show(empty).show(hint);
    }
    let mut rows = Rows::new([
        Column::new("name", "Column").sortable(true),
        Column::new("type", "Type").sortable(true),
        Column::new("nullable", "May be missing"),
    ]);
    // A table of 10,000 columns would be more than a view may carry.
    const MOST: usize = 1000;
    for column in columns.iter().take(MOST) {
        rows.push(row![column.name, column.type_, if column.nullable { "yes" } else { "no" }]);
    }
    let counted = format::counted(columns.len() as u64, "column", "columns");
    let says = match document.description.as_ref().and_then(|description| description.rows) {
        Some(count) => format!("{counted}, {}", format::counted(count, "row", "rows")),
        None => counted,
    };
    let rest = (columns.len() > MOST).then(|| view::text(format!("The first {MOST} are listed")).tone(Tone::Muted));
    View::new()
        .show(view::text(says).tone(Tone::Muted))
        .show(view::Table::from(rows).label("Columns").filter("Filter by name"))
        .show_some(rest)
}

/// The objects before and behind one, of those in its folder as they come. Ends as soon as it knows.
pub fn beside<E>(
    paths: impl Iterator<Item = Result<String, E>>,
    path: &str,
) -> Result<(Option<String>, Option<String>), E> {
    let (mut before, mut found) = (None, false);
    for one in paths {
        let one = one?;
        if found {
            return Ok((before, Some(one)));
        }
        if one == path {
            found = true;
        } else {
            before = Some(one);
        }
    }
    // Too far down to be found: the last one seen is not the one before it.
    Ok((before.filter(|_| found), None))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{refs, samples},
        *,
    };
    use kamld_sdk::metadata::types::{Column as Described, Description};

    fn document(columns: usize) -> Document {
        let column = |n| Described { name: format!("c{n}"), type_: "BIGINT".into(), nullable: n == 0 };
        Document {
            subject: "birds/strikes/2019/may.csv".into(),
            revision: 1,
            description: Some(Description {
                summary: "CSV, 2 columns, 3,201 rows".into(),
                rows: Some(3201),
                columns: (0..columns).map(column).collect(),
                facts: vec![("Delimiter".into(), ",".into())],
                text: String::new(),
            }),
            tags: vec!["raw".into()],
        }
    }

    fn nodes(address: &str, drawn: Drawn, kept: bool) -> Vec<(String, String)> {
        let address: Address = address.parse().unwrap();
        let refs = refs::samples::refs(address.at.as_deref(), false);
        let screen = Preview {
            address: &address,
            object: &samples::object("2019/may.csv"),
            document: &document(2),
            refs: &refs,
            drawn,
            beside: (Some("2019/april.csv".into()), None),
            kept,
        }
        .screen();
        screen.nodes().into_iter().map(|node| (node.kind, node.props)).collect()
    }

    fn words(nodes: &[(String, String)]) -> String {
        nodes.iter().map(|(_, props)| props.as_str()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_is_drawn_stands_beside_what_is_known() {
        let nodes = nodes("birds/strikes/2019/may.csv", Drawn::View(view::heading("drawn").into()), true);
        let words = words(&nodes);
        assert!(words.contains("\"text\":\"drawn\"") && words.contains("3,201") && words.contains("Delimiter"));
        assert!(words.contains("birds/strikes/2019/april.csv") && !words.contains("Next"), "{words}");
        assert!(words.contains("\"download\":\"birds/strikes/2019/may.csv\""), "{words}");
        assert!(words.contains("\"undelete\"") && words.contains("\"address\":\"birds/strikes/2019/\""), "{words}");
    }

    #[test]
    fn a_file_of_a_version_is_only_looked_at_and_its_tags_are_of_all_states() {
        let nodes = nodes("birds/strikes@v1/2019/may.csv", Drawn::Nobody, true);
        let words = words(&nodes);
        // A copy of it can be taken away again, which is no way to take it away itself.
        assert!(!words.contains("\"Remove\"") && !words.contains("[\"mv\"]"), "{words}");
        assert!(
            words.contains(r#""run":["tag","add"],"arguments":{"address":"birds/strikes/2019/may.csv""#),
            "{words}"
        );
    }

    #[test]
    fn a_file_that_nobody_shows_is_shown_as_bytes() {
        for drawn in [Drawn::Nobody, Drawn::Failed("the plug-in did not answer".into(), None)] {
            let nodes = nodes("birds/strikes/2019/may.csv", drawn, false);
            assert!(nodes.iter().any(|(kind, props)| kind == "hex" && props.contains("1223329")));
            assert!(words(&nodes).contains(LOST), "no commit has it");
        }
    }

    #[test]
    fn columns_are_listed_and_their_absence_is_explained() {
        let text = |document: &Document| {
            columns(document).flatten().into_iter().map(|node| node.props).collect::<Vec<_>>().join("\n")
        };
        assert!(text(&document(2)).contains("2 columns, 3,201 rows") && text(&document(2)).contains("c1"));
        assert!(text(&document(0)).contains("not read as a table"));
        assert!(text(&Document { description: None, ..document(0) }).contains("not been looked through"));
        assert!(text(&document(2000)).contains("first 1000"));
    }

    #[test]
    fn the_files_beside_one_are_found() {
        let find = |paths: &[&str], path: &str| {
            let paths = paths.iter().map(|path| Ok::<_, ()>((*path).to_owned()));
            let (before, behind) = beside(paths, path).unwrap();
            (before.unwrap_or_default(), behind.unwrap_or_default())
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(find(&["a", "b", "c"], "b"), pair("a", "c"));
        assert_eq!(find(&["a", "b"], "a"), pair("", "b"));
        assert_eq!(find(&["a", "b"], "b"), pair("a", ""));
        assert_eq!(find(&["a", "b"], "x"), pair("", ""));
    }
}
