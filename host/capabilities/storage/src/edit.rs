//! Writing to a branch: one queue a branch, one pack and one compare-and-set a round.
//!
//! Lives here: the queue, the round, and what each kind of job does to the tree.
//! Invariants: jobs of one branch happen one after the other; each job is done whole or not at all; a round is durable
//! before any of its writers is answered, in the order bodies and nodes, commits, branch; when another process moved
//! the branch in between, the whole round is done again on the new state, so no write is lost.

use crate::{
    error::{Error, Result},
    leases::Lease,
    model::{Changed, Commit, CommitWords, now},
    pack::PackWriter,
    records::{BranchRecord, CommitRecord, Head, RefRecord, StoredCommit, commit_key, ref_key},
    refstore::{Companion, Expect, Wrote},
    store::Inner,
    tree::{
        Batch, Body, Copied, Cursor, Diff, Edit, Edits, Entry, NodeRef, Put,
        apply::{Applied, apply},
    },
};
use kamld_types::{AssetId, BranchName, CommitId, ObjectPath};
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
    Put {
        puts: Vec<(Arc<str>, Put)>,
        /// Keeps their bytes from being collected until a ref leads to them, also when the caller goes away before.
        #[expect(dead_code, reason = "it is only held")]
        lease: Arc<Lease>,
    },
    Remove(Vec<Place>),
    Copy {
        from: Place,
        to: Place,
        remove: bool,
    },
    Restore {
        tree: Back,
        places: Vec<Place>,
    },
    Commit(CommitWords),
}

/// What a restore goes back to.
pub(crate) enum Back {
    LastCommit,
    /// The lease keeps the tree from being collected while the job waits.
    Tree(Option<NodeRef>, #[expect(dead_code, reason = "held, not read")] Arc<Lease>),
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
        let Job::Put { puts, .. } = self else { return 0 };
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
    let (reply, answer) = oneshot::channel();
    {
        // The lane cannot end between being found and getting the ticket: it ends under the same lock.
        let mut lanes = inner.lanes.lock();
        let lane = lanes.entry((target.id, target.branch.clone())).or_default().clone();
        let mut queue = lane.queue.lock();
        queue.tickets.push_back(Ticket { job, reply });
        if !std::mem::replace(&mut queue.running, true) {
            drop(queue);
            tokio::spawn(run(Running { inner: inner.clone(), lane, target, ended: false }));
        }
    }
    answer.await.unwrap_or_else(|_| {
        Err(Error::internal("the writer of this branch stopped")
            .help("look at the branch, then repeat what is missing"))
    })
}

/// The one who serves a lane. Whatever ends it, the next job finds a lane that starts anew.
struct Running {
    inner: Arc<Inner>,
    lane: Arc<Lane>,
    target: Target,
    /// Whether the lane was left in order: then somebody else may be serving it by now.
    ended: bool,
}

impl Running {
    /// The jobs of the next round; none when there are none, and then the lane has ended.
    fn next(&mut self) -> Vec<Ticket> {
        let mut lanes = self.inner.lanes.lock();
        let mut queue = self.lane.queue.lock();
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
            self.ended = true;
            lanes.remove(&(self.target.id, self.target.branch.clone()));
        }
        tickets
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        // A panic in a round: who waits is told, and nobody waits for a lane that is not served.
        let mut lanes = self.inner.lanes.lock();
        let mut queue = self.lane.queue.lock();
        queue.running = false;
        queue.tickets.clear();
        lanes.remove(&(self.target.id, self.target.branch.clone()));
    }
}

async fn run(mut running: Running) {
    loop {
        let tickets = running.next();
        if tickets.is_empty() {
            return;
        }
        let (jobs, replies): (Vec<Job>, Vec<_>) = tickets.into_iter().map(|t| (t.job, t.reply)).unzip();
        let answers = answers(&running.inner, &running.target, &jobs).await;
        for (reply, answer) in replies.into_iter().zip(answers) {
            let _ = reply.send(answer);
        }
    }
}

/// One answer a job.
async fn answers(inner: &Arc<Inner>, target: &Target, jobs: &[Job]) -> Vec<Result<Answer>> {
    match round(inner, target, jobs).await {
        Ok(answers) => answers,
        // What is wrong may be wrong for one of them: by itself each gets its own answer.
        Err(Error::Corrupt(_) | Error::Invalid(_)) if jobs.len() > 1 => {
            let mut answers = Vec::with_capacity(jobs.len());
            for job in jobs {
                let alone = round(inner, target, std::slice::from_ref(job)).await;
                answers.extend(alone.unwrap_or_else(|error| vec![Err(error)]));
            }
            answers
        }
        Err(error) => jobs.iter().map(|_| Err(error.clone())).collect(),
    }
}

/// Why a job was not done.
enum Failure {
    /// It concerns this job alone, which changed nothing.
    Job(Error),
    /// Nothing of the round can be written.
    Round(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            // A store that fails, fails for everybody.
            Error::Unavailable(_) | Error::Limit(_) | Error::Internal(_) => Self::Round(error),
            error => Self::Job(error),
        }
    }
}

/// Does jobs together. An error means that none of them was done.
async fn round(inner: &Arc<Inner>, target: &Target, jobs: &[Job]) -> Result<Vec<Result<Answer>>> {
    let key = ref_key(target.id, &target.branch);
    for _ in 0..ATTEMPTS {
        let lease = Arc::new(inner.leases.begin());
        let found = inner.records.get::<RefRecord>(&key).await?;
        let Some((record, tag)) = found.and_then(|(found, tag)| Some((found.branch()?, tag))) else {
            return Err(Error::not_found(format!("{} has no branch '{}' any more", target.asset, target.branch)));
        };
        lease.hold(record.trees(), record.head.as_ref().map(|head| (target.id, head.commit)));
        let before = record.clone();
        let mut round = Round {
            inner,
            target,
            pack: PackWriter::new(inner.nodes.clone()).under(lease.clone()),
            record,
            pending: Edits::new(),
            commits: Vec::new(),
            kept: HashMap::new(),
        };
        let mut answers = Vec::with_capacity(jobs.len());
        for job in jobs {
            if !matches!(job, Job::Put { .. }) {
                round.settle().await?;
            }
            let before_job = round.record.clone();
            match round.job(job).await {
                Ok(answer) => answers.push(Ok(answer)),
                Err(Failure::Job(error)) => {
                    // What it did before it failed is undone.
                    round.record = before_job;
                    answers.push(Err(error));
                }
                Err(Failure::Round(error)) => return Err(error),
            }
        }
        round.settle().await?;
        round.pack.flush().await?;
        let Round { mut record, commits, kept, .. } = round;
        if record != before {
            record.modified = now();
            let trees: Vec<NodeRef> = record.trees().collect();
            let made: Vec<_> = commits.iter().map(|(id, _)| (target.id, *id)).collect();
            // They are named by their content: when the branch was moved meanwhile, they are only left over.
            let with: Vec<Companion> = commits.into_iter().map(|(_, companion)| companion).collect();
            match inner.records.put(&key, &RefRecord::Branch(record), Expect::Tag(tag), with).await? {
                Wrote::Done(_) => {
                    lease.wrote(trees, made);
                    inner.tell(Changed { asset: target.asset.clone(), at: target.branch.clone().into() });
                }
                Wrote::Conflict => continue,
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
    commits: Vec<(CommitId, Companion)>,
    kept: HashMap<Arc<str>, u64>,
}

impl Round<'_> {
    /// Brings a batch into the working tree: all of it, or with an error nothing.
    async fn apply(&mut self, batch: impl Into<Batch>) -> Result<Applied> {
        let mut applied = apply(&self.inner.nodes, &mut self.pack, self.record.working.as_ref(), batch).await?;
        // A tree that is equal is the same tree: its nodes stay where they are.
        if applied.root.as_ref().map(|n| n.hash) != self.record.working.as_ref().map(|n| n.hash) {
            self.record.working = applied.root.take();
        }
        Ok(applied)
    }

    /// Brings all pending edits into the tree. They belong to several jobs, so that an error concerns them all.
    async fn settle(&mut self) -> Result<()> {
        if !self.pending.is_empty() {
            let edits = std::mem::take(&mut self.pending);
            let applied = self.apply(edits).await?;
            self.kept.extend(applied.kept);
        }
        Ok(())
    }

    /// The working tree, readable by cursors.
    async fn readable(&mut self) -> Result<Option<NodeRef>, Failure> {
        self.settle().await.map_err(Failure::Round)?;
        self.pack.flush().await.map_err(Failure::Round)?;
        Ok(self.record.working.clone())
    }

    async fn job(&mut self, job: &Job) -> Result<Answer, Failure> {
        match job {
            Job::Put { puts, lease: _ } => {
                let edits = puts.iter().map(|(path, put)| (path.clone(), Edit::Put(put.clone())));
                self.pending.extend(edits);
                Ok(Answer::Put(Arc::default()))
            }
            Job::Remove(places) => self.remove(places).await.map(Answer::Count),
            Job::Copy { from, to, remove } => self.copy(from, to, *remove).await.map(Answer::Count),
            Job::Restore { tree, places } => self.restore(tree, places).await.map(Answer::Count),
            Job::Commit(words) => self.commit(words).await.map(|commit| Answer::Commit(Box::new(commit))),
        }
    }

    async fn entry(&self, tree: Option<NodeRef>, path: &Arc<str>) -> Result<Option<Entry>> {
        let found = Cursor::seek(self.inner.nodes.clone(), tree, path, false).await?.next().await?;
        Ok(found.filter(|entry| entry.path == *path))
    }

    /// Whether nothing lies below a folder.
    async fn is_empty(&self, tree: Option<NodeRef>, folder: &Arc<str>) -> Result<bool> {
        let first = Cursor::seek(self.inner.nodes.clone(), tree, folder, false).await?.next().await?;
        Ok(first.is_none_or(|entry| !entry.path.starts_with(&**folder)))
    }

    fn no_object(&self, path: &str) -> Error {
        let Target { asset, branch, .. } = self.target;
        Error::not_found(format!("{asset}@{branch} has no object '{path}'"))
            .help(format!("`kamld ls {asset}@{branch}` shows what is there; a folder ends in '/'"))
    }

    fn no_folder(&self, path: &str) -> Error {
        let Target { asset, branch, .. } = self.target;
        Error::not_found(format!("{asset}@{branch} has nothing below '{path}'"))
            .help(format!("`kamld ls {asset}@{branch}` shows what is there"))
    }

    async fn remove(&mut self, places: &[Place]) -> Result<u64, Failure> {
        // All are looked for before any goes: one may lie in another.
        let tree = self.readable().await?;
        let mut edits = Edits::new();
        for place in places {
            match place {
                Place::Object(path) => {
                    self.entry(tree.clone(), path).await?.ok_or_else(|| self.no_object(path))?;
                    edits.insert(path.clone(), Edit::Remove);
                }
                Place::Folder(folder) if self.is_empty(tree.clone(), folder).await? => {
                    return Err(self.no_folder(folder).into());
                }
                Place::Folder(_) => {}
            }
        }
        let mut count = match edits.is_empty() {
            true => 0,
            false => self.apply(edits).await?.changed,
        };
        for place in places {
            if let Place::Folder(folder) = place {
                self.readable().await?;
                count += self.apply(Batch { cleared: Some(folder.clone()), ..Batch::default() }).await?.changed;
            }
        }
        Ok(count)
    }

    async fn copy(&mut self, from: &Place, to: &Place, remove: bool) -> Result<u64, Failure> {
        let tree = self.readable().await?;
        let (from, to): (_, Arc<str>) = match (from, to) {
            (Place::Folder(from), Place::Folder(to)) => {
                let copied = Copied::new(&self.inner.nodes, tree, from, to).await?;
                let cleared = remove.then(|| from.clone());
                let applied = self.apply(Batch { edits: Edits::new(), cleared, copied: Some(copied) }).await?;
                return match applied.copied {
                    0 => Err(self.no_folder(from).into()),
                    count => Ok(count),
                };
            }
            (Place::Folder(from), Place::Object(to)) => {
                return Err(Error::invalid(format!("folder '{from}' cannot become the object '{to}'"))
                    .help(format!("name a folder, with a '/' at its end: '{to}/'"))
                    .into());
            }
            (Place::Object(from), Place::Object(to)) => (from, to.clone()),
            (Place::Object(from), Place::Folder(to)) => {
                (from, format!("{to}{}", from.rsplit('/').next().unwrap_or(from)).into())
            }
        };
        ObjectPath::new(&*to).map_err(Error::from)?;
        let entry = self.entry(tree, from).await?.ok_or_else(|| self.no_object(from))?;
        let mut edits = Edits::new();
        if remove {
            edits.insert(from.clone(), Edit::Remove);
        }
        edits.insert(to, Edit::Put(Put::again(&entry)));
        self.apply(edits).await?;
        Ok(1)
    }

    async fn restore(&mut self, tree: &Back, places: &[Place]) -> Result<u64, Failure> {
        let current = self.readable().await?;
        let tree = match tree {
            Back::LastCommit => self.record.head_tree().cloned(),
            Back::Tree(tree, _) => tree.clone(),
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
        let mut count = 0;
        let restored = self.restore_places(tree, places, &mut count).await;
        if restored.is_err() {
            // A job is done whole or not at all.
            self.record.working = current;
        }
        restored.map(|()| count)
    }

    async fn restore_places(
        &mut self,
        tree: Option<NodeRef>,
        places: &[Place],
        count: &mut u64,
    ) -> Result<(), Failure> {
        let mut edits = Edits::new();
        for place in places {
            let found = match place {
                Place::Object(path) => {
                    let now = self.entry(self.record.working.clone(), path).await?;
                    let then = self.entry(tree.clone(), path).await?;
                    let found = now.is_some() || then.is_some();
                    edits.insert(path.clone(), then.map_or(Edit::Remove, |then| Edit::Put(Put::again(&then))));
                    found
                }
                Place::Folder(folder) => {
                    let copied = Copied::new(&self.inner.nodes, tree.clone(), folder, folder).await?;
                    let cleared = Some(folder.clone());
                    let applied = self.apply(Batch { edits: Edits::new(), cleared, copied: Some(copied) }).await?;
                    // The next place is looked up with a cursor, which reads what is in the store.
                    self.pack.flush().await.map_err(Failure::Round)?;
                    *count += applied.changed;
                    applied.changed + applied.copied > 0
                }
            };
            if !found {
                let (Place::Object(path) | Place::Folder(path)) = place;
                return Err(Error::not_found(format!("'{path}' is neither there now nor in what is to be restored"))
                    .help("nothing was restored; check the path, a folder ends in '/'")
                    .into());
            }
        }
        *count += self.apply(edits).await?.changed;
        Ok(())
    }

    async fn commit(&mut self, words: &CommitWords) -> Result<Commit, Failure> {
        self.settle().await.map_err(Failure::Round)?;
        let Target { asset, branch, .. } = self.target;
        if !self.record.changed() {
            return Err(Error::invalid(format!("there is nothing to commit on {asset}@{branch}"))
                .help("put, move or remove objects first; `kamld changes` shows what a commit would hold")
                .into());
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
        self.commits.push((stored.id, (commit_key(self.target.id, stored.id), bytes)));
        Ok(commit)
    }
}
