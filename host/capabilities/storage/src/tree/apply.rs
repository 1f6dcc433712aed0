//! Applying a sorted batch of edits to a tree in one pass from left to right.
//!
//! Subtrees that no edit touches pass through unread when every writer at and below their level is
//! empty: then the pass stands exactly where it would stand had the tree been built at once.
//! Invariant: the result depends on the entries alone, never on how they came about.

use super::{Child, Entry, Location, Node, NodeRef, Nodes, cut};
use crate::{error::Result, pack::PackWriter};
use bytes::Bytes;
use futures::future::BoxFuture;
use kamld_types::Hash;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Where the bytes of a new entry come from.
#[derive(Clone, Debug)]
pub enum Body {
    /// Small: it goes into the pack of this batch, unless the same bytes are there already.
    Pack(Bytes),
    /// It is in the store.
    At(Location),
}

/// A new entry for a path.
#[derive(Clone, Debug)]
pub struct Put {
    pub size: u64,
    pub hash: Hash,
    pub media_type: Arc<str>,
    pub modified: u64,
    pub body: Body,
}

#[derive(Clone, Debug)]
pub enum Edit {
    Put(Put),
    Remove,
}

/// At most one edit a path, in the order of paths.
pub type Edits = BTreeMap<Arc<str>, Edit>;

/// What came of it.
pub struct Applied {
    pub root: Option<NodeRef>,
    /// Paths whose entry stayed, since the bytes and the media type were the same: with the time they keep.
    pub kept: HashMap<Arc<str>, u64>,
}

/// Applies the edits; new nodes and small bodies go to `pack`, which the caller flushes.
pub async fn apply(nodes: &Nodes, pack: &mut PackWriter, root: Option<&NodeRef>, edits: Edits) -> Result<Applied> {
    let mut pass = Pass {
        nodes,
        pack,
        edits: edits.into_iter().peekable(),
        leaf: Vec::new(),
        inner: Vec::new(),
        known: HashMap::new(),
        kept: HashMap::new(),
    };
    if let Some(root) = root {
        pass.merge(root.clone(), None).await?;
    }
    while let Some((path, edit)) = pass.edits.next() {
        pass.edit(path, edit, None).await?;
    }
    let root = pass.finish().await?;
    Ok(Applied { root, kept: pass.kept })
}

struct Pass<'a> {
    nodes: &'a Nodes,
    pack: &'a mut PackWriter,
    edits: std::iter::Peekable<std::collections::btree_map::IntoIter<Arc<str>, Edit>>,
    /// The leaf being written.
    leaf: Vec<Entry>,
    /// The inner nodes being written, level 1 first.
    inner: Vec<Vec<Child>>,
    /// Nodes that were opened: when the same one comes out again it is not written again.
    known: HashMap<Hash, NodeRef>,
    kept: HashMap<Arc<str>, u64>,
}

impl Pass<'_> {
    /// `last` is the last path of the node, or none on the right edge of the tree, where everything
    /// beyond belongs to it.
    fn merge(&mut self, at: NodeRef, last: Option<Arc<str>>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if let Some(last) = &last {
                let touched = self.edits.peek().is_some_and(|(path, _)| path <= last);
                if !touched && self.empty_up_to(at.level) {
                    return self.push_child(Child { last: last.clone(), node: at }).await;
                }
            }
            let node = self.nodes.load(&at, Some(self.pack)).await?;
            self.known.insert(at.hash, at);
            match &*node {
                Node::Leaf(entries) => {
                    for entry in entries {
                        while let Some((path, edit)) = self.edits.next_if(|(path, _)| *path < entry.path) {
                            self.edit(path, edit, None).await?;
                        }
                        match self.edits.next_if(|(path, _)| *path == entry.path) {
                            Some((path, edit)) => self.edit(path, edit, Some(entry)).await?,
                            None => self.push_entry(entry.clone()).await?,
                        }
                    }
                }
                Node::Inner(_, children) => {
                    for (place, child) in children.iter().enumerate() {
                        let edge = last.is_none() && place + 1 == children.len();
                        self.merge(child.node.clone(), (!edge).then(|| child.last.clone())).await?;
                    }
                }
            }
            Ok(())
        })
    }

    fn empty_up_to(&self, level: u8) -> bool {
        self.leaf.is_empty() && self.inner.iter().take(usize::from(level)).all(Vec::is_empty)
    }

    async fn edit(&mut self, path: Arc<str>, edit: Edit, old: Option<&Entry>) -> Result<()> {
        let Edit::Put(put) = edit else { return Ok(()) };
        if let Some(old) = old.filter(|old| old.hash == put.hash && old.size == put.size) {
            if old.media_type == put.media_type {
                self.kept.insert(path, old.modified);
                return self.push_entry(old.clone()).await;
            }
            let Put { size, hash, media_type, modified, .. } = put;
            return self.push_entry(Entry { path, size, hash, media_type, modified, location: old.location }).await;
        }
        let location = match put.body {
            _ if put.size == 0 => Location::Empty,
            Body::At(location) => location,
            Body::Pack(bytes) => self.pack.add_body(put.hash, bytes),
        };
        let Put { size, hash, media_type, modified, .. } = put;
        self.push_entry(Entry { path, size, hash, media_type, modified, location }).await
    }

    async fn push_entry(&mut self, entry: Entry) -> Result<()> {
        self.leaf.push(entry);
        let count = self.leaf.len();
        if cut::ends(0, &self.leaf[count - 1].path, count) {
            let node = Node::Leaf(std::mem::take(&mut self.leaf));
            let child = self.write(node).await?;
            self.push_child(child).await?;
            // A long batch must not keep a thread from everyone else.
            tokio::task::consume_budget().await;
        }
        Ok(())
    }

    async fn push_child(&mut self, mut child: Child) -> Result<()> {
        loop {
            let place = usize::from(child.node.level);
            while self.inner.len() <= place {
                self.inner.push(Vec::new());
            }
            let level = child.node.level + 1;
            let children = &mut self.inner[place];
            children.push(child);
            let count = children.len();
            if !cut::ends(level, &children[count - 1].last, count) {
                return Ok(());
            }
            let node = Node::Inner(level, std::mem::take(children));
            child = self.write(node).await?;
        }
    }

    async fn write(&mut self, node: Node) -> Result<Child> {
        let last = node.last().unwrap_or_else(|| "".into());
        let (hash, bytes) = node.encode();
        if let Some(known) = self.known.get(&hash) {
            return Ok(Child { last, node: known.clone() });
        }
        let (objects, sum) = node.sums();
        let (level, len) = (node.level(), bytes.len() as u32);
        let (pack, offset) = self.pack.add_node(hash, bytes, node).await?;
        Ok(Child { last, node: NodeRef { hash, level, objects, bytes: sum, pack, offset, len } })
    }

    /// Closes all writers, lowest first. The root is the lowest node that stands alone.
    async fn finish(&mut self) -> Result<Option<NodeRef>> {
        if !self.leaf.is_empty() {
            let node = Node::Leaf(std::mem::take(&mut self.leaf));
            let child = self.write(node).await?;
            self.push_child(child).await?;
        }
        let mut place = 0;
        while place < self.inner.len() {
            let alone = self.inner[place + 1..].iter().all(Vec::is_empty);
            let mut children = std::mem::take(&mut self.inner[place]);
            if alone && children.len() <= 1 {
                return Ok(children.pop().map(|child| child.node));
            }
            if !children.is_empty() {
                let level = place as u8 + 1;
                let child = self.write(Node::Inner(level, children)).await?;
                self.push_child(child).await?;
            }
            place += 1;
        }
        Ok(None)
    }
}
