//! Where a person is signed in with a browser, and ending that.
//!
//! Must not live here: what a session is; the server knows. Invariant: what was ended is said.

use super::{client::Client, failure::Result, output::Output, run, tree::Session, view::words};
use kamld_types::{Node, command::Outcome};
use reqwest::Method;
use serde_json::{Map, Value, json};

pub async fn run(client: &Client, command: &Session, output: &Output) -> Result<()> {
    match command {
        Session::List => list(client, output).await,
        Session::End { id: Some(id), .. } => {
            client.send(client.request(Method::DELETE, client.url(&["sessions", id]))).await?;
            said(output, &json!({"ended": 1}), &format!("session {id} ended"))
        }
        Session::End { .. } => {
            let ended: Value = client.json(client.request(Method::DELETE, client.url(&["sessions"]))).await?;
            let count = ended["ended"].as_u64().unwrap_or(0);
            said(output, &ended, &format!("{} ended", words::some(count, "session", "sessions")))
        }
    }
}

fn said(output: &Output, data: &Value, text: &str) -> Result<()> {
    if output.json { output.data(data) } else { output.text(&format!("{text}\n")) }
}

async fn list(client: &Client, output: &Output) -> Result<()> {
    let data: Value = client.json(client.get(&["sessions"])).await?;
    let columns = json!([
        {"key": "id", "label": "Id", "align": "start", "type": "text"},
        {"key": "seen", "label": "Last used", "align": "start", "type": "time"},
        {"key": "created", "label": "Signed in", "align": "start", "type": "time"},
        {"key": "agent", "label": "Browser", "align": "start", "type": "text"},
    ]);
    let empty = "Nobody is signed in with a browser";
    let props = json!({"columns": columns, "rows": data["sessions"], "empty": empty});
    let props: Map<String, Value> = props.as_object().cloned().unwrap_or_default();
    let node = Node { id: "root".into(), kind: "table".into(), props, children: Vec::new() };
    run::print_local(&Outcome { data, view: vec![node] }, output)
}
