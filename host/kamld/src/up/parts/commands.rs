//! The commands of plug-ins, for the router.

use super::calling;
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
use std::sync::Arc;

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
            calling::see_own_writes(&self.search).await;
        }
        calling::call(caller, async |caller| self.runtime.run_command(&plugin, caller, name, arguments).await).await
    }
}
