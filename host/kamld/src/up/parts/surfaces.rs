//! Screens of plug-ins, for the sockets of the page.

use super::calling;
use crate::up::installed::Installed;
use async_trait::async_trait;
use kamld_metadata::Search;
use kamld_runtime::Runtime;
use kamld_server::{caller::Caller, parts::Surfaces};
use kamld_types::{
    Person, PluginId, Problem,
    problem::Result,
    surface::{Place, PluginOffer, Reaction, RowPage, Screen, Window},
};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub struct PluginSurfaces {
    pub runtime: Arc<Runtime>,
    pub search: Arc<Search>,
    pub installed: Installed,
    /// The list of the last generation, so that it is made once and not at every connection.
    pub list: Mutex<(u64, Arc<Vec<PluginOffer>>)>,
}

impl PluginSurfaces {
    pub fn new(runtime: Arc<Runtime>, search: Arc<Search>, installed: Installed) -> Self {
        Self { runtime, search, installed, list: Mutex::default() }
    }
}

#[async_trait]
impl Surfaces for PluginSurfaces {
    fn list(&self) -> Arc<Vec<PluginOffer>> {
        let generation = self.runtime.generation();
        let mut list = self.list.lock();
        if list.0 != generation {
            *list = (generation, Arc::new(self.runtime.surfaces()));
        }
        list.1.clone()
    }

    async fn open(
        &self,
        caller: Caller,
        plugin: &PluginId,
        place: &Place,
        data: &Map<String, Value>,
    ) -> Result<Screen> {
        self.installed.may_run(plugin)?;
        calling::see_own_writes(&self.search).await;
        calling::call(caller, async |caller| self.runtime.open_surface(plugin, caller, place, data).await).await
    }

    async fn act(
        &self,
        caller: Caller,
        plugin: &PluginId,
        place: &Place,
        name: &str,
        arguments: &Map<String, Value>,
        data: &Map<String, Value>,
    ) -> Result<Reaction> {
        self.installed.may_run(plugin)?;
        calling::call(caller, async |caller| self.runtime.act(plugin, caller, place, name, arguments, data).await).await
    }

    async fn rows(
        &self,
        caller: Caller,
        plugin: &PluginId,
        place: &Place,
        name: &str,
        window: &Window,
        data: &Map<String, Value>,
    ) -> Result<RowPage> {
        self.installed.may_run(plugin)?;
        let fetch = async |caller| self.runtime.surface_rows(plugin, caller, place, name, window, data).await;
        calling::call(caller, fetch).await
    }

    async fn cells(
        &self,
        caller: Caller,
        plugin: &PluginId,
        place: &Place,
        addresses: &[String],
    ) -> Result<Vec<Value>> {
        self.installed.may_run(plugin)?;
        // What was just written is in the list whose cells these are.
        calling::see_own_writes(&self.search).await;
        calling::call(caller, async |caller| self.runtime.surface_cells(plugin, caller, place, addresses).await).await
    }

    fn tasks(&self, person: &Person) -> Vec<Value> {
        let tasks = self.runtime.tasks().list();
        tasks.iter().filter(|task| task.person == person.id).map(|task| json!(task)).collect()
    }

    fn stop(&self, task: u64, person: &Person) -> Result<()> {
        let tasks = self.runtime.tasks();
        // Somebody else's task is as unknown as one that never was.
        if !tasks.list().iter().any(|known| known.id == task && known.person == person.id) {
            return Err(Problem::not_found(format!("no task {task} is running")));
        }
        tasks.cancel(task)
    }
}
