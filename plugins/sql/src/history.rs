//! The last queries that ran, of one person in one project: one value, the newest first.
//!
//! Must not live here: asking the host who calls. Invariants: a query stands there once; 50 at most, and so many
//! bytes at most that the histories of hundreds of people fit into the space of the plug-in.

use crate::place::Place;
use kamld_sdk::{Result, kept};
use serde::{Deserialize, Serialize};

/// Queries that are remembered for a person in a project.
pub const MOST: usize = 50;
/// The longest query that is remembered, in bytes: what is longer was made by a program, which has it still.
const LONGEST: usize = 16 * 1024;
/// Bytes of the texts of one history. The space of a plug-in holds 64 MiB.
const BYTES: usize = 128 * 1024;

/// One query that ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    pub query: String,
    /// When it ran last, in milliseconds since 1970.
    pub ran: u64,
    pub times: u64,
}

/// Puts a query in front.
pub fn remember(keys: &impl kept::Keys, person: &str, project: Option<&str>, query: &str, now: u64) -> Result<()> {
    let query = query.trim();
    if query.len() > LONGEST {
        return Ok(());
    }
    let key = Place::history(person).of_project(project);
    kept::update(keys, &key, |past: &mut Vec<Past>| add(past, query, now)).map(|_| ())
}

fn add(past: &mut Vec<Past>, query: &str, now: u64) {
    let before = past.iter().position(|one| one.query == query).map(|place| past.remove(place));
    let times = before.map_or(0, |one| one.times) + 1;
    past.insert(0, Past { query: query.to_owned(), ran: now, times });
    let mut bytes = 0;
    let fits = past.iter().take(MOST).take_while(|one| {
        bytes += one.query.len();
        bytes <= BYTES
    });
    let fits = fits.count();
    past.truncate(fits);
}

/// The queries of a project, or of all, each with its project; the newest first.
pub fn read(keys: &impl kept::Keys, person: &str, project: Option<&str>) -> Result<Vec<(Option<String>, Past)>> {
    let mut all = Vec::new();
    for key in of(keys, person, project)? {
        let project = Place::history(person).parts(&key).0.map(str::to_owned);
        let past: Vec<Past> = kept::read(keys, &key)?.unwrap_or_default();
        all.extend(past.into_iter().map(|one| (project.clone(), one)));
    }
    all.sort_by_key(|(_, past)| std::cmp::Reverse(past.ran));
    Ok(all)
}

/// Empties the history of a project, or of all; answers how many queries are forgotten. One that cannot be read
/// is taken away too.
pub fn forget(keys: &impl kept::Keys, person: &str, project: Option<&str>) -> Result<u64> {
    let mut forgotten = 0;
    for key in of(keys, person, project)? {
        forgotten += kept::read::<Vec<Past>>(keys, &key).ok().flatten().map_or(0, |past| past.len() as u64);
        keys.remove(&key)?;
    }
    Ok(forgotten)
}

fn of(keys: &impl kept::Keys, person: &str, project: Option<&str>) -> Result<Vec<String>> {
    let place = Place::history(person);
    match project {
        Some(project) => Ok(vec![place.of_project(Some(project))]),
        None => kept::keys_below(keys, place.prefix()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kamld_sdk::kept::{Keys, Memory};

    fn queries(keys: &Memory, person: &str, project: Option<&str>) -> Vec<String> {
        read(keys, person, project).unwrap().into_iter().map(|(_, past)| past.query).collect()
    }

    #[test]
    fn a_query_that_runs_again_stands_once_and_in_front() {
        let keys = Memory::default();
        for (now, query) in ["select 1", "select 2", " select 1\n"].into_iter().enumerate() {
            remember(&keys, "anna", Some("birds"), query, now as u64).unwrap();
        }
        assert_eq!(queries(&keys, "anna", Some("birds")), ["select 1", "select 2"]);
        let (project, first) = read(&keys, "anna", None).unwrap().remove(0);
        assert_eq!((project.as_deref(), first.ran, first.times), (Some("birds"), 2, 2));
    }

    #[test]
    fn fifty_are_remembered_and_never_too_many_bytes() {
        let keys = Memory::default();
        for n in 0..80 {
            remember(&keys, "anna", None, &format!("select {n}"), n).unwrap();
        }
        let past = queries(&keys, "anna", None);
        assert_eq!((past.len(), past[0].as_str(), past[49].as_str()), (MOST, "select 79", "select 30"));
        for n in 0..20 {
            remember(&keys, "anna", None, &format!("select {n} -- {}", "x".repeat(LONGEST - 20)), 100 + n).unwrap();
        }
        let past = queries(&keys, "anna", None);
        assert!(past.len() < 20 && past[0].starts_with("select 19"), "{}", past.len());
        remember(&keys, "anna", None, &"x".repeat(LONGEST + 1), 200).unwrap();
        assert_eq!(
            queries(&keys, "anna", None),
            past,
            "what is too long is not remembered, and nothing is lost for it"
        );
    }

    #[test]
    fn people_and_projects_have_histories_of_their_own() {
        let keys = Memory::default();
        remember(&keys, "anna", Some("birds"), "select 1", 1).unwrap();
        remember(&keys, "anna", Some("cars"), "select 2", 3).unwrap();
        remember(&keys, "anna", None, "select 3", 2).unwrap();
        remember(&keys, "bert", Some("birds"), "select 4", 4).unwrap();
        assert_eq!(queries(&keys, "anna", Some("birds")), ["select 1"]);
        assert_eq!(queries(&keys, "anna", None), ["select 2", "select 3", "select 1"], "all of hers, newest first");
        assert_eq!(forget(&keys, "anna", Some("cars")).unwrap(), 1);
        assert_eq!(forget(&keys, "anna", None).unwrap(), 2);
        assert!(queries(&keys, "anna", None).is_empty());
        assert_eq!(queries(&keys, "bert", None), ["select 4"]);
    }

    #[test]
    fn a_history_that_cannot_be_read_can_be_forgotten() {
        let keys = Memory::default();
        keys.put(&Place::history("anna").of_project(Some("birds")), b"{", None).unwrap();
        assert!(remember(&keys, "anna", Some("birds"), "select 1", 1).is_err());
        assert_eq!(forget(&keys, "anna", None).unwrap(), 0);
        remember(&keys, "anna", Some("birds"), "select 1", 1).unwrap();
    }
}
