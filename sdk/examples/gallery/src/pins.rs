//! The commands `gallery pin`, `unpin` and `clear`, and the words that they keep: what it takes that a button writes
//! something and can be taken back.
//!
//! Must not live here: how the words are shown (`tables`). Invariants: what one person pins no other sees; pinning and
//! unpinning take each other back.

use kamld_sdk::{
    Args, Error, Outcome, Result, Schema, context, format,
    kept::{self, Host, Keys},
    schema,
    view::{self, Tone},
};
use serde_json::json;

/// Words that a person can pin.
pub const MOST: usize = 20;

pub fn schema() -> Schema {
    schema::object([("word", schema::text()), ("pinned", schema::integer().says("words that are pinned now"))])
}

pub fn pin(args: &Args) -> Result<Outcome> {
    let word = args.need_text("word")?;
    pinned(word, add(&Host, &context().person, word)?)
}

pub fn unpin(args: &Args) -> Result<Outcome> {
    let word = args.need_text("word")?;
    unpinned(word, remove(&Host, &context().person, word)?)
}

pub fn clear(_: &Args) -> Result<Outcome> {
    cleared(empty(&Host, &context().person)?)
}

/// The words of a person, in the order in which they were pinned.
pub fn of(keys: &impl Keys, person: &str) -> Result<Vec<String>> {
    Ok(kept::read(keys, &key(person))?.unwrap_or_default())
}

fn key(person: &str) -> String {
    format!("pins/{person}")
}

fn add(keys: &impl Keys, person: &str, word: &str) -> Result<usize> {
    let letter = |letter: char| letter.is_alphanumeric() || "-_.:".contains(letter);
    if word.is_empty() || word.chars().count() > 64 || !word.chars().all(letter) {
        return Err(Error::invalid(format!("'{word}' is no word that can be pinned"))
            .help("at most 64 letters, digits, '-', '_', '.' and ':'; nothing was changed"));
    }
    // Decided on the words that are written over, which may be others at the second try.
    let mut refused = None;
    let words = kept::update(keys, &key(person), |words: &mut Vec<String>| {
        refused = if words.iter().any(|pinned| pinned == word) {
            Some(Error::already_exists(format!("'{word}' is pinned already")).help("nothing was changed"))
        } else if words.len() >= MOST {
            Some(Error::limit(format!("{MOST} words are pinned, and no more can be")).help("unpin one first"))
        } else {
            words.push(word.to_owned());
            None
        };
    })?;
    refused.map_or(Ok(words.len()), Err)
}

fn remove(keys: &impl Keys, person: &str, word: &str) -> Result<usize> {
    let mut found = false;
    let words = kept::update(keys, &key(person), |words: &mut Vec<String>| {
        let before = words.len();
        words.retain(|pinned| pinned != word);
        found = words.len() < before;
    })?;
    if found {
        return Ok(words.len());
    }
    Err(Error::not_found(format!("'{word}' is not pinned")).help("nothing was changed"))
}

fn empty(keys: &impl Keys, person: &str) -> Result<usize> {
    let mut count = 0;
    kept::update(keys, &key(person), |words: &mut Vec<String>| count = std::mem::take(words).len())?;
    Ok(count)
}

fn pinned(word: &str, now: usize) -> Result<Outcome> {
    let view = view::text(format!("{word} is pinned")).tone(Tone::Good);
    Ok(Outcome::new(&json!({ "word": word, "pinned": now }))?.view(view))
}

fn unpinned(word: &str, now: usize) -> Result<Outcome> {
    let view = view::text(format!("{word} is pinned no longer")).tone(Tone::Good);
    Ok(Outcome::new(&json!({ "word": word, "pinned": now }))?.view(view))
}

fn cleared(count: usize) -> Result<Outcome> {
    let said = format!("{} pinned no longer", format::counted(count as u64, "word is", "words are"));
    Ok(Outcome::new(&json!({ "cleared": count }))?.view(view::text(said).tone(Tone::Good)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kamld_sdk::{HasCommands, Kind, kept::Memory, schema::check};

    #[test]
    fn pinning_and_unpinning_take_each_other_back() {
        let keys = Memory::default();
        assert_eq!(add(&keys, "anna", "wind").unwrap(), 1);
        assert_eq!(add(&keys, "anna", "sun").unwrap(), 2);
        assert_eq!(of(&keys, "bert").unwrap(), [""; 0], "what anna pins bert does not see");
        assert_eq!(remove(&keys, "anna", "wind").unwrap(), 1);
        assert_eq!(of(&keys, "anna").unwrap(), ["sun"]);
        assert_eq!(empty(&keys, "anna").unwrap(), 1);
        assert_eq!(of(&keys, "anna").unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let keys = Memory::default();
        add(&keys, "anna", "wind").unwrap();
        for (word, kind) in [("wind", Kind::AlreadyExists), ("two words", Kind::Invalid), ("", Kind::Invalid)] {
            assert_eq!(add(&keys, "anna", word).unwrap_err().kind(), kind, "{word}");
        }
        assert_eq!(remove(&keys, "anna", "sun").unwrap_err().kind(), Kind::NotFound);
        for n in 1..MOST {
            add(&keys, "anna", &format!("w{n}")).unwrap();
        }
        assert_eq!(add(&keys, "anna", "more").unwrap_err().kind(), Kind::Limit);
        assert_eq!(of(&keys, "anna").unwrap().len(), MOST);
    }

    #[test]
    fn every_answer_has_the_declared_shape() {
        let commands = crate::Plugin::commands();
        let counted = crate::count::count(&Args::from_json(r#"{"text": "to be or not", "what": "words"}"#).unwrap());
        let answers = [counted, pinned("wind", 1), unpinned("wind", 0), cleared(2)];
        for (command, answer) in commands.declared().zip(answers) {
            check(command.output_schema(), answer.unwrap().data()).unwrap();
        }
    }

    #[test]
    fn what_is_counted_is_what_was_asked_for() {
        for (what, count) in [("letters", 6), ("words", 3), ("lines", 2)] {
            let args = format!(r#"{{"text": "ab cd\nef", "what": "{what}"}}"#);
            let outcome = crate::count::count(&Args::from_json(&args).unwrap()).unwrap();
            assert_eq!(outcome.data()["count"], count, "{what}");
        }
    }
}
