//! Applying a sorted batch of changes to a tree in one pass from left to right.
//!
//! Subtrees that no change touches pass through unread when every writer at and below their level is empty: then the
//! pass stands exactly where it would stand had the tree been built at once. A folder that is cleared or copied is
//! streamed, so memory does not grow with it.
//! Invariant: the result depends on the entries alone, never on how they came about.

use super::{Child, Cursor, Entry, Location, Node, NodeRef, Nodes, cut};
use crate::{error::Result, pack::PackWriter};
use bytes::Bytes;
use futures::future::BoxFuture;
use kamld_types::{Hash, ObjectPath};
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

/// What changes in one pass. Where two say something about a path, edits win over copies, and copies over clearing.
#[derive(Default)]
pub struct Batch {
    pub edits: Edits,
    /// A folder (with `/` at its end) whose old entries go.
    pub cleared: Option<Arc<str>>,
    pub copied: Option<Copied>,
}

impl From<Edits> for Batch {
    fn from(edits: Edits) -> Self {
        Self { edits, ..Self::default() }
    }
}

/// All entries of a folder of some tree, under another folder. Both end in `/`.
pub struct Copied {
    cursor: Cursor,
    from: Arc<str>,
    to: Arc<str>,
    count: u64,
}

impl Copied {
    pub async fn new(nodes: &Arc<Nodes>, tree: Option<NodeRef>, from: &Arc<str>, to: &Arc<str>) -> Result<Self> {
        let cursor = Cursor::seek(nodes.clone(), tree, from, false).await?;
        Ok(Self { cursor, from: from.clone(), to: to.clone(), count: 0 })
    }

    /// `invalid` when a path would become too long.
    async fn next(&mut self) -> Result<Option<(Arc<str>, Edit)>> {
        let Some(entry) = self.cursor.next().await? else { return Ok(None) };
        let Some(rest) = entry.path.strip_prefix(&*self.from) else { return Ok(None) };
        let path = format!("{}{rest}", self.to);
        ObjectPath::new(path.as_str())?;
        self.count += 1;
        Ok(Some((path.into(), Edit::Put(Put::again(&entry)))))
    }
}

impl Put {
    /// The same object once more: no bytes move.
    pub fn again(entry: &Entry) -> Self {
        Self {
            size: entry.size,
            hash: entry.hash,
            media_type: entry.media_type.clone(),
            modified: entry.modified,
            body: Body::At(entry.location),
        }
    }
}

/// What came of it.
pub struct Applied {
    pub root: Option<NodeRef>,
    /// Paths whose entry stayed, since the bytes and the media type were the same: with the time they keep.
    pub kept: HashMap<Arc<str>, u64>,
    /// Paths that came, went or got another content.
    pub changed: u64,
    /// Entries that were copied, changed or not.
    pub copied: u64,
}

/// Applies a batch; new nodes and small bodies go to `pack`, which the caller flushes.
pub async fn apply(
    nodes: &Nodes,
    pack: &mut PackWriter,
    root: Option<&NodeRef>,
    batch: impl Into<Batch>,
) -> Result<Applied> {
    let Batch { edits, cleared, copied } = batch.into();
    let mut pass = Pass {
        nodes,
        pack,
        edits: edits.into_iter().peekable(),
        cleared,
        copied,
        copy: None,
        head: None,
        leaf: Vec::new(),
        inner: Vec::new(),
        known: HashMap::new(),
        kept: HashMap::new(),
        changed: 0,
    };
    pass.advance().await?;
    if let Some(root) = root {
        pass.merge(root.clone(), None, None).await?;
    }
    while let Some((path, edit)) = pass.head.take() {
        pass.edit(path, edit, None).await?;
        pass.advance().await?;
    }
    let root = pass.finish().await?;
    let copied = pass.copied.map_or(0, |copied| copied.count);
    Ok(Applied { root, kept: pass.kept, changed: pass.changed, copied })
}

/// How much of a subtree is cleared.
#[derive(PartialEq)]
enum Cleared {
    Nothing,
    Some,
    All,
}

struct Pass<'a> {
    nodes: &'a Nodes,
    pack: &'a mut PackWriter,
    edits: std::iter::Peekable<std::collections::btree_map::IntoIter<Arc<str>, Edit>>,
    cleared: Option<Arc<str>>,
    copied: Option<Copied>,
    /// The next copy, looked at already.
    copy: Option<(Arc<str>, Edit)>,
    /// The next edit of all, unless there are no more.
    head: Option<(Arc<str>, Edit)>,
    /// The leaf being written.
    leaf: Vec<Entry>,
    /// The inner nodes being written, level 1 first.
    inner: Vec<Vec<Child>>,
    /// Nodes that were opened: when the same one comes out again it is not written again.
    known: HashMap<Hash, NodeRef>,
    kept: HashMap<Arc<str>, u64>,
    changed: u64,
}

impl Pass<'_> {
    /// Takes the next edit to the head: the smaller one of edits and copies.
    async fn advance(&mut self) -> Result<()> {
        if self.copy.is_none()
            && let Some(copied) = &mut self.copied
        {
            self.copy = copied.next().await?;
        }
        self.head = match (self.edits.peek(), &self.copy) {
            (Some((edit, _)), Some((copy, _))) if copy < edit => self.copy.take(),
            (Some((edit, _)), copy) => {
                if copy.as_ref().is_some_and(|(copy, _)| copy == edit) {
                    self.copy = None;
                }
                self.edits.next()
            }
            (None, _) => self.copy.take(),
        };
        Ok(())
    }

    /// The head, when it is before a path (or at it).
    async fn take_if(&mut self, wanted: impl Fn(&str) -> bool) -> Result<Option<(Arc<str>, Edit)>> {
        if !self.head.as_ref().is_some_and(|(path, _)| wanted(path)) {
            return Ok(None);
        }
        let head = self.head.take();
        self.advance().await?;
        Ok(head)
    }

    /// How much of the paths behind `low` up to `last` is cleared.
    fn cleared(&self, low: Option<&str>, last: &str) -> Cleared {
        let Some(folder) = self.cleared.as_deref() else { return Cleared::Nothing };
        let inside = |path: &str| path.starts_with(folder);
        match low {
            Some(low) if inside(low) && inside(last) => Cleared::All,
            Some(low) if low > folder && !inside(low) => Cleared::Nothing,
            _ if last < folder => Cleared::Nothing,
            _ => Cleared::Some,
        }
    }

    /// `low` is the last path before the node. `last` is the last path of the node, or none on the right edge of the
    /// tree, where everything beyond belongs to it.
    fn merge(&mut self, at: NodeRef, low: Option<Arc<str>>, last: Option<Arc<str>>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if let Some(last) = &last
                && self.head.as_ref().is_none_or(|(path, _)| path > last)
            {
                match self.cleared(low.as_deref(), last) {
                    Cleared::All => {
                        self.changed += at.objects;
                        return Ok(());
                    }
                    Cleared::Nothing if self.empty_up_to(at.level) => {
                        return self.push_child(Child { last: last.clone(), node: at }).await;
                    }
                    _ => {}
                }
            }
            let node = self.nodes.load(&at, Some(self.pack)).await?;
            self.known.insert(at.hash, at);
            match &*node {
                Node::Leaf(entries) => {
                    for entry in entries {
                        while let Some((path, edit)) = self.take_if(|path| path < &*entry.path).await? {
                            self.edit(path, edit, None).await?;
                        }
                        match self.take_if(|path| path == &*entry.path).await? {
                            Some((path, edit)) => self.edit(path, edit, Some(entry)).await?,
                            None if self.cleared.as_deref().is_some_and(|folder| entry.path.starts_with(folder)) => {
                                self.changed += 1;
                            }
                            None => self.push_entry(entry.clone()).await?,
                        }
                    }
                }
                Node::Inner(_, children) => {
                    let mut low = low;
                    for (place, child) in children.iter().enumerate() {
                        let edge = last.is_none() && place + 1 == children.len();
                        self.merge(child.node.clone(), low, (!edge).then(|| child.last.clone())).await?;
                        low = Some(child.last.clone());
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
        let Edit::Put(put) = edit else {
            self.changed += u64::from(old.is_some());
            return Ok(());
        };
        if let Some(old) = old.filter(|old| old.hash == put.hash && old.size == put.size) {
            if old.media_type == put.media_type {
                // Nobody asks for the times of copies, and there may be millions.
                if self.copied.is_none() {
                    self.kept.insert(path, old.modified);
                }
                return self.push_entry(old.clone()).await;
            }
            self.changed += 1;
            let Put { size, hash, media_type, modified, .. } = put;
            return self.push_entry(Entry { path, size, hash, media_type, modified, location: old.location }).await;
        }
        self.changed += 1;
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
