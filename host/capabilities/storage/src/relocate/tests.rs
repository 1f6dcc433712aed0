//! What must hold for any relocation: checked on random histories of trees and random choices of packs.

use super::Relocation;
use crate::{
    backing::Backing,
    error::Error,
    pack::PackWriter,
    tree::{
        Body, Edit, Edits, Location, Node, NodeRef, Nodes, Put,
        apply::{Applied, apply},
    },
};
use bytes::Bytes;
use kamld_types::Hash;
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

type Model = BTreeMap<String, u16>;
/// What is compared: equal bytes may come from different values.
type Contents = BTreeMap<String, Hash>;

/// A few equal ones among many, some of them empty.
fn body(value: u16) -> Bytes {
    match value {
        0 => Bytes::new(),
        value => Bytes::from(format!("body {} ", value % 500).repeat(usize::from(value % 7) + 1)),
    }
}

fn hash(value: u16) -> Hash {
    Hash(Sha256::digest(body(value)).into())
}

fn contents(model: &Model) -> Contents {
    model.iter().map(|(path, value)| (path.clone(), hash(*value))).collect()
}

fn put(value: u16) -> Edit {
    let (bytes, hash) = (body(value), hash(value));
    let size = bytes.len() as u64;
    let body = if value % 11 == 5 { Body::At(Location::Whole) } else { Body::Pack(bytes) };
    Edit::Put(Put { size, hash, media_type: "text/plain".into(), modified: 1, body })
}

fn fresh(store: &Arc<InMemory>) -> Arc<Nodes> {
    Arc::new(Nodes::new(Backing::new(store.clone(), None)))
}

async fn change(nodes: &Arc<Nodes>, root: Option<&NodeRef>, batch: &BTreeMap<String, Option<u16>>) -> Option<NodeRef> {
    let edits: Edits = batch.iter().map(|(path, v)| (path.as_str().into(), v.map_or(Edit::Remove, put))).collect();
    let mut pack = PackWriter::new(nodes.clone());
    let Applied { root, .. } = apply(nodes, &mut pack, root, edits).await.unwrap();
    pack.flush().await.unwrap();
    root
}

/// Everything that a tree holds, read and verified from the store alone, and the packs that it refers to.
async fn read(nodes: &Nodes, root: &NodeRef, packs: &mut HashSet<Uuid>) -> Contents {
    let mut contents = Contents::new();
    let mut next = vec![root.clone()];
    while let Some(at) = next.pop() {
        packs.insert(at.pack);
        match nodes.read(&at).await.unwrap() {
            Node::Inner(_, children) => next.extend(children.into_iter().map(|child| child.node)),
            Node::Leaf(entries) => {
                for entry in entries {
                    if let Location::Packed { pack, offset } = entry.location {
                        packs.insert(pack);
                        let bytes = nodes.backing.part(pack, offset, entry.size).await.unwrap();
                        assert_eq!(Sha256::digest(&bytes)[..], entry.hash.0, "{}", entry.path);
                    }
                    contents.insert(entry.path.to_string(), entry.hash);
                }
            }
        }
    }
    contents
}

async fn packs(store: &InMemory) -> Vec<Uuid> {
    use futures::TryStreamExt;
    let listed: Vec<_> = store.list(Some(&"packs".into())).try_collect().await.unwrap();
    listed.iter().map(|meta| meta.location.filename().unwrap().parse().unwrap()).collect()
}

fn batch() -> impl Strategy<Value = BTreeMap<String, Option<u16>>> {
    let path = (0u32..2000).prop_map(|n| format!("{}/{:x}", n % 7, n.wrapping_mul(2_654_435_761)));
    prop_oneof![
        2 => prop::collection::btree_map(path.clone(), prop::option::weighted(0.8, any::<u16>()), 1..30),
        1 => prop::collection::btree_map(path, prop::option::weighted(0.8, any::<u16>()), 100..800),
    ]
}

fn run<F: Future>(work: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

/// A history: each root with what it holds.
async fn history(nodes: &Arc<Nodes>, batches: &[BTreeMap<String, Option<u16>>]) -> Vec<(NodeRef, Model)> {
    let (mut model, mut root, mut all) = (Model::new(), None, Vec::new());
    for batch in batches {
        for (path, value) in batch {
            match value {
                // The same bytes once more change nothing, their time included.
                Some(value) if model.get(path).is_some_and(|old| body(*old) == body(*value)) => None,
                Some(value) => model.insert(path.clone(), *value),
                None => model.remove(path),
            };
        }
        root = change(nodes, root.as_ref(), batch).await;
        all.extend(root.clone().map(|root| (root, model.clone())));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn evacuated_packs_are_not_needed_any_more(
        batches in prop::collection::vec(batch(), 1..8),
        chosen in any::<u16>(),
    ) {
        run(async {
            let store = Arc::new(InMemory::new());
            let nodes = fresh(&store);
            let roots = history(&nodes, &batches).await;
            let all = packs(&store).await;
            let leaving: HashSet<Uuid> =
                all.iter().enumerate().filter(|(n, _)| chosen >> (n % 16) & 1 == 1).map(|(_, pack)| *pack).collect();
            // As after a restart: nothing cached.
            let nodes = fresh(&store);
            let mut relocation = Relocation::new(nodes.clone(), |pack| leaving.contains(&pack));
            let mut after = Vec::new();
            for (root, model) in &roots {
                let new = relocation.tree(root).await.unwrap();
                assert_eq!((new.hash, new.level, new.objects, new.bytes), (root.hash, root.level, root.objects, root.bytes));
                assert_eq!(relocation.tree(root).await.unwrap(), new, "the same tree again is not written again");
                after.push((new, model));
            }
            relocation.flush().await.unwrap();
            assert!(relocation.stuck().is_empty());
            for pack in &leaving {
                store.delete(&Backing::pack_key(*pack)).await.unwrap();
            }
            let nodes = fresh(&store);
            for ((new, model), (old, _)) in after.iter().zip(&roots) {
                let mut used = HashSet::new();
                assert_eq!(read(&nodes, new, &mut used).await, contents(model));
                assert!(used.is_disjoint(&leaving), "nothing refers to an evacuated pack");
                if used.iter().all(|pack| all.contains(pack)) {
                    assert_eq!(new, old, "what does not move is not rewritten");
                }
            }
            // Nothing is left to do.
            let before = packs(&store).await.len();
            let mut again = Relocation::new(nodes.clone(), |pack| leaving.contains(&pack));
            for (new, _) in &after {
                assert_eq!(again.tree(new).await.unwrap(), *new);
            }
            again.flush().await.unwrap();
            assert_eq!(packs(&store).await.len(), before);
            // A later change of a relocated tree finds everything.
            let Some((last, model)) = after.last() else { return };
            let changed = change(&nodes, Some(last), &BTreeMap::from([("zz".into(), Some(7))])).await.unwrap();
            let mut expected = (*model).clone();
            expected.insert("zz".into(), 7);
            assert_eq!(read(&nodes, &changed, &mut HashSet::new()).await, contents(&expected));
        });
    }

    #[test]
    fn equal_parts_are_written_once(batches in prop::collection::vec(batch(), 1..5)) {
        run(async {
            let store = Arc::new(InMemory::new());
            let nodes = fresh(&store);
            // The same history twice: every node and body exists in two packs.
            let mut roots = history(&nodes, &batches).await;
            roots.extend(history(&fresh(&store), &batches).await);
            let leaving: HashSet<Uuid> = packs(&store).await.into_iter().collect();
            let mut relocation = Relocation::new(nodes.clone(), |pack| leaving.contains(&pack));
            for (root, _) in &roots {
                relocation.tree(root).await.unwrap();
            }
            relocation.flush().await.unwrap();
            let mut seen = HashSet::new();
            for pack in packs(&store).await.into_iter().filter(|pack| !leaving.contains(pack)) {
                for part in crate::pack::read_index(&nodes.backing, pack).await.unwrap() {
                    assert!(seen.insert((part.kind == crate::pack::PartKind::Node, part.hash)));
                }
            }
        });
    }
}

#[test]
fn a_damaged_body_stays_where_it_is_and_is_told() {
    run(async {
        let store = Arc::new(InMemory::new());
        let nodes = fresh(&store);
        let batch: BTreeMap<String, Option<u16>> = (1..300).map(|n| (format!("{n:04}"), Some(n))).collect();
        let root = change(&nodes, None, &batch).await.unwrap();
        let pack = packs(&store).await[0];
        let key = Backing::pack_key(pack);
        let mut bytes = store.get(&key).await.unwrap().bytes().await.unwrap().to_vec();
        // The first part of a pack is a body.
        bytes[8] ^= 1;
        store.put(&key, bytes.into()).await.unwrap();
        let mut relocation = Relocation::new(nodes.clone(), |_| true);
        let new = relocation.tree(&root).await.unwrap();
        relocation.flush().await.unwrap();
        assert_eq!(relocation.stuck().keys().collect::<Vec<_>>(), [&(pack, 8)]);
        assert_eq!((new.hash, new.objects), (root.hash, root.objects), "everything else moves");
    });
}

#[test]
fn a_damaged_node_is_an_error() {
    run(async {
        let store = Arc::new(InMemory::new());
        let batch: BTreeMap<String, Option<u16>> = (0..300).map(|n| (format!("{n:04}"), Some(n))).collect();
        let root = change(&fresh(&store), None, &batch).await.unwrap();
        let key = Backing::pack_key(root.pack);
        let mut bytes = store.get(&key).await.unwrap().bytes().await.unwrap().to_vec();
        bytes[root.offset as usize + 8] ^= 1;
        store.put(&key, bytes.into()).await.unwrap();
        let nodes = fresh(&store);
        let mut relocation = Relocation::new(nodes.clone(), |pack| pack == root.pack);
        assert!(matches!(relocation.tree(&root).await, Err(Error::Corrupt(_))));
    });
}
