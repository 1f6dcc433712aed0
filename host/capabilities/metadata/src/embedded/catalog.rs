//! The catalogue in sled. Keys by first letter: `d` documents, `t` tags in use (PROJECT, TAG, SUBJECT),
//! `c` descriptions by content, `q` subjects changed and not yet seen.
//!
//! A document, its tags in use and its mark are one atomic batch: no crash leaves one without the other.
//! Must not live here: rights; what a subject is in storage.

use super::{flush::Flush, record};
use crate::{
    Catalog,
    catalog::{ChangedSubject, Content, Described, Document, MAX_TAGS, Subject},
    error::{Error, Result},
};
use async_trait::async_trait;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(super) struct SledCatalog {
    db: sled::Db,
    tree: sled::Tree,
    flush: Flush,
    /// Read, decide, write is one step.
    change: Mutex<()>,
}

#[derive(Default, Serialize, Deserialize)]
struct Stored {
    revision: u64,
    tags: Vec<String>,
}

fn document_key(subject: &str) -> Vec<u8> {
    [b"d\0", subject.as_bytes()].concat()
}

fn tag_key(project: &str, tag: &str, subject: &str) -> Vec<u8> {
    ["t", project, tag, subject].join("\0").into_bytes()
}

fn changed_key(subject: &str) -> Vec<u8> {
    [b"q\0", subject.as_bytes()].concat()
}

fn content_key(content: &Content) -> Vec<u8> {
    [b"c\0", &content.hash.0[..], content.media_type.as_bytes()].concat()
}

impl SledCatalog {
    pub(super) fn open(db: &sled::Db, flush: &Flush) -> Result<Self> {
        Ok(Self {
            db: db.clone(),
            tree: db.open_tree("metadata/catalog")?,
            flush: flush.clone(),
            change: Mutex::new(()),
        })
    }

    fn stored(&self, subject: &str) -> Result<Stored> {
        let key = document_key(subject);
        match self.tree.get(&key)? {
            Some(record) => record::read(&key, &record),
            None => Ok(Stored::default()),
        }
    }

    /// A subject and everything below it, with its document.
    fn below(&self, subject: &Subject) -> Result<Vec<(Subject, Stored)>> {
        let own = subject.to_string();
        let mut found = Vec::new();
        let deeper = document_key(&format!("{own}/"));
        let exact = self.tree.get(document_key(&own))?.map(|record| (document_key(&own).into(), record));
        for entry in exact.into_iter().map(Ok).chain(self.tree.scan_prefix(deeper)) {
            let (key, record) = entry?;
            let text = std::str::from_utf8(&key[2..]).map_err(|_| record::damaged(&key))?;
            found.push((text.parse()?, record::read(&key, &record)?));
        }
        Ok(found)
    }

    fn put(&self, batch: &mut sled::Batch, subject: &Subject, before: &Stored, after: &Stored) -> Result<()> {
        let text = subject.to_string();
        let project = subject.asset.project.as_str();
        for tag in &before.tags {
            batch.remove(tag_key(project, tag, &text));
        }
        for tag in &after.tags {
            batch.insert(tag_key(project, tag, &text), &[]);
        }
        let key = document_key(&text);
        batch.insert(&key[..], record::write(&key, after)?);
        self.mark(batch, &text)
    }

    fn take(&self, batch: &mut sled::Batch, subject: &Subject, before: &Stored) -> Result<()> {
        let text = subject.to_string();
        for tag in &before.tags {
            batch.remove(tag_key(subject.asset.project.as_str(), tag, &text));
        }
        batch.remove(document_key(&text));
        self.mark(batch, &text)
    }

    fn mark(&self, batch: &mut sled::Batch, subject: &str) -> Result<()> {
        batch.insert(changed_key(subject), &self.db.generate_id()?.to_le_bytes());
        Ok(())
    }
}

#[async_trait]
impl Catalog for SledCatalog {
    async fn documents(&self, subjects: &[Subject]) -> Result<Vec<Document>> {
        subjects
            .iter()
            .map(|subject| {
                let Stored { revision, tags } = self.stored(&subject.to_string())?;
                Ok(Document { subject: subject.clone(), revision, tags })
            })
            .collect()
    }

    async fn change_tags(&self, subject: &Subject, add: &[String], remove: &[String]) -> Result<Document> {
        let after = {
            let _change = self.change.lock();
            let before = self.stored(&subject.to_string())?;
            let mut tags = before.tags.clone();
            tags.extend_from_slice(add);
            tags.retain(|tag| !remove.contains(tag));
            tags.sort_unstable();
            tags.dedup();
            if tags.len() > MAX_TAGS {
                return Err(Error::Limit {
                    message: format!("{subject} would carry {} tags, and {MAX_TAGS} are allowed", tags.len()),
                    help: "its tags were left as they are; remove some first".into(),
                });
            }
            if tags == before.tags {
                return Ok(Document { subject: subject.clone(), revision: before.revision, tags });
            }
            let after = Stored { revision: before.revision + 1, tags };
            let mut batch = sled::Batch::default();
            self.put(&mut batch, subject, &before, &after)?;
            self.tree.apply_batch(batch)?;
            after
        };
        self.flush.flush().await?;
        Ok(Document { subject: subject.clone(), revision: after.revision, tags: after.tags })
    }

    async fn tags(
        &self,
        project: Option<&str>,
        may_see: &(dyn for<'a> Fn(&'a str) -> bool + Send + Sync),
    ) -> Result<Vec<(String, u64)>> {
        let prefix = match project {
            Some(project) => format!("t\0{project}\0"),
            None => "t\0".into(),
        };
        let mut counts = BTreeMap::<String, u64>::new();
        for key in self.tree.scan_prefix(prefix).keys() {
            let key = key?;
            let text = std::str::from_utf8(&key).map_err(|_| record::damaged(&key))?;
            let mut parts = text.splitn(4, '\0').skip(2);
            let (Some(tag), Some(subject)) = (parts.next(), parts.next()) else {
                return Err(record::damaged(&key));
            };
            if may_see(subject) {
                *counts.entry(tag.to_owned()).or_default() += 1;
            }
        }
        Ok(counts.into_iter().collect())
    }

    async fn move_subjects(&self, from: &Subject, to: &Subject) -> Result<u64> {
        let moved = {
            let _change = self.change.lock();
            let (old, new) = (from.to_string(), to.to_string());
            let found = self.below(from)?;
            if old == new || found.is_empty() {
                return Ok(0);
            }
            let mut batch = sled::Batch::default();
            // First everything is taken, then put: a target may lie among the sources.
            for (subject, before) in &found {
                self.take(&mut batch, subject, before)?;
            }
            for (subject, before) in &found {
                let text = subject.to_string();
                let target: Subject = format!("{new}{}", &text[old.len()..]).parse()?;
                let replaced = self.stored(&target.to_string())?;
                let revision = before.revision.max(replaced.revision) + 1;
                self.put(&mut batch, &target, &replaced, &Stored { revision, tags: before.tags.clone() })?;
            }
            self.tree.apply_batch(batch)?;
            found.len() as u64
        };
        self.flush.flush().await?;
        Ok(moved)
    }

    async fn remove_subjects(&self, subject: &Subject) -> Result<u64> {
        let removed = {
            let _change = self.change.lock();
            let found = self.below(subject)?;
            let mut batch = sled::Batch::default();
            for (subject, before) in &found {
                self.take(&mut batch, subject, before)?;
            }
            self.tree.apply_batch(batch)?;
            found.len() as u64
        };
        self.flush.flush().await?;
        Ok(removed)
    }

    async fn descriptions(&self, contents: &[Content]) -> Result<Vec<Option<Described>>> {
        contents
            .iter()
            .map(|content| {
                let key = content_key(content);
                match self.tree.get(&key)?.map(|record| record::read(&key, &record)) {
                    // Descriptions are derived: a damaged one is made again.
                    Some(Err(Error::Damaged(_))) | None => Ok(None),
                    Some(described) => described.map(Some),
                }
            })
            .collect()
    }

    async fn set_description(&self, content: &Content, described: &Described) -> Result<()> {
        let key = content_key(content);
        self.tree.insert(&key[..], record::write(&key, described)?)?;
        self.flush.flush().await
    }

    async fn changed(&self, limit: usize) -> Result<Vec<ChangedSubject>> {
        let mut changed = Vec::new();
        for entry in self.tree.scan_prefix(b"q\0").take(limit) {
            let (key, mark) = entry?;
            let text = std::str::from_utf8(&key[2..]).map_err(|_| record::damaged(&key))?;
            let mark = mark.as_ref().try_into().map(u64::from_le_bytes).map_err(|_| record::damaged(&key))?;
            changed.push(ChangedSubject { subject: text.parse()?, mark });
        }
        Ok(changed)
    }

    async fn seen(&self, changes: &[ChangedSubject]) -> Result<()> {
        for change in changes {
            let key = changed_key(&change.subject.to_string());
            let old = change.mark.to_le_bytes();
            // Another mark means another change since: it stays on the list.
            let _ = self.tree.compare_and_swap(key, Some(&old[..]), None::<&[u8]>)?;
        }
        Ok(())
    }
}
