//! Views as they travel from a plug-in to a terminal or a page.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One node of a view; the catalogue `wit/ui/catalogue.json` gives the properties of each kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    pub id: String,
    pub kind: String,
    #[serde(default)]
    pub props: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<String>,
}
