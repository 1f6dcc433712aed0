//! Surfaces: what plug-ins add to the page, as it travels between runtime, server and page.

use crate::{Node, PluginId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One thing that a plug-in adds to the page; `slots` of `wit/ui/catalogue.json` says what it can be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub name: String,
    pub slot: String,
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub icon: String,
    pub order: u32,
    pub fits: Vec<String>,
    /// How the cells of a column are drawn; empty for text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cells: String,
}

/// An offer with the plug-in that makes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginOffer {
    pub plugin: PluginId,
    #[serde(flatten)]
    pub offer: Offer,
}

/// What is shown, as the address bar says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub surface: String,
    /// `PROJECT/ASSET@REF/PATH`, or less of it; empty at the top.
    #[serde(default)]
    pub address: String,
    #[serde(default)]
    pub params: Map<String, Value>,
}

impl Place {
    /// The parameters as words: what is no text is written as JSON.
    pub fn words(&self) -> Vec<(String, String)> {
        let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.params
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), word(value)))
            .collect()
    }
}

/// A screen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Screen {
    pub nodes: Vec<Node>,
    /// The data model.
    pub data: Map<String, Value>,
    /// Addresses of what it shows beside its own place.
    #[serde(skip)]
    pub topics: Vec<String>,
}

/// What an action of a plug-in led to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reaction {
    /// By JSON pointer.
    pub data: Map<String, Value>,
    pub note: String,
    /// An action that the page goes on with.
    pub then: Option<Value>,
}

/// The part of a table that is to be seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Window {
    pub start: u64,
    /// 1 to 200.
    pub count: u32,
    /// Keys of columns, most important first; true is descending.
    #[serde(default)]
    pub sort: Vec<(String, bool)>,
    #[serde(default)]
    pub filter: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RowPage {
    pub rows: Vec<Map<String, Value>>,
    pub total: Option<u64>,
}
