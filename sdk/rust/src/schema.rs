//! JSON Schemas of what commands answer, built from a few words, and a check of values against them.
//!
//! Must not live here: all of JSON Schema. What these builders can say is what the check understands.

use serde_json::{Map, Value, json};

/// A JSON Schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema(Value);

impl Schema {
    /// Says in words what the value is.
    ///
    /// ```
    /// use kamld_sdk::schema;
    /// let size = schema::integer().says("bytes");
    /// assert_eq!(serde_json::Value::from(size)["description"], "bytes");
    /// ```
    #[must_use]
    pub fn says(mut self, text: &str) -> Self {
        self.0["description"] = text.into();
        self
    }
}

impl From<Schema> for Value {
    fn from(schema: Schema) -> Self {
        schema.0
    }
}

/// A text.
pub fn text() -> Schema {
    Schema(json!({"type": "string"}))
}

/// A whole number.
pub fn integer() -> Schema {
    Schema(json!({"type": "integer"}))
}

/// A number.
pub fn number() -> Schema {
    Schema(json!({"type": "number"}))
}

/// True or false.
pub fn boolean() -> Schema {
    Schema(json!({"type": "boolean"}))
}

/// Milliseconds since 1970, UTC.
pub fn time() -> Schema {
    integer().says("milliseconds since 1970, UTC")
}

/// Any value.
pub fn any() -> Schema {
    Schema(json!({}))
}

/// One of a few words.
pub fn one_of<const N: usize>(words: [&str; N]) -> Schema {
    Schema(json!({"type": "string", "enum": words.to_vec()}))
}

/// A list.
///
/// ```
/// use kamld_sdk::schema;
/// let tags = schema::list(schema::text());
/// assert!(schema::check(&tags.into(), &serde_json::json!(["raw", "faa"])).is_ok());
/// ```
pub fn list(items: Schema) -> Schema {
    Schema(json!({"type": "array", "items": items.0}))
}

/// The value or `null`.
///
/// ```
/// use kamld_sdk::schema;
/// let head = schema::nullable(schema::text());
/// assert!(schema::check(&head.into(), &serde_json::Value::Null).is_ok());
/// ```
pub fn nullable(schema: Schema) -> Schema {
    Schema(json!({"anyOf": [schema.0, {"type": "null"}]}))
}

/// An object whose every property is there, always, and no other.
///
/// ```
/// use kamld_sdk::schema::{self, check};
/// let project = schema::object([("name", schema::text()), ("created", schema::time())]).into();
/// assert!(check(&project, &serde_json::json!({"name": "birds", "created": 0})).is_ok());
/// assert_eq!(check(&project, &serde_json::json!({"name": "birds"})).unwrap_err(), "created is missing");
/// ```
pub fn object<const N: usize>(properties: [(&str, Schema); N]) -> Schema {
    let required: Vec<_> = properties.iter().map(|(name, _)| *name).collect();
    let required = json!(required);
    let properties: Map<_, _> = properties.into_iter().map(|(name, schema)| (name.to_owned(), schema.0)).collect();
    Schema(json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false}))
}

/// An object with any names, all values alike.
pub fn map(values: Schema) -> Schema {
    Schema(json!({"type": "object", "additionalProperties": values.0}))
}

/// Whether a value has the shape; the error names the place. For the tests of plug-ins.
pub fn check(schema: &Value, value: &Value) -> Result<(), String> {
    walk(schema, value, "")
}

fn walk(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let here = || if at.is_empty() { "the value".to_owned() } else { at.to_owned() };
    let inside = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    if let Some(any) = schema["anyOf"].as_array() {
        let first = walk(&any[0], value, at);
        return if any.iter().any(|one| walk(one, value, at).is_ok()) { Ok(()) } else { first };
    }
    let fits = match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some("null") => value.is_null(),
        _ => true,
    };
    if !fits {
        return Err(format!("{} is {value}, not {}", here(), schema["type"]));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Err(format!("{} is {value}, not one of {}", here(), schema["enum"]));
    }
    if let Some(items) = value.as_array() {
        for (place, item) in items.iter().enumerate() {
            walk(&schema["items"], item, &format!("{at}[{place}]"))?;
        }
    }
    if let Some(object) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !object.contains_key(name) {
                return Err(format!("{} is missing", inside(name)));
            }
        }
        for (name, value) in object {
            let more = &schema["additionalProperties"];
            match schema["properties"].get(name) {
                Some(schema) => walk(schema, value, &inside(name))?,
                None if more == false => return Err(format!("{} is not declared", inside(name))),
                None => walk(more, value, &inside(name))?,
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_another_shape_names_its_place() {
        let schema =
            object([("items", list(object([("kind", one_of(["a", "b"])), ("size", nullable(integer()))])))]).into();
        for (value, why) in [
            (json!({"items": [{"kind": "a", "size": null}]}), None),
            (json!({"items": [{"kind": "c", "size": 1}]}), Some("items[0].kind is \"c\", not one of [\"a\",\"b\"]")),
            (json!({"items": [{"kind": "a", "size": "1"}]}), Some("items[0].size is \"1\", not \"integer\"")),
            (json!({"items": [], "more": 1}), Some("more is not declared")),
            (json!([]), Some("the value is [], not \"object\"")),
        ] {
            assert_eq!(check(&schema, &value).err().as_deref(), why);
        }
    }
}
