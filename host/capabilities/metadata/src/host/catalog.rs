//! `kamld:metadata/catalog`.

use super::{
    MetadataHost,
    policy::{CATALOG, in_project},
    wit::{
        catalog::{Document, Host},
        types::{Column, Description},
    },
};
use crate::{
    catalog::{Subject, check_tag},
    description::Described,
    index::entry::asset_summary,
};
use kamld_bindings::Error;
use kamld_policy::Verb;
use kamld_types::Problem;

type Answer<T> = wasmtime::Result<Result<T, Error>>;

/// Documents of one call: more would not be looked at.
const MAX_MANY: usize = 1000;

pub(super) fn column(column: crate::Column) -> Column {
    Column { name: column.name, type_: column.r#type, nullable: column.nullable }
}

fn description(described: Described) -> Description {
    match described {
        Described::Known(known) => Description {
            summary: known.summary,
            rows: known.rows,
            columns: known.columns.into_iter().map(column).collect(),
            facts: known.facts,
            text: known.text,
        },
        Described::Failed { summary, problem } => Description {
            summary,
            rows: None,
            columns: Vec::new(),
            facts: vec![("Problem".into(), problem)],
            text: String::new(),
        },
    }
}

impl MetadataHost<'_> {
    /// What is known about the bytes of an object, or about an asset as a whole.
    async fn described(&mut self, subject: &Subject) -> Result<Option<Description>, Problem> {
        let assets = self.search.assets();
        let Some(path) = &subject.path else {
            let state = assets.asset(&subject.asset).await?;
            return Ok(state.map(|state| Description {
                summary: asset_summary(&state),
                rows: None,
                columns: Vec::new(),
                facts: Vec::new(),
                text: String::new(),
            }));
        };
        let Some(object) = assets.object(&subject.asset, path).await? else { return Ok(None) };
        Ok(self.descriptions.describe(object.hash, &object.media_type).await?.map(description))
    }

    async fn with_description(&mut self, document: crate::Document) -> Result<Document, Problem> {
        let description = self.described(&document.subject).await?;
        Ok(Document {
            subject: document.subject.to_string(),
            revision: document.revision,
            description,
            tags: document.tags,
        })
    }

    async fn get_documents(&mut self, subjects: Vec<String>) -> Result<Vec<Document>, Problem> {
        if subjects.len() > MAX_MANY {
            return Err(Problem::limit(format!("{} documents are more than {MAX_MANY}", subjects.len()))
                .help("ask for them in several calls"));
        }
        let mut asked = Vec::with_capacity(subjects.len());
        for text in subjects {
            let subject: Subject = text.parse()?;
            self.call.admit(CATALOG, Verb::Read, &subject.to_string())?;
            asked.push(subject);
        }
        let mut documents = Vec::with_capacity(asked.len());
        for document in self.catalog.documents(&asked).await? {
            documents.push(self.with_description(document).await?);
        }
        Ok(documents)
    }

    async fn change(&mut self, subject: String, add: Vec<String>, remove: Vec<String>) -> Result<Document, Problem> {
        let subject: Subject = subject.parse()?;
        self.call.admit(CATALOG, Verb::Modify, &subject.to_string())?;
        let check = |tags: Vec<String>| tags.iter().map(|tag| check_tag(tag)).collect::<Result<Vec<_>, _>>();
        let (add, remove) = (check(add)?, check(remove)?);
        // A tag on nothing would be found by nobody; taking tags off what is gone stays possible.
        if !add.is_empty() {
            let assets = self.search.assets();
            let is_there = match &subject.path {
                Some(path) => assets.object(&subject.asset, path).await?.is_some(),
                None => assets.asset(&subject.asset).await?.is_some(),
            };
            if !is_there {
                return Err(Problem::not_found(format!("there is no '{subject}'"))
                    .help("no tag was written; kamld ls shows what is there"));
            }
        }
        let document = self.catalog.change_tags(&subject, &add, &remove).await?;
        self.search.notify_catalog();
        self.with_description(document).await
    }

    async fn tags_in_use(&mut self, project: Option<String>) -> Result<Vec<(String, u64)>, Problem> {
        self.call.admit_listing(CATALOG, Verb::List)?;
        if let Some(project) = &project {
            in_project(self.call, CATALOG, Verb::List, project)?;
        }
        let call = self.call;
        let may_see = |subject: &str| call.may_see(CATALOG, subject);
        Ok(self.catalog.tags(project.as_deref(), &may_see).await?)
    }
}

impl Host for MetadataHost<'_> {
    async fn get(&mut self, subject: String) -> Answer<Document> {
        let documents = self.get_documents(vec![subject]).await;
        let one = documents.and_then(|mut documents| {
            documents.pop().ok_or_else(|| Problem::internal("the catalogue answered without a document"))
        });
        Ok(one.map_err(Error::from))
    }

    async fn get_many(&mut self, subjects: Vec<String>) -> Answer<Vec<Document>> {
        Ok(self.get_documents(subjects).await.map_err(Error::from))
    }

    async fn add_tags(&mut self, subject: String, tags: Vec<String>) -> Answer<Document> {
        Ok(self.change(subject, tags, Vec::new()).await.map_err(Error::from))
    }

    async fn remove_tags(&mut self, subject: String, tags: Vec<String>) -> Answer<Document> {
        Ok(self.change(subject, Vec::new(), tags).await.map_err(Error::from))
    }

    async fn tags(&mut self, project: Option<String>) -> Answer<Vec<(String, u64)>> {
        Ok(self.tags_in_use(project).await.map_err(Error::from))
    }
}
