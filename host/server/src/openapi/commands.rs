//! One operation per declared command.
//!
//! Lives here: from a declaration to a path item. Must not live here: checking of arguments (`kamld_types::command`).
//! Invariant: what the description allows is what the check lets through.

use super::{answers, json_content, schemas::reference};
use crate::parts::PluginCommand;
use kamld_types::command::{Argument, ArgumentType, Command, Effect};
use serde_json::{Map, Value, json};

pub fn path(command: &PluginCommand) -> String {
    format!("/api/v1/commands/{}", command.command.name.join("/"))
}

pub fn item(command: &PluginCommand) -> Value {
    let declared = &command.command;
    let words = declared.name.join(" ");
    let examples: Vec<String> =
        declared.examples.iter().map(|example| format!("`{}`: {}", example.line, example.says)).collect();
    let mut about = vec![declared.about.clone()];
    about.extend(examples);
    about.retain(|part| !part.is_empty());
    let required = declared.arguments.iter().any(|argument| argument.required && argument.default.is_none());
    let outcome = json!({
        "type": "object",
        "required": ["data", "view"],
        "properties": {
            "data": output(declared),
            "view": { "type": "array", "items": reference("Node") },
        }
    });
    json!({ "post": {
        "operationId": format!("command.{}", declared.name.join(".")),
        "summary": declared.summary,
        "description": about.join("\n\n"),
        "tags": [command.plugin],
        "x-kamld-command": words,
        "x-kamld-effect": match declared.effect {
            Effect::Read => "read",
            Effect::Write => "write",
            Effect::Destroy => "destroy",
        },
        "parameters": [
            {
                "name": "Kamld-Project", "in": "header", "required": false,
                "description": "the project that the call is about", "schema": { "type": "string" }
            },
            {
                "name": "Kamld-Deadline", "in": "header", "required": false,
                "description": "milliseconds that the client is ready to wait",
                "schema": { "type": "integer", "minimum": 1, "maximum": 86_400_000 }
            },
            {
                "name": "traceparent", "in": "header", "required": false,
                "description": "W3C trace context", "schema": { "type": "string" }
            },
        ],
        "requestBody": { "required": required, "content": json_content(arguments(declared)) },
        "responses": answers("200", "what the command did", json_content(outcome)),
    } })
}

/// A plug-in may leave the schema of its data open.
fn output(command: &Command) -> Value {
    match &command.output {
        Value::Object(schema) => Value::Object(schema.clone()),
        _ => json!({}),
    }
}

fn arguments(command: &Command) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for argument in &command.arguments {
        if argument.required && argument.default.is_none() {
            required.push(argument.name.clone());
        }
        properties.insert(argument.name.clone(), schema(argument));
    }
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn schema(argument: &Argument) -> Value {
    let mut one = match argument.r#type {
        ArgumentType::Text => json!({ "type": "string" }),
        ArgumentType::Integer => json!({ "type": "integer" }),
        ArgumentType::Number => json!({ "type": "number" }),
        ArgumentType::Boolean => json!({ "type": "boolean" }),
        ArgumentType::Project => json!({ "type": "string", "format": "kamld-project" }),
        ArgumentType::Asset => json!({ "type": "string", "format": "kamld-asset" }),
        ArgumentType::Address => json!({ "type": "string", "format": "kamld-address" }),
        ArgumentType::Ref => json!({ "type": "string", "format": "kamld-ref" }),
    };
    if !argument.choices.is_empty() {
        one["enum"] = json!(argument.choices);
    }
    let mut schema = one;
    if argument.repeated {
        let mut list = json!({ "type": "array", "items": schema });
        if argument.required && argument.default.is_none() {
            list["minItems"] = json!(1);
        }
        // A single value stands for a list of one.
        schema = json!({ "anyOf": [list["items"].clone(), list] });
    }
    schema["description"] = argument.help.as_str().into();
    if let Some(default) = &argument.default {
        schema["default"] = default.clone();
    }
    schema
}
