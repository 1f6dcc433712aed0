//! The commands of plug-ins, for the router.

use async_trait::async_trait;
use kamld_metadata::Search;
use kamld_runtime::{Caller as RuntimeCaller, Runtime};
use kamld_server::{
    caller::Caller,
    parts::{CommandList, Commands, PluginCommand},
};
use kamld_types::{
    Problem,
    command::{Effect, Outcome},
    problem::Result,
};
use parking_lot::Mutex;
use serde_json::{Map, Value};
use std::{sync::Arc, time::Duration};

/// How long a command that looks waits for the index to have what was written before it. Short: while a large import
/// is described, what is known already is shown.
pub const READ_YOUR_WRITES: Duration = Duration::from_millis(500);

pub struct PluginCommands {
    pub runtime: Arc<Runtime>,
    pub search: Arc<Search>,
    /// The list of the last generation, so that it is made once and not at every command.
    pub list: Mutex<Arc<CommandList>>,
}

impl PluginCommands {
    pub fn new(runtime: Arc<Runtime>, search: Arc<Search>) -> Self {
        Self { runtime, search, list: Mutex::default() }
    }
}

#[async_trait]
impl Commands for PluginCommands {
    fn list(&self) -> Arc<CommandList> {
        let now = self.runtime.commands();
        let mut list = self.list.lock();
        if list.generation != now.generation {
            let commands =
                now.list.into_iter().map(|(plugin, command)| PluginCommand { plugin, command: (*command).clone() });
            *list = Arc::new(CommandList { generation: now.generation, commands: commands.collect() });
        }
        list.clone()
    }

    async fn run(&self, caller: Caller, name: &[String], arguments: Map<String, Value>) -> Result<Outcome> {
        let (plugin, command) = self
            .runtime
            .find_command(name)
            .ok_or_else(|| Problem::not_found(format!("no plug-in offers '{}' here", name.join(" "))))?;
        if command.effect == Effect::Read {
            // What a person wrote a moment ago is what they look for now.
            self.search.wait_until_current(None, READ_YOUR_WRITES).await;
        }
        let Caller { person, rights, project, trace, deadline, locale, cancelled } = caller;
        let locale = locale.unwrap_or_else(|| "en".into());
        let caller = RuntimeCaller { person, rights, project, trace: trace.id, locale, deadline };
        tokio::select! {
            outcome = self.runtime.run_command(&plugin, caller, name, arguments) => outcome,
            () = cancelled.cancelled() => Err(Problem::cancelled("the caller went away")),
        }
    }
}
