//! Under which keys the queries of a person lie: `WHAT/PERSON/PROJECT[/NAME]`.
//!
//! Invariants: no two places share a key, whatever the ids of people hold; nobody's prefix is a part of another's.

use std::fmt::Write;

/// What stands for "no project" in a key: the name of a project never starts so.
const NO_PROJECT: &str = "-";

/// The keys of one kind of one person.
#[derive(Clone, Debug)]
pub struct Place(String);

impl Place {
    pub fn saved(person: &str) -> Self {
        Self(format!("saved/{}/", plain(person)))
    }

    pub fn history(person: &str) -> Self {
        Self(format!("history/{}/", plain(person)))
    }

    /// What all keys of the place start with.
    pub fn prefix(&self) -> &str {
        &self.0
    }

    pub fn of_project(&self, project: Option<&str>) -> String {
        format!("{}{}", self.0, project.unwrap_or(NO_PROJECT))
    }

    pub fn named(&self, project: Option<&str>, name: &str) -> String {
        format!("{}/{name}", self.of_project(project))
    }

    /// Project and name (empty where the place has none) of a key.
    pub fn parts<'a>(&self, key: &'a str) -> (Option<&'a str>, &'a str) {
        let rest = key.strip_prefix(self.0.as_str()).unwrap_or(key);
        let (project, name) = rest.split_once('/').unwrap_or((rest, ""));
        (Some(project).filter(|project| *project != NO_PROJECT), name)
    }
}

/// The id of a person with everything but letters, digits and `-_.@` as `%XX`: an id may hold a `/`.
fn plain(id: &str) -> String {
    let mut plain = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte) {
            plain.push(byte.into());
        } else {
            let _ = write!(plain, "%{byte:02X}");
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_back_its_project_and_name() {
        let place = Place::saved("anna");
        assert_eq!(place.parts(&place.named(Some("birds"), "by-state")), (Some("birds"), "by-state"));
        assert_eq!(place.parts(&place.named(None, "x")), (None, "x"));
        let place = Place::history("anna");
        assert_eq!(place.parts(&place.of_project(Some("birds"))), (Some("birds"), ""));
    }

    #[test]
    fn nobody_reaches_into_the_keys_of_another() {
        for (one, other) in [("anna", "anna/birds"), ("a%2F", "a/"), ("anna", "ann"), ("ö", "%C3%B6")] {
            let (one, other) = (Place::saved(one), Place::saved(other));
            assert!(!one.prefix().starts_with(other.prefix()) && !other.prefix().starts_with(one.prefix()), "{one:?}");
        }
    }
}
