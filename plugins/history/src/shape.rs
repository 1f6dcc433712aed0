//! Data and views of every answer. Pure: no call to the host.

use kamld_sdk::{
    Address, Error, Outcome, Result, Schema, row, schema,
    storage::{activity::Event, types},
    view::{self, Column, Rows, Tone, ValueType, View},
};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A commit, as every command of this plug-in answers it.
#[derive(Clone, Debug, Serialize)]
pub struct Commit {
    pub id: String,
    pub parents: Vec<String>,
    pub author: String,
    pub message: String,
    pub created: u64,
    pub objects: u64,
    pub size: u64,
    pub properties: Map<String, Value>,
    /// Branches and versions that stand for it.
    pub names: Vec<String>,
}

impl Commit {
    pub fn new(commit: types::Commit, names: Vec<String>) -> Self {
        let types::Commit { id, parents, author, message, created, objects, size, properties } = commit;
        let properties = properties.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
        Self { id, parents, author, message, created, objects, size, properties, names }
    }

    pub fn short(&self) -> &str {
        short(&self.id)
    }

    pub fn schema() -> Schema {
        schema::object([
            ("id", schema::text()),
            ("parents", schema::list(schema::text())),
            ("author", schema::text()),
            ("message", schema::text()),
            ("created", schema::time()),
            ("objects", schema::integer()),
            ("size", schema::integer().says("bytes")),
            ("properties", schema::map(schema::text())),
            ("names", schema::list(schema::text()).says("branches and versions that stand for it")),
        ])
    }
}

/// The first 12 digits of a commit id: enough to tell it from all others of an asset.
pub fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

#[derive(Clone, Debug, Serialize)]
pub struct Branch {
    pub name: String,
    pub head: Option<String>,
    pub changed: bool,
}

impl Branch {
    pub fn schema() -> Schema {
        schema::object([
            ("name", schema::text()),
            ("head", schema::nullable(schema::text().says("its last commit"))),
            ("changed", schema::boolean().says("whether it has working changes")),
        ])
    }
}

impl From<types::Branch> for Branch {
    fn from(branch: types::Branch) -> Self {
        let types::Branch { name, head, changed } = branch;
        Self { name, head, changed }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct Version {
    pub name: String,
    pub commit: String,
    pub created: u64,
    pub message: String,
}

impl Version {
    pub fn schema() -> Schema {
        schema::object([
            ("name", schema::text()),
            ("commit", schema::text()),
            ("created", schema::time()),
            ("message", schema::text()),
        ])
    }
}

impl From<types::Version> for Version {
    fn from(version: types::Version) -> Self {
        let types::Version { name, commit, created, message } = version;
        Self { name, commit, created, message }
    }
}

/// Which branches and versions stand for a commit.
pub struct Names(Vec<(String, String)>);

impl Names {
    pub fn new(branches: &[types::Branch], versions: &[types::Version]) -> Self {
        let heads = branches.iter().filter_map(|branch| Some((branch.head.clone()?, branch.name.clone())));
        let named = versions.iter().map(|version| (version.commit.clone(), version.name.clone()));
        Self(heads.chain(named).collect())
    }

    pub fn of(&self, id: &str) -> Vec<String> {
        self.0.iter().filter(|(commit, _)| commit == id).map(|(_, name)| name.clone()).collect()
    }
}

/// `KEY=VALUE` of `--property`, in order.
pub fn properties(given: &[String]) -> Result<Vec<(String, String)>> {
    let split = |text: &String| match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(Error::invalid(format!("'{text}' is not a property, and nothing was committed"))
            .help("write KEY=VALUE, such as --property data=birds/strikes@v1")),
    };
    given.iter().map(split).collect()
}

pub fn changes_schema() -> Schema {
    let side = || {
        schema::nullable(schema::object([
            ("size", schema::integer().says("bytes")),
            ("hash", schema::text().says("SHA-256")),
            ("media_type", schema::text()),
            ("modified", schema::time()),
        ]))
    };
    let change = schema::object([
        ("path", schema::text()),
        ("kind", schema::one_of(["added", "modified", "removed"])),
        ("before", side()),
        ("after", side()),
    ]);
    schema::object([
        ("asset", schema::text()),
        ("changes", schema::list(change)),
        ("next", schema::nullable(schema::text().says("hand it to --after for what follows"))),
    ])
}

pub fn changes(asset: &str, page: types::ChangePage, none: &str, hint: Option<view::Hint>) -> Result<Outcome> {
    let side = |object: &types::Object| {
        let types::Object { size, hash, media_type, modified, .. } = object;
        json!({ "size": size, "hash": hash, "media_type": media_type, "modified": modified })
    };
    let one = |change: &types::Change| {
        let kind = match change.kind {
            types::ChangeKind::Added => "added",
            types::ChangeKind::Modified => "modified",
            types::ChangeKind::Removed => "removed",
        };
        json!({
            "path": change.path,
            "kind": kind,
            "before": change.before.as_ref().map(side),
            "after": change.after.as_ref().map(side),
        })
    };
    let list: Vec<_> = page.changes.iter().map(one).collect();
    let data = json!({ "asset": asset, "changes": list, "next": page.next });
    let view = if page.changes.is_empty() {
        View::from(view::text(none))
    } else {
        let shown = view::changes(page.changes.iter().map(view::Change::from));
        View::from(match page.next {
            Some(next) => shown.next(next),
            None => shown,
        })
    };
    Ok(Outcome::new(&data)?.view(view.show_some(hint)))
}

pub fn log(address: &Address, commits: Vec<Commit>, next: Option<String>) -> Result<Outcome> {
    let data = json!({ "asset": address.to_string(), "commits": commits, "next": next });
    if commits.is_empty() {
        let view = View::new()
            .show(view::text(format!("nothing has been committed to {address} yet")).tone(Tone::Muted))
            .show(view::hint("see what is there").command(format!("kamld changes {address}")))
            .show(view::hint("then commit it").command(format!("kamld commit {address} -m MESSAGE")));
        return Ok(Outcome::new(&data)?.view(view));
    }
    let shown = commits.iter().map(|commit| {
        let Commit { id, message, author, created, objects, size, names, .. } = commit;
        view::Commit::new(id, message, author, *created as i64, *objects, *size).names(names.clone())
    });
    let older = next.map(|next| {
        let Address { project, asset, .. } = address;
        view::hint("there are older ones").command(format!("kamld log {project}/{asset}@{}", short(&next)))
    });
    Ok(Outcome::new(&data)?.view(View::from(view::commits(shown)).show_some(older)))
}

/// A commit, and the asset that it belongs to.
#[derive(Clone, Debug, Serialize)]
pub struct Happened {
    pub project: String,
    pub asset: String,
    pub kind: &'static str,
    pub commit: Commit,
}

impl Happened {
    pub fn schema() -> Schema {
        schema::object([
            ("project", schema::text()),
            ("asset", schema::text()),
            ("kind", schema::one_of(["dataset", "model"])),
            ("commit", Commit::schema()),
        ])
    }
}

impl From<Event> for Happened {
    fn from(event: Event) -> Self {
        let Event { project, asset, kind, commit } = event;
        let kind = match kind {
            types::AssetKind::Dataset => "dataset",
            types::AssetKind::Model => "model",
        };
        Self { project, asset, kind, commit: Commit::new(commit, Vec::new()) }
    }
}

pub fn lately(project: Option<&str>, events: Vec<Happened>) -> Result<Outcome> {
    let data = json!({ "events": events });
    if events.is_empty() {
        let place = project.map(|project| format!(" in {project}")).unwrap_or_default();
        let view = View::new()
            .show(view::text(format!("nothing has been committed{place} yet")).tone(Tone::Muted))
            .show(view::hint("put files and commit them").command("kamld put FILE... PROJECT/ASSET"));
        return Ok(Outcome::new(&data)?.view(view));
    }
    let shown = events.iter().map(|Happened { project, asset, commit, .. }| {
        let Commit { id, message, author, created, objects, size, .. } = commit;
        view::Commit::new(id, message, author, *created as i64, *objects, *size).names([format!("{project}/{asset}")])
    });
    Ok(Outcome::new(&data)?.view(View::from(view::commits(shown))))
}

pub fn branches(branches: Vec<Branch>) -> Result<Outcome> {
    let mut rows = Rows::new([
        Column::new("name", "Branch"),
        Column::new("head", "Last commit"),
        Column::new("changed", "Working changes"),
    ]);
    for branch in &branches {
        let head = branch.head.as_deref().map_or("none yet", short);
        rows.push(row![branch.name, head, if branch.changed { "yes" } else { "no" }]);
    }
    Ok(Outcome::new(&json!({ "branches": branches }))?.view(view::Node::from(rows)))
}

pub fn versions(asset: &str, versions: Vec<Version>) -> Result<Outcome> {
    let data = json!({ "versions": versions });
    if versions.is_empty() {
        let view = View::new()
            .show(view::text(format!("{asset} has no version yet")).tone(Tone::Muted))
            .show(view::hint("name its last commit for good").command(format!("kamld version create {asset} v1")));
        return Ok(Outcome::new(&data)?.view(view));
    }
    let mut rows = Rows::new([
        Column::new("name", "Version"),
        Column::new("commit", "Commit"),
        Column::new("created", "Created").r#type(ValueType::Time),
        Column::new("message", "Message"),
    ]);
    for version in &versions {
        rows.push(row![version.name, short(&version.commit), version.created, version.message]);
    }
    Ok(Outcome::new(&data)?.view(view::Node::from(rows)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kamld_sdk::schema::check;

    fn object(path: &str) -> types::Object {
        types::Object { path: path.into(), size: 9, hash: "ab".into(), media_type: "text/csv".into(), modified: 1 }
    }

    fn commit(id: &str) -> types::Commit {
        types::Commit {
            id: id.into(),
            parents: vec!["cd".repeat(32)],
            author: "me".into(),
            message: "first".into(),
            created: 1,
            objects: 2,
            size: 3,
            properties: vec![("data".into(), "birds/strikes@v1".into())],
        }
    }

    #[test]
    fn every_answer_has_the_declared_shape() {
        let address: Address = "birds/strikes@main".parse().unwrap();
        let page = types::ChangePage {
            changes: vec![
                types::Change {
                    path: "a.csv".into(),
                    kind: types::ChangeKind::Added,
                    before: None,
                    after: Some(object("a.csv")),
                },
                types::Change {
                    path: "b.csv".into(),
                    kind: types::ChangeKind::Removed,
                    before: Some(object("b.csv")),
                    after: None,
                },
            ],
            next: Some("b.csv".into()),
        };
        let shown = changes("birds/strikes", page, "", None).unwrap();
        check(&changes_schema().into(), shown.data()).unwrap();
        assert!(shown.nodes()[0].props.contains("\"after\":9"));
        check(&Commit::schema().into(), &serde_json::to_value(Commit::new(commit("ab"), vec![])).unwrap()).unwrap();
        for commits in [vec![], vec![Commit::new(commit("ab"), vec!["v1".into()])]] {
            log(&address, commits, Some("cd".repeat(32))).unwrap();
        }
        let list = schema::object([("versions", schema::list(Version::schema()))]).into();
        let version = Version { name: "v1".into(), commit: "ab".into(), created: 1, message: String::new() };
        for given in [vec![], vec![version]] {
            check(&list, versions("birds/strikes", given).unwrap().data()).unwrap();
        }
    }

    #[test]
    fn a_commit_is_shown_with_the_names_that_stand_for_it() {
        let branch = types::Branch { name: "main".into(), head: Some("ab".into()), changed: false };
        let version = types::Version { name: "v1".into(), commit: "ab".into(), created: 1, message: String::new() };
        let names = Names::new(&[branch], &[version]);
        assert_eq!(names.of("ab"), ["main", "v1"]);
        assert!(names.of("cd").is_empty());
    }

    #[test]
    fn a_property_is_a_key_and_a_value() {
        assert_eq!(properties(&["a=b=c".into()]).unwrap(), [("a".to_owned(), "b=c".to_owned())]);
        for wrong in ["a", "=b", ""] {
            assert!(properties(&[wrong.into()]).unwrap_err().message().contains("nothing was committed"));
        }
    }

    #[test]
    fn what_happened_says_where() {
        let list = schema::object([("events", schema::list(Happened::schema()))]).into();
        let event = Event {
            project: "birds".into(),
            asset: "strikes".into(),
            kind: types::AssetKind::Model,
            commit: commit("ab"),
        };
        let shown = lately(None, vec![event.into()]).unwrap();
        check(&list, shown.data()).unwrap();
        assert_eq!(shown.data()["events"][0]["kind"], "model");
        assert!(shown.nodes()[0].props.contains("birds/strikes"));
        let nothing = lately(Some("birds"), vec![]).unwrap();
        check(&list, nothing.data()).unwrap();
        assert!(nothing.nodes().iter().any(|node| node.props.contains("in birds")));
    }

    #[test]
    fn nobody_is_left_before_an_empty_history() {
        let outcome = log(&"b/s".parse().unwrap(), Vec::new(), None).unwrap();
        assert!(outcome.nodes().iter().any(|node| node.kind == "hint"));
    }
}
