//! What is said about installed plug-ins: to admins, and to whoever asks for something that one of them withholds.
//!
//! Must not live here: anything that changes something. Invariant: nothing here runs code of a plug-in; what one declares
//! is what was remembered when it was asked.

use super::Installed;
use kamld_policy::{Manifest, Side, difference::Difference};
use kamld_registry::{Entry, Package};
use kamld_runtime::{Declared, Health, waits_for_a_grant};
use kamld_types::{PluginId, Problem, problem::Result};
use serde_json::{Value, json};

impl Installed {
    /// In one word, and why when it is not active.
    fn state(&self, id: &PluginId, entry: &Entry) -> (String, Option<String>) {
        if !entry.enabled {
            return ("disabled".into(), None);
        }
        if let Err(problem) = self.0.registry.admit(id, &entry.digest) {
            return ("failed".into(), Some(problem.message));
        }
        if let Some(problem) = self.0.failed.lock().get(id) {
            return ("failed".into(), Some(problem.message.clone()));
        }
        if self.0.registry.grants.get(id).is_none() {
            return ("waiting for a grant".into(), None);
        }
        match self.status(id).map(|status| status.health) {
            Some(Health::Active) => ("active".into(), None),
            Some(Health::Paused { why, .. }) => ("paused".into(), Some(why)),
            Some(Health::Quarantined { why }) => ("quarantined".into(), Some(why)),
            None if !*self.0.settled.borrow() => {
                ("not loaded".into(), Some("the server is still loading plug-ins".into()))
            }
            None => ("not loaded".into(), None),
        }
    }

    /// What an installed package said of itself when it was asked; none when that was lost.
    fn declared(&self, entry: &Entry) -> Option<Declared> {
        self.0.runtime.get()?.declared(&entry.digest)
    }

    /// Whether a plug-in that is installed and enabled may run. It is not loaded when it may not, so that the runtime could
    /// only say that it does not know it.
    pub fn may_run(&self, id: &PluginId) -> Result<()> {
        let enabled = self.0.registry.store.get(id).is_some_and(|entry| entry.enabled);
        if enabled && self.0.registry.grants.get(id).is_none() { Err(waits_for_a_grant(id)) } else { Ok(()) }
    }

    /// The plug-in that declares such a command and waits for a grant: why the command is not there.
    pub fn withheld(&self, name: &[String]) -> Option<Problem> {
        let waits = |(id, entry): &(PluginId, Entry)| {
            entry.enabled
                && self.0.registry.grants.get(id).is_none()
                && self.declared(entry).is_some_and(|declared| {
                    declared
                        .commands
                        .iter()
                        .any(|command| name.starts_with(&command.name) || command.name.starts_with(name))
                })
        };
        self.0.registry.store.list().into_iter().find(waits).map(|(id, _)| waits_for_a_grant(&id))
    }

    /// What each call may use, limit by limit, and who decided it; none before the host has started.
    fn limits(&self, id: &PluginId, manifest: &Manifest) -> Vec<Value> {
        let Some(runtime) = self.0.runtime.get() else { return Vec::new() };
        let (quota, sides) = runtime.quota(&self.gate(id, manifest));
        let one = |(limit, amount, side): (_, _, Side)| json!({"limit": limit, "amount": amount, "decided by": side.as_str()});
        let log = [
            ("log-burst-kib", runtime.limits().log_burst_kib, Side::Host),
            ("log-kib-per-minute", runtime.limits().log_kib_per_minute, Side::Host),
        ];
        sides.with(&quota).chain(log).map(one).collect()
    }

    /// One line for each plug-in.
    pub fn list(&self) -> Vec<Value> {
        let one = |(id, entry): (PluginId, Entry)| {
            let (state, why) = self.state(&id, &entry);
            let title = self.title(&id);
            json!({"id": id, "version": entry.version, "state": state, "title": title, "problem": why})
        };
        self.0.registry.store.list().into_iter().map(one).collect()
    }

    /// Everything about one plug-in: what it is, needs, may do, and what it cost.
    pub fn show(&self, id: &PluginId) -> Result<Value> {
        let entry = self.entry(id)?;
        let package = self.0.registry.store.facts(id)?;
        let (state, why) = self.state(id, &entry);
        let grant = self.0.registry.grants.get(id);
        let ungranted = Difference::ungranted(&package.manifest, grant.as_ref());
        let needs: Vec<Value> = package
            .manifest
            .needs
            .iter()
            .map(|need| {
                json!({
                    "interface": need.interface,
                    "verbs": need.verbs,
                    "resources": need.resources,
                    "reason": need.reason,
                    "imported": package.component.imports.iter().any(|import| import.interface == need.interface && !import.types_only),
                })
            })
            .collect();
        let (declared, status) = (self.declared(&entry), self.status(id));
        Ok(json!({
            "id": id,
            "title": package.manifest.title,
            "summary": package.manifest.summary,
            "version": entry.version,
            "licence": package.manifest.licence,
            "state": state,
            "problem": why,
            "digest": entry.digest,
            "origin": self.0.registry.origin(id, &entry),
            "previous": entry.previous,
            "installed": iso(entry.installed_at),
            "provides": package.report.provides,
            // Also of one that waits for a grant: who decides about it wants to know.
            "commands": declared.as_ref().map(|said| said.commands.iter().map(|command| command.name.join(" ")).collect::<Vec<_>>()),
            "surfaces": declared.as_ref().map(|said| said.offers.iter().map(|offer| format!("{}: {}", offer.slot, offer.title)).collect::<Vec<_>>()),
            "draws": declared.as_ref().map(|said| &said.previews),
            "describes": declared.as_ref().map(|said| &said.describes),
            "needs": needs,
            "granted": grant.as_ref().map(|grant| &grant.allow),
            "limits": self.limits(id, &package.manifest),
            "mode": grant.as_ref().map(|grant| grant.mode.as_str()),
            "not granted": (!ungranted.is_empty()).then_some(ungranted),
            "warnings": package.report.warnings,
            "log lines dropped": status.as_ref().map(|status| status.account.log_dropped).filter(|dropped| *dropped > 0),
            "troubles": status.map(|status| status.troubles).unwrap_or_default(),
        }))
    }

    /// What installing a component would change; changes nothing and runs nothing of it.
    pub async fn plan(&self, bytes: Vec<u8>) -> Result<Value> {
        let plan = self.blocking(move |registry| registry.plan(&Package::open(bytes)?)).await?;
        let mut answer = json!(plan);
        if let Some(there) = &plan.replaces {
            answer["replaces"]["installed"] = json!(iso(there.installed_at));
        }
        Ok(answer)
    }

    /// The grant as TOML; a comment when there is none.
    pub fn grant(&self, id: &PluginId) -> Result<String> {
        self.entry(id)?;
        Ok(self.0.registry.grants.text(id).unwrap_or_else(|| format!("# nothing is granted to {id}\n")))
    }

    pub fn ledger(&self) -> Vec<Value> {
        let Some(runtime) = self.0.runtime.get() else { return Vec::new() };
        runtime
            .ledger()
            .into_iter()
            .map(|(id, account)| {
                json!({
                    "id": id,
                    "calls": account.calls,
                    "cpu_ms": account.cpu_ns / 1_000_000,
                    "wall_ms": account.wall_ns / 1_000_000,
                    "peak_memory": account.peak_memory,
                    "host_calls": account.host_calls,
                    "bytes_in": account.bytes_in,
                    "bytes_out": account.bytes_out,
                    "errors": account.errors,
                    "denials": account.denials,
                    "traps": account.traps,
                    "timeouts": account.timeouts,
                    "cancelled": account.cancelled,
                    "log_dropped": account.log_dropped,
                })
            })
            .collect()
    }
}

/// Milliseconds since 1970 as people and programs read them alike.
fn iso(millis: u64) -> Option<String> {
    let time = chrono::DateTime::from_timestamp_millis(i64::try_from(millis).ok()?)?;
    Some(time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}
