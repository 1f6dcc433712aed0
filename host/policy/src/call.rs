//! One call of a plug-in: who, where, through which gate. Host code asks it before any effect.

use crate::{Allowance, Decision, Gate, Holding, Opened, Verb};
use kamld_types::{Person, PluginId, Problem, ProjectName, Right, problem::Result};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

/// What a person may do, project by project, as it stood when the call began.
#[derive(Clone, Debug)]
pub enum Rights {
    /// The one person of a laptop: owner of everything.
    Everything,
    Projects(BTreeMap<ProjectName, Right>),
}

impl Rights {
    pub fn in_project(&self, project: &str) -> Option<Right> {
        match self {
            Rights::Everything => Some(Right::Owner),
            Rights::Projects(rights) => rights.get(project).copied(),
        }
    }
}

/// Told of each decision that went against a call; the audit log listens.
pub trait Denials: Send + Sync {
    fn denied(&self, call: &Call, interface: &str, verb: Verb, resource: &str, reason: &str);
}

/// Everything that host code may know about the call that it serves.
pub struct Call {
    pub plugin: PluginId,
    pub person: Person,
    pub rights: Rights,
    pub project: Option<ProjectName>,
    /// 32 hex digits.
    pub trace: String,
    pub deadline: Instant,
    pub gate: Arc<Gate>,
    /// The generation of the plug-in's grant when the call began, and the current one:
    /// when they differ, the grant was changed and every further host call is refused.
    pub generation: u64,
    pub current_generation: Arc<AtomicU64>,
    pub denials: Option<Arc<dyn Denials>>,
    /// What it may have open, and what the host may hold for it.
    pub allowance: Allowance,
}

impl Call {
    /// Decides about one host call. `resource` is `PROJECT`, `PROJECT/ASSET` or `PROJECT/ASSET/PATH`,
    /// or empty for what belongs to no project. Denied is a value, and comes before any effect.
    pub fn admit(&self, interface: &str, verb: Verb, resource: &str) -> Result<()> {
        if self.current_generation.load(Ordering::Acquire) != self.generation {
            return Err(self.refuse(interface, verb, resource, "its grant was changed while this call was running"));
        }
        if let Decision::Deny(reason) = self.gate.check(interface, verb, resource) {
            return Err(self.refuse(interface, verb, resource, &reason));
        }
        if !self.person_may(verb, resource) {
            let (project, inside) = resource.split_once('/').unwrap_or((resource, ""));
            let reason = match inside {
                "" => format!("{} may not {verb} project {project}", self.person.id),
                _ => format!("{} may not {verb} anything in project {project}", self.person.id),
            };
            return Err(self.refuse(interface, verb, resource, &reason));
        }
        Ok(())
    }

    /// Decides whether a call that concerns everybody may go on: besides the grant of the plug-in, the person must be an
    /// admin.
    pub fn admit_admin(&self, interface: &str, verb: Verb) -> Result<()> {
        self.admit(interface, verb, "")?;
        if self.person.is_admin() {
            return Ok(());
        }
        Err(Problem::denied(format!("{} is not an admin", self.person.id))
            .help("an admin can do this, or give the role admin; nothing was changed"))
    }

    /// Counts something that the host is about to open for the call, and the memory that it takes.
    pub fn open(&self, what: Opened, bytes: u64) -> Result<Holding> {
        self.allowance.open(&self.plugin, what, bytes)
    }

    /// Decides, before a listing that is filtered with [`Call::may_see`], whether the interface is allowed at all:
    /// a plug-in that may not list hears so, instead of finding nothing.
    pub fn admit_listing(&self, interface: &str, verb: Verb) -> Result<()> {
        if self.current_generation.load(Ordering::Acquire) != self.generation {
            return Err(self.refuse(interface, verb, "", "its grant was changed while this call was running"));
        }
        match self.gate.check_any(interface, verb) {
            Decision::Allow => Ok(()),
            Decision::Deny(reason) => Err(self.refuse(interface, verb, "", &reason)),
        }
    }

    /// Whether a listing may show this at all: the same decision, told to nobody. Who may list or read it may see it.
    pub fn may_see(&self, interface: &str, resource: &str) -> bool {
        self.person_may(Verb::Read, resource)
            && (self.gate.allows(interface, Verb::List, resource) || self.gate.allows(interface, Verb::Read, resource))
    }

    /// The person's half of a decision. What belongs to no project is left to the gate. Inside a project the verb
    /// names the right; the project itself is its owner's to change, and anybody may create one: whoever does owns it.
    fn person_may(&self, verb: Verb, resource: &str) -> bool {
        let (project, inside) = resource.split_once('/').unwrap_or((resource, ""));
        if project.is_empty() {
            return true;
        }
        let needed = match verb.right() {
            Right::Viewer => Right::Viewer,
            right if !inside.is_empty() => right,
            _ if verb == Verb::Create => return true,
            _ => Right::Owner,
        };
        self.rights.in_project(project).is_some_and(|has| has >= needed)
    }

    fn refuse(&self, interface: &str, verb: Verb, resource: &str, reason: &str) -> Problem {
        if let Some(denials) = &self.denials {
            denials.denied(self, interface, verb, resource, reason);
        }
        Problem::denied(format!("plug-in {} was refused: {reason}", self.plugin))
            .help(format!("an admin can see and change what it may do: kamld plugin show {}", self.plugin))
    }
}
