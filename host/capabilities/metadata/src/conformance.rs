//! What every back end of `Projects`, `Catalog`, `Descriptions` and `Kv` passes: one suite, run by the tests of each.
//!
//! Must not live here: anything that only one back end promises. Every check begins on an empty back end and
//! panics with a sentence about what was not kept.

use crate::{
    Catalog, Content, Described, Description, Descriptions, Error, Kv, Projects, Source, Subject, Verdict,
    kv::{MAX_KEY, MAX_VALUE, QUOTA},
};
use kamld_types::{Hash, PluginId, ProjectName, Right};

fn subject(text: &str) -> Subject {
    text.parse().unwrap_or_else(|error| panic!("{text} is no subject: {error}"))
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[track_caller]
fn good<T>(result: Result<T, Error>) -> T {
    result.unwrap_or_else(|error| panic!("failed: {error:?}"))
}

#[track_caller]
fn name(text: &str) -> ProjectName {
    ProjectName::new(text).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn plugin(text: &str) -> PluginId {
    PluginId::new(text).unwrap_or_else(|error| panic!("{error}"))
}

pub async fn projects(projects: &dyn Projects) {
    let birds = name("birds");
    assert!(good(projects.list().await).is_empty(), "a new back end has no projects");
    assert!(matches!(projects.get(&birds).await, Err(Error::Missing(_))), "what nobody created is missing");
    let created = good(projects.create(&birds, "Birds of Europe", "anna").await);
    assert!(created.created > 1_600_000_000_000, "created is in milliseconds since 1970");
    assert_eq!(good(projects.get(&birds).await), created, "a project is read as it was created");
    let again = projects.create(&birds, "", "bob").await;
    assert!(matches!(again, Err(Error::Exists(_))), "a name is taken once");
    let long = projects.create(&name("long"), &"x".repeat(5000), "anna").await;
    assert!(matches!(long, Err(Error::Invalid { .. })), "a title is one line");
    good(projects.create(&name("ants"), "", "bob").await);
    let names: Vec<_> = good(projects.list().await).into_iter().map(|project| project.name).collect();
    assert_eq!(names, [name("ants"), birds.clone()], "projects are listed by name");

    good(projects.set_member(&birds, "bob", Some(Right::Viewer)).await);
    assert_eq!(good(projects.members(&birds).await).get("anna"), Some(&Right::Owner), "the creator is its owner");
    let rights = good(projects.rights("bob").await);
    assert_eq!(rights.get(&birds), Some(&Right::Viewer), "rights are those given");
    assert_eq!(rights.get(&name("ants")), Some(&Right::Owner), "rights cover every project of a person");
    let last = projects.set_member(&birds, "anna", None).await;
    assert!(matches!(last, Err(Error::Invalid { .. })), "the last owner stays");
    good(projects.set_member(&birds, "bob", None).await);
    assert!(!good(projects.rights("bob").await).contains_key(&birds), "a right taken is gone");

    good(projects.remove(&birds).await);
    assert!(matches!(projects.remove(&birds).await, Err(Error::Missing(_))), "removed once");
    assert!(matches!(projects.members(&birds).await, Err(Error::Missing(_))), "removed with its members");
}

pub async fn catalog(catalog: &dyn Catalog) {
    let (asset, object) = (subject("birds/strikes"), subject("birds/strikes/2019.csv"));
    let empty = good(catalog.documents(std::slice::from_ref(&asset)).await).remove(0);
    assert_eq!((empty.revision, empty.tags.len()), (0, 0), "what nobody wrote is empty at revision 0");
    let first = good(catalog.change_tags(&object, &words(&["raw", "faa", "raw"]), &[]).await);
    assert_eq!((first.revision, first.tags), (1, words(&["faa", "raw"])), "tags are in order and each once");
    let same = good(catalog.change_tags(&object, &words(&["raw"]), &words(&["absent"])).await);
    assert_eq!(same.revision, 1, "what changes nothing is no revision");
    let second = good(catalog.change_tags(&object, &words(&["clean"]), &words(&["raw"])).await);
    assert_eq!((second.revision, second.tags), (2, words(&["clean", "faa"])), "tags are added and removed in one step");

    good(catalog.change_tags(&asset, &words(&["faa"]), &[]).await);
    good(catalog.change_tags(&subject("ants/hills"), &words(&["faa", "secret"]), &[]).await);
    let all = |_: &str| true;
    let everywhere = good(catalog.tags(None, &all).await);
    assert_eq!(everywhere, [("clean".into(), 1), ("faa".into(), 3), ("secret".into(), 1)], "tags are counted");
    let seen = good(catalog.tags(None, &|subject: &str| !subject.starts_with("ants/")).await);
    assert_eq!(seen, [("clean".into(), 1), ("faa".into(), 2)], "what may not be seen is not counted");
    let ants = good(catalog.tags(Some("ants"), &all).await);
    assert_eq!(ants, [("faa".into(), 1), ("secret".into(), 1)], "tags of one project");
    assert!(good(catalog.tags(Some("ant"), &all).await).is_empty(), "the beginning of a name is not the name");

    changes(catalog).await;
    moving(catalog).await;
}

async fn changes(catalog: &dyn Catalog) {
    let (asset, object) = (subject("birds/strikes"), subject("birds/strikes/2019.csv"));
    let changed = good(catalog.changed(100).await);
    let subjects: Vec<_> = changed.iter().map(|change| change.subject.to_string()).collect();
    assert_eq!(subjects, ["ants/hills", "birds/strikes", "birds/strikes/2019.csv"], "every change is told once");
    good(catalog.change_tags(&asset, &words(&["late"]), &[]).await);
    good(catalog.seen(&changed).await);
    let left = good(catalog.changed(100).await);
    assert_eq!(left.len(), 1, "a change after the look stays to be seen");
    assert_eq!(left[0].subject, asset);
    good(catalog.seen(&left).await);
    good(catalog.change_tags(&object, &words(&["again"]), &[]).await);
    assert_eq!(good(catalog.changed(100).await).len(), 1, "a subject that was seen is told again when it changes");
}

async fn moving(catalog: &dyn Catalog) {
    let near = subject("birds/strikes2/x.csv");
    good(catalog.change_tags(&near, &words(&["near"]), &[]).await);
    let moved = good(catalog.move_subjects(&subject("birds/strikes"), &subject("birds/hits")).await);
    assert_eq!(moved, 2, "an asset moves with its objects, and nothing that only begins like it");
    let tags = |documents: Vec<crate::Document>| documents.into_iter().map(|d| d.tags).collect::<Vec<_>>();
    let now = [subject("birds/hits/2019.csv"), subject("birds/strikes/2019.csv"), near];
    let found = tags(good(catalog.documents(&now).await));
    assert_eq!(
        found,
        [words(&["again", "clean", "faa"]), vec![], words(&["near"])],
        "documents move with their subject"
    );
    let counts = good(catalog.tags(Some("birds"), &|_: &str| true).await);
    assert!(counts.contains(&("clean".into(), 1)), "counts move along");

    // A folder into itself: sources and targets overlap.
    for path in ["a", "a/b", "a/b/c"] {
        good(
            catalog.change_tags(&subject(&format!("birds/nest/{path}")), &words(&[&path.replace('/', ".")]), &[]).await,
        );
    }
    good(catalog.move_subjects(&subject("birds/nest/a"), &subject("birds/nest/a/b")).await);
    let now = ["a", "a/b", "a/b/b", "a/b/b/c"].map(|path| subject(&format!("birds/nest/{path}")));
    let found = tags(good(catalog.documents(&now).await));
    assert_eq!(found, [vec![], words(&["a"]), words(&["a.b"]), words(&["a.b.c"])], "overlapping moves lose nothing");

    assert_eq!(good(catalog.remove_subjects(&subject("birds/nest")).await), 3, "removed with everything below");
    let counts = good(catalog.tags(Some("birds"), &|_: &str| true).await);
    assert!(
        !counts.iter().any(|(tag, _)| tag.starts_with('a') && tag != "again"),
        "tags of what is gone are not in use"
    );
}

pub async fn descriptions(catalog: &dyn Descriptions) {
    let csv = Content { hash: Hash([7; 32]), media_type: "text/csv".into() };
    let text = Content { media_type: "text/plain".into(), ..csv.clone() };
    assert_eq!(good(catalog.descriptions(std::slice::from_ref(&csv)).await), [None], "nothing is known at first");
    let known =
        Described::Known(Description { summary: "CSV, 3 rows".into(), rows: Some(3), ..Description::default() });
    let failed = Described::Failed { summary: "text, cannot be read".into(), problem: "not UTF-8".into() };
    let by = |plugin: &str| vec![Source { plugin: plugin.into(), digest: Hash([1; 32]) }];
    let verdict = |plugin: &str, described: &Described| Verdict { by: by(plugin), described: described.clone() };
    good(catalog.set_description(&csv, &verdict("a/b", &known)).await);
    good(catalog.set_description(&text, &verdict("c/d", &failed)).await);
    let both = good(catalog.descriptions(&[csv.clone(), text]).await);
    assert_eq!(both, [Some(known.clone()), Some(failed.clone())], "one content is described once for each media type");
    assert_eq!(good(catalog.describe(csv.hash, "text/csv").await), Some(known.clone()));
    let other = Content { hash: Hash([8; 32]), media_type: "text/csv".into() };
    good(catalog.set_description(&other, &verdict("a/b", &known)).await);
    let in_use = |hash: Hash| hash == other.hash;
    let (count, bytes) = good(catalog.forget(&in_use, true).await);
    assert!(count == 2 && bytes > 100, "what is not in use is counted: {count} of {bytes} bytes");
    assert_eq!(good(catalog.describe(csv.hash, "text/csv").await), Some(known.clone()), "a dry run forgets nothing");
    assert_eq!(good(catalog.forget(&in_use, false).await), (count, bytes), "and says what would be forgotten");
    let left = good(catalog.descriptions(&[csv, other.clone()]).await);
    assert_eq!(left, [None, Some(known)], "what is in use stays");
    let gone = Content { hash: Hash([9; 32]), media_type: "text/csv".into() };
    good(catalog.set_description(&gone, &verdict("c/d", &failed)).await);
    assert_eq!(good(catalog.forget_verdicts(&|verdict| verdict.by == by("a/b")).await), 1);
    let left = good(catalog.descriptions(&[other, gone]).await);
    assert!(left[0].is_some() && left[1].is_none(), "what one describer said is forgotten, and nothing else: {left:?}");
}

pub async fn kv(kv: &dyn Kv) {
    let (one, other) = (plugin("acme/search"), plugin("acme/sql"));
    assert_eq!(good(kv.get(&one, "a").await), None, "nothing is there at first");
    let first = good(kv.put(&one, "a", b"1", Some(0), QUOTA).await);
    assert!(first > 0, "a revision is above 0");
    assert_eq!(good(kv.get(&other, "a").await), None, "a space is private");
    let stale = kv.put(&one, "a", b"2", Some(0), QUOTA).await;
    assert!(matches!(stale, Err(Error::Changed(_))), "0 means not there yet");
    let second = good(kv.put(&one, "a", b"2", Some(first), QUOTA).await);
    assert!(second > first, "revisions grow");
    assert!(
        matches!(kv.put(&one, "a", b"3", Some(first), QUOTA).await, Err(Error::Changed(_))),
        "a stale revision is refused"
    );
    assert!(matches!(kv.remove(&one, "a", Some(first)).await, Err(Error::Changed(_))), "also when removing");
    let item = good(kv.get(&one, "a").await).unwrap_or_else(|| panic!("the value is gone"));
    assert_eq!((item.value.as_slice(), item.revision), (&b"2"[..], second), "the last value that was acknowledged");
    assert!(good(kv.remove(&one, "a", Some(second)).await), "removed");
    assert!(!good(kv.remove(&one, "a", None).await), "removed once");
    assert!(good(kv.put(&one, "a", b"", None, QUOTA).await) > second, "a revision is never used twice");

    for key in ["b/1", "b/2", "b/3", "c"] {
        good(kv.put(&one, key, key.as_bytes(), None, QUOTA).await);
    }
    assert_eq!(good(kv.list(&one, "b/", None, 10).await), ["b/1", "b/2", "b/3"], "keys by prefix, in order");
    assert_eq!(good(kv.list(&one, "b/", Some("b/1"), 1).await), ["b/2"], "pages go on behind a key");
    assert_eq!(good(kv.list(&one, "b/", Some("a"), 10).await).len(), 3, "an earlier key is no limit");
    assert!(good(kv.list(&one, "", Some("c"), 10).await).is_empty(), "and end");
    assert!(good(kv.list(&other, "", None, 10).await).is_empty(), "a listing stays in its space");

    for key in [String::new(), "x".repeat(MAX_KEY + 1)] {
        assert!(
            matches!(kv.put(&one, &key, b"", None, QUOTA).await, Err(Error::Invalid { .. })),
            "keys are 1 to 512 bytes"
        );
    }
    good(kv.put(&one, &"x".repeat(MAX_KEY), b"", None, QUOTA).await);
    let large = vec![0; MAX_VALUE];
    let beyond = kv.put(&one, "c", &[&large[..], b"x"].concat(), None, QUOTA).await;
    assert!(matches!(beyond, Err(Error::Limit { .. })), "values are at most 1 MiB");
    quota(kv, &other, &large).await;
}

async fn quota(kv: &dyn Kv, space: &PluginId, large: &[u8]) {
    let mut kept = 0_u64;
    let refused = loop {
        match kv.put(space, &format!("{kept:08}"), large, None, QUOTA).await {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept * large.len() as u64 <= QUOTA, "the quota holds");
    };
    assert!(matches!(refused, Error::Limit { .. }), "beyond the quota is a limit: {refused:?}");
    good(kv.put(space, "00000000", &large[1..], None, QUOTA).await);
    assert!(good(kv.remove(space, "00000001", None).await), "removing makes room");
    good(kv.put(space, "new", &large[..1000], None, QUOTA).await);
    assert!(good(kv.usage(space).await) <= QUOTA, "usage is within the quota");
    let less = kv.put(space, "more", b"x", None, 1000).await;
    assert!(matches!(less, Err(Error::Limit { .. })), "a quota that was lowered holds for what comes: {less:?}");
    good(kv.put(space, "00000000", b"small", None, 1000).await);
    assert_eq!(good(kv.clear(space).await), kept, "cleared as a whole");
    assert_eq!(good(kv.usage(space).await), 0, "and empty then");
}
