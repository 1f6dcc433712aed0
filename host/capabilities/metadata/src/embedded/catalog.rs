//! The catalogue among the records. Keys by first letter: `d` documents, `t` tags in use (PROJECT, TAG, SUBJECT),
//! `q` subjects changed and not yet seen.
//!
//! A document, its tags in use and its mark are one transaction: no crash leaves one without the other.
//! Must not live here: rights; what a subject is in storage.

use super::record;
use crate::{
    Catalog,
    catalog::{ChangedSubject, Document, MAX_TAGS, Subject},
    error::{Error, Result},
};
use async_trait::async_trait;
use kamld_records::{Range, Records, Table, Transaction};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

pub const TABLE: Table = Table("metadata/catalog");

pub(super) struct RecordCatalog {
    records: Arc<dyn Records>,
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

fn text(key: &[u8]) -> Result<&str> {
    std::str::from_utf8(&key[2..]).map_err(|_| record::damaged(key))
}

/// One subject whose document changes, within a transaction.
struct Change<'a, 't> {
    transaction: &'a mut Transaction<'t>,
}

impl Change<'_, '_> {
    fn stored(&self, subject: &str) -> Result<Stored> {
        let key = document_key(subject);
        match self.transaction.get(TABLE, &key)? {
            Some(record) => record::parse(&key, &record),
            None => Ok(Stored::default()),
        }
    }

    /// A subject and everything below it, with its document.
    fn below(&self, subject: &Subject) -> Result<Vec<(Subject, Stored)>> {
        let own = subject.to_string();
        let key = document_key(&own);
        let mut found: Vec<_> =
            self.transaction.get(TABLE, &key)?.map(|record| (key.into(), record)).into_iter().collect();
        found.extend(self.transaction.scan(TABLE, &Range::prefix(document_key(&format!("{own}/"))))?);
        found.into_iter().map(|(key, record)| Ok((text(&key)?.parse()?, record::parse(&key, &record)?))).collect()
    }

    fn put(&mut self, subject: &Subject, before: &Stored, after: &Stored) -> Result<()> {
        let text = subject.to_string();
        let project = subject.asset.project.as_str();
        for tag in &before.tags {
            self.transaction.remove(TABLE, tag_key(project, tag, &text));
        }
        for tag in &after.tags {
            self.transaction.put(TABLE, tag_key(project, tag, &text), Vec::new())?;
        }
        self.transaction.put(TABLE, document_key(&text), record::json(after)?)?;
        self.mark(&text)
    }

    fn take(&mut self, subject: &Subject, before: &Stored) -> Result<()> {
        let text = subject.to_string();
        for tag in &before.tags {
            self.transaction.remove(TABLE, tag_key(subject.asset.project.as_str(), tag, &text));
        }
        self.transaction.remove(TABLE, document_key(&text));
        self.mark(&text)
    }

    fn mark(&mut self, subject: &str) -> Result<()> {
        let mark = self.transaction.next_id()?;
        Ok(self.transaction.put(TABLE, changed_key(subject), mark.to_le_bytes())?)
    }

    fn tag(&mut self, subject: &Subject, add: &[String], remove: &[String]) -> Result<Document> {
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
        self.put(subject, &before, &after)?;
        Ok(Document { subject: subject.clone(), revision: after.revision, tags: after.tags })
    }

    fn rename(&mut self, from: &Subject, to: &Subject) -> Result<u64> {
        let (old, new) = (from.to_string(), to.to_string());
        let found = self.below(from)?;
        if old == new {
            return Ok(0);
        }
        // First everything is taken, then put: a target may lie among the sources.
        for (subject, before) in &found {
            self.take(subject, before)?;
        }
        for (subject, before) in &found {
            let target: Subject = format!("{new}{}", &subject.to_string()[old.len()..]).parse()?;
            let replaced = self.stored(&target.to_string())?;
            let revision = before.revision.max(replaced.revision) + 1;
            self.put(&target, &replaced, &Stored { revision, tags: before.tags.clone() })?;
        }
        Ok(found.len() as u64)
    }
}

impl RecordCatalog {
    pub(super) fn new(records: Arc<dyn Records>) -> Self {
        Self { records }
    }

    async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Change<'_, '_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.records.write(move |transaction| work(&mut Change { transaction })).await
    }
}

#[async_trait]
impl Catalog for RecordCatalog {
    async fn documents(&self, subjects: &[Subject]) -> Result<Vec<Document>> {
        subjects
            .iter()
            .map(|subject| {
                let key = document_key(&subject.to_string());
                let Stored { revision, tags } = match self.records.get(TABLE, &key)? {
                    Some(record) => record::parse(&key, &record)?,
                    None => Stored::default(),
                };
                Ok(Document { subject: subject.clone(), revision, tags })
            })
            .collect()
    }

    async fn change_tags(&self, subject: &Subject, add: &[String], remove: &[String]) -> Result<Document> {
        let (subject, add, remove) = (subject.clone(), add.to_vec(), remove.to_vec());
        self.change(move |change| change.tag(&subject, &add, &remove)).await
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
        for (key, _) in self.records.scan(TABLE, &Range::prefix(prefix))? {
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
        let (from, to) = (from.clone(), to.clone());
        self.change(move |change| change.rename(&from, &to)).await
    }

    async fn remove_subjects(&self, subject: &Subject) -> Result<u64> {
        let subject = subject.clone();
        self.change(move |change| {
            let found = change.below(&subject)?;
            for (subject, before) in &found {
                change.take(subject, before)?;
            }
            Ok(found.len() as u64)
        })
        .await
    }

    async fn changed(&self, limit: usize) -> Result<Vec<ChangedSubject>> {
        let found = self.records.scan(TABLE, &Range::prefix("q\0").limit(limit))?;
        found
            .iter()
            .map(|(key, mark)| {
                let mark = mark.as_ref().try_into().map(u64::from_le_bytes).map_err(|_| record::damaged(key))?;
                Ok(ChangedSubject { subject: text(key)?.parse()?, mark })
            })
            .collect()
    }

    async fn seen(&self, changes: &[ChangedSubject]) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let changes = changes.to_vec();
        self.change(move |Change { transaction }| {
            for change in &changes {
                let key = changed_key(&change.subject.to_string());
                // Another mark means another change since: it stays on the list.
                if transaction.get(TABLE, &key)?.is_some_and(|mark| mark[..] == change.mark.to_le_bytes()) {
                    transaction.remove(TABLE, key);
                }
            }
            Ok(())
        })
        .await
    }
}
