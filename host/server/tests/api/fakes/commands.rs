//! Commands: what they ran, and one that waits until it is let go or dropped.

use super::Host;
use async_trait::async_trait;
use kamld_server::{
    Caller,
    parts::{CommandList, Commands},
};
use kamld_types::{Problem, command::Outcome, problem::Result};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use tokio::sync::watch;

#[async_trait]
impl Commands for Host {
    fn list(&self) -> Arc<CommandList> {
        let command = |name: Value, effect: &str, arguments: Value| {
            json!({
                "plugin": "acme/tools", "name": name, "summary": "does a thing", "about": "At length.",
                "arguments": arguments, "effect": effect, "output": {"type": "object"},
                "examples": [{"line": "kamld thing", "says": "does it"}],
            })
        };
        let argument = |name: &str, kind: &str, place: &str, required: bool, repeated: bool| json!({"name": name, "help": "h", "type": kind, "place": place, "required": required, "repeated": repeated});
        let list = json!({"generation": 7, "commands": [
            command(json!(["echo"]), "read", json!([
                argument("text", "text", "positional", true, false),
                argument("tag", "text", "option", false, true),
            ])),
            command(json!(["tag", "add"]), "write", json!([argument("asset", "asset", "positional", true, false)])),
            command(json!(["tag", "remove"]), "destroy", json!([argument("asset", "asset", "positional", true, false)])),
            command(json!(["tag", "list"]), "read", json!([])),
            command(json!(["wait"]), "read", json!([])),
            command(json!(["panic"]), "destroy", json!([])),
            command(json!(["fail"]), "read", json!([])),
        ]});
        Arc::new(serde_json::from_value(list).unwrap())
    }

    async fn withheld(&self, name: &[String]) -> Option<Problem> {
        (name[0] == "withheld").then(|| Problem::denied("plug-in acme/new waits for a grant"))
    }

    async fn settled(&self) {}

    async fn run(&self, caller: Caller, name: &[String], arguments: Map<String, Value>) -> Result<Outcome> {
        self.ask(format!("run {}", name.join(" ")));
        self.callers.lock().push(caller);
        match name[0].as_str() {
            "panic" => panic!("on purpose"),
            "fail" => {
                Err(Problem::invalid("the query has no table 'strikse'").help("did you mean 'strikes'").at(3, 14))
            }
            "wait" => {
                let _ended = Ended(self.waiting.clone());
                self.waiting.send_modify(|counts| counts.0 += 1);
                self.release.subscribe().wait_for(|released| *released).await.unwrap();
                Ok(Outcome { data: json!("released"), view: Vec::new() })
            }
            _ => Ok(Outcome { data: Value::Object(arguments), view: Vec::new() }),
        }
    }
}

struct Ended(watch::Sender<(u32, u32)>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.send_modify(|counts| counts.1 += 1);
    }
}
