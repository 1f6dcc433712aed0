//! The worker that writes the index: compares each asset with what is indexed of it, and indexes the difference.
//!
//! Must not live here: queries; how a description is found out (`describe`).
//! Invariant: commit first, then record. Between the two everything may happen again: a document is deleted by
//! its key before it is added, so that doing it twice is doing it once.

use super::{
    AssetState, Change, entry,
    state::{Indexed, Want},
};
use crate::{
    catalog::{ChangedSubject, Subject},
    error::{Error, Result},
    search::{
        Progress, Shared,
        document::Entry,
        folder::{self, Opened},
        writer::Writer,
    },
};
use kamld_types::{AssetId, Kind, Problem};
use std::{collections::BTreeSet, sync::Arc};

/// Documents made and handed to the writer in one go.
const BATCH: usize = 1000;
/// Documents between two commits: a commit makes a segment, and segments are merged later.
const COMMIT: usize = 50_000;

/// What storage and the catalogue have and the index has not yet committed, to be recorded once it has.
#[derive(Default)]
struct Ledger {
    documents: usize,
    dirty: bool,
    roots: Vec<(AssetId, Option<Indexed>)>,
    wants: Vec<Want>,
    again: Vec<(Subject, Vec<u8>)>,
    seen: Vec<ChangedSubject>,
}

/// Which assets to compare.
pub(crate) enum Scope {
    All,
    These(BTreeSet<AssetId>),
}

/// Told of progress while an index is built anew.
type Tell = Box<dyn Fn(Progress) + Send + Sync>;

/// One generation of the index with its writer.
pub(crate) struct Follower {
    shared: Arc<Shared>,
    pub(crate) opened: Arc<Opened>,
    writer: Writer,
    ledger: Ledger,
    progress: Option<(Progress, Tell)>,
}

impl Follower {
    pub(crate) fn new(shared: Arc<Shared>, opened: Arc<Opened>) -> Result<Self> {
        let writer = Writer::new(opened.clone())?;
        Ok(Self { shared, opened, writer, ledger: Ledger::default(), progress: None })
    }

    /// Brings the index up to now. An asset that storage cannot answer for is left as it is and named.
    pub(crate) async fn pass(&mut self, scope: Scope) -> Result<Vec<(AssetId, Problem)>> {
        let mut failed = Vec::new();
        match scope {
            Scope::All => {
                let states = self.shared.assets.list_assets().await?;
                let there: BTreeSet<_> = states.iter().map(|state| &state.asset).collect();
                let gone = self.shared.state.indexed_assets(&self.opened.generation)?;
                for asset in gone.into_iter().filter(|asset| !there.contains(asset)) {
                    self.drop_asset(asset).await?;
                }
                if let Some((progress, _)) = &mut self.progress {
                    progress.total = states.iter().map(|state| state.objects + 1).sum();
                }
                for state in &states {
                    self.follow_or_name(state, &mut failed).await?;
                }
            }
            Scope::These(assets) => {
                for asset in assets {
                    match self.shared.assets.asset(&asset).await {
                        Ok(Some(state)) => self.follow_or_name(&state, &mut failed).await?,
                        Ok(None) => self.drop_asset(asset).await?,
                        Err(problem) => failed.push((asset, problem)),
                    }
                }
            }
        }
        // A generation that is not in use yet must not take changes off the list: it may never be.
        if self.progress.is_none() {
            self.subjects(&mut failed).await?;
        }
        self.commit().await?;
        Ok(failed)
    }

    async fn follow_or_name(&mut self, state: &AssetState, failed: &mut Vec<(AssetId, Problem)>) -> Result<()> {
        match self.follow(state).await {
            Err(Error::Problem(problem)) => {
                failed.push((state.asset.clone(), problem));
                Ok(())
            }
            other => other,
        }
    }

    async fn follow(&mut self, state: &AssetState) -> Result<()> {
        let indexed = self.shared.state.indexed(&self.opened.generation, &state.asset)?;
        let from = match indexed {
            Some(indexed) if indexed.incarnation == state.incarnation && indexed.root == state.root => return Ok(()),
            Some(indexed) if indexed.incarnation == state.incarnation => Some(indexed.root),
            _ => None,
        };
        match self.difference(state, from.as_deref()).await {
            // The old root is gone from storage, or cannot be read any more: everything once more.
            Err(Error::Problem(problem))
                if matches!(problem.kind, Kind::NotFound | Kind::Corrupt) && from.is_some() =>
            {
                self.difference(state, None).await?;
            }
            other => other?,
        }
        let entry = entry::asset(&self.shared, state).await?;
        self.write(vec![entry], Vec::new()).await?;
        let indexed = Indexed { incarnation: state.incarnation.clone(), root: state.root.clone() };
        self.ledger.roots.push((state.asset.clone(), Some(indexed)));
        Ok(())
    }

    async fn difference(&mut self, state: &AssetState, from: Option<&[u8]>) -> Result<()> {
        if from.is_none() {
            self.writer.delete_asset(&state.asset);
            self.ledger.dirty = true;
        }
        let mut after: Option<String> = None;
        loop {
            let page = self.shared.assets.changes(&state.asset, from, &state.root, after.as_deref(), BATCH).await?;
            let mut gone = Vec::new();
            let mut objects = Vec::new();
            for Change { path, object } in page.changes {
                let subject = Subject::object(state.asset.clone(), path);
                match object {
                    Some(object) => objects.push((subject, object)),
                    None => gone.push(subject),
                }
            }
            let (entries, wants) = entry::objects(&self.shared, &state.root, objects).await?;
            self.ledger.wants.extend(wants);
            self.write(entries, gone).await?;
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn drop_asset(&mut self, asset: AssetId) -> Result<()> {
        self.writer.delete_asset(&asset);
        self.ledger.dirty = true;
        self.ledger.roots.push((asset, None));
        Ok(())
    }

    /// Subjects whose tags or descriptions changed since.
    async fn subjects(&mut self, failed: &mut Vec<(AssetId, Problem)>) -> Result<()> {
        loop {
            let seen = self.shared.catalog.changed(BATCH).await?;
            let again = self.shared.state.again(BATCH)?;
            if seen.is_empty() && again.is_empty() {
                return Ok(());
            }
            let subjects: BTreeSet<_> =
                seen.iter().map(|change| &change.subject).chain(again.iter().map(|(subject, _)| subject)).collect();
            let mut objects = Vec::new();
            let mut entries = Vec::new();
            let mut gone = Vec::new();
            for subject in subjects {
                match self.subject(subject, &mut objects, &mut entries).await {
                    Ok(true) => {}
                    Ok(false) => gone.push(subject.clone()),
                    Err(Error::Problem(problem)) => failed.push((subject.asset.clone(), problem)),
                    Err(error) => return Err(error),
                }
            }
            // Whatever still wants a description is in its queue already.
            entries.extend(entry::objects(&self.shared, &[], objects).await?.0);
            self.write(entries, gone).await?;
            self.ledger.seen.extend(seen);
            self.ledger.again.extend(again);
            self.commit().await?;
        }
    }

    async fn subject(
        &self,
        subject: &Subject,
        objects: &mut Vec<(Subject, super::ObjectState)>,
        entries: &mut Vec<Entry>,
    ) -> Result<bool> {
        let assets = &self.shared.assets;
        match &subject.path {
            Some(path) => {
                let found = assets.object(&subject.asset, path).await?;
                objects.extend(found.clone().map(|object| (subject.clone(), object)));
                Ok(found.is_some())
            }
            None => match assets.asset(&subject.asset).await? {
                Some(state) => {
                    entries.push(entry::asset(&self.shared, &state).await?);
                    Ok(true)
                }
                None => Ok(false),
            },
        }
    }

    async fn write(&mut self, entries: Vec<Entry>, gone: Vec<Subject>) -> Result<()> {
        if entries.is_empty() && gone.is_empty() {
            return Ok(());
        }
        let count = entries.len() + gone.len();
        self.writer.write(entries, gone).await?;
        self.ledger.dirty = true;
        self.ledger.documents += count;
        if let Some((progress, tell)) = &mut self.progress {
            progress.done += count as u64;
            tell(*progress);
        }
        if self.ledger.documents >= COMMIT {
            self.commit().await?;
        }
        Ok(())
    }

    async fn commit(&mut self) -> Result<()> {
        if self.ledger.dirty {
            self.writer.commit().await?;
        }
        let ledger = std::mem::take(&mut self.ledger);
        self.shared.state.committed(&self.opened.generation, &ledger.roots, &ledger.wants, &ledger.again)?;
        self.shared.catalog.seen(&ledger.seen).await?;
        if !ledger.wants.is_empty() {
            self.shared.describe_wake.notify_one();
        }
        Ok(())
    }

    /// A new generation from storage alone, which takes over when it is complete.
    pub(crate) async fn rebuild(
        shared: &Arc<Shared>,
        tell: Box<dyn Fn(Progress) + Send + Sync>,
    ) -> Result<(Self, Progress, Vec<(AssetId, Problem)>)> {
        for put_off in ['n', 'l'] {
            shared.state.ask_again(put_off)?;
        }
        let opened = Arc::new(folder::begin(&shared.folder)?);
        let mut follower = Self::new(shared.clone(), opened)?;
        follower.progress = Some((Progress::default(), tell));
        let failed = follower.pass(Scope::All).await?;
        let progress = follower.progress.take().map(|(progress, _)| progress).unwrap_or_default();
        Ok((follower, progress, failed))
    }
}
