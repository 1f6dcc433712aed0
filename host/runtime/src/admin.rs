//! The host's side of `kamld:plugin/admin`: plug-ins that administrate plug-ins.
//!
//! Lives here: host code of that interface and the trait behind it. Must not live here: packages, grants files.
//! Invariants: the person must be an admin, besides the grant of the plug-in; no plug-in changes what it may do itself.

use crate::{
    guest::{Guest, HostCall, Linkage},
    parts::Parts,
};
use async_trait::async_trait;
use kamld_bindings::{
    Error,
    imports::kamld::plugin::admin::{self as wit, Plugin},
};
use kamld_policy::{Call, Verb};
use kamld_types::{By, PluginId, Problem, problem::Result};
use serde_json::Value;
use std::sync::Arc;
use wasmtime::component::{HasData, Linker};

const ADMIN: &str = "kamld:plugin/admin";

/// What can be done about plug-ins. Changes are told who made them, and through which plug-in.
#[async_trait]
pub trait Administration: Send + Sync {
    /// One object per plug-in with `id`, `title`, `version`, `state` and, when something is wrong, `problem`.
    fn list(&self) -> Vec<Value>;
    fn show(&self, plugin: &PluginId) -> Result<Value>;
    fn ledger(&self) -> Vec<Value>;
    async fn enable(&self, plugin: &PluginId, by: &By) -> Result<()>;
    async fn disable(&self, plugin: &PluginId, by: &By) -> Result<()>;
    /// As TOML.
    fn grant(&self, plugin: &PluginId) -> Result<String>;
    async fn set_grant(&self, plugin: &PluginId, toml: &str, by: &By) -> Result<()>;
    async fn grant_needs(&self, plugin: &PluginId, by: &By) -> Result<()>;
    /// Newest first, those before a number.
    async fn audit(&self, before: Option<u64>, limit: usize) -> Result<Vec<Value>>;
}

/// Makes it importable.
#[derive(Clone)]
pub struct AdminLinkage(pub Arc<dyn Administration>);

pub struct AdminHost<'a> {
    call: &'a Arc<Call>,
    admin: &'a Arc<dyn Administration>,
}

struct HasAdmin;

impl HasData for HasAdmin {
    type Data<'a> = AdminHost<'a>;
}

impl Linkage for AdminLinkage {
    fn link(&self, linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, HasAdmin>(linker, |guest: &mut Guest| {
            let HostCall { call, parts, .. } = guest.host_call();
            AdminHost { call, admin: &parts.of::<Self>().0 }
        })
    }

    fn open(&self, parts: &mut Parts) {
        parts.insert(self.clone());
    }

    fn offers(&self) -> Vec<String> {
        vec![ADMIN.into()]
    }
}

type Answer<T> = wasmtime::Result<std::result::Result<T, Error>>;

fn answer<T>(done: Result<T>) -> Answer<T> {
    Ok(done.map_err(Error::from))
}

impl AdminHost<'_> {
    fn admit(&self, verb: Verb) -> Result<()> {
        self.call.admit_admin(ADMIN, verb)
    }

    /// Whose grant or state is about to be changed, and by whom.
    fn change(&self, id: &str) -> Result<(PluginId, By)> {
        self.admit(Verb::Modify)?;
        let id = PluginId::new(id)?;
        if id == self.call.plugin {
            return Err(Problem::denied(format!("{id} cannot change what it may do itself"))
                .help(format!("use the command line: kamld plugin grant {id}")));
        }
        let by = By::through(&self.call.person.id, &self.call.plugin);
        Ok((id, by))
    }
}

impl wit::Host for AdminHost<'_> {
    async fn list(&mut self) -> Answer<Vec<Plugin>> {
        let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let one = |value: &Value| Plugin {
            id: text(value, "id"),
            title: text(value, "title"),
            version: text(value, "version"),
            state: text(value, "state"),
            problem: value["problem"].as_str().map(str::to_owned),
        };
        answer(self.admit(Verb::Read).map(|()| self.admin.list().iter().map(one).collect()))
    }

    async fn show(&mut self, id: String) -> Answer<String> {
        let show = || Ok(self.admin.show(&PluginId::new(id)?)?.to_string());
        answer(self.admit(Verb::Read).and_then(|()| show()))
    }

    async fn ledger(&mut self) -> Answer<String> {
        answer(self.admit(Verb::Read).map(|()| Value::Array(self.admin.ledger()).to_string()))
    }

    async fn enable(&mut self, id: String) -> Answer<()> {
        let (id, by) = match self.change(&id) {
            Ok(change) => change,
            Err(problem) => return answer(Err(problem)),
        };
        answer(self.admin.enable(&id, &by).await)
    }

    async fn disable(&mut self, id: String) -> Answer<()> {
        let (id, by) = match self.change(&id) {
            Ok(change) => change,
            Err(problem) => return answer(Err(problem)),
        };
        answer(self.admin.disable(&id, &by).await)
    }

    async fn grant(&mut self, id: String) -> Answer<String> {
        let grant = || self.admin.grant(&PluginId::new(id)?);
        answer(self.admit(Verb::Read).and_then(|()| grant()))
    }

    async fn set_grant(&mut self, id: String, toml: String) -> Answer<()> {
        let (id, by) = match self.change(&id) {
            Ok(change) => change,
            Err(problem) => return answer(Err(problem)),
        };
        answer(self.admin.set_grant(&id, &toml, &by).await)
    }

    async fn grant_needs(&mut self, id: String) -> Answer<()> {
        let (id, by) = match self.change(&id) {
            Ok(change) => change,
            Err(problem) => return answer(Err(problem)),
        };
        answer(self.admin.grant_needs(&id, &by).await)
    }

    async fn audit(&mut self, before: Option<u64>, limit: u32) -> Answer<String> {
        if let Err(problem) = self.admit(Verb::Read) {
            return answer(Err(problem));
        }
        let limit = limit.clamp(1, 1000) as usize;
        answer(self.admin.audit(before, limit).await.map(|records| Value::Array(records).to_string()))
    }
}
