//! The one writer of the index: documents in, commits out, off the async threads.
//!
//! Must not live here: what is written and when.

use super::{
    document::{Entry, subject_term},
    folder::Opened,
    words::Splitter,
};
use crate::{
    catalog::Subject,
    error::{Error, Result},
};
use kamld_types::AssetId;
use parking_lot::Mutex;
use std::sync::Arc;
use tantivy::{IndexWriter, TantivyDocument, Term};

pub(crate) struct Writer {
    opened: Arc<Opened>,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    writer: IndexWriter<TantivyDocument>,
    splitter: Splitter,
}

impl Writer {
    pub(crate) fn new(opened: Arc<Opened>) -> Result<Self> {
        let inner = Arc::new(Mutex::new(Inner { writer: opened.writer()?, splitter: Splitter::new() }));
        Ok(Self { opened, inner })
    }

    /// Replaces the documents of these subjects, and deletes those of `gone`.
    pub(crate) async fn write(&self, entries: Vec<Entry>, gone: Vec<Subject>) -> Result<()> {
        self.blocking(move |opened, Inner { writer, splitter }| {
            for subject in &gone {
                writer.delete_term(subject_term(&opened.fields, subject));
            }
            for entry in &entries {
                writer.delete_term(subject_term(&opened.fields, &entry.subject));
                writer.add_document(entry.document(&opened.fields, splitter))?;
            }
            Ok(())
        })
        .await
    }

    pub(crate) fn delete_asset(&self, asset: &AssetId) {
        self.inner.lock().writer.delete_term(Term::from_field_text(self.opened.fields.asset, &asset.to_string()));
    }

    /// Durable and visible when it returns.
    pub(crate) async fn commit(&self) -> Result<()> {
        self.blocking(|opened, inner| {
            inner.writer.commit()?;
            opened.reload()
        })
        .await
    }

    async fn blocking(&self, work: impl FnOnce(&Opened, &mut Inner) -> Result<()> + Send + 'static) -> Result<()> {
        let (opened, inner) = (self.opened.clone(), self.inner.clone());
        tokio::task::spawn_blocking(move || work(&opened, &mut inner.lock()))
            .await
            .map_err(|_| Error::Stopped("writer of the search index"))?
    }
}
