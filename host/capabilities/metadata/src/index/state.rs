//! What the workers remember between starts, in the store of derived metadata. Keys by first letter: `r` roots that are indexed
//! (by generation of the index), `w` objects that want a description, `n` those that nobody describes, `l` those
//! to ask for again later, `q` subjects to index again, `d` which describers there were.
//!
//! All of it is derived: losing the last moments of it only makes work twice, so nothing here waits for a flush.
//! Must not live here: anything that a person wrote.

use super::DescribeRequest;
use crate::{
    catalog::Subject,
    embedded::{Derived, record},
    error::Result,
};
use kamld_types::{AssetId, Hash};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub(crate) const TREE: &str = "metadata/index";

#[derive(Clone)]
pub(crate) struct State {
    derived: Arc<Derived>,
}

/// The state of an asset that the index has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Indexed {
    pub incarnation: String,
    pub root: Vec<u8>,
}

/// An object whose content nobody has described yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Want {
    pub subject: Subject,
    pub root: Vec<u8>,
    pub hash: Hash,
    pub media_type: String,
    pub size: u64,
}

impl Want {
    pub(crate) fn request(&self) -> Option<DescribeRequest> {
        Some(DescribeRequest {
            asset: self.subject.asset.clone(),
            path: self.subject.path.clone()?,
            root: self.root.clone(),
            hash: self.hash,
            media_type: self.media_type.clone(),
            size: self.size,
        })
    }
}

/// What became of a want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// The catalogue knows the content: index the subject again.
    Described,
    /// Something else is at that path by now.
    Gone,
    Nobody,
    Later,
}

fn root_key(generation: &str, asset: &AssetId) -> Vec<u8> {
    format!("r\0{generation}\0{asset}").into_bytes()
}

fn subject_key(letter: char, subject: &Subject) -> Vec<u8> {
    format!("{letter}\0{subject}").into_bytes()
}

impl State {
    pub(crate) fn open(derived: Arc<Derived>) -> Result<Self> {
        let state = Self { derived };
        state.ask_again('l')?;
        Ok(state)
    }

    fn with<T>(&self, work: impl FnOnce(&sled::Tree) -> Result<T>) -> Result<T> {
        self.derived.with(TREE, |_, tree| work(tree))
    }

    /// Forgets what other generations of the index had.
    pub(crate) fn keep_generation(&self, generation: &str) -> Result<()> {
        let own = format!("r\0{generation}\0");
        self.with(|tree| {
            for key in tree.scan_prefix("r\0").keys() {
                let key = key?;
                if !key.starts_with(own.as_bytes()) {
                    tree.remove(key)?;
                }
            }
            Ok(())
        })
    }

    pub(crate) fn indexed(&self, generation: &str, asset: &AssetId) -> Result<Option<Indexed>> {
        let key = root_key(generation, asset);
        // A damaged root is a forgotten one: the asset is indexed from the start.
        self.with(|tree| Ok(tree.get(&key)?.and_then(|record| record::read(&key, &record).ok())))
    }

    pub(crate) fn indexed_assets(&self, generation: &str) -> Result<Vec<AssetId>> {
        let prefix = format!("r\0{generation}\0");
        self.with(|tree| {
            let mut assets = Vec::new();
            for key in tree.scan_prefix(&prefix).keys() {
                let key = key?;
                if let Some(asset) = std::str::from_utf8(&key[prefix.len()..]).ok().and_then(|text| text.parse().ok()) {
                    assets.push(asset);
                }
            }
            Ok(assets)
        })
    }

    /// The roots of every generation: states of storage that somebody still compares with.
    pub(crate) fn roots(&self) -> Result<Vec<(AssetId, Vec<u8>)>> {
        self.with(|tree| {
            let mut roots = Vec::new();
            for entry in tree.scan_prefix("r\0") {
                let (key, record) = entry?;
                let asset = std::str::from_utf8(&key).ok().and_then(|text| text.rsplit('\0').next()?.parse().ok());
                if let (Some(asset), Ok(Indexed { root, .. })) = (asset, record::read::<Indexed>(&key, &record)) {
                    roots.push((asset, root));
                }
            }
            Ok(roots)
        })
    }

    /// A state of an asset has another token from now on. What was recorded meanwhile stays.
    pub(crate) fn moved(&self, asset: &AssetId, from: &[u8], to: &[u8]) -> Result<()> {
        self.with(|tree| {
            for entry in tree.scan_prefix("r\0") {
                let (key, old) = entry?;
                let of = std::str::from_utf8(&key).ok().and_then(|text| text.rsplit('\0').next());
                if of != Some(asset.to_string().as_str()) {
                    continue;
                }
                if let Ok(indexed) = record::read::<Indexed>(&key, &old)
                    && indexed.root == from
                {
                    let new = record::write(&key, &Indexed { root: to.to_vec(), ..indexed })?;
                    // What was written meanwhile is newer than what moved.
                    let _ = tree.compare_and_swap(&key, Some(&old), Some(&new[..]))?;
                }
            }
            for entry in ['w', 'l', 'n'].into_iter().flat_map(|letter| tree.scan_prefix(format!("{letter}\0{asset}"))) {
                let (key, old) = entry?;
                if let Ok(want) = record::read::<Want>(&key, &old)
                    && want.subject.asset == *asset
                    && want.root == from
                {
                    let new = record::write(&key, &Want { root: to.to_vec(), ..want })?;
                    let _ = tree.compare_and_swap(&key, Some(&old), Some(&new[..]))?;
                }
            }
            Ok(())
        })
    }

    /// Records, in one step, what a commit of the index has brought.
    pub(crate) fn committed(
        &self,
        generation: &str,
        roots: &[(AssetId, Option<Indexed>)],
        wants: &[Want],
        again: &[(Subject, Vec<u8>)],
    ) -> Result<()> {
        let mut batch = sled::Batch::default();
        for (asset, indexed) in roots {
            let key = root_key(generation, asset);
            match indexed {
                Some(indexed) => batch.insert(&key[..], record::write(&key, indexed)?),
                None => batch.remove(key),
            }
        }
        for want in wants {
            let key = subject_key('w', &want.subject);
            batch.insert(&key[..], record::write(&key, want)?);
            batch.remove(subject_key('n', &want.subject));
            batch.remove(subject_key('l', &want.subject));
        }
        self.with(|tree| {
            tree.apply_batch(batch)?;
            for (subject, mark) in again {
                let _ = tree.compare_and_swap(subject_key('q', subject), Some(&mark[..]), None::<&[u8]>)?;
            }
            Ok(())
        })
    }

    pub(crate) fn wants(&self, limit: usize) -> Result<Vec<Want>> {
        self.with(|tree| {
            let mut wants = Vec::new();
            for entry in tree.scan_prefix("w\0").take(limit) {
                let (key, value) = entry?;
                match record::read(&key, &value) {
                    Ok(want) => wants.push(want),
                    // Derived: building the index anew asks for it again.
                    Err(_) => drop(tree.remove(key)?),
                }
            }
            Ok(wants)
        })
    }

    pub(crate) fn count_wants(&self) -> usize {
        self.with(|tree| Ok(tree.scan_prefix("w\0").count())).unwrap_or_default()
    }

    pub(crate) fn settle(&self, want: &Want, settled: Settled) -> Result<()> {
        let key = subject_key('w', &want.subject);
        let value = record::write(&key, want)?;
        self.derived.with(TREE, |database, tree| {
            let keep = |letter| -> Result<()> {
                let key = subject_key(letter, &want.subject);
                tree.insert(&key[..], record::write(&key, want)?)?;
                Ok(())
            };
            match settled {
                Settled::Described => {
                    let mark = database.generate_id()?.to_le_bytes();
                    tree.insert(subject_key('q', &want.subject), &mark)?;
                }
                Settled::Nobody => keep('n')?,
                Settled::Later => keep('l')?,
                Settled::Gone => {}
            }
            // Another want of the same subject, for newer bytes, stays.
            let _ = tree.compare_and_swap(key, Some(&value[..]), None::<&[u8]>)?;
            Ok(())
        })
    }

    /// Turns everything that was put off under a letter into wants again.
    pub(crate) fn ask_again(&self, letter: char) -> Result<()> {
        self.with(|tree| {
            for entry in tree.scan_prefix(format!("{letter}\0")) {
                let (key, value) = entry?;
                if let Ok(want) = record::read::<Want>(&key, &value) {
                    let wants = subject_key('w', &want.subject);
                    let _ = tree.compare_and_swap(&wants, None::<&[u8]>, Some(record::write(&wants, &want)?))?;
                }
                tree.remove(key)?;
            }
            Ok(())
        })
    }

    /// The describers whose answers were looked through last.
    pub(crate) fn describers(&self) -> Result<Option<Vec<u8>>> {
        self.with(|tree| Ok(tree.get("d")?.map(|describers| describers.to_vec())))
    }

    pub(crate) fn set_describers(&self, describers: &[u8]) -> Result<()> {
        self.with(|tree| Ok(tree.insert("d", describers).map(drop)?))
    }

    /// Subjects to index again, each with its mark.
    pub(crate) fn again(&self, limit: usize) -> Result<Vec<(Subject, Vec<u8>)>> {
        self.with(|tree| {
            let mut again = Vec::new();
            for entry in tree.scan_prefix("q\0").take(limit) {
                let (key, mark) = entry?;
                match std::str::from_utf8(&key[2..]).ok().and_then(|text| text.parse().ok()) {
                    Some(subject) => again.push((subject, mark.to_vec())),
                    None => drop(tree.remove(key)?),
                }
            }
            Ok(again)
        })
    }

    pub(crate) fn nothing_again(&self) -> bool {
        self.with(|tree| Ok(tree.scan_prefix("q\0").next().is_none())).unwrap_or(false)
    }

    pub(crate) fn nothing_wanted(&self) -> bool {
        self.with(|tree| Ok(tree.scan_prefix("w\0").next().is_none())).unwrap_or(false)
    }
}
