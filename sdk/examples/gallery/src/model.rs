//! What the page keeps while one looks at the gallery: the values that inputs and tables are bound to.
//!
//! Must not live here: what is kept for longer (`pins`). Invariant: whichever family is drawn, all of it is answered,
//! since the page takes away what an answer lacks; so nothing that was typed in one family is lost in another.

use kamld_sdk::{Place, Screen};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A column of the query that ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    pub name: String,
    pub r#type: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Model {
    /// Layout: the chosen tab, and whether something is to be seen.
    pub part: String,
    pub shown: bool,
    /// Text: how often a button was pressed, and words that can be changed.
    pub count: u64,
    pub words: Vec<String>,
    /// Tables: the selected missions, numbers and datasets, and how many numbers there are.
    pub chosen: Vec<String>,
    pub numbers: Vec<String>,
    pub asset: Vec<String>,
    pub most: String,
    pub search: String,
    /// The result of the query, so that it does not run again each time that something is drawn.
    pub result: String,
    pub columns: Vec<Known>,
    /// Content: the dataset that examples are taken from.
    pub dataset: String,
    /// Inputs, one value each.
    pub word: String,
    pub name: String,
    pub path: String,
    pub about: String,
    pub kilograms: Option<f64>,
    pub format: String,
    pub kind: String,
    pub mission: String,
    pub agreed: bool,
    pub live: bool,
    pub day: String,
    pub share: f64,
    pub text: String,
}

impl Default for Model {
    fn default() -> Self {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            part: "files".into(),
            shown: true,
            count: 0,
            words: words(&["wind", "power"]),
            chosen: Vec::new(),
            numbers: Vec::new(),
            asset: Vec::new(),
            most: "10000".into(),
            search: "wind".into(),
            result: String::new(),
            columns: Vec::new(),
            dataset: String::new(),
            word: String::new(),
            name: String::new(),
            path: "2019/may.csv".into(),
            about: String::new(),
            kilograms: Some(21.5),
            format: "csv".into(),
            kind: "dataset".into(),
            mission: "Apollo 11".into(),
            agreed: false,
            live: false,
            day: "1969-07-20".into(),
            share: 0.8,
            // The comma behind the last value is what the editor marks.
            text: "{\n  \"name\": \"strikes\",\n  \"rows\": 10000,\n}\n".into(),
        }
    }
}

impl Model {
    /// As the page has it; what it does not have, or has as something else, is as at first.
    pub fn of(place: &Place) -> Self {
        let mut known = Self::default().members();
        for key in known.keys().cloned().collect::<Vec<_>>() {
            let Some(value) = place.data::<Value>(&format!("/{key}")) else { continue };
            let mut with = known.clone();
            with.insert(key, value);
            if serde_json::from_value::<Self>(Value::Object(with.clone())).is_ok() {
                known = with;
            }
        }
        serde_json::from_value(Value::Object(known)).unwrap_or_default()
    }

    /// Puts it all beside what is drawn.
    pub fn beside(&self, screen: Screen) -> Screen {
        self.members().iter().fold(screen, |screen, (key, value)| screen.data(key, value))
    }

    fn members(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        }
    }
}
