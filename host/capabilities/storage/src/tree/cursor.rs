//! Walking a tree in the order of paths, from any place.
//!
//! Lives here: position, seek, next. Must not live here: folders and pages, which `view` makes of it.

use super::{Entry, Node, NodeRef, Nodes};
use crate::error::Result;
use std::sync::Arc;

pub struct Cursor {
    nodes: Arc<Nodes>,
    root: Option<NodeRef>,
    stack: Vec<(Arc<Node>, usize)>,
}

/// What the cursor stands before.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    Entry(&'a Entry),
    Subtree(&'a NodeRef),
}

impl Cursor {
    /// Before the first entry.
    pub fn new(nodes: Arc<Nodes>, root: Option<NodeRef>) -> Self {
        Self { nodes, root, stack: Vec::new() }
    }

    /// Before the first entry whose path is at or behind `path` (only behind it when `exclusive`).
    pub async fn seek(nodes: Arc<Nodes>, root: Option<NodeRef>, path: &str, exclusive: bool) -> Result<Self> {
        let mut cursor = Self::new(nodes, root);
        let before = |key: &str| if exclusive { key <= path } else { key < path };
        while let Some(Item::Subtree(_)) = cursor.item() {
            cursor.descend().await?;
            let Some((node, place)) = cursor.stack.last_mut() else { break };
            *place = match &**node {
                Node::Leaf(entries) => entries.partition_point(|e| before(&e.path)),
                Node::Inner(_, children) => children.partition_point(|c| before(&c.last)),
            };
            if *place >= node.len() {
                cursor.settle();
                break;
            }
        }
        Ok(cursor)
    }

    pub fn item(&self) -> Option<Item<'_>> {
        match self.stack.last() {
            Some((node, place)) => match &**node {
                Node::Leaf(entries) => entries.get(*place).map(Item::Entry),
                Node::Inner(_, children) => children.get(*place).map(|c| Item::Subtree(&c.node)),
            },
            None => self.root.as_ref().map(Item::Subtree),
        }
    }

    /// Goes past the item without looking into it.
    pub fn skip(&mut self) {
        match self.stack.last_mut() {
            Some((_, place)) => {
                *place += 1;
                self.settle();
            }
            None => self.root = None,
        }
    }

    fn settle(&mut self) {
        while let Some((node, place)) = self.stack.last() {
            if *place < node.len() {
                return;
            }
            self.stack.pop();
            match self.stack.last_mut() {
                Some((_, place)) => *place += 1,
                None => self.root = None,
            }
        }
    }

    /// Opens the subtree that the cursor stands before; nothing to do before an entry.
    pub async fn descend(&mut self) -> Result<()> {
        if let Some(Item::Subtree(at)) = self.item() {
            let node = self.nodes.load(at, None).await?;
            self.stack.push((node, 0));
        }
        Ok(())
    }

    /// The next entry, and past it.
    pub async fn next(&mut self) -> Result<Option<Entry>> {
        loop {
            match self.item() {
                None => return Ok(None),
                Some(Item::Entry(entry)) => {
                    let entry = entry.clone();
                    self.skip();
                    return Ok(Some(entry));
                }
                Some(Item::Subtree(_)) => self.descend().await?,
            }
        }
    }
}
