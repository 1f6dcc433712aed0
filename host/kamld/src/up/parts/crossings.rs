//! Commands of one plug-in that views of others ask for: their names, and the records of what became of them.

use crate::up::installed::Installed;
use async_trait::async_trait;
use kamld_policy::Verb;
use kamld_registry::{Action, audit::Refusal};
use kamld_server::parts::{Crossing, Crossings};
use kamld_types::{PluginId, Problem, command::Effect, problem::Result};
use serde_json::{Value, json};

/// Characters of the arguments in a record: what was asked for can be told, and a long text is not kept for good.
const ABOUT: usize = 2000;

pub struct AuditedCrossings(pub Installed);

#[async_trait]
impl Crossings for AuditedCrossings {
    fn title(&self, plugin: &PluginId) -> String {
        self.0.title(plugin)
    }

    async fn confirmed(&self, crossing: Crossing) -> Result<()> {
        let log = self.0.audit().clone();
        let record = move || {
            let Crossing { asks, of, command, arguments, effect, person, trace } = crossing;
            let about: String = Value::Object(arguments).to_string().chars().take(ABOUT).collect();
            let detail = json!({ "command": command, "of": of, "effect": effect, "arguments": about, "trace": trace });
            log.record(&person, Action::Confirm, Some(&asks), detail)
        };
        tokio::task::spawn_blocking(record)
            .await
            .map_err(|error| Problem::internal(format!("writing the audit log stopped: {error}")))?
    }

    fn refused(&self, crossing: Crossing, why: &str) {
        let Crossing { asks, of, command, arguments, effect, person, trace } = crossing;
        let verb = match effect {
            Effect::Read => Verb::Read,
            Effect::Write => Verb::Modify,
            Effect::Destroy => Verb::Delete,
        };
        let (wanted, resource) = (format!("'{command}' of {of}"), Value::Object(arguments).to_string());
        let refusal =
            Refusal { person: &person, wanted: &wanted, verb, resource: &resource, reason: why, trace: &trace };
        self.0.audit().refused(&asks, &refusal);
    }
}
