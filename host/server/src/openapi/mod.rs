//! The description of the API (OpenAPI 3.1), made from what plug-ins declare and from the fixed routes.
//!
//! Lives here: putting the parts together. Must not live here: a route, a command.
//! Invariant: the same commands give the same text, so that it can be compared.

mod commands;
mod fixed;
mod schemas;

use crate::parts::PluginCommand;
use serde_json::{Map, Value, json};

/// Describes the whole API for these commands.
pub fn openapi(list: &[PluginCommand]) -> Value {
    let mut paths = fixed::paths();
    for command in list {
        paths.insert(commands::path(command), commands::item(command));
    }
    let mut tags = vec![json!({ "name": "host", "description": "fixed routes of the host" })];
    let mut plugins: Vec<&str> = list.iter().map(|command| command.plugin.as_str()).collect();
    plugins.sort_unstable();
    plugins.dedup();
    tags.extend(plugins.iter().map(|plugin| json!({ "name": plugin, "description": "commands of this plug-in" })));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "KAML-D",
            "version": "0.1.0",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "Versioned datasets and models, and the commands of the enabled plug-ins. Every refusal is application/problem+json; every answer carries Kamld-Trace."
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }, { "session": [] }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas::schemas(),
            "responses": {
                "Problem": {
                    "description": "why it was refused, what was kept, what to do",
                    "content": { "application/problem+json": { "schema": schemas::reference("Problem") } }
                }
            },
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "session": {
                    "type": "apiKey", "in": "cookie", "name": "kamld-session-PORT",
                    "description": "set by GET /?token=TOKEN; PORT is the port of the server; state-changing requests need a matching Origin"
                }
            }
        }
    })
}

/// An operation's answers with the refusal that every operation has.
fn answers(status: &str, description: &str, content: Value) -> Value {
    let mut answers = Map::new();
    let mut good = json!({ "description": description });
    if !content.is_null() {
        good["content"] = content;
    }
    answers.insert(status.into(), good);
    answers.insert("default".into(), json!({ "$ref": "#/components/responses/Problem" }));
    Value::Object(answers)
}

fn json_content(schema: Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}
