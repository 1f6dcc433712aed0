//! A tab of a person: its open views, its running requests, and the connection that it has at the moment.
//!
//! Lives here: what outlives a connection. Must not live here: reading and writing of sockets.
//! Invariants: a session belongs to one person; without a connection it ends after a minute; of the drawings of one
//! view the newest wins.

use super::{
    asking::{self, Confirmations},
    changes::Change,
    message,
    views::Open,
};
use crate::{Caller, Identity, Server, Trace};
use kamld_types::{Address, Problem, ProjectName, Right, problem::Result};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    time::{Duration, Instant},
};
use tokio::sync::{Semaphore, broadcast::error::RecvError, mpsc};
use tokio_util::sync::CancellationToken;

/// How long a session waits for its page to come back.
const KEPT: Duration = Duration::from_secs(60);
/// The shortest time between two looks at what changed: ten patches a second.
const BREATH: Duration = Duration::from_millis(100);
/// Views of one tab: far more than a screen has.
pub const VIEWS: usize = 64;
/// Requests of one tab that run at one time; more wait.
const REQUESTS: usize = 32;
/// Addresses that are told one by one; more are told as "all of it".
const UNTOLD: usize = 100;
/// Sessions of all people; beyond that the ones without a connection go first.
const SESSIONS: usize = 1000;

pub struct Session {
    pub token: String,
    identity: Mutex<Identity>,
    pub locale: Option<String>,
    pub views: Mutex<HashMap<u64, Open>>,
    /// What runs, and how to stop it.
    pub running: Mutex<HashMap<u64, CancellationToken>>,
    pub turns: Semaphore,
    pub confirmations: Confirmations,
    pub hidden: AtomicBool,
    /// Addresses of what changed and the page was not told yet.
    untold: Mutex<Vec<String>>,
    wire: Mutex<Wire>,
    ended: CancellationToken,
}

struct Wire {
    out: Option<mpsc::Sender<String>>,
    /// Counts connections: the end of an old one does not cut the new one.
    number: u64,
    since: Instant,
}

/// All sessions of a server.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<String, Arc<Session>>>);

impl Sessions {
    /// The session of a token, when it is this person's and still there.
    pub fn find(&self, token: &str, identity: &Identity) -> Option<Arc<Session>> {
        let session = self.0.lock().get(token).cloned()?;
        (session.identity().person.id == identity.person.id).then_some(session)
    }

    /// A new one, followed by a task of its own until it ends.
    pub fn begin(&self, server: &Server, identity: Identity, locale: Option<String>) -> Result<Arc<Session>> {
        let session = Arc::new(Session {
            token: uuid::Uuid::new_v4().simple().to_string(),
            identity: Mutex::new(identity),
            locale,
            views: Mutex::default(),
            running: Mutex::default(),
            turns: Semaphore::new(REQUESTS),
            confirmations: Confirmations::default(),
            hidden: AtomicBool::new(false),
            untold: Mutex::default(),
            wire: Mutex::new(Wire { out: None, number: 0, since: Instant::now() }),
            ended: CancellationToken::new(),
        });
        let mut all = self.0.lock();
        all.retain(|_, session| !session.forgotten());
        if all.len() >= SESSIONS {
            return Err(Problem::unavailable("as many pages are open as the server may serve")
                .help("close some tabs, or try again in a minute"));
        }
        all.insert(session.token.clone(), session.clone());
        tokio::spawn(follow(server.clone(), session.clone()));
        Ok(session)
    }
}

impl Session {
    /// Who it belongs to, with what they may do as it was at the last message.
    pub fn identity(&self) -> Identity {
        self.identity.lock().clone()
    }

    /// What its person may do was asked again.
    pub fn is_now(&self, identity: &Identity) {
        *self.identity.lock() = identity.clone();
    }

    fn forgotten(&self) -> bool {
        let wire = self.wire.lock();
        let gone = wire.out.is_none() && wire.since.elapsed() > KEPT;
        if gone {
            self.ended.cancel();
        }
        gone
    }

    /// Takes a connection; answers its number.
    pub fn connect(&self, out: mpsc::Sender<String>) -> u64 {
        let mut wire = self.wire.lock();
        wire.out = Some(out);
        wire.number += 1;
        wire.number
    }

    pub fn disconnect(&self, number: u64) {
        let mut wire = self.wire.lock();
        if wire.number == number {
            wire.out = None;
            wire.since = Instant::now();
        }
    }

    /// Sends what the page can do without: without a connection, or when the page does not read, it is left out.
    pub fn send(&self, text: String) {
        let mut wire = self.wire.lock();
        if let Some(out) = &wire.out
            && out.try_send(text).is_err()
        {
            // It does not read: the connection ends, and the page resumes with everything anew.
            wire.out = None;
            wire.since = Instant::now();
        }
    }

    pub fn caller(&self, project: Option<ProjectName>, cancelled: CancellationToken) -> Caller {
        Caller {
            person: self.identity().person.clone(),
            rights: self.identity().rights.clone(),
            project,
            trace: Trace::begin(),
            deadline: None,
            locale: self.locale.clone(),
            cancelled,
        }
    }

    pub fn refuse(&self, id: u64, problem: &Problem, trace: &str) {
        self.send(message::outgoing(Some(id), "problem", message::problem(problem, trace)));
    }

    pub fn tasks(&self, server: &Server) -> Value {
        json!(server.parts.surfaces.tasks(&self.identity().person))
    }

    /// Draws a view again and sends what differs; `whole` when the page may have missed something.
    pub async fn redraw(&self, server: &Server, id: u64, whole: bool) {
        let (plugin, place, data, turn) = {
            let mut views = self.views.lock();
            let Some(view) = views.get_mut(&id) else { return };
            if view.shown.is_none() {
                // It is being opened, which looks at this before it answers.
                view.stale = true;
                return;
            }
            view.stale = false;
            view.turn += 1;
            (view.plugin.clone(), view.place.clone(), view.data.clone(), view.turn)
        };
        let caller = self.caller(project_of(&place.address), CancellationToken::new());
        let trace = caller.trace.id.clone();
        let drawn = server.parts.surfaces.open(caller, &plugin, &place, &data).await;
        let mut views = self.views.lock();
        let Some(view) = views.get_mut(&id).filter(|view| view.turn == turn) else { return };
        match drawn {
            Ok(screen) => {
                if let Some(patch) = view.draw(id, screen, whole) {
                    self.send(message::outgoing(None, "patch", patch));
                }
            }
            Err(problem) => {
                let lost = json!({ "view": id, "problem": message::problem(&problem, &trace) });
                self.send(message::outgoing(None, "lost", lost));
            }
        }
    }

    pub fn views_that<F: Fn(&Open) -> bool>(&self, is: F) -> Vec<u64> {
        self.views.lock().iter().filter(|(_, view)| is(view)).map(|(id, _)| *id).collect()
    }

    async fn heed(&self, server: &Server, changes: &[Change]) {
        let mut tell_tasks = false;
        for change in changes {
            match change {
                Change::Plugins => {
                    let list = server.parts.surfaces.list();
                    let generation = server.parts.commands.list().generation;
                    let told = json!({ "surfaces": *list, "commands": generation, "plugins": asking::titles(server) });
                    self.send(told.to_string());
                    // Its plug-in may be gone, or another version draws it.
                    self.views.lock().values_mut().for_each(|view| view.stale = true);
                }
                Change::Tasks => tell_tasks = true,
                Change::At(address) => self.note_changed(address),
            }
            let mut views = self.views.lock();
            for view in views.values_mut().filter(|view| change.concerns(&view.place.address, &view.topics)) {
                view.stale = true;
            }
        }
        if self.hidden.load(Ordering::Acquire) {
            return;
        }
        if tell_tasks {
            self.send(message::outgoing(None, "tasks", self.tasks(server)));
        }
        self.tell_changed();
        self.refresh(server).await;
    }

    /// Keeps what changed for the page, as far as this person may know of it.
    fn note_changed(&self, address: &str) {
        if project_of(address).is_some_and(|project| self.identity().require(&project, Right::Viewer).is_err()) {
            return;
        }
        let mut untold = self.untold.lock();
        match untold.len() {
            _ if untold.iter().any(|known| known.is_empty() || known == address) => {}
            UNTOLD.. => *untold = vec![String::new()],
            _ => untold.push(address.to_owned()),
        }
    }

    /// Tells the page what may look different of that which it fetches by itself.
    pub fn tell_changed(&self) {
        let changed = std::mem::take(&mut *self.untold.lock());
        if !changed.is_empty() {
            self.send(message::outgoing(None, "changed", json!(changed)));
        }
    }

    /// Draws what may look different now.
    pub async fn refresh(&self, server: &Server) {
        let stale = self.views_that(|view| view.stale);
        futures::future::join_all(stale.into_iter().map(|id| self.redraw(server, id, false))).await;
    }
}

/// The project that an address is in.
pub fn project_of(address: &str) -> Option<ProjectName> {
    match address.parse::<Address>() {
        Ok(address) => Some(address.asset.project),
        Err(_) => ProjectName::new(address.split('/').next()?).ok(),
    }
}

/// Heeds changes until the session ends.
async fn follow(server: Server, session: Arc<Session>) {
    let mut changes = server.parts.changes.listen();
    let mut look = tokio::time::interval(KEPT);
    loop {
        let mut heard = Vec::new();
        tokio::select! {
            () = session.ended.cancelled() => break,
            _ = look.tick() => if session.forgotten() { break } else { continue },
            change = changes.recv() => match change {
                Ok(change) => heard.push(change),
                Err(RecvError::Lagged(_)) => heard.extend([Change::At(String::new()), Change::Plugins, Change::Tasks]),
                Err(RecvError::Closed) => break,
            },
        }
        // What comes in a burst is drawn once.
        while let Ok(change) = changes.try_recv() {
            if !heard.contains(&change) {
                heard.push(change);
            }
        }
        session.heed(&server, &heard).await;
        tokio::time::sleep(BREATH).await;
    }
    session.running.lock().drain().for_each(|(_, cancel)| cancel.cancel());
    server.pages.0.lock().remove(&session.token);
}
