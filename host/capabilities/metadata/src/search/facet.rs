//! Counts of tags, formats, projects and kinds over everything that a query found.
//!
//! Must not live here: what is found. Invariant: counts are exact, over the same documents as the total.

use super::Facet;
use std::collections::HashMap;
use tantivy::{
    DocId, Score, SegmentOrdinal, SegmentReader,
    collector::{Collector, SegmentCollector},
    columnar::StrColumn,
};

/// In the order they are shown.
const FIELDS: [&str; 4] = ["kind", "format", "tag", "project"];
/// Values of one facet: the most frequent ones.
const MOST: usize = 20;

/// Counts everything in one pass without scores.
pub(super) struct Facets;

type Counts = [HashMap<String, u64>; FIELDS.len()];

pub(super) struct SegmentFacets {
    total: u64,
    columns: [Option<Counted>; FIELDS.len()],
}

struct Counted {
    column: StrColumn,
    /// By the ordinal of the value within the segment.
    counts: Vec<u64>,
}

impl Collector for Facets {
    type Fruit = (u64, Vec<Facet>);
    type Child = SegmentFacets;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<SegmentFacets> {
        let mut columns = [const { None }; FIELDS.len()];
        for (counted, field) in columns.iter_mut().zip(FIELDS) {
            *counted = segment.fast_fields().str(field)?.map(|column| {
                let counts = vec![0; column.num_terms()];
                Counted { column, counts }
            });
        }
        Ok(SegmentFacets { total: 0, columns })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<tantivy::Result<(u64, Counts)>>) -> tantivy::Result<Self::Fruit> {
        let mut all = Counts::default();
        let mut total = 0;
        for segment in segments {
            let (found, counts) = segment?;
            total += found;
            for (all, counts) in all.iter_mut().zip(counts) {
                for (value, count) in counts {
                    *all.entry(value).or_default() += count;
                }
            }
        }
        let facets = FIELDS
            .into_iter()
            .zip(all)
            .filter(|(_, counts)| !counts.is_empty())
            .map(|(field, counts)| {
                let mut values: Vec<_> = counts.into_iter().collect();
                values.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
                values.truncate(MOST);
                Facet { field: field.to_owned(), values }
            })
            .collect();
        Ok((total, facets))
    }
}

impl SegmentCollector for SegmentFacets {
    type Fruit = tantivy::Result<(u64, Counts)>;

    fn collect(&mut self, doc: DocId, _: Score) {
        self.collect_block(&[doc]);
    }

    fn collect_block(&mut self, docs: &[DocId]) {
        self.total += docs.len() as u64;
        for Counted { column, counts } in self.columns.iter_mut().flatten() {
            let ords = column.ords();
            for doc in docs {
                for ord in ords.values_for_doc(*doc) {
                    if let Some(count) = usize::try_from(ord).ok().and_then(|ord| counts.get_mut(ord)) {
                        *count += 1;
                    }
                }
            }
        }
    }

    fn harvest(self) -> Self::Fruit {
        let mut all = Counts::default();
        for (values, counted) in all.iter_mut().zip(self.columns) {
            let Some(Counted { column, counts }) = counted else { continue };
            let mut value = String::new();
            for (ord, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
                value.clear();
                if column.ord_to_str(ord as u64, &mut value)? {
                    values.insert(value.clone(), count);
                }
            }
        }
        Ok((self.total, all))
    }
}
