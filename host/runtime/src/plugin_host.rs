//! The host's side of `kamld:plugin` and `kamld:ui/previews`: what every plug-in may import.
//!
//! Lives here: host code of those interfaces. Must not live here: what capabilities offer.
//! Invariant: a guest learns of its call only what the host decided; it can choose none of it.

use crate::{
    Caller,
    guest::Guest,
    tasks::{Handle, Tasks},
};
use async_trait::async_trait;
use kamld_bindings::imports::kamld::{
    plugin::{
        context::{self, CallContext, Role},
        features,
        tasks::{self, Task},
        types::{self, Error},
    },
    ui::previews,
};
use kamld_policy::Verb;
use kamld_types::{Address, Node, problem::Result};
use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
    time::Instant,
};
use wasmtime::component::{HasSelf, Linker, Resource};

/// Draws an object for a plug-in that shows what another one draws.
///
/// The call is made in the name of the same person, under the grant of the plug-in that draws. It must be made on
/// the task that polls this: nesting is counted there.
#[async_trait]
pub trait Previews: Send + Sync {
    async fn open(&self, caller: Caller, address: &Address, start: u64, window: u32) -> Result<Vec<Node>>;
}

/// What all calls share.
pub struct Services {
    pub tasks: Arc<Tasks>,
    pub previews: Arc<dyn Previews>,
    /// Interfaces that are linked, without their versions.
    pub features: OnceLock<BTreeSet<String>>,
}

/// The interfaces that this file defines, and those that the host calls.
pub const OFFERS: [&str; 9] = [
    "kamld:plugin/types",
    "kamld:plugin/context",
    "kamld:plugin/features",
    "kamld:plugin/tasks",
    "kamld:ui/previews",
    // Not imported: a plug-in may ask whether what it exports is of use.
    "kamld:plugin/commands",
    "kamld:metadata/describer",
    "kamld:ui/preview",
    "kamld:ui/surface",
];

pub fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    fn get(guest: &mut Guest) -> &mut Guest {
        guest.host_call();
        guest
    }
    types::add_to_linker::<_, HasSelf<Guest>>(linker, get)?;
    context::add_to_linker::<_, HasSelf<Guest>>(linker, get)?;
    features::add_to_linker::<_, HasSelf<Guest>>(linker, get)?;
    tasks::add_to_linker::<_, HasSelf<Guest>>(linker, get)?;
    previews::add_to_linker::<_, HasSelf<Guest>>(linker, get)
}

impl types::Host for Guest {}

impl context::Host for Guest {
    async fn current(&mut self) -> wasmtime::Result<CallContext> {
        let call = &self.call;
        let left = call.deadline.saturating_duration_since(Instant::now());
        Ok(CallContext {
            person: call.person.id.clone(),
            roles: call.person.roles.iter().map(|role| role_of(*role)).collect(),
            project: call.project.as_ref().map(ToString::to_string),
            plugin: call.plugin.to_string(),
            trace_id: call.trace.clone(),
            locale: self.locale.clone(),
            time_left: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
        })
    }
}

fn role_of(role: kamld_types::Role) -> Role {
    match role {
        kamld_types::Role::DataScientist => Role::DataScientist,
        kamld_types::Role::DataEngineer => Role::DataEngineer,
        kamld_types::Role::Developer => Role::Developer,
        kamld_types::Role::Sre => Role::Sre,
        kamld_types::Role::Admin => Role::Admin,
    }
}

impl features::Host for Guest {
    async fn has(&mut self, name: String) -> wasmtime::Result<bool> {
        // A patch adds interfaces only, so that who asks for an earlier one is answered by the newest.
        let Some((interface, version)) = name.split_once('@') else { return Ok(false) };
        let (Some((package, _)), Ok(version)) = (interface.split_once('/'), version.parse()) else { return Ok(false) };
        let linked = self.services.features.get().is_some_and(|features| features.contains(interface));
        Ok(linked && kamld_policy::base::supports(package, &version))
    }
}

impl tasks::Host for Guest {}

/// The generated marker and the handle that it stands for have the same number in the table.
fn handle(task: &Resource<Task>) -> Resource<Handle> {
    Resource::new_borrow(task.rep())
}

impl tasks::HostTask for Guest {
    async fn start(
        &mut self,
        title: String,
        total: Option<u64>,
        unit: String,
    ) -> wasmtime::Result<Result<Resource<Task>, Error>> {
        let services = self.services.clone();
        let call = self.host_call();
        let handle = services.tasks.start(call.call, &title, total, &unit);
        let handle = call.table.push(handle)?;
        Ok(Ok(Resource::new_own(handle.rep())))
    }

    async fn progress(&mut self, task: Resource<Task>, done: u64) -> wasmtime::Result<Result<(), Error>> {
        Ok(self.host_call().table.get(&handle(&task))?.progress(done).map_err(Error::from))
    }

    async fn finish(&mut self, task: Resource<Task>, note: String) -> wasmtime::Result<()> {
        self.host_call().table.get(&handle(&task))?.finish(&note);
        Ok(())
    }

    async fn drop(&mut self, task: Resource<Task>) -> wasmtime::Result<()> {
        self.host_call().table.delete(Resource::<Handle>::new_own(task.rep()))?;
        Ok(())
    }
}

impl previews::Host for Guest {
    async fn open(
        &mut self,
        address: String,
        start: u64,
        window: u32,
    ) -> wasmtime::Result<Result<Vec<types::Node>, Error>> {
        let drawn = draw(self, &address, start, window).await;
        Ok(drawn.map(|nodes| nodes.into_iter().map(types::Node::from).collect()).map_err(Error::from))
    }
}

async fn draw(guest: &mut Guest, address: &str, start: u64, window: u32) -> Result<Vec<Node>> {
    let address: Address = address.parse()?;
    let path = address.object()?;
    guest.call.admit("kamld:ui/previews", Verb::Read, &format!("{}/{path}", address.asset))?;
    let caller = Caller {
        person: guest.call.person.clone(),
        rights: guest.call.rights.clone(),
        project: guest.call.project.clone(),
        trace: guest.call.trace.clone(),
        locale: guest.locale.clone(),
        deadline: Some(guest.call.deadline),
    };
    guest.services.previews.open(caller, &address, start, window).await
}
