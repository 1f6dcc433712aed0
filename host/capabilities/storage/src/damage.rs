//! Known damage: stored bytes that were found not to match their hash, and writing them again from good bytes.
//!
//! Lives here: the set of marks, in memory and in the store, and the repair of marked places by a put of the same bytes.
//! Must not live here: finding damage (readers and `check` do), looking for copies of what is damaged (`repair`).
//! Layout: one object for each damaged place, `damaged/SHA256.SIZE.whole` or `damaged/SHA256.SIZE.PACK.OFFSET`; the name
//! says everything, so that loading the set is one listing. The content names the object for people.
//! Invariants: a mark is only a hint, a wrong one costs one write of bytes that were good; a mark goes only after the
//! place was written again or was found to be good.

use crate::{
    backing::Backing,
    error::{Error, Result},
    model::now,
    pack,
    tree::Location,
};
use bytes::Bytes;
use futures::TryStreamExt;
use kamld_types::Hash;
use object_store::{ObjectStoreExt, path::Path};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};
use uuid::Uuid;

const FOLDER: &str = "damaged";
/// Marks that are kept, some 150 bytes each in memory. A disk with more damage than this is replaced and restored.
const MOST: usize = 100_000;
/// On a store that several servers share, how old the listing may be: what one server found, the others repair too.
const LISTED_FOR: Duration = Duration::from_secs(30);

/// One damaged place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// What the bytes should hash to.
    pub hash: Hash,
    pub size: u64,
    /// Never `Empty`.
    pub location: Location,
}

impl Mark {
    fn key(&self) -> Path {
        let (hash, size) = (self.hash.to_hex(), self.size);
        Path::from(match self.location {
            Location::Packed { pack, offset } => format!("{FOLDER}/{hash}.{size}.{pack}.{offset}"),
            Location::Empty | Location::Whole => format!("{FOLDER}/{hash}.{size}.whole"),
        })
    }

    fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split('.');
        let hash = parts.next()?.parse().ok()?;
        let size = parts.next()?.parse().ok()?;
        let location = match parts.next()? {
            "whole" => Location::Whole,
            pack => Location::Packed { pack: pack.parse().ok()?, offset: parts.next()?.parse().ok()? },
        };
        Some(Self { hash, size, location })
    }
}

/// The marks of one store.
#[derive(Default)]
pub struct Damage {
    marks: Mutex<HashMap<Hash, Vec<Mark>>>,
    any: AtomicBool,
    /// When the store was listed last.
    listed: Mutex<Option<Instant>>,
    listing: tokio::sync::Mutex<()>,
    /// Repairs of this process, one after the other: two that rewrote the same pack would undo each other.
    repairing: tokio::sync::Mutex<()>,
}

impl Damage {
    /// Whether the mark is new.
    fn insert(&self, mark: Mark) -> bool {
        let mut marks = self.marks.lock();
        if marks.len() >= MOST && !marks.contains_key(&mark.hash) {
            return false;
        }
        let places = marks.entry(mark.hash).or_default();
        let new = !places.contains(&mark);
        if new {
            places.push(mark);
            self.any.store(true, Ordering::Release);
        }
        new
    }

    fn remove(&self, mark: &Mark) {
        let mut marks = self.marks.lock();
        if let Some(places) = marks.get_mut(&mark.hash) {
            places.retain(|place| place != mark);
            if places.is_empty() {
                marks.remove(&mark.hash);
            }
        }
        self.any.store(!marks.is_empty(), Ordering::Release);
    }

    fn of(&self, hash: Hash) -> Vec<Mark> {
        match self.any.load(Ordering::Acquire) {
            true => self.marks.lock().get(&hash).cloned().unwrap_or_default(),
            false => Vec::new(),
        }
    }

    fn is_listed(&self, shared: bool) -> bool {
        self.listed.lock().is_some_and(|at| !shared || at.elapsed() < LISTED_FOR)
    }
}

/// The command that puts the bytes of an object again, as a shell takes it.
pub fn put_again(address: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/@+,:=".contains(&byte) || !byte.is_ascii();
    match address.bytes().all(plain) {
        true => format!("kamld put FILE {address}"),
        false => format!("kamld put FILE '{}'", address.replace('\'', "'\\''")),
    }
}

impl Backing {
    /// Remembers that bytes are damaged. When that cannot be written down it is remembered until the process ends.
    pub async fn mark_damaged(&self, mark: Mark, name: &str) {
        if mark.location == Location::Empty || !self.damage.insert(mark) {
            return;
        }
        tracing::warn!(object = name, hash = %mark.hash.short(), "stored bytes are damaged");
        let content = serde_json::json!({"object": name, "found": now()}).to_string();
        if let Err(error) = self.store.put(&mark.key(), content.into()).await {
            tracing::warn!(%error, "the damage could not be recorded");
        }
    }

    /// Forgets a mark: the bytes were written again, or were found to be good.
    pub async fn unmark_damaged(&self, mark: &Mark) {
        self.damage.remove(mark);
        match self.store.delete(&mark.key()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            // Found again at the next start, and then bytes that are good are written once more.
            Err(error) => tracing::warn!(%error, "the record of a repaired damage could not be removed"),
        }
    }

    /// Forgets the marks of a pack that is about to be deleted, since a repair would make the pack again.
    pub async fn forget_pack(&self, pack: Uuid) {
        let of_pack = |mark: &Mark| matches!(mark.location, Location::Packed { pack: of, .. } if of == pack);
        let marks: Vec<Mark> = self.damage.marks.lock().values().flatten().copied().filter(of_pack).collect();
        for mark in marks {
            self.unmark_damaged(&mark).await;
        }
    }

    /// The damaged places of these bytes, as far as anybody found them.
    pub async fn damaged_places(&self, hash: Hash) -> Result<Vec<Mark>> {
        let shared = self.local.is_none();
        if !self.damage.is_listed(shared) {
            let _one = self.damage.listing.lock().await;
            if !self.damage.is_listed(shared) {
                let start = Instant::now();
                let mut listed = self.store.list(Some(&Path::from(FOLDER)));
                while let Some(meta) = listed.try_next().await? {
                    if let Some(mark) = meta.location.filename().and_then(Mark::parse) {
                        self.damage.insert(mark);
                    }
                }
                *self.damage.listed.lock() = Some(start);
            }
        }
        Ok(self.damage.of(hash))
    }

    /// Forgets the mark of a place that was just read and found to be good.
    pub async fn found_good(&self, mark: &Mark) {
        if self.damage.of(mark.hash).contains(mark) {
            self.unmark_damaged(mark).await;
        }
    }

    /// Writes good bytes over every place where they are known to be damaged. Everything that shares such a place (other
    /// paths, branches and older commits) reads the good bytes from then on. Answers the places that were repaired.
    pub async fn heal(&self, hash: Hash, bytes: &Bytes) -> Result<Vec<Mark>> {
        let marks = self.damaged_places(hash).await?;
        if !marks.is_empty() {
            self.rewrite(&marks, bytes).await.map_err(|error| {
                error.while_("writing damaged bytes again").help("nothing of this request was kept; repeat it")
            })?;
        }
        Ok(marks)
    }

    /// Writes the bytes of some places again and forgets their marks.
    pub async fn rewrite(&self, marks: &[Mark], bytes: &Bytes) -> Result<()> {
        let found = Hash(Sha256::digest(bytes).into());
        let _one = self.damage.repairing.lock().await;
        for mark in marks {
            if mark.hash != found {
                return Err(Error::internal("bytes for a repair do not match the hash of what is damaged"));
            }
            match mark.location {
                Location::Empty => {}
                Location::Whole => self.replace(&Self::object_key(found), bytes.clone().into()).await?,
                Location::Packed { pack, offset } => pack::splice(self, pack, &[(offset, bytes.clone())]).await?,
            }
            tracing::info!(hash = %found.short(), location = ?mark.location, "damaged bytes were written again");
            self.unmark_damaged(mark).await;
        }
        Ok(())
    }

    /// Rewrites several parts of one pack at once.
    pub async fn rewrite_parts(&self, pack: Uuid, parts: &[(u64, Bytes)]) -> Result<()> {
        let _one = self.damage.repairing.lock().await;
        pack::splice(self, pack, parts).await
    }

    /// Gives a pack whose index is damaged a new one.
    pub async fn rewrite_index(&self, pack: Uuid, parts: Vec<pack::Part>) -> Result<()> {
        let _one = self.damage.repairing.lock().await;
        pack::rebuild_index(self, pack, parts).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;
    use std::sync::Arc;

    #[test]
    fn the_name_of_a_mark_says_everything() {
        let hash = Hash([0xab; 32]);
        let pack = uuid::Uuid::from_u128(7);
        for location in [Location::Whole, Location::Packed { pack, offset: 77 }] {
            let mark = Mark { hash, size: 1234, location };
            assert_eq!(mark.key().filename().and_then(Mark::parse), Some(mark));
        }
        assert_eq!(Mark::parse("nonsense"), None);
    }

    #[test]
    fn a_shell_takes_the_command_as_it_is() {
        assert_eq!(put_again("birds/strikes/2019/é.csv"), "kamld put FILE birds/strikes/2019/é.csv");
        assert_eq!(put_again("birds/strikes/it's $1"), r"kamld put FILE 'birds/strikes/it'\''s $1'");
    }

    #[tokio::test]
    async fn the_marks_of_a_deleted_pack_go_with_it() {
        let store = Arc::new(InMemory::new());
        let open = || Backing::new(store.clone(), None);
        let (gone, stays) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let hash = Hash([7; 32]);
        let mark = |pack| Mark { hash, size: 10, location: Location::Packed { pack, offset: 8 } };
        let backing = open();
        backing.mark_damaged(mark(gone), "x").await;
        backing.mark_damaged(mark(stays), "x").await;
        backing.forget_pack(gone).await;
        for backing in [backing, open()] {
            assert_eq!(backing.damaged_places(hash).await.unwrap(), [mark(stays)]);
        }
    }
}
