//! Makes `src/view/catalogue.rs` out of `wit/ui/catalogue.json`.
//!
//! A kind becomes a function that takes its required properties and a struct with a setter for each
//! optional one; a definition becomes an enum or a struct. What the generator does not know, it refuses.

use serde_json::{Map, Value};
use std::fmt::Write;

/// The text of the generated module.
pub fn generate(catalogue: &Value) -> String {
    let version = catalogue["version"].as_str().expect("the catalogue has a version");
    let mut out = format!(
        "//! The kinds of nodes and their properties, catalogue {version}.\n\
         //!\n\
         //! Derived from `wit/ui/catalogue.json`: change it there, then run\n\
         //! `KAMLD_REGENERATE=1 cargo test -p kamld-sdk --test catalogue`. Invariant: one builder a kind.\n\n\
         use super::Node;\n\
         use serde::Serialize;\n\
         use serde_json::{{Map, Value}};\n\n\
         /// The version of the catalogue that these builders were made from.\n\
         pub const VERSION: &str = {version:?};\n"
    );
    for (name, schema) in object(&catalogue["kinds"]) {
        kind(&mut out, name, schema);
    }
    for (name, schema) in object(&catalogue["$defs"]).iter().filter(|(name, _)| *name != "node") {
        match schema.get("enum") {
            Some(values) => choice(&mut out, name, schema, values),
            None => record(&mut out, name, schema, None),
        }
    }
    out
}

fn kind(out: &mut String, name: &str, schema: &Value) {
    let children = schema["children"] == true;
    record(out, name, schema, Some(children));
    let (typ, function) = (camel(name), ident(name));
    let required = properties(schema).into_iter().filter(|p| p.required).collect::<Vec<_>>();
    let parameters = required.iter().map(|p| format!("{}: {}", p.ident, p.parameter)).collect::<Vec<_>>().join(", ");
    let values = required.iter().map(|p| p.ident.as_str()).collect::<Vec<_>>().join(", ");
    write!(
        out,
        "\n/// {}\npub fn {function}({parameters}) -> {typ} {{\n    {typ}::new({values})\n}}\n\n\
         impl From<{typ}> for Node {{\n    fn from(node: {typ}) -> Self {{\n        ",
        doc(schema)
    )
    .unwrap();
    match children {
        true => out.push_str(&format!("Node::new({name:?}, &node).with(node.children)\n    }}\n}}\n")),
        false => out.push_str(&format!("Node::new({name:?}, &node)\n    }}\n}}\n")),
    }
}

fn record(out: &mut String, name: &str, schema: &Value, kind: Option<bool>) {
    let typ = camel(name);
    let all = properties(schema);
    let children = kind == Some(true);
    write!(out, "\n/// {}\n#[derive(Clone, Debug, Serialize)]\npub struct {typ} {{\n", doc(schema)).unwrap();
    for p in &all {
        let optional = if p.required { "" } else { ", skip_serializing_if = \"Option::is_none\"" };
        let field = if p.required { p.field.clone() } else { format!("Option<{}>", p.field) };
        write!(
            out,
            "    /// {}\n    #[serde(rename = {:?}{optional})]\n    pub {}: {field},\n",
            p.doc, p.name, p.ident
        )
        .unwrap();
    }
    if children {
        out.push_str("    #[serde(skip)]\n    children: Vec<Node>,\n");
    }
    let required = all.iter().filter(|p| p.required).collect::<Vec<_>>();
    let parameters = required.iter().map(|p| format!("{}: {}", p.ident, p.parameter)).collect::<Vec<_>>().join(", ");
    let mut fields =
        all.iter().map(|p| if p.required { initialised(p) } else { format!("{}: None", p.ident) }).collect::<Vec<_>>();
    if children {
        fields.push("children: Vec::new()".into());
    }
    write!(
        out,
        "}}\n\nimpl {typ} {{\n    /// With what it cannot be without.\n    {}pub fn new({parameters}) -> Self {{\n        Self {{ {} }}\n    }}\n",
        if parameters.is_empty() { "#[allow(clippy::new_without_default)]\n    " } else { "" },
        fields.join(", ")
    )
    .unwrap();
    for p in all.iter().filter(|p| !p.required) {
        write!(
            out,
            "\n    /// {}\n    #[must_use]\n    pub fn {}(mut self, {}: {}) -> Self {{\n        self.{} = Some({});\n        self\n    }}\n",
            p.doc, p.ident, p.ident, p.parameter, p.ident, p.convert
        )
        .unwrap();
    }
    if children {
        out.push_str(
            "\n    /// Adds a node inside, below the others.\n    #[must_use]\n    pub fn show(mut self, node: impl Into<Node>) -> Self {\n        self.children.push(node.into());\n        self\n    }\n",
        );
    }
    out.push_str("}\n");
}

fn choice(out: &mut String, name: &str, schema: &Value, values: &Value) {
    write!(
        out,
        "\n/// {}\n#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]\n#[serde(rename_all = \"kebab-case\")]\npub enum {} {{\n",
        doc(schema),
        camel(name)
    )
    .unwrap();
    for value in values.as_array().expect("an enum is a list") {
        let value = value.as_str().expect("an enum is made of words");
        write!(out, "    /// `{value}`\n    {},\n", camel(value)).unwrap();
    }
    out.push_str("}\n");
}

fn initialised(p: &Property) -> String {
    if p.convert == p.ident { p.ident.clone() } else { format!("{}: {}", p.ident, p.convert) }
}

struct Property {
    name: String,
    ident: String,
    doc: String,
    required: bool,
    /// The type of the field, of the parameter that sets it, and how the one is made of the other.
    field: String,
    parameter: String,
    convert: String,
}

fn properties(schema: &Value) -> Vec<Property> {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    object(&schema["properties"])
        .iter()
        .map(|(name, schema)| {
            let ident = ident(name);
            let (field, parameter, convert) = types(schema, &ident);
            let doc = match schema["description"].as_str() {
                Some(text) => text.to_owned(),
                None => format!("The property `{name}`."),
            };
            let required = required.iter().any(|r| r == name);
            Property { name: name.clone(), ident, doc, required, field, parameter, convert }
        })
        .collect()
}

fn types(schema: &Value, ident: &str) -> (String, String, String) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = camel(name.strip_prefix("#/$defs/").expect("a reference is to a definition"));
        return (name.clone(), name, ident.to_owned());
    }
    if !schema["type"].is_string() {
        return match schema["type"].as_array().map(|types| types.iter().filter_map(Value::as_str).collect::<Vec<_>>()) {
            Some(types) if types == ["number", "null"] => ("Option<f64>".into(), "Option<f64>".into(), ident.into()),
            _ => ("Value".into(), "impl Into<Value>".into(), format!("{ident}.into()")),
        };
    }
    match schema["type"].as_str() {
        Some("string") => ("String".into(), "impl Into<String>".into(), format!("{ident}.into()")),
        Some("number") => ("f64".into(), "f64".into(), ident.into()),
        Some("boolean") => ("bool".into(), "bool".into(), ident.into()),
        Some("integer") if schema["minimum"].as_i64().is_some_and(|m| m >= 0) => {
            ("u64".into(), "u64".into(), ident.into())
        }
        Some("integer") => ("i64".into(), "i64".into(), ident.into()),
        Some("object") => ("Map<String, Value>".into(), "Map<String, Value>".into(), ident.into()),
        Some("array") => {
            let (field, ..) = types(&schema["items"], ident);
            let item = if field == "String" { "impl Into<String>".to_owned() } else { field.clone() };
            let convert = match field.as_str() {
                "String" => format!("{ident}.into_iter().map(Into::into).collect()"),
                _ => format!("{ident}.into_iter().collect()"),
            };
            (format!("Vec<{field}>"), format!("impl IntoIterator<Item = {item}>"), convert)
        }
        other => panic!("the generator does not know the type {other:?} of '{ident}'"),
    }
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("an object")
}

fn doc(schema: &Value) -> &str {
    schema["description"].as_str().expect("each kind and definition has a description")
}

fn ident(name: &str) -> String {
    let name = name.replace('-', "_");
    if name == "type" { "r#type".into() } else { name }
}

fn camel(name: &str) -> String {
    name.split('-').map(|part| part[..1].to_uppercase() + &part[1..]).collect()
}
