//! `kamld:metadata/search`.

use super::{
    MetadataHost,
    policy::{SEARCH, in_project},
    wit::search::{Answer as WitAnswer, Facet, Fragment, Hit, HitKind, Host, Request as WitRequest},
};
use crate::search::{self, MAX_PAGE, Request};
use kamld_bindings::Error;
use kamld_policy::Verb;
use kamld_types::Problem;

fn hit(hit: search::Hit) -> Hit {
    let highlights = hit.highlights.into_iter().map(|(field, pieces)| {
        (field, pieces.into_iter().map(|piece| Fragment { text: piece.text, matched: piece.matched }).collect())
    });
    Hit {
        kind: match hit.kind {
            search::HitKind::Asset => HitKind::Asset,
            search::HitKind::Object => HitKind::Object,
            search::HitKind::Column => HitKind::Column,
        },
        project: hit.project,
        asset: hit.asset,
        path: hit.path,
        column: hit.column,
        summary: hit.summary,
        tags: hit.tags,
        size: hit.size,
        modified: hit.modified,
        score: hit.score,
        highlights: highlights.collect(),
    }
}

impl MetadataHost<'_> {
    async fn search(&mut self, request: WitRequest) -> Result<WitAnswer, Problem> {
        let WitRequest { query, project, start, limit } = request;
        self.call.admit_listing(SEARCH, Verb::Read)?;
        if let Some(project) = &project {
            in_project(self.call, SEARCH, Verb::Read, project)?;
        }
        let call = self.call;
        let may_see = |project: &str, asset: &str| call.may_see(SEARCH, &format!("{project}/{asset}"));
        let request = Request { query, project, start, limit: limit.clamp(1, MAX_PAGE) };
        let answer = self.search.find(request, &may_see).await?;
        let facets = answer.facets.into_iter().map(|facet| Facet { field: facet.field, values: facet.values });
        Ok(WitAnswer {
            hits: answer.hits.into_iter().map(hit).collect(),
            total: answer.total,
            facets: facets.collect(),
            suggestion: answer.suggestion,
        })
    }
}

impl Host for MetadataHost<'_> {
    async fn find(&mut self, request: WitRequest) -> wasmtime::Result<Result<WitAnswer, Error>> {
        Ok(self.search(request).await.map_err(Error::from))
    }
}
