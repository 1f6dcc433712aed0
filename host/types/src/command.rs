//! Commands as plug-ins declare them, and the one place where arguments are checked against them.

use crate::{Address, AssetId, Node, Problem, ProjectName, RefName, problem::Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArgumentType {
    Text,
    Integer,
    Number,
    Boolean,
    Project,
    Asset,
    Address,
    Ref,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArgumentPlace {
    Positional,
    Option,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Argument {
    pub name: String,
    pub help: String,
    pub r#type: ArgumentType,
    pub place: ArgumentPlace,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<char>,
    pub required: bool,
    pub repeated: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    Read,
    Write,
    Destroy,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    pub line: String,
    pub says: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    pub name: Vec<String>,
    pub summary: String,
    #[serde(default)]
    pub about: String,
    pub arguments: Vec<Argument>,
    pub effect: Effect,
    #[serde(default)]
    pub examples: Vec<Example>,
    /// JSON Schema of the data that the command answers.
    pub output: Value,
}

/// What a command answers: data for programs, a view for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub data: Value,
    pub view: Vec<Node>,
}

impl Command {
    /// Checks what came in against the declaration and fills in defaults.
    pub fn check(&self, mut given: Map<String, Value>) -> Result<Map<String, Value>> {
        let mut checked = Map::new();
        for argument in &self.arguments {
            match given.remove(&argument.name) {
                None | Some(Value::Null) => {
                    if let Some(default) = &argument.default {
                        checked.insert(argument.name.clone(), default.clone());
                    } else if argument.required {
                        return Err(self.wrong(&format!("'{}' is missing", argument.name)));
                    }
                }
                Some(Value::Array(values)) if argument.repeated => {
                    if argument.required && values.is_empty() {
                        return Err(self.wrong(&format!("'{}' is missing", argument.name)));
                    }
                    let values = values.into_iter().map(|v| self.check_value(argument, v)).collect::<Result<_>>()?;
                    checked.insert(argument.name.clone(), Value::Array(values));
                }
                Some(value) => {
                    let value = self.check_value(argument, value)?;
                    let value = if argument.repeated { Value::Array(vec![value]) } else { value };
                    checked.insert(argument.name.clone(), value);
                }
            }
        }
        if let Some(unknown) = given.keys().next() {
            return Err(self.wrong(&format!("there is no argument '{unknown}'")));
        }
        Ok(checked)
    }

    fn wrong(&self, why: &str) -> Problem {
        Problem::invalid(format!("{}: {why}", self.name.join(" ")))
            .help(format!("kamld {} --help shows the arguments", self.name.join(" ")))
    }

    fn check_value(&self, argument: &Argument, value: Value) -> Result<Value> {
        let fail = |what: &str| self.wrong(&format!("'{}' must be {what}", argument.name));
        let text = || value.as_str().ok_or_else(|| fail("a text"));
        match argument.r#type {
            ArgumentType::Text => {
                text()?;
            }
            ArgumentType::Integer => {
                value.as_i64().ok_or_else(|| fail("a whole number"))?;
            }
            ArgumentType::Number => {
                value.as_f64().ok_or_else(|| fail("a number"))?;
            }
            ArgumentType::Boolean => {
                value.as_bool().ok_or_else(|| fail("true or false"))?;
            }
            ArgumentType::Project => {
                ProjectName::new(text()?)?;
            }
            ArgumentType::Asset => {
                text()?.parse::<AssetId>()?;
            }
            ArgumentType::Address => {
                text()?.parse::<Address>()?;
            }
            ArgumentType::Ref => {
                RefName::new(text()?)?;
            }
        }
        if !argument.choices.is_empty() && !value.as_str().is_some_and(|v| argument.choices.iter().any(|c| c == v)) {
            return Err(fail(&format!("one of {}", argument.choices.join(", "))));
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn command() -> Command {
        serde_json::from_value(json!({
            "name": ["asset", "create"], "summary": "", "effect": "write", "output": {},
            "arguments": [
                {"name": "asset", "help": "", "type": "asset", "place": "positional", "required": true, "repeated": false},
                {"name": "kind", "help": "", "type": "text", "place": "option", "required": false, "repeated": false,
                 "choices": ["dataset", "model"], "default": "dataset"},
                {"name": "tag", "help": "", "type": "text", "place": "option", "required": false, "repeated": true},
            ],
        }))
        .unwrap()
    }

    fn check(given: Value) -> Result<Value> {
        command().check(given.as_object().unwrap().clone()).map(Value::Object)
    }

    #[test]
    fn defaults_are_filled_in_and_a_single_value_becomes_a_list() {
        let checked = check(json!({"asset": "birds/strikes", "tag": "raw"})).unwrap();
        assert_eq!(checked, json!({"asset": "birds/strikes", "kind": "dataset", "tag": ["raw"]}));
    }

    #[test]
    fn wrong_arguments_name_the_argument() {
        for (given, why) in [
            (json!({}), "'asset' is missing"),
            (json!({"asset": "birds"}), "'birds' is not an address"),
            (json!({"asset": "b/s", "kind": "folder"}), "one of dataset, model"),
            (json!({"asset": "b/s", "sort": "name"}), "no argument 'sort'"),
            (json!({"asset": 3}), "'asset' must be a text"),
        ] {
            let problem = check(given).unwrap_err();
            assert!(problem.message.contains(why), "{}", problem.message);
        }
    }
}
