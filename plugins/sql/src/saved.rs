//! Queries that a person keeps under names, one key each.
//!
//! Must not live here: asking the host who calls. Invariant: a query is never overwritten without being told so.

use crate::place::Place;
use kamld_sdk::{Error, Kind, Result, kept};
use serde::{Deserialize, Serialize};

/// The longest query that is kept, in bytes.
const LONGEST: usize = 64 * 1024;

/// What lies under a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stored {
    query: String,
    saved: u64,
}

/// A query with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Saved {
    pub name: String,
    pub project: Option<String>,
    pub query: String,
    /// Milliseconds since 1970.
    pub saved: u64,
}

pub fn save(keys: &impl kept::Keys, person: &str, wanted: &Saved, replace: bool) -> Result<()> {
    let Saved { name, project, query, saved } = wanted;
    check(name)?;
    if query.len() > LONGEST {
        return Err(Error::limit(format!("a query of {} bytes cannot be kept", query.len()))
            .help(format!("at most {LONGEST} bytes; put it into an asset as a file")));
    }
    let key = Place::saved(person).named(project.as_deref(), name);
    let stored = Stored { query: query.clone(), saved: *saved };
    if replace {
        return kept::write(keys, &key, &stored);
    }
    kept::create(keys, &key, &stored).map_err(|error| match error.kind() {
        Kind::AlreadyExists => {
            Error::already_exists(format!("you keep a query '{name}'{} already", of(project.as_deref())))
                .help("it was left as it is; choose another name, or put --replace behind")
        }
        _ => error,
    })
}

/// All that a person keeps, or what belongs to a project; by project and name.
pub fn list(keys: &impl kept::Keys, person: &str, project: Option<&str>) -> Result<Vec<Saved>> {
    let place = Place::saved(person);
    let prefix = project.map_or_else(|| place.prefix().to_owned(), |project| place.named(Some(project), ""));
    let mut all = Vec::new();
    for key in kept::keys_below(keys, &prefix)? {
        all.extend(read(keys, &place, &key)?);
    }
    Ok(all)
}

/// The query of a name. `project` is the one that was named; `here` decides between several when none was.
pub fn find(
    keys: &impl kept::Keys,
    person: &str,
    name: &str,
    project: Option<&str>,
    here: Option<&str>,
) -> Result<Saved> {
    let place = Place::saved(person);
    let names = kept::keys_below(keys, place.prefix())?;
    let fits = |key: &&String| {
        let (of, named) = place.parts(key);
        named == name && (project.is_none() || of == project)
    };
    let mut found: Vec<&String> = names.iter().filter(fits).collect();
    if found.len() > 1 && found.iter().any(|key| place.parts(key).0 == here) {
        found.retain(|key| place.parts(key).0 == here);
    }
    match found[..] {
        [] => {
            let mut known: Vec<_> = names.iter().map(|key| place.parts(key).1).collect();
            known.dedup();
            let error = Error::not_found(format!("you keep no query '{name}'{}", of(project)));
            Err(match known.len() {
                0 => error.help(format!("kamld query save {name} keeps the query that ran last")),
                1..=10 => error.help(format!("you keep: {}", known.join(", "))),
                _ => error.help("kamld query list shows what you keep"),
            })
        }
        [key] => read(keys, &place, key)?
            .ok_or_else(|| Error::not_found(format!("the query '{name}' was removed a moment ago"))),
        ref several => {
            let projects: Vec<_> = several.iter().map(|key| place.parts(key).0.unwrap_or("no project")).collect();
            Err(Error::invalid(format!("you keep a query '{name}' in {}", projects.join(" and ")))
                .help("say which one with --project"))
        }
    }
}

pub fn remove(keys: &impl kept::Keys, person: &str, saved: &Saved) -> Result<()> {
    keys.remove(&Place::saved(person).named(saved.project.as_deref(), &saved.name)).map(|_| ())
}

fn read(keys: &impl kept::Keys, place: &Place, key: &str) -> Result<Option<Saved>> {
    let (project, name) = place.parts(key);
    Ok(kept::read::<Stored>(keys, key)?.map(|Stored { query, saved }| Saved {
        name: name.to_owned(),
        project: project.map(str::to_owned),
        query,
        saved,
    }))
}

fn of(project: Option<&str>) -> String {
    project.map_or_else(String::new, |project| format!(" in {project}"))
}

/// Names are those of assets, so that people have one rule to remember.
fn check(name: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    let first = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if name.len() <= 64 && name.chars().all(fits) && name.starts_with(first) {
        return Ok(());
    }
    Err(Error::invalid(format!("'{name}' cannot be the name of a query"))
        .help("1 to 64 of a-z 0-9 - _ . and a letter or digit first, such as strikes-by-state"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kamld_sdk::kept::Memory;

    fn query(name: &str, project: Option<&str>, query: &str) -> Saved {
        Saved { name: name.into(), project: project.map(Into::into), query: query.into(), saved: 1 }
    }

    #[test]
    fn a_query_is_kept_listed_found_and_removed() {
        let keys = Memory::default();
        let one = query("by-state", Some("birds"), "select 1");
        save(&keys, "anna", &one, false).unwrap();
        save(&keys, "anna", &query("all", None, "select 2"), false).unwrap();
        assert_eq!(list(&keys, "anna", Some("birds")).unwrap(), std::slice::from_ref(&one));
        assert_eq!(list(&keys, "anna", None).unwrap().len(), 2);
        assert_eq!(find(&keys, "anna", "by-state", None, None).unwrap(), one);
        remove(&keys, "anna", &one).unwrap();
        assert_eq!(find(&keys, "anna", "by-state", None, None).unwrap_err().kind(), Kind::NotFound);
    }

    #[test]
    fn a_name_that_is_taken_is_only_replaced_when_told_so() {
        let keys = Memory::default();
        save(&keys, "anna", &query("x", Some("birds"), "select 1"), false).unwrap();
        let error = save(&keys, "anna", &query("x", Some("birds"), "select 2"), false).unwrap_err();
        assert_eq!(error.kind(), Kind::AlreadyExists);
        assert_eq!(find(&keys, "anna", "x", None, None).unwrap().query, "select 1");
        save(&keys, "anna", &query("x", Some("birds"), "select 2"), true).unwrap();
        assert_eq!(find(&keys, "anna", "x", None, None).unwrap().query, "select 2");
    }

    #[test]
    fn nobody_sees_what_another_keeps() {
        let keys = Memory::default();
        save(&keys, "anna", &query("x", Some("birds"), "select 1"), false).unwrap();
        assert!(list(&keys, "bert", None).unwrap().is_empty());
        assert!(find(&keys, "bert", "x", Some("birds"), None).is_err());
    }

    #[test]
    fn of_several_the_one_of_this_project_is_meant_or_the_person_is_asked() {
        let keys = Memory::default();
        for project in ["birds", "cars"] {
            save(&keys, "anna", &query("x", Some(project), project), false).unwrap();
        }
        assert_eq!(find(&keys, "anna", "x", None, Some("cars")).unwrap().query, "cars");
        assert_eq!(find(&keys, "anna", "x", Some("birds"), Some("cars")).unwrap().query, "birds");
        let error = find(&keys, "anna", "x", None, None).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert_eq!(error.message(), "you keep a query 'x' in birds and cars");
    }

    #[test]
    fn a_name_that_is_not_known_shows_those_that_are() {
        let keys = Memory::default();
        save(&keys, "anna", &query("by-state", Some("birds"), "select 1"), false).unwrap();
        let error = find(&keys, "anna", "by-stat", None, None).unwrap_err();
        assert_eq!(error.help_text(), Some("you keep: by-state"));
    }

    #[test]
    fn names_that_could_be_taken_for_something_else_are_refused() {
        for name in ["", "-x", "a/b", "A", "x y", &"x".repeat(65)] {
            assert!(save(&Memory::default(), "anna", &query(name, None, "select 1"), false).is_err(), "{name}");
        }
    }
}
