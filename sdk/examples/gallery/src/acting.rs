//! What the plug-in itself answers to the actions that its screens name by `act`.
//!
//! Pure: a value of the data, a sentence for the person, or what the page goes on with. What writes something is
//! a command instead (`pins`), so that it works from a terminal too.

use crate::{model::Model, screen::again};
use kamld_sdk::{Error, Place, Reaction, Result, format, view::Action};
use serde_json::{Map, Value, json};

/// Members that the editor offers, each with what it is.
const MEMBERS: [(&str, &str); 5] = [
    ("name", "what it is called"),
    ("summary", "one sentence"),
    ("licence", "what others may do with it"),
    ("tags", "words that it is found by"),
    ("rows", "how many there are"),
];

pub fn act(place: &Place, name: &str, arguments: &Map<String, Value>) -> Result<Reaction> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    let model = Model::of(place);
    match name {
        "count" => {
            let count = model.count + 1;
            Ok(Reaction::note(format!("You pressed {}.", format::counted(count, "time", "times"))).put("/count", count))
        }
        "forget" => Ok(Reaction::note("The count is forgotten.").put("/count", 0)),
        "tell" => Ok(Reaction::note(sentence(text("text")))),
        "chose" => Ok(Reaction::note(format!("You chose {}.", text("what")))),
        "live" => {
            let on = arguments.get("on") == Some(&Value::Bool(true));
            Ok(Reaction::note(if on { "It is on." } else { "It is off." }))
        }
        // The words are properties of a part, so that the screen is drawn again with the new ones.
        "add-word" => {
            let others = model.words.into_iter().filter(|word| word != text("word"));
            let words: Vec<String> = others.chain([text("word").to_owned()]).collect();
            Ok(Reaction::default().put("/words", words).then(again()))
        }
        "remove-word" => {
            let words: Vec<String> = model.words.into_iter().filter(|word| word != text("word")).collect();
            Ok(Reaction::default().put("/words", words).then(again()))
        }
        "copy" => {
            let lines = arguments.get("lines").map(lines).unwrap_or_default();
            let done = format!("{} on the clipboard", format::counted(lines.len() as u64, "line is", "lines are"));
            Ok(Reaction::default().then(Action::new().copy(lines.join("\n")).done(done)))
        }
        "sum" => {
            let numbers = arguments.get("numbers").map(lines).unwrap_or_default();
            let sum: u64 = numbers.iter().filter_map(|number| number.parse::<u64>().ok()).sum();
            Ok(Reaction::note(format!("Together they are {}.", format::count(sum))))
        }
        "complete" => {
            let cursor = arguments.get("cursor").and_then(Value::as_u64).unwrap_or_default();
            Ok(Reaction::default().put("/completions", complete(text("text"), cursor as usize)))
        }
        _ => Err(Error::not_found(format!("there is no action '{name}' at {}", place.surface))),
    }
}

/// A value or each of a list as text: a row that was selected before it was seen is known by its key alone.
fn lines(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(lines).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Null => Vec::new(),
        other => vec![other.to_string()],
    }
}

fn sentence(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

/// Members whose names go on with the word before the cursor. Places count the units of UTF-16, as the page does.
fn complete(text: &str, cursor: usize) -> Vec<Value> {
    let mut units = 0;
    let before: String = text
        .chars()
        .take_while(|letter| {
            units += letter.len_utf16();
            units <= cursor
        })
        .collect();
    let start = before
        .rfind(|letter: char| !letter.is_ascii_alphabetic())
        .map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8));
    let begun = &before[start..];
    let from = cursor.saturating_sub(begun.len());
    let fits = MEMBERS.iter().filter(|(name, _)| name.starts_with(begun));
    fits.map(|(name, detail)| json!({ "text": name, "kind": "property", "detail": detail, "from": from, "to": cursor }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acted(place: &Place, name: &str, arguments: Value) -> String {
        format!("{:?}", act(place, name, arguments.as_object().unwrap()).unwrap())
    }

    #[test]
    fn counting_goes_on_from_what_the_page_has() {
        let said = acted(&Place::at("").holding("count", 4), "count", json!({}));
        assert!(said.contains("You pressed 5 times.") && said.contains("\"/count\": Number(5)"), "{said}");
    }

    #[test]
    fn a_word_is_there_once_and_can_be_taken_away() {
        let place = Place::at("").holding("words", json!(["wind", "sun"]));
        let said = acted(&place, "add-word", json!({ "word": "wind" }));
        assert!(said.contains(r#"Array [String("sun"), String("wind")]"#), "{said}");
        let said = acted(&place, "remove-word", json!({ "word": "wind" }));
        assert!(said.contains(r#"Array [String("sun")]"#) && said.contains("reopen: Some(true)"), "{said}");
    }

    #[test]
    fn selected_rows_are_numbers_or_the_texts_of_their_keys() {
        let said = acted(&Place::at(""), "sum", json!({ "numbers": [1000, "234", null] }));
        assert!(said.contains("Together they are 1,234."), "{said}");
        let said = acted(&Place::at(""), "copy", json!({ "lines": ["Apollo 11", "Apollo 12"] }));
        assert!(said.contains("Apollo 11\\nApollo 12") && said.contains("2 lines are"), "{said}");
    }

    #[test]
    fn names_are_offered_behind_what_is_typed_already() {
        let names = |text: &str, cursor| {
            let found = complete(text, cursor);
            found.iter().map(|one| one["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names("{\"su", 4), ["summary"]);
        assert_eq!(names("{\"", 2).len(), MEMBERS.len());
        // A letter of two units stands before it.
        let found = complete("😀 lic", 6);
        assert_eq!(
            (found[0]["text"].as_str(), found[0]["from"].as_u64(), found[0]["to"].as_u64()),
            (Some("licence"), Some(3), Some(6))
        );
    }
}
