//! Writing to a branch: one queue a branch, one pack and one compare-and-set a round.
//!
//! Lives here: the queue, the round, and what each kind of edit does to the tree.
//! Invariants: edits of one branch happen one after the other; a round is durable before any of its
//! writers is answered, in the order bodies and nodes, commits, branch; when another process moved the
//! branch in between, the whole round is done again on the new state, so no write is lost.

use crate::{
    error::{Error, Result},
    model::{Changed, Commit, CommitWords, now},
    pack::PackWriter,
    records::{BranchRecord, CommitRecord, Head, StoredCommit, branch_key, commit_key},
    refstore::{Expect, Flush, Wrote},
    store::Inner,
    tree::{Body, Cursor, Diff, Edit, Edits, Entry, NodeRef, Put, apply},
};
use bytes::Bytes;
use kamld_types::{AssetId, BranchName};
use parking_lot::Mutex;
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};
use tokio::sync::oneshot;
use uuid::Uuid;

/// Bytes of small bodies that one round takes together; more wait for the next round.
const ROUND: usize = 64 << 20;
/// How often a round is done again when others keep moving the branch.
const ATTEMPTS: u32 = 64;

pub(crate) enum Job {
    Put(Vec<(Arc<str>, Put)>),
    Remove(Place),
    Copy { from: Place, to: Place, remove: bool },
    Restore { tree: Back, places: Vec<Place> },
    Commit(CommitWords),
}

/// What a restore goes back to.
pub(crate) enum Back {
    LastCommit,
    Tree(Option<NodeRef>),
}

/// One object, or all below a folder (which ends in `/`).
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Object(Arc<str>),
    Folder(Arc<str>),
}

pub(crate) enum Answer {
    /// The times that unchanged objects keep.
    Put(Arc<HashMap<Arc<str>, u64>>),
    Count(u64),
    Commit(Box<Commit>),
}

#[derive(Default)]
pub(crate) struct Lane {
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    tickets: VecDeque<Ticket>,
    running: bool,
}

struct Ticket {
    job: Job,
    reply: oneshot::Sender<Result<Answer>>,
}

/// The branch that a lane serves.
#[derive(Clone)]
pub(crate) struct Target {
    pub asset: AssetId,
    pub id: Uuid,
    pub branch: BranchName,
}

impl Job {
    fn weight(&self) -> usize {
        let Job::Put(puts) = self else { return 0 };
        let body = |put: &Put| match &put.body {
            Body::Pack(bytes) => bytes.len(),
            Body::At(_) => 0,
        };
        puts.iter().map(|(_, put)| body(put)).sum()
    }
}

/// Hands a job to the lane of its branch and waits until it is durable. A caller who goes away does not
/// stop the round, which others may share.
pub(crate) async fn submit(inner: &Arc<Inner>, target: Target, job: Job) -> Result<Answer> {
    let lane = inner.lanes.lock().entry((target.id, target.branch.clone())).or_default().clone();
    let (reply, answer) = oneshot::channel();
    let start = {
        let mut queue = lane.queue.lock();
        queue.tickets.push_back(Ticket { job, reply });
        !std::mem::replace(&mut queue.running, true)
    };
    if start {
        tokio::spawn(run(inner.clone(), lane, target));
    }
    answer.await.unwrap_or_else(|_| {
        Err(Error::internal("the writer of this branch stopped")
            .help("look at the branch, then repeat what is missing"))
    })
}

/// Whatever ends the runner, the next job finds a lane that starts anew.
struct Running(Arc<Lane>);

impl Drop for Running {
    fn drop(&mut self) {
        let mut queue = self.0.queue.lock();
        if queue.running {
            queue.running = false;
            queue.tickets.clear();
        }
    }
}

async fn run(inner: Arc<Inner>, lane: Arc<Lane>, target: Target) {
    let running = Running(lane);
    loop {
        let tickets = {
            let mut queue = running.0.queue.lock();
            let mut tickets = Vec::new();
            let mut weight = 0;
            while let Some(next) = queue.tickets.front().map(|ticket| ticket.job.weight()) {
                if !tickets.is_empty() && weight + next > ROUND {
                    break;
                }
                weight += next;
                tickets.extend(queue.tickets.pop_front());
            }
            if tickets.is_empty() {
                queue.running = false;
                return;
            }
            tickets
        };
        let (jobs, replies): (Vec<Job>, Vec<_>) = tickets.into_iter().map(|t| (t.job, t.reply)).unzip();
        match rounds(&inner, &target, &jobs).await {
            Ok(answers) => {
                for (reply, answer) in replies.into_iter().zip(answers) {
                    let _ = reply.send(answer);
                }
            }
            Err(error) => {
                for reply in replies {
                    let _ = reply.send(Err(error.clone()));
                }
            }
        }
    }
}

async fn rounds(inner: &Arc<Inner>, target: &Target, jobs: &[Job]) -> Result<Vec<Result<Answer>>> {
    let key = branch_key(target.id, &target.branch);
    for _ in 0..ATTEMPTS {
        let (record, tag) =
            inner.records.get::<BranchRecord>(&key).await?.ok_or_else(|| {
                Error::not_found(format!("{} has no branch '{}' any more", target.asset, target.branch))
            })?;
        let before = record.clone();
        let mut round = Round {
            inner,
            target,
            pack: PackWriter::new(inner.nodes.clone()),
            record,
            pending: Edits::new(),
            commits: Vec::new(),
            kept: HashMap::new(),
        };
        let mut answers = Vec::with_capacity(jobs.len());
        for job in jobs {
            // What goes wrong with one job is told to its caller alone, but a store that fails fails them all.
            match round.job(job).await {
                Err(error) if matches!(error, Error::Unavailable(_) | Error::Limit(_) | Error::Internal(_)) => {
                    return Err(error);
                }
                answer => answers.push(answer),
            }
        }
        round.settle().await?;
        round.pack.flush().await?;
        let Round { mut record, commits, kept, .. } = round;
        if record != before {
            for (commit, bytes) in &commits {
                let key = commit_key(target.id, commit.id);
                inner.records.refs.put(&key, bytes.clone(), Expect::Any, Flush::WithNext).await?;
            }
            record.modified = now();
            match inner.records.put(&key, &record, Expect::Tag(tag), Flush::Now).await? {
                Wrote::Done(_) => inner.tell(Changed { asset: target.asset.clone(), branch: target.branch.clone() }),
                Wrote::Conflict => {
                    for (commit, _) in &commits {
                        inner.records.refs.delete(&commit_key(target.id, commit.id), Expect::Any).await?;
                    }
                    continue;
                }
            }
        }
        let kept = Arc::new(kept);
        for answer in &mut answers {
            if let Ok(Answer::Put(times)) = answer {
                *times = kept.clone();
            }
        }
        return Ok(answers);
    }
    Err(Error::conflict(format!("branch '{}' of {} is changed by others without a pause", target.branch, target.asset))
        .help("nothing of this request was written; repeat it"))
}

struct Round<'a> {
    inner: &'a Arc<Inner>,
    target: &'a Target,
    pack: PackWriter,
    record: BranchRecord,
    /// Edits that are not in the tree of `record` yet.
    pending: Edits,
    commits: Vec<(StoredCommit, Bytes)>,
    kept: HashMap<Arc<str>, u64>,
}

impl Round<'_> {
    /// Brings all pending edits into the tree.
    async fn settle(&mut self) -> Result<()> {
        if !self.pending.is_empty() {
            let edits = std::mem::take(&mut self.pending);
            let applied = apply::apply(&self.inner.nodes, &mut self.pack, self.record.working.as_ref(), edits).await?;
            // A tree that is equal is the same tree: its nodes stay where they are.
            if applied.root.as_ref().map(|n| n.hash) != self.record.working.as_ref().map(|n| n.hash) {
                self.record.working = applied.root;
            }
            self.kept.extend(applied.kept);
        }
        Ok(())
    }

    /// The working tree, readable by cursors.
    async fn readable(&mut self) -> Result<Option<NodeRef>> {
        self.settle().await?;
        self.pack.flush().await?;
        Ok(self.record.working.clone())
    }

    async fn job(&mut self, job: &Job) -> Result<Answer> {
        match job {
            Job::Put(puts) => {
                let edits = puts.iter().map(|(path, put)| (path.clone(), Edit::Put(put.clone())));
                self.pending.extend(edits);
                Ok(Answer::Put(Arc::default()))
            }
            Job::Remove(place) => {
                let tree = self.readable().await?;
                let found = self.found(tree, place).await?;
                let count = found.len() as u64;
                self.pending.extend(found.into_iter().map(|entry| (entry.path, Edit::Remove)));
                Ok(Answer::Count(count))
            }
            Job::Copy { from, to, remove } => self.copy(from, to, *remove).await.map(Answer::Count),
            Job::Restore { tree, places } => self.restore(tree, places).await.map(Answer::Count),
            Job::Commit(words) => self.commit(words).await.map(|commit| Answer::Commit(Box::new(commit))),
        }
    }

    async fn entries(&self, tree: Option<NodeRef>, place: &Place) -> Result<Vec<Entry>> {
        let start = match place {
            Place::Object(path) | Place::Folder(path) => path,
        };
        let mut cursor = Cursor::seek(self.inner.nodes.clone(), tree, start, false).await?;
        let mut found = Vec::new();
        while let Some(entry) = cursor.next().await? {
            match place {
                Place::Object(path) if entry.path == *path => return Ok(vec![entry]),
                Place::Folder(path) if entry.path.starts_with(&**path) => found.push(entry),
                _ => break,
            }
        }
        Ok(found)
    }

    async fn found(&self, tree: Option<NodeRef>, place: &Place) -> Result<Vec<Entry>> {
        let found = self.entries(tree, place).await?;
        if !found.is_empty() {
            return Ok(found);
        }
        let Target { asset, branch, .. } = self.target;
        Err(match place {
            Place::Object(path) => Error::not_found(format!("{asset}@{branch} has no object '{path}'"))
                .help(format!("`kamld ls {asset}@{branch}` shows what is there; a folder ends in '/'")),
            Place::Folder(path) => Error::not_found(format!("{asset}@{branch} has nothing below '{path}'"))
                .help(format!("`kamld ls {asset}@{branch}` shows what is there")),
        })
    }

    async fn copy(&mut self, from: &Place, to: &Place, remove: bool) -> Result<u64> {
        let tree = self.readable().await?;
        let found = self.found(tree, from).await?;
        let count = found.len() as u64;
        let mut puts = Vec::with_capacity(found.len());
        for entry in found {
            let path: Arc<str> = match (from, to) {
                (Place::Object(_), Place::Object(to)) => to.clone(),
                (Place::Object(from), Place::Folder(to)) => {
                    let name = from.rsplit('/').next().unwrap_or(from);
                    format!("{to}{name}").into()
                }
                (Place::Folder(from), Place::Folder(to)) => format!("{to}{}", &entry.path[from.len()..]).into(),
                (Place::Folder(from), Place::Object(to)) => {
                    return Err(Error::invalid(format!("folder '{from}' cannot become the object '{to}'"))
                        .help(format!("name a folder, with a '/' at its end: '{to}/'")));
                }
            };
            kamld_types::ObjectPath::new(&*path)?;
            if remove {
                self.pending.insert(entry.path.clone(), Edit::Remove);
            }
            puts.push((path, Edit::Put(put_of(&entry))));
        }
        self.pending.extend(puts);
        Ok(count)
    }

    async fn restore(&mut self, tree: &Back, places: &[Place]) -> Result<u64> {
        let current = self.readable().await?;
        let tree = match tree {
            Back::LastCommit => self.record.head_tree().cloned(),
            Back::Tree(tree) => tree.clone(),
        };
        if places.is_empty() {
            let count = match (&current, &tree) {
                (None, None) => 0,
                (Some(all), None) | (None, Some(all)) => all.objects,
                _ => {
                    let mut diff = Diff::new(&self.inner.nodes, current, tree.clone(), None).await?;
                    let mut count = 0;
                    while diff.next().await?.is_some() {
                        count += 1;
                    }
                    count
                }
            };
            self.record.working = tree;
            return Ok(count);
        }
        let mut edits = Edits::new();
        for place in places {
            let now = self.entries(current.clone(), place).await?;
            let then = self.entries(tree.clone(), place).await?;
            if now.is_empty() && then.is_empty() {
                let (Place::Object(path) | Place::Folder(path)) = place;
                return Err(Error::not_found(format!("'{path}' is neither there now nor in what is to be restored"))
                    .help("nothing was restored; check the path, a folder ends in '/'"));
            }
            let now: HashMap<Arc<str>, Entry> = now.into_iter().map(|entry| (entry.path.clone(), entry)).collect();
            edits.extend(now.keys().map(|path| (path.clone(), Edit::Remove)));
            for entry in then {
                let edit = Edit::Put(put_of(&entry));
                match now.get(&entry.path) {
                    Some(same) if same.hash == entry.hash && same.media_type == entry.media_type => {
                        edits.remove(&entry.path)
                    }
                    _ => edits.insert(entry.path, edit),
                };
            }
        }
        let count = edits.len() as u64;
        self.pending.extend(edits);
        Ok(count)
    }

    async fn commit(&mut self, words: &CommitWords) -> Result<Commit> {
        self.settle().await?;
        let Target { asset, branch, .. } = self.target;
        if !self.record.changed() {
            return Err(Error::invalid(format!("there is nothing to commit on {asset}@{branch}"))
                .help("put, move or remove objects first; `kamld changes` shows what a commit would hold"));
        }
        let tree = self.record.working.clone();
        let CommitWords { author, message, properties } = words.clone();
        let record = CommitRecord {
            tree: tree.as_ref().map(|n| n.hash),
            objects: tree.as_ref().map_or(0, |n| n.objects),
            size: tree.as_ref().map_or(0, |n| n.bytes),
            parents: self.record.head.iter().map(|head| head.commit).collect(),
            author,
            message,
            created: now(),
            properties,
        };
        let (stored, bytes) = StoredCommit::new(record, tree.clone())?;
        let commit = stored.to_commit();
        self.record.head = Some(Head { commit: stored.id, tree });
        self.commits.push((stored, bytes));
        Ok(commit)
    }
}

/// The same object once more: no bytes move.
fn put_of(entry: &Entry) -> Put {
    Put {
        size: entry.size,
        hash: entry.hash,
        media_type: entry.media_type.clone(),
        modified: entry.modified,
        body: Body::At(entry.location),
    }
}
