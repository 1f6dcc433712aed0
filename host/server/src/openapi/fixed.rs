//! The fixed routes, described.
//!
//! Lives here: one entry per route of `routes::table`. Must not live here: commands.
//! Invariant: a test calls every operation of this file and finds a handler behind it.

use super::{answers, json_content, schemas::reference};
use serde_json::{Map, Value, json};

/// One operation; what differs between them is said by the builder's methods.
struct Operation(Value);

impl Operation {
    fn new(id: &str, summary: &str, responses: Value) -> Self {
        Self(json!({ "operationId": id, "summary": summary, "tags": ["host"], "responses": responses }))
    }

    fn path(self, name: &str, what: &str) -> Self {
        self.parameter(json!({
            "name": name, "in": "path", "required": true, "description": what, "schema": { "type": "string" }
        }))
    }

    /// A whole address in the path: its slashes stand for themselves.
    fn address(self) -> Self {
        self.path("address", "PROJECT/ASSET[@REF][/PATH], with its slashes as they are")
    }

    fn plugin(self) -> Self {
        self.path("space", "the namespace of the plug-in").path("name", "the name of the plug-in")
    }

    fn query(self, name: &str, kind: &str, what: &str) -> Self {
        self.parameter(json!({
            "name": name, "in": "query", "required": false, "description": what, "schema": { "type": kind }
        }))
    }

    fn header(self, name: &str, what: &str) -> Self {
        self.parameter(json!({
            "name": name, "in": "header", "required": false, "description": what, "schema": { "type": "string" }
        }))
    }

    fn needed(self, name: &str, what: &str) -> Self {
        self.parameter(json!({
            "name": name, "in": "header", "required": true, "description": what, "schema": { "type": "string" }
        }))
    }

    fn tus(self) -> Self {
        self.needed("Tus-Resumable", "1.0.0")
    }

    fn parameter(mut self, parameter: Value) -> Self {
        match &mut self.0["parameters"] {
            Value::Array(parameters) => parameters.push(parameter),
            none => *none = json!([parameter]),
        }
        self
    }

    fn body(mut self, media: &str, what: &str) -> Self {
        let content = json!({ media: { "schema": { "type": "string", "format": "binary" } } });
        self.0["requestBody"] = json!({ "required": true, "description": what, "content": content });
        self
    }

    fn open(mut self) -> Self {
        self.0["security"] = json!([]);
        self
    }
}

fn get(id: &str, summary: &str, schema: &str) -> Operation {
    Operation::new(id, summary, answers("200", "as asked", json_content(reference(schema))))
}

fn bytes(media: &str) -> Value {
    json!({ media: { "schema": { "type": "string", "format": "binary" } } })
}

fn done(id: &str, summary: &str) -> Operation {
    Operation::new(id, summary, answers("204", "done", Value::Null))
}

fn add<const N: usize>(paths: &mut Map<String, Value>, path: &str, operations: [(&str, Operation); N]) {
    let item: Map<String, Value> =
        operations.into_iter().map(|(method, operation)| (method.into(), operation.0)).collect();
    paths.insert(path.into(), Value::Object(item));
}

pub fn paths() -> Map<String, Value> {
    let mut paths = Map::new();
    host(&mut paths);
    objects(&mut paths);
    uploads(&mut paths);
    admin(&mut paths);
    paths
}

fn host(paths: &mut Map<String, Value>) {
    let object = || json_content(json!({ "type": "object" }));
    let page = Operation::new("page", "the page for people", answers("200", "a page", bytes("text/html")));
    add(paths, "/", [("get", page.query("token", "string", "opens a session and redirects to /").open())]);
    let live = Operation::new("live", "whether the process should go on", answers("200", "it should", object()));
    add(paths, "/healthz", [("get", live.open())]);
    add(
        paths,
        "/readyz",
        [("get", get("ready", "whether work can be taken; with a token or a session, part by part", "Ready").open())],
    );
    let metrics =
        Operation::new("metrics", "metrics for Prometheus", answers("200", "text format", bytes("text/plain")));
    add(paths, "/metrics", [("get", metrics)]);
    add(paths, "/api/v1/session", [("delete", done("session.signOut", "end the session of this browser everywhere"))]);
    let sessions = Operation::new("session.list", "where you are signed in", answers("200", "sessions", object()));
    let others = Operation::new(
        "session.endOthers",
        "end all sessions but this one",
        answers("200", "how many ended", object()),
    );
    add(paths, "/api/v1/sessions", [("get", sessions), ("delete", others)]);
    let ended = done("session.end", "end a session everywhere").path("id", "from the list");
    add(paths, "/api/v1/sessions/{id}", [("delete", ended)]);
    add(paths, "/api/v1/status", [("get", get("status", "how the server is", "Status"))]);
    let openapi = Operation::new("openapi", "this description", answers("200", "OpenAPI 3.1", object()));
    add(paths, "/api/v1/openapi.json", [("get", openapi)]);
    add(paths, "/api/v1/commands", [("get", get("commands", "the commands of enabled plug-ins", "Commands"))]);
    let rows = answers("200", "rows, streamed", bytes("application/octet-stream"));
    add(
        paths,
        "/api/v1/results/{id}",
        [
            (
                "get",
                Operation::new("result", "the rows of a query that a command handed over", rows)
                    .path("id", "from a node of kind rows")
                    .query("format", "string", "json, jsonl, csv, parquet or arrow"),
            ),
            ("delete", done("result.cancel", "stop a query").path("id", "from a node of kind rows")),
        ],
    );
    let some = |id: &str, summary: &str| {
        get(id, summary, "Rows")
            .query("start", "integer", "the first row, counted from 0")
            .query("count", "integer", "1 to 200, 100 unless told")
            .query("sort", "string", "the name of a column, with - before it to count downwards; repeatable")
            .query("filter", "string", "only rows with this text in one of their columns")
            .query("statistics", "boolean", "with what the columns are like over the rows read so far")
            .header("If-None-Match", "304 when the rows have this ETag")
    };
    let rows = some("result.rows", "some rows of a result").path("id", "from a node of kind rows");
    add(paths, "/api/v1/results/{id}/rows", [("get", rows)]);
    let table = some("table", "some rows of an object that is a table").address();
    add(paths, "/api/v1/tables/{address}", [("get", table)]);
}

fn objects(paths: &mut Map<String, Value>) {
    let content = || answers("200", "the object, or 206 with a range of it", bytes("application/octet-stream"));
    add(
        paths,
        "/api/v1/objects/{address}",
        [
            (
                "get",
                Operation::new("object", "read an object", content())
                    .address()
                    .header("Range", "one range of bytes")
                    .header("If-Range", "the ETag that the range belongs to")
                    .header("If-None-Match", "304 when the object has this ETag"),
            ),
            (
                "head",
                Operation::new("object.head", "what is known of an object", answers("200", "headers", Value::Null))
                    .address()
                    .header("If-None-Match", "304 when the object has this ETag"),
            ),
            (
                "put",
                get("object.put", "write one object", "Object")
                    .address()
                    .header("Kamld-Modified", "milliseconds since 1970")
                    .body("*/*", "the bytes of the object; Content-Type becomes its media type"),
            ),
        ],
    );
    add(
        paths,
        "/api/v1/listing/{address}",
        [(
            "get",
            get("listing", "all objects of an asset below a prefix, sorted by path", "Listing")
                .address()
                .query("prefix", "string", "the beginning of the paths")
                .query("after", "string", "only paths behind this one")
                .query("limit", "integer", "1 to 10000, 1000 unless told"),
        )],
    );
    add(
        paths,
        "/api/v1/batches/{address}",
        [(
            "post",
            get("batch", "write many small objects at once, all or nothing", "Batch").address().body(
                "application/x-tar",
                "regular files only, at most 64 MiB and 20000 entries; the PAX record KAMLD.media-type names a type",
            ),
        )],
    );
}

fn uploads(paths: &mut Map<String, Value>) {
    let created = answers("201", "Location names the upload", Value::Null);
    add(
        paths,
        "/api/v1/uploads",
        [
            ("options", done("upload.options", "what is offered of tus 1.0.0")),
            (
                "post",
                Operation::new("upload.create", "begin a resumable upload (tus 1.0.0)", created)
                    .tus()
                    .needed("Upload-Length", "bytes")
                    .needed("Upload-Metadata", "address, filetype and modified, each in base64"),
            ),
        ],
    );
    let position = answers("200", "Upload-Offset and Upload-Length", Value::Null);
    let id = "the last part of Location";
    add(
        paths,
        "/api/v1/uploads/{id}",
        [
            ("head", Operation::new("upload.position", "how far an upload is", position).path("id", id).tus()),
            (
                "patch",
                done("upload.append", "send bytes of an upload; the last ones make the object")
                    .path("id", id)
                    .tus()
                    .needed("Upload-Offset", "where the bytes begin; 409 when the upload stands elsewhere")
                    .header("Upload-Checksum", "sha256 and the base64 of the sum; 460 when the bytes have another")
                    .body("application/offset+octet-stream", "bytes"),
            ),
            ("delete", done("upload.abort", "give an upload up").path("id", id).tus()),
        ],
    );
}

fn admin(paths: &mut Map<String, Value>) {
    let installed = answers("201", "the plug-in", json_content(reference("Plugin")));
    add(
        paths,
        "/api/v1/plugins",
        [
            ("get", get("plugins", "installed plug-ins", "Plugins")),
            (
                "post",
                Operation::new("plugin.install", "install a plug-in", installed)
                    .query("grant", "string", "needs: grant what its manifest asks for")
                    .query(
                        "replaces",
                        "string",
                        "the digest of the installed package of the same id that it may replace",
                    )
                    .query("dry_run", "boolean", "only answer what would change, above all what would be replaced")
                    .body("application/wasm", "the component with its manifest in it"),
            ),
        ],
    );
    add(paths, "/api/v1/plugins/ledger", [("get", get("plugin.ledger", "what each plug-in used", "Plugins"))]);
    add(
        paths,
        "/api/v1/plugins/{space}/{name}",
        [
            ("get", get("plugin", "manifest, imports and grant of a plug-in", "Plugin").plugin()),
            ("delete", done("plugin.remove", "remove a plug-in").plugin()),
        ],
    );
    add(
        paths,
        "/api/v1/plugins/{space}/{name}/enable",
        [("post", done("plugin.enable", "let a plug-in take calls").plugin())],
    );
    add(
        paths,
        "/api/v1/plugins/{space}/{name}/disable",
        [("post", done("plugin.disable", "let a plug-in take no more calls").plugin())],
    );
    add(
        paths,
        "/api/v1/plugins/{space}/{name}/rollback",
        [("post", get("plugin.rollback", "go back to the version before", "Plugin").plugin())],
    );
    let toml = answers("200", "TOML", bytes("application/toml"));
    add(
        paths,
        "/api/v1/plugins/{space}/{name}/grant",
        [
            ("get", Operation::new("plugin.grant", "what a plug-in may do", toml).plugin()),
            (
                "put",
                done("plugin.grant.put", "change what a plug-in may do, at once")
                    .plugin()
                    .query("from", "string", "'needs' grants just what the manifest asks for, without a body")
                    .body("application/toml", "the whole grant; empty takes everything away"),
            ),
        ],
    );
    add(
        paths,
        "/api/v1/audit",
        [(
            "get",
            get("audit", "the audit log, oldest first", "Audit")
                .query("after", "integer", "only entries behind this number")
                .query("limit", "integer", "1 to 10000, 1000 unless told"),
        )],
    );
    let object = json_content(json!({ "type": "object" }));
    let verified = answers("200", "the chain is whole", object);
    add(
        paths,
        "/api/v1/audit/verify",
        [(
            "get",
            Operation::new("audit.verify", "follow the chain of the audit log", verified).query(
                "all",
                "boolean",
                "also read again what has not changed since it was verified",
            ),
        )],
    );
    let lines = || answers("200", "progress line by line, the report last", bytes("application/jsonl"));
    add(
        paths,
        "/api/v1/storage/check",
        [(
            "post",
            Operation::new("storage.check", "verify every hash in storage", lines()).query(
                "repair",
                "boolean",
                "write what is damaged again wherever a good copy is found",
            ),
        )],
    );
    add(
        paths,
        "/api/v1/storage/gc",
        [("post", Operation::new("storage.gc", "give the disk space of garbage back", lines()))],
    );
    add(
        paths,
        "/api/v1/backup",
        [("post", Operation::new("backup", "add a snapshot to a backup on the server's machine", lines()))],
    );
    add(
        paths,
        "/api/v1/index/rebuild",
        [("post", Operation::new("index.rebuild", "build the search index anew", lines()))],
    );
}
