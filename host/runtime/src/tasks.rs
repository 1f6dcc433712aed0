//! Long work that people watch and stop.
//!
//! Lives here: the list of tasks, running ones and the last that ended. Must not live here: what the work is.
//! Invariant: a task that is neither finished nor dropped belongs to a call that is running.

use kamld_policy::Call;
use kamld_types::{Problem, problem::Result};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// Ended tasks that are kept, so that a person who looks away for a moment sees how it ended.
const KEPT: usize = 100;
/// The longest title or note, in characters: one line of a screen.
const LINE: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Running,
    Finished,
    Failed,
    Cancelled,
}

/// One task as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    pub id: u64,
    pub plugin: String,
    pub person: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    pub title: String,
    /// In `unit`s; none when it is not known.
    pub total: Option<u64>,
    pub unit: String,
    pub done: u64,
    /// Milliseconds since 1970.
    pub started: u64,
    pub ended: Option<u64>,
    pub state: State,
    /// One sentence of the plug-in at the end.
    pub note: String,
    pub trace: String,
}

/// All tasks of a host.
#[derive(Default)]
pub struct Tasks {
    last_id: AtomicU64,
    version: AtomicU64,
    running: Mutex<Vec<Arc<Entry>>>,
    ended: Mutex<VecDeque<Task>>,
}

/// A running task, as the call that does the work holds it. Dropped before its end, it has failed.
pub struct Entry {
    list: Arc<Tasks>,
    fixed: Task,
    done: AtomicU64,
    cancelled: AtomicBool,
    ended: AtomicBool,
}

/// The guest's end of a task.
pub struct Handle(Arc<Entry>);

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LINE).collect()
}

impl Tasks {
    pub fn start(self: &Arc<Self>, call: &Call, title: &str, total: Option<u64>, unit: &str) -> Handle {
        let fixed = Task {
            id: self.last_id.fetch_add(1, Ordering::Relaxed) + 1,
            plugin: call.plugin.to_string(),
            person: call.person.id.clone(),
            project: call.project.as_ref().map(ToString::to_string),
            title: line(title),
            total,
            unit: line(unit),
            done: 0,
            started: now(),
            ended: None,
            state: State::Running,
            note: String::new(),
            trace: call.trace.clone(),
        };
        let entry = Arc::new(Entry {
            list: self.clone(),
            fixed,
            done: AtomicU64::new(0),
            cancelled: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        });
        self.running.lock().push(entry.clone());
        self.touch();
        Handle(entry)
    }

    /// Grows with each change of any task, so that a watcher need not compare lists.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    fn touch(&self) {
        self.version.fetch_add(1, Ordering::AcqRel);
    }

    /// Running tasks first, oldest first; then those that ended, newest first.
    pub fn list(&self) -> Vec<Task> {
        let mut tasks: Vec<Task> = self.running.lock().iter().map(|entry| entry.now()).collect();
        tasks.extend(self.ended.lock().iter().rev().cloned());
        tasks
    }

    /// Asks the work to stop: its next report of progress is answered with `cancelled`.
    pub fn cancel(&self, id: u64) -> Result<()> {
        let running = self.running.lock();
        let entry = running.iter().find(|entry| entry.fixed.id == id);
        let entry = entry.ok_or_else(|| Problem::not_found(format!("no task {id} is running")))?;
        entry.cancelled.store(true, Ordering::Release);
        Ok(())
    }
}

impl Entry {
    fn now(&self) -> Task {
        Task { done: self.done.load(Ordering::Relaxed), ..self.fixed.clone() }
    }

    fn end(&self, state: State, note: &str) {
        if self.ended.swap(true, Ordering::AcqRel) {
            return;
        }
        let task = Task { state, ended: Some(now()), note: line(note), ..self.now() };
        self.list.running.lock().retain(|entry| entry.fixed.id != task.id);
        let mut ended = self.list.ended.lock();
        if ended.len() == KEPT {
            ended.pop_front();
        }
        ended.push_back(task);
        drop(ended);
        self.list.touch();
    }
}

impl Handle {
    /// How far the work is; `cancelled` once a person has stopped it.
    pub fn progress(&self, done: u64) -> Result<()> {
        self.0.done.store(done, Ordering::Relaxed);
        self.0.list.touch();
        if self.0.cancelled.load(Ordering::Acquire) {
            let unit = &self.0.fixed.unit;
            return Err(Problem::cancelled(format!("'{}' was stopped after {done} {unit}", self.0.fixed.title)));
        }
        Ok(())
    }

    pub fn finish(&self, note: &str) {
        self.0.end(State::Finished, note);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let state = if self.0.cancelled.load(Ordering::Acquire) { State::Cancelled } else { State::Failed };
        self.0.end(state, "");
    }
}
