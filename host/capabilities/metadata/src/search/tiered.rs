//! A query whose score is a tier with a little of BM25 on top: a match in a name outranks any number of matches
//! in text, and within one tier rarer words and shorter fields come first.
//!
//! Must not live here: which field has which tier (`plan`).
//! Invariant: a score lies in [tier, 1.25 * tier), whatever the statistics of the index are.

use tantivy::{
    DocId, DocSet, Score, SegmentReader, TantivyError,
    query::{EnableScoring, Explanation, Query, Scorer, Weight},
};

#[derive(Debug)]
pub(super) struct Tiered {
    inner: Box<dyn Query>,
    tier: Score,
}

impl Tiered {
    pub(super) fn new(inner: impl Query, tier: Score) -> Self {
        Self { inner: Box::new(inner), tier }
    }
}

impl Clone for Tiered {
    fn clone(&self) -> Self {
        Self { inner: self.inner.box_clone(), tier: self.tier }
    }
}

impl Query for Tiered {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let inner = self.inner.weight(scoring)?;
        Ok(if scoring.is_scoring_enabled() { Box::new(TieredWeight { inner, tier: self.tier }) } else { inner })
    }
}

struct TieredWeight {
    inner: Box<dyn Weight>,
    tier: Score,
}

impl Weight for TieredWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let inner = self.inner.scorer(reader, 1.0)?;
        Ok(Box::new(TieredScorer { inner, tier: self.tier * boost }))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        let mut scorer = self.scorer(reader, 1.0)?;
        if scorer.doc() > doc || scorer.seek(doc) != doc {
            return Err(TantivyError::InvalidArgument(format!("document {doc} does not match")));
        }
        Ok(Explanation::new("tier", scorer.score()))
    }

    fn count(&self, reader: &SegmentReader) -> tantivy::Result<u32> {
        self.inner.count(reader)
    }
}

struct TieredScorer {
    inner: Box<dyn Scorer>,
    tier: Score,
}

impl DocSet for TieredScorer {
    fn advance(&mut self) -> DocId {
        self.inner.advance()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        self.inner.seek(target)
    }

    fn doc(&self) -> DocId {
        self.inner.doc()
    }

    fn size_hint(&self) -> u32 {
        self.inner.size_hint()
    }

    fn cost(&self) -> u64 {
        self.inner.cost()
    }
}

impl Scorer for TieredScorer {
    fn score(&mut self) -> Score {
        let score = self.inner.score().max(0.0);
        self.tier * (1.0 + 0.25 * score / (score + 3.0))
    }
}
