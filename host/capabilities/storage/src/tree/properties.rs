//! What must hold for any tree: checked on random trees and batches against a plain sorted map.

use super::{Body, Cursor, Diff, Edit, Edits, Location, NodeRef, Nodes, Put, apply::apply};
use crate::{backing::Backing, pack::PackWriter};
use kamld_types::Hash;
use object_store::memory::InMemory;
use proptest::prelude::*;
use std::{collections::BTreeMap, sync::Arc};

type Model = BTreeMap<String, u8>;

fn nodes() -> Arc<Nodes> {
    Arc::new(Nodes::new(Backing::new(Arc::new(InMemory::new()), None)))
}

fn put(value: u8) -> Edit {
    let body = Body::At(Location::Whole);
    let size = 1000 + u64::from(value);
    Edit::Put(Put { size, hash: Hash([value; 32]), media_type: "text/plain".into(), modified: 1, body })
}

async fn change(nodes: &Arc<Nodes>, root: Option<&NodeRef>, batch: &BTreeMap<String, Option<u8>>) -> Option<NodeRef> {
    let edits: Edits = batch.iter().map(|(path, v)| (path.as_str().into(), v.map_or(Edit::Remove, put))).collect();
    let mut pack = PackWriter::new(nodes.clone());
    let applied = apply(nodes, &mut pack, root, edits).await.unwrap();
    pack.flush().await.unwrap();
    applied.root
}

async fn built(nodes: &Arc<Nodes>, model: &Model) -> Option<NodeRef> {
    change(nodes, None, &model.iter().map(|(path, v)| (path.clone(), Some(*v))).collect()).await
}

fn merge(model: &mut Model, batch: &BTreeMap<String, Option<u8>>) {
    for (path, value) in batch {
        match value {
            Some(value) => model.insert(path.clone(), *value),
            None => model.remove(path),
        };
    }
}

async fn listed(nodes: &Arc<Nodes>, root: Option<NodeRef>, from: &str) -> Vec<(String, u8)> {
    let mut cursor = Cursor::seek(nodes.clone(), root, from, false).await.unwrap();
    let mut all = Vec::new();
    while let Some(entry) = cursor.next().await.unwrap() {
        all.push((entry.path.to_string(), entry.hash.0[0]));
    }
    all
}

async fn differences(nodes: &Arc<Nodes>, a: Option<NodeRef>, b: Option<NodeRef>, after: Option<&str>) -> Vec<String> {
    let mut diff = Diff::new(nodes, a, b, after).await.unwrap();
    let mut all = Vec::new();
    while let Some(next) = diff.next().await.unwrap() {
        let entry = next.after.as_ref().or(next.before.as_ref()).unwrap();
        let value = |e: &Option<super::Entry>| e.as_ref().map_or("-".into(), |e| e.hash.0[0].to_string());
        all.push(format!("{} {} {}", entry.path, value(&next.before), value(&next.after)));
    }
    all
}

fn naive(a: &Model, b: &Model, after: Option<&str>) -> Vec<String> {
    let paths: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
    let value = |v: Option<&u8>| v.map_or("-".into(), u8::to_string);
    paths
        .into_iter()
        .filter(|path| a.get(*path) != b.get(*path) && after.is_none_or(|after| path.as_str() > after))
        .map(|path| format!("{path} {} {}", value(a.get(path)), value(b.get(path))))
        .collect()
}

/// Few enough names to hit each other, many enough for trees of three levels.
fn path() -> impl Strategy<Value = String> {
    (0u32..40_000).prop_map(|n| format!("{}/{:x}", n % 7, n.wrapping_mul(2_654_435_761)))
}

fn batch() -> impl Strategy<Value = BTreeMap<String, Option<u8>>> {
    prop_oneof![
        3 => prop::collection::btree_map(path(), prop::option::weighted(0.7, any::<u8>()), 0..40),
        1 => prop::collection::btree_map(path(), prop::option::weighted(0.4, any::<u8>()), 500..4000),
        1 => (0u32..40_000, 0u32..9000, any::<bool>()).prop_map(|(from, count, put)| {
            let name = |n: u32| format!("{}/{:x}", n % 7, n.wrapping_mul(2_654_435_761));
            (from..from + count).map(|n| (name(n % 40_000), put.then_some(n as u8))).collect()
        }),
    ]
}

fn run<F: Future>(work: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_tree_does_not_depend_on_its_history(batches in prop::collection::vec(batch(), 1..6)) {
        run(async {
            let nodes = nodes();
            let mut model = Model::new();
            let mut root = None;
            for batch in &batches {
                merge(&mut model, batch);
                root = change(&nodes, root.as_ref(), batch).await;
                let at_once = built(&nodes, &model).await;
                assert_eq!(root.as_ref().map(|r| (r.hash, r.level, r.objects, r.bytes)),
                    at_once.as_ref().map(|r| (r.hash, r.level, r.objects, r.bytes)));
            }
            let all: Vec<_> = model.iter().map(|(path, v)| (path.clone(), *v)).collect();
            assert_eq!(listed(&nodes, root, "").await, all);
        });
    }

    #[test]
    fn a_diff_shows_what_differs(first in batch(), second in batch(), after in prop::option::of(path()), from in path()) {
        run(async {
            let nodes = nodes();
            let mut a = Model::new();
            merge(&mut a, &first);
            let mut b = a.clone();
            merge(&mut b, &second);
            let (root_a, root_b) = (built(&nodes, &a).await, built(&nodes, &b).await);
            let after = after.as_deref();
            assert_eq!(differences(&nodes, root_a.clone(), root_b.clone(), after).await, naive(&a, &b, after));
            assert_eq!(differences(&nodes, root_b.clone(), root_a, None).await, naive(&b, &a, None));
            let behind: Vec<_> = b.range(from.clone()..).map(|(path, v)| (path.clone(), *v)).collect();
            assert_eq!(listed(&nodes, root_b, &from).await, behind);
        });
    }
}

#[test]
fn a_small_change_writes_few_nodes() {
    run(async {
        let nodes = nodes();
        let model: Model = (0..100_000).map(|n| (format!("{n:08}"), n as u8)).collect();
        let root = built(&nodes, &model).await.unwrap();
        assert_eq!(root.objects, 100_000);
        let before = nodes.backing.stored().await.unwrap();
        let changed = change(&nodes, Some(&root), &BTreeMap::from([("00050000".into(), Some(7))])).await.unwrap();
        let written = nodes.backing.stored().await.unwrap() - before;
        assert!(written < 200_000, "{written} bytes for one change");
        assert_eq!(differences(&nodes, Some(root), Some(changed), None).await.len(), 1);
    });
}
