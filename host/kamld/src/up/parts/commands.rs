//! The commands of plug-ins, for the router.

use super::calling;
use crate::up::installed::Installed;
use async_trait::async_trait;
use kamld_metadata::Search;
use kamld_runtime::Runtime;
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

/// How long a list of commands waits for plug-ins that are still being loaded: a script that runs right after the start
/// finds its commands, and a plug-in that takes its time holds up nobody for long.
const STARTING: Duration = Duration::from_secs(2);

pub struct PluginCommands {
    pub runtime: Arc<Runtime>,
    pub search: Arc<Search>,
    pub installed: Installed,
    /// The list of the last generation, so that it is made once and not at every command.
    pub list: Mutex<Arc<CommandList>>,
}

impl PluginCommands {
    pub fn new(runtime: Arc<Runtime>, search: Arc<Search>, installed: Installed) -> Self {
        Self { runtime, search, installed, list: Mutex::default() }
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

    async fn withheld(&self, name: &[String]) -> Option<Problem> {
        let (installed, name) = (self.installed.clone(), name.to_owned());
        // What plug-ins declare lies in files.
        tokio::task::spawn_blocking(move || installed.withheld(&name)).await.ok().flatten()
    }

    async fn settled(&self) {
        self.installed.settled(STARTING).await;
    }

    async fn run(&self, caller: Caller, name: &[String], arguments: Map<String, Value>) -> Result<Outcome> {
        let (plugin, command) = self
            .runtime
            .find_command(name)
            .ok_or_else(|| Problem::not_found(format!("no plug-in offers '{}' here", name.join(" "))))?;
        if command.effect == Effect::Read {
            calling::see_own_writes(&self.search).await;
        }
        calling::call(caller, async |caller| self.runtime.run_command(&plugin, caller, name, arguments).await).await
    }
}
