//! What differs between two trees, in the order of paths, at the cost of what differs.
//!
//! Subtrees with equal hashes are skipped unread.

use super::{Cursor, Entry, NodeRef, Nodes, cursor::Item};
use crate::error::Result;
use std::{cmp::Ordering, sync::Arc};

pub struct Diff {
    before: Cursor,
    after: Cursor,
}

/// One path that differs: gone when `after` is none, new when `before` is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub before: Option<Entry>,
    pub after: Option<Entry>,
}

enum Step {
    Done,
    SkipBoth,
    Open(bool, bool),
    Before,
    After,
    Both,
}

impl Diff {
    /// Starts behind `path` when there is one.
    pub async fn new(
        nodes: &Arc<Nodes>,
        before: Option<NodeRef>,
        after: Option<NodeRef>,
        path: Option<&str>,
    ) -> Result<Self> {
        let same = before.as_ref().map(|n| n.hash) == after.as_ref().map(|n| n.hash);
        let (before, after) = if same { (None, None) } else { (before, after) };
        Ok(match path {
            None => Self { before: Cursor::new(nodes.clone(), before), after: Cursor::new(nodes.clone(), after) },
            Some(path) => Self {
                before: Cursor::seek(nodes.clone(), before, path, true).await?,
                after: Cursor::seek(nodes.clone(), after, path, true).await?,
            },
        })
    }

    fn step(&self) -> Step {
        match (self.before.item(), self.after.item()) {
            (None, None) => Step::Done,
            (Some(Item::Entry(_)), None) => Step::Before,
            (None, Some(Item::Entry(_))) => Step::After,
            (Some(Item::Subtree(_)), None | Some(Item::Entry(_))) => Step::Open(true, false),
            (None | Some(Item::Entry(_)), Some(Item::Subtree(_))) => Step::Open(false, true),
            (Some(Item::Subtree(a)), Some(Item::Subtree(b))) => match a.level.cmp(&b.level) {
                Ordering::Greater => Step::Open(true, false),
                Ordering::Less => Step::Open(false, true),
                Ordering::Equal if a.hash == b.hash => Step::SkipBoth,
                Ordering::Equal => Step::Open(true, true),
            },
            (Some(Item::Entry(a)), Some(Item::Entry(b))) => match a.path.cmp(&b.path) {
                Ordering::Less => Step::Before,
                Ordering::Greater => Step::After,
                Ordering::Equal if same(a, b) => Step::SkipBoth,
                Ordering::Equal => Step::Both,
            },
        }
    }

    /// The next difference, or none at the end.
    pub async fn next(&mut self) -> Result<Option<Difference>> {
        loop {
            match self.step() {
                Step::Done => return Ok(None),
                Step::SkipBoth => {
                    self.before.skip();
                    self.after.skip();
                }
                Step::Open(true, true) => {
                    tokio::try_join!(self.before.descend(), self.after.descend())?;
                }
                Step::Open(true, _) => self.before.descend().await?,
                Step::Open(..) => self.after.descend().await?,
                Step::Before => return Ok(Some(Difference { before: self.before.next().await?, after: None })),
                Step::After => return Ok(Some(Difference { before: None, after: self.after.next().await? })),
                Step::Both => {
                    return Ok(Some(Difference { before: self.before.next().await?, after: self.after.next().await? }));
                }
            }
        }
    }
}

/// Equal to a person: where the bytes are does not count.
fn same(a: &Entry, b: &Entry) -> bool {
    a.hash == b.hash && a.size == b.size && a.media_type == b.media_type && a.modified == b.modified
}
