//! The tab "Files" of an asset: which state it is, what is not committed, and the entries of one folder. Pure.
//!
//! Must not live here: the way to the folder, which the page shows above every screen.

use super::{
    Asset,
    area::inline,
    folder::{self, Loose, MOST, Row},
    listing::Entry,
    refs::{KEY, Refs, State},
};
use kamld_sdk::{
    Address, Screen, format,
    view::{
        self, Action, Held, Icon, MenuItem, Node, SelectMode, Source, Table, Tone, View, Weight, at, cell_of, do_,
        going, run, selected, typed,
    },
};
use serde_json::{Value, json};

/// What the screen shows of one folder of an asset, or of all of it.
pub struct Files<'a> {
    /// Its path ends in `/`, or is missing for the whole asset.
    pub address: &'a Address,
    pub asset: &'a Asset,
    pub refs: &'a Refs,
    /// Objects and bytes of this state, when that is known without counting.
    pub held: Option<(u64, u64)>,
    /// What is not committed; none where nobody may tell.
    pub loose: Option<&'a Loose>,
    pub entries: &'a [Entry],
    /// Whether there are more entries than these.
    pub more: bool,
}

impl Files<'_> {
    pub fn screen(&self) -> Screen {
        let view = View::new()
            .show(Node::from(self.head()).named("head"))
            .show_some(
                self.address.path.is_none().then(|| Node::from(tags(&self.asset.id(), &self.asset.tags)).named("tags")),
            )
            .show_some(self.refs.read_only(self.address).map(|callout| Node::from(callout).named("read-only")))
            .show_some(self.uncommitted().map(|callout| Node::from(callout).named("changes")))
            .show_some(self.more.then(|| view::text(too_many()).tone(Tone::Muted)));
        let view = if self.entries.is_empty() {
            let put = format!("kamld put ~/data/*.csv {}", self.target());
            let hint = self.refs.writable().then(|| view::hint("or from a terminal").command(put));
            view.show(self.nothing().named("nothing")).show_some(hint)
        } else {
            view.show(Node::from(self.table()).named("files"))
        };
        Screen::from(view).data(KEY, self.refs.name()).data("selected", json!([]))
    }

    fn head(&self) -> view::Row {
        let left = view::row().show(self.refs.chooser("files")).show(view::text(self.counted()).tone(Tone::Muted));
        let head = view::row().spread(true).show(Node::from(left).named("state"));
        if !self.refs.writable() {
            return head;
        }
        head.show(view::button("Upload", uploading(&self.target())).icon(Icon::Upload).weight(Weight::Primary))
    }

    /// Where files go that are sent here.
    fn target(&self) -> String {
        self.address.to_string().trim_end_matches('/').to_owned()
    }

    fn counted(&self) -> String {
        let here = self.entries.len() as u64;
        match (&self.address.path, self.held) {
            _ if self.entries.is_empty() => "Empty".into(),
            (None, Some((objects, size))) => {
                format!("{}, {}", format::counted(objects, "file", "files"), format::bytes(size))
            }
            _ if self.more => format!("More than {} here", format::counted(here, "entry", "entries")),
            _ => format!("{} here", format::counted(here, "entry", "entries")),
        }
    }

    fn uncommitted(&self) -> Option<view::Callout> {
        let (State::Branch { committed, .. }, Some(loose)) = (self.refs.state(), self.loose) else { return None };
        let count = loose.paths.len() as u64;
        if count == 0 && loose.all {
            return None;
        }
        let least = if loose.all { "" } else { "More than " };
        let files = format::counted(count, "file", "files");
        let text = match committed {
            true => format!("{least}{files} changed since the last commit"),
            false => format!("{least}{files} not committed yet"),
        };
        let whole = self.address.whole().to_string();
        let commit = run("commit").with("asset", whole.as_str()).ask(["message"]).done("Committed: {message}");
        Some(view::callout(text).actions([
            MenuItem::new("See what changed", going(at(&whole).tab("changes"))).icon(Icon::History),
            MenuItem::new("Commit…", commit).icon(Icon::Commit),
        ]))
    }

    fn table(&self) -> Table {
        let writable = self.refs.writable();
        let unknown = Loose { paths: Default::default(), all: false };
        let loose = self.loose.unwrap_or(&unknown);
        let table = view::table()
            .columns(folder::columns())
            .label(format!("Files of {}", self.address))
            .filter(if self.more { "How a name begins" } else { "Filter by name" })
            .select(SelectMode::Many)
            .bind("/selected")
            .key("address")
            .holds(Held::Objects)
            .row_actions(row_actions())
            .actions(self.bulk_actions());
        let row = |entry: &Entry| -> Row { folder::row(entry, self.address, writable, loose) };
        match inline(self.entries.iter().map(row)) {
            Some(rows) => table.rows(rows),
            None => table.source(Source::new().rows("files")),
        }
    }

    fn bulk_actions(&self) -> Vec<MenuItem> {
        let copy = do_("copy").with("text", selected("address"));
        let remove = run("rm").with("address", selected("address")).done("Removed {removed} from the working files");
        let mut items = vec![MenuItem::new("Copy addresses", copy).icon(Icon::Copy)];
        if self.refs.writable() {
            items.push(MenuItem::new("Remove…", remove.confirm(SOME_LOST)).icon(Icon::Delete).tone(Tone::Bad));
        }
        items
    }

    fn nothing(&self) -> Node {
        match (self.refs.writable(), &self.address.path) {
            (false, _) => view::empty("No files in this state").icon(Icon::Folder).into(),
            (true, Some(folder)) => {
                let says = format!("Drop files here: they make the folder {}", folder.trim_end_matches('/'));
                view::drop(self.target(), says).undo(unloaded()).into()
            }
            (true, None) => {
                let says =
                    "Drop files or a folder here. Commit them, and this state of them can be brought back at any time.";
                view::drop(self.target(), says).undo(unloaded()).into()
            }
        }
    }
}

/// Takes files of this machine; those that came can be taken away again.
pub fn uploading(to: &str) -> Action {
    Action::new().upload(to).undo(unloaded())
}

fn unloaded() -> view::Undo {
    run("rm").with("address", "{addresses}").into()
}

/// A copy replaces nothing, so that it can be taken away again.
pub fn copying(from: impl Into<Value>) -> Action {
    let from = from.into();
    let back = run("rm").with("address", json!(["{to}"]));
    run("cp").with("from", from.clone()).with("to", from).ask(["to"]).done("Copied to {to}").taken_back_by(back)
}

/// What can be done with one entry. An entry that lacks a value is not offered what needs it.
fn row_actions() -> Vec<MenuItem> {
    let rename = run("mv")
        .with("from", cell_of("writable"))
        .with("to", cell_of("writable"))
        .ask(["to"])
        .done("It is {to} now")
        .taken_back_by(run("mv").with("from", "{to}").with("to", cell_of("writable")));
    let copy = copying(cell_of("address"));
    let remove = |key: &str| run("rm").with("address", cell_of(key));
    let back = run("undelete").with("address", json!([cell_of("kept")]));
    vec![
        MenuItem::new("Download", do_("download").with("address", cell_of("file"))).icon(Icon::Download),
        MenuItem::new("Add a tag…", tagging("subject")).icon(Icon::Tag),
        MenuItem::new("Copy address", do_("copy").with("text", cell_of("address"))).icon(Icon::Link),
        MenuItem::new("Copy to…", copy).icon(Icon::Copy),
        MenuItem::new("Rename or move…", rename).icon(Icon::Edit),
        MenuItem::new("Remove", remove("kept").done("Removed; the last commit still has it").taken_back_by(back))
            .icon(Icon::Delete)
            .tone(Tone::Bad),
        MenuItem::new("Remove…", remove("loose").confirm(LOST)).icon(Icon::Delete).tone(Tone::Bad),
    ]
}

/// Tags what a cell of the row names, with the way back.
pub fn tagging(subject: &str) -> Action {
    let change = |command: &str| run(command).with("address", cell_of(subject));
    change("tag add").ask(["tag"]).taken_back_by(change("tag remove").with("tag", "{tag}"))
}

/// Said before something is removed that no commit has.
pub const LOST: &str = "No commit has it as it is now: removed, this state of it is gone.";
/// Said before many are removed.
const SOME_LOST: &str = "What the last commit has can be brought back on the tab Changes. What no commit has is gone.";

pub fn too_many() -> String {
    let most = format::count(MOST as u64);
    format!("This folder is very large: the first {most} names are listed. Type how a name begins to reach the others.")
}

/// Tags that are changed in place, each change with its way back.
pub fn tags(subject: &str, tags: &[String]) -> view::Tags {
    let change = |command: &str| run(command).with("address", subject).with("tag", json!([typed()]));
    view::tags(tags)
        .add(change("tag add").taken_back_by(change("tag remove")))
        .remove(change("tag remove").taken_back_by(change("tag add")))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{refs, samples},
        *,
    };

    struct Case {
        address: &'static str,
        changed: bool,
        entries: Vec<Entry>,
        more: bool,
    }

    impl Case {
        fn at(address: &'static str) -> Self {
            let entries = vec![
                Entry::folder("2019/".into(), ""),
                Entry::object(samples::object("a.csv"), "", None),
                Entry::object(samples::object("b.csv"), "", None),
            ];
            Self { address, changed: true, entries, more: false }
        }

        fn nodes(&self) -> Vec<(String, String, String)> {
            let address: Address = self.address.parse().unwrap();
            let loose = Loose { paths: self.changed.then(|| "b.csv".into()).into_iter().collect(), all: true };
            let screen = Files {
                address: &address,
                asset: &samples::asset("strikes", "dataset", 5),
                refs: &refs::samples::refs(address.at.as_deref(), self.changed),
                held: Some((12, 1_223_329)),
                loose: Some(&loose),
                entries: &self.entries,
                more: self.more,
            }
            .screen();
            screen.nodes().into_iter().map(|node| (node.id, node.kind, node.props)).collect()
        }

        fn words(&self) -> String {
            self.nodes().into_iter().map(|(_, _, props)| props).collect::<Vec<_>>().join("\n")
        }

        fn kinds(&self) -> Vec<String> {
            self.nodes().into_iter().map(|(_, kind, _)| kind).collect()
        }
    }

    #[test]
    fn a_branch_can_be_changed_and_says_what_is_not_committed() {
        let words = Case::at("birds/strikes").words();
        assert!(words.contains("12 files, 1.2 MB"), "{words}");
        assert!(words.contains("1 file changed since the last commit"), "{words}");
        assert!(words.contains("\"tab\":\"changes\"") && words.contains("\"upload\":\"birds/strikes\""), "{words}");
        let clean = Case { changed: false, ..Case::at("birds/strikes") };
        assert!(!clean.kinds().contains(&"callout".into()));
    }

    #[test]
    fn a_version_is_only_looked_at() {
        let case = Case::at("birds/strikes@v1");
        let words = case.words();
        assert!(words.contains("version v1, which stays as it is"), "{words}");
        assert!(!words.contains("\"upload\"") && !words.contains("\"kept\":"), "{words}");
        assert!(!words.contains(SOME_LOST) && Case::at("birds/strikes").words().contains(SOME_LOST));
        assert_eq!(case.kinds().iter().filter(|kind| *kind == "callout").count(), 1);
    }

    #[test]
    fn a_folder_takes_uploads_itself() {
        let words = Case::at("birds/strikes@cleaning/2019/may/").words();
        assert!(words.contains("\"upload\":\"birds/strikes@cleaning/2019/may\""), "{words}");
        assert!(words.contains("3 entries here"), "{words}");
    }

    #[test]
    fn an_empty_asset_is_a_place_to_drop_files() {
        let case = Case { entries: Vec::new(), changed: false, ..Case::at("birds/strikes") };
        assert!(case.kinds().contains(&"drop".into()) && !case.kinds().contains(&"table".into()));
        let version = Case { entries: Vec::new(), ..Case::at("birds/strikes@v1") };
        assert!(!version.kinds().contains(&"drop".into()));
    }

    #[test]
    fn many_entries_are_fetched_as_they_are_seen_and_too_many_are_said() {
        let many = (0..300).map(|n| Entry::object(samples::object(&format!("{n}.csv")), "", None)).collect();
        let case = Case { entries: many, more: true, ..Case::at("birds/strikes") };
        let words = case.words();
        assert!(words.contains("\"source\":{\"rows\":\"files\"}"), "{words}");
        assert!(words.contains("the first 10,000 names") && words.contains("How a name begins"), "{words}");
    }

    #[test]
    fn a_tag_is_added_in_place_and_can_be_taken_back() {
        let node = Node::from(tags("birds/strikes", &["raw".into()]));
        assert_eq!(node.props["add"]["arguments"]["tag"], json!([{ "$value": true }]));
        assert_eq!(node.props["remove"]["undo"]["run"], json!(["tag", "add"]));
    }

    #[test]
    fn what_a_commit_has_is_removed_at_once_and_the_rest_only_when_it_is_meant() {
        let items = serde_json::to_value(row_actions()).unwrap();
        let removes: Vec<_> = items.as_array().unwrap().iter().filter(|item| item["tone"] == "bad").collect();
        let [kept, loose] = removes[..] else { panic!("{items}") };
        assert_eq!(kept["action"]["undo"]["arguments"]["address"], json!([{ "$row": "kept" }]));
        assert!(kept["action"].get("confirm").is_none() && loose["action"]["confirm"].is_string());
    }
}
