//! The shapes that fixed routes and commands share.
//!
//! Lives here: JSON Schema. Must not live here: paths.
//! Invariant: names are those of the Rust types that are serialised.

use kamld_types::Kind;
use serde_json::{Value, json};

pub fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

pub fn schemas() -> Value {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    json!({
        "Problem": {
            "type": "object",
            "required": ["title", "status", "detail", "kind", "trace"],
            "properties": {
                "title": { "type": "string" },
                "status": { "type": "integer" },
                "detail": { "type": "string", "description": "what happened" },
                "kind": { "type": "string", "enum": kinds },
                "help": { "type": "string", "description": "what was kept and what to do" },
                "at": reference("Position"),
                "trace": { "type": "string", "description": "W3C trace id" }
            }
        },
        "Position": {
            "type": "object",
            "required": ["line", "column"],
            "description": "a place in a text that was sent; both count from 1",
            "properties": { "line": { "type": "integer" }, "column": { "type": "integer" } }
        },
        "Node": {
            "type": "object",
            "required": ["id", "kind", "props"],
            "description": "one node of a view; the one with the id root is drawn first",
            "properties": {
                "id": { "type": "string" },
                "kind": { "type": "string" },
                "props": { "type": "object" },
                "children": { "type": "array", "items": { "type": "string" } }
            }
        },
        "Object": {
            "type": "object",
            "required": ["path", "size", "hash"],
            "properties": {
                "path": { "type": "string" },
                "size": { "type": "integer", "description": "bytes" },
                "hash": { "type": "string", "description": "SHA-256 in hex" },
                "media_type": { "type": ["string", "null"] },
                "modified": { "type": ["integer", "null"], "description": "milliseconds since 1970" }
            }
        },
        "Listing": {
            "type": "object",
            "required": ["objects"],
            "properties": {
                "objects": { "type": "array", "items": reference("Object") },
                "next": { "type": ["string", "null"], "description": "pass it as after" }
            }
        },
        "Rows": {
            "type": "object",
            "required": ["columns", "rows", "start", "total", "complete", "ms", "bytes"],
            "properties": {
                "columns": { "type": "array", "items": {
                    "type": "object",
                    "properties": {
                        "name": { "type": "string" },
                        "type": { "type": "string" },
                        "nullable": { "type": "boolean" }
                    }
                } },
                "rows": {
                    "type": "array",
                    "description": "integers beyond 2^53 and decimals are strings",
                    "items": { "type": "array" }
                },
                "start": { "type": "integer" },
                "total": { "type": ["integer", "null"], "description": "rows so far known" },
                "complete": { "type": "boolean", "description": "whether total is the last word" },
                "ms": { "type": "integer" },
                "bytes": { "type": "integer", "description": "what was read" },
                "problem": { "description": "why rows behind these cannot be had", "type": "object" },
                "statistics": { "type": "array", "items": { "type": "object" } },
                "statistics_rows": { "type": "integer", "description": "over how many rows" }
            }
        },
        "Batch": {
            "type": "object",
            "required": ["objects", "bytes"],
            "properties": { "objects": { "type": "integer" }, "bytes": { "type": "integer" } }
        },
        "Commands": {
            "type": "object",
            "required": ["generation", "commands"],
            "properties": {
                "generation": { "type": "integer", "description": "changes whenever the commands do" },
                "commands": { "type": "array", "items": { "type": "object" } }
            }
        },
        "Part": {
            "type": "object",
            "required": ["part", "ok"],
            "properties": {
                "part": { "type": "string" },
                "ok": { "type": "boolean" },
                "note": { "type": "string", "description": "told to whom the server knows" }
            }
        },
        "Ready": {
            "type": "object",
            "required": ["ready"],
            "properties": {
                "ready": { "type": "boolean" },
                "parts": { "type": "array", "items": reference("Part"), "description": "only for who sends a token or a session" }
            }
        },
        "Status": {
            "type": "object",
            "required": ["version", "started", "ready", "parts"],
            "properties": {
                "version": { "type": "string" },
                "started": { "type": "integer", "description": "milliseconds since 1970" },
                "ready": { "type": "boolean" },
                "parts": { "type": "array", "items": reference("Part") },
                "generation": { "type": "integer" },
                "person": { "type": "object" }
            }
        },
        "Plugin": {
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": { "type": "string" },
                "version": { "type": "string" },
                "state": { "type": "string" }
            }
        },
        "Plugins": {
            "type": "object",
            "required": ["plugins"],
            "properties": { "plugins": { "type": "array", "items": { "type": "object" } } }
        },
        "Audit": {
            "type": "object",
            "required": ["entries"],
            "properties": {
                "entries": { "type": "array", "items": { "type": "object" } },
                "next": { "type": ["integer", "null"], "description": "pass it as after" }
            }
        }
    })
}
