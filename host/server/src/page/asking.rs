//! Whose view asks for a command, and what it takes until that command runs.
//!
//! Lives here: the stamp of the asking plug-in, the rule for commands of other plug-ins, and confirmations.
//! Must not live here: drawing the question (the shell does that), running commands.
//! Invariants: who asks is read from the server's own record of a view, never from what a plug-in says; a command that
//! writes runs for a view of another plug-in only with a confirmation that was handed out for exactly this asking
//! plug-in, command, arguments and project, once, and soon; a confirmation belongs to one tab of one person.

use super::session::Session;
use crate::{
    Server,
    parts::{Crossing, PluginCommand},
};
use kamld_types::{PluginId, Problem, ProjectName, command::Effect, problem::Result, surface::Reaction};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

/// From drawing the question's last answer to the command itself: one round trip of the page, however slow the line.
const LIFE: Duration = Duration::from_secs(60);
/// Confirmations of one tab that were not used yet; beyond that the oldest goes.
const MOST: usize = 16;

/// What on the page asks for a command.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The shell itself, on the person's word: the palette, a menu of its own.
    Shell,
    /// An element of an open view.
    View(u64),
    /// What a plug-in left on the page outside of its open views: the outcome of its command, an undo of an earlier view.
    Plugin(PluginId),
}

impl Origin {
    /// The plug-in that asks; none when the person does.
    pub fn asks(&self, session: &Session) -> Result<Option<PluginId>> {
        match self {
            Self::Shell => Ok(None),
            Self::Plugin(plugin) => Ok(Some(plugin.clone())),
            Self::View(id) => match session.views.lock().get(id) {
                Some(view) => Ok(Some(view.plugin.clone())),
                None => {
                    Err(Problem::not_found("the view that asks for this is not open any more, and nothing was run")
                        .help("open it again and try once more"))
                }
            },
        }
    }
}

/// A command with checked arguments, and the plug-in whose view asks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub asks: PluginId,
    pub of: PluginId,
    pub command: Vec<String>,
    pub arguments: Map<String, Value>,
    pub project: Option<ProjectName>,
}

/// What needs a confirmation: none for reading, for the person's own word, and for a plug-in's own commands.
pub fn crossing(
    asks: Option<PluginId>,
    command: &PluginCommand,
    arguments: &Map<String, Value>,
    project: Option<&ProjectName>,
) -> Option<Request> {
    let asks = asks.filter(|asks| *asks != command.plugin)?;
    (command.command.effect != Effect::Read).then(|| Request {
        asks,
        of: command.plugin.clone(),
        command: command.command.name.clone(),
        arguments: arguments.clone(),
        project: project.cloned(),
    })
}

impl Request {
    fn told(&self, session: &Session, effect: Effect, trace: &str) -> Crossing {
        let Self { asks, of, command, arguments, .. } = self.clone();
        let person = session.identity().person.id.clone();
        Crossing { asks, of, command: command.join(" "), arguments, effect, person, trace: trace.to_owned() }
    }

    /// Lets it pass when the person confirmed it, and writes that down first.
    pub async fn admit(
        &self,
        server: &Server,
        session: &Session,
        effect: Effect,
        nonce: Option<&str>,
        trace: &str,
    ) -> Result<()> {
        let told = self.told(session, effect, trace);
        if nonce.is_some_and(|nonce| session.confirmations.take(nonce, self)) {
            return server.parts.crossings.confirmed(told).await;
        }
        let why = match nonce {
            None => "the person did not confirm it",
            Some(_) => "the confirmation is not for this, was used, or is too old",
        };
        server.parts.crossings.refused(told, why);
        let (command, of, asks) = (self.command.join(" "), &self.of, &self.asks);
        Err(Problem::confirm(format!("'{command}' belongs to {of}, and a view of {asks} asks for it: {why}"))
            .help("nothing was run; the page asks you before it runs"))
    }
}

/// Confirmations of one tab that were handed out and not used.
#[derive(Default)]
pub struct Confirmations(Mutex<VecDeque<Held>>);

struct Held {
    nonce: String,
    of: Request,
    since: Instant,
}

impl Confirmations {
    pub fn give(&self, of: Request) -> String {
        let nonce = uuid::Uuid::new_v4().simple().to_string();
        let mut held = self.0.lock();
        if held.len() >= MOST {
            held.pop_front();
        }
        held.push_back(Held { nonce: nonce.clone(), of, since: Instant::now() });
        nonce
    }

    /// Whether it was given for this. Whatever the answer, it is used up.
    pub fn take(&self, nonce: &str, of: &Request) -> bool {
        self.take_at(nonce, of, Instant::now())
    }

    fn take_at(&self, nonce: &str, of: &Request, now: Instant) -> bool {
        let mut held = self.0.lock();
        held.retain(|held| now.duration_since(held.since) < LIFE);
        let Some(place) = held.iter().position(|held| held.nonce == nonce) else { return false };
        held.remove(place).is_some_and(|held| held.of == *of)
    }
}

/// An action that a reaction goes on with was chosen by nobody: it may show and read, and changes nothing.
pub fn unasked(server: &Server, session: &Session, plugin: &PluginId, reaction: &Reaction, trace: &str) -> Result<()> {
    let Some(then) = &reaction.then else { return Ok(()) };
    let refuse = |what: String| {
        Problem::invalid(format!("plug-in {plugin} answered with an action that {what}, and nothing of that was done"))
            .help("only what you choose yourself changes something")
    };
    if then.get("upload").is_some() {
        return Err(refuse("uploads files".into()));
    }
    let Some(run) = then.get("run") else { return Ok(()) };
    let words: Vec<String> = serde_json::from_value(run.clone()).unwrap_or_default();
    let list = server.parts.commands.list();
    // One that is not there now may be there, and write, when the page would run it.
    let found = list.commands.iter().find(|command| command.command.name == words);
    let effect = found.map_or(Effect::Write, |command| command.command.effect);
    if effect == Effect::Read {
        return Ok(());
    }
    let of = found.map_or_else(|| plugin.clone(), |command| command.plugin.clone());
    let arguments = then.get("arguments").and_then(Value::as_object).cloned().unwrap_or_default();
    let request = Request { asks: plugin.clone(), of, command: words, arguments, project: None };
    let told = request.told(session, effect, trace);
    server.parts.crossings.refused(told, "nobody chose it: it was the answer to another action");
    Err(refuse(format!("runs '{}'", request.command.join(" "))))
}

/// What the plug-ins are called that the page meets, by their ids: the shell names both sides of a question.
pub fn titles(server: &Server) -> Value {
    let surfaces = server.parts.surfaces.list();
    let commands = server.parts.commands.list();
    let ids = surfaces.iter().map(|offer| &offer.plugin).chain(commands.commands.iter().map(|command| &command.plugin));
    let titles: BTreeMap<&PluginId, String> = ids.map(|id| (id, server.parts.crossings.title(id))).collect();
    json!(titles)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(asset: &str) -> Request {
        Request {
            asks: "acme/x".parse().unwrap(),
            of: "kamld/datasets".parse().unwrap(),
            command: vec!["asset".into(), "remove".into()],
            arguments: json!({ "asset": asset }).as_object().cloned().unwrap(),
            project: None,
        }
    }

    #[test]
    fn a_confirmation_is_for_one_thing_once() {
        let held = Confirmations::default();
        let nonce = held.give(request("birds/strikes"));
        assert!(held.take(&nonce, &request("birds/strikes")));
        assert!(!held.take(&nonce, &request("birds/strikes")), "it was used");
        let nonce = held.give(request("birds/strikes"));
        assert!(!held.take(&nonce, &request("birds/songs")), "other arguments");
        assert!(!held.take(&nonce, &request("birds/strikes")), "a wrong try uses it up");
        for (what, other) in [
            ("asks", Request { asks: "acme/y".parse().unwrap(), ..request("a/b") }),
            ("of", Request { of: "acme/y".parse().unwrap(), ..request("a/b") }),
            ("command", Request { command: vec!["rm".into()], ..request("a/b") }),
            ("project", Request { project: Some(ProjectName::new("birds").unwrap()), ..request("a/b") }),
        ] {
            let nonce = held.give(request("a/b"));
            assert!(!held.take(&nonce, &other), "another {what}");
        }
        assert!(!held.take("", &request("a/b")));
    }

    #[test]
    fn a_confirmation_ends_soon() {
        let held = Confirmations::default();
        let nonce = held.give(request("a/b"));
        assert!(!held.take_at(&nonce, &request("a/b"), Instant::now() + LIFE));
    }

    #[test]
    fn only_a_few_wait_to_be_used() {
        let held = Confirmations::default();
        let first = held.give(request("a/b"));
        let last = (0..MOST).map(|_| held.give(request("a/b"))).last().unwrap();
        assert!(!held.take(&first, &request("a/b")) && held.take(&last, &request("a/b")));
    }
}
