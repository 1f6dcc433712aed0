//! What a plug-in may ask of the host itself: who calls, what there is, and long work that a person watches.

use crate::{Result, bindings::imports::kamld::plugin};

/// Who calls, and where. A plug-in cannot choose any of it.
///
/// ```no_run
/// let caller = kamld_sdk::context();
/// println!("{} asks about {:?}", caller.person, caller.project);
/// ```
pub fn context() -> plugin::context::CallContext {
    plugin::context::current()
}

/// Whether this host offers an interface, such as `kamld:metadata/sql@0.1.0`: for what a plug-in does not import
/// itself, or does with or without. It says nothing of what other plug-ins there are, or of what this one may.
///
/// ```no_run
/// use kamld_sdk::view;
/// let next = if kamld_sdk::has("kamld:metadata/sql@0.1.0") {
///     view::hint("query it").command("kamld sql 'select 1'")
/// } else {
///     view::hint("look around").command("kamld ls")
/// };
/// ```
pub fn has(interface: &str) -> bool {
    plugin::features::has(interface)
}

/// Long work that a person can watch and stop. Dropped without [`Task::finish`], it has failed.
///
/// ```no_run
/// let task = kamld_sdk::Task::start("Counting rows", Some(3), "files")?;
/// for done in 1..=3 {
///     task.progress(done)?;
/// }
/// task.finish("counted 3 files");
/// # Ok::<(), kamld_sdk::Error>(())
/// ```
pub struct Task(plugin::tasks::Task);

impl Task {
    /// `total` is in `unit`s (`rows`, `files`, `bytes`); none when it is not known.
    pub fn start(title: &str, total: Option<u64>, unit: &str) -> Result<Self> {
        Ok(Self(plugin::tasks::Task::start(title, total, unit)?))
    }

    /// How far the work is; `cancelled` once the person has stopped it, so that `?` ends the work.
    pub fn progress(&self, done: u64) -> Result<()> {
        Ok(self.0.progress(done)?)
    }

    /// The work is done; `note` is one sentence for the person.
    pub fn finish(self, note: &str) {
        self.0.finish(note);
    }
}
