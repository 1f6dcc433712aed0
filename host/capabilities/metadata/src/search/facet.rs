//! Counts of tags, formats, projects and kinds over everything that a query found.
//!
//! A segment never changes, so its values are laid out once as plain tables: a byte a document for a field of few
//! values, four for one of many, and a bit that says whether a document has tags at all.
//! Must not live here: what is found. Invariant: counts are exact, over the same documents as the total.

use super::Facet;
use parking_lot::Mutex;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use tantivy::{
    DocId, Score, Searcher, SegmentOrdinal, SegmentReader,
    collector::{Collector, SegmentCollector},
    columnar::StrColumn,
    index::SegmentId,
};

/// In the order they are shown. The last may have several values, the others have one or none.
const FIELDS: [&str; 4] = ["kind", "format", "project", "tag"];
const SEVERAL: usize = 3;
/// Values of one facet: the most frequent ones.
const MOST: usize = 20;

/// The tables of the segments in use.
#[derive(Default)]
pub(super) struct Tables(Mutex<HashMap<SegmentId, Arc<Table>>>);

struct Table {
    fields: [Option<Values>; FIELDS.len()],
}

struct Values {
    column: StrColumn,
    /// The ordinal of each document's value; the number of values where it has none.
    by_document: ByDocument,
}

enum ByDocument {
    Few(Vec<u8>),
    Many(Vec<u32>),
    /// Of a field with several: whether there is any, a bit a document.
    Any(Vec<u64>),
}

impl Tables {
    fn of(&self, segment: &SegmentReader) -> tantivy::Result<Arc<Table>> {
        let id = segment.segment_id();
        if let Some(table) = self.0.lock().get(&id) {
            return Ok(table.clone());
        }
        // Two may make the same table at once; that is cheaper than waiting for each other.
        let table = Arc::new(Table::new(segment)?);
        self.0.lock().insert(id, table.clone());
        Ok(table)
    }

    /// Makes the tables of new segments before anybody asks, and lets go of those of old ones.
    pub(super) fn follow(&self, searcher: &Searcher) -> tantivy::Result<()> {
        for segment in searcher.segment_readers() {
            self.of(segment)?;
        }
        let used: HashSet<_> = searcher.segment_readers().iter().map(SegmentReader::segment_id).collect();
        self.0.lock().retain(|id, _| used.contains(id));
        Ok(())
    }
}

impl Table {
    fn new(segment: &SegmentReader) -> tantivy::Result<Self> {
        let mut fields = [const { None }; FIELDS.len()];
        for (place, (values, field)) in fields.iter_mut().zip(FIELDS).enumerate() {
            *values = segment.fast_fields().str(field)?.map(|column| {
                let by_document = ByDocument::new(&column, segment.max_doc(), place == SEVERAL);
                Values { column, by_document }
            });
        }
        Ok(Self { fields })
    }
}

impl ByDocument {
    fn new(column: &StrColumn, documents: DocId, several: bool) -> Self {
        let (ords, none) = (column.ords(), column.num_terms());
        let first = |document| ords.first(document).unwrap_or(none as u64);
        if several {
            let mut bits = vec![0; documents as usize / 64 + 1];
            for document in (0..documents).filter(|document| ords.first(*document).is_some()) {
                bits[document as usize / 64] |= 1 << (document % 64);
            }
            return ByDocument::Any(bits);
        }
        if u8::try_from(none).is_ok() {
            return ByDocument::Few(
                (0..documents).map(|document| u8::try_from(first(document)).unwrap_or(u8::MAX)).collect(),
            );
        }
        ByDocument::Many((0..documents).map(|document| u32::try_from(first(document)).unwrap_or(u32::MAX)).collect())
    }
}

/// Counts everything in one pass without scores.
pub(super) struct Facets<'a>(pub &'a Tables);

type Counts = [HashMap<String, u64>; FIELDS.len()];

pub(super) struct SegmentFacets {
    total: u64,
    table: Arc<Table>,
    /// By field and ordinal, with one more for documents without a value.
    counts: [Vec<u64>; FIELDS.len()],
}

impl Collector for Facets<'_> {
    type Fruit = (u64, Vec<Facet>);
    type Child = SegmentFacets;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<SegmentFacets> {
        let table = self.0.of(segment)?;
        let values = |place: usize| table.fields[place].as_ref().map_or(0, |values| values.column.num_terms() + 1);
        let counts = std::array::from_fn(|place| vec![0; values(place)]);
        Ok(SegmentFacets { total: 0, table, counts })
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
        for (values, counts) in self.table.fields.iter().zip(&mut self.counts) {
            let Some(Values { column, by_document }) = values else { continue };
            let mut count = |ord: usize| {
                if let Some(count) = counts.get_mut(ord) {
                    *count += 1;
                }
            };
            match by_document {
                ByDocument::Few(ords) => docs.iter().for_each(|doc| count(usize::from(ords[*doc as usize]))),
                ByDocument::Many(ords) => docs.iter().for_each(|doc| count(ords[*doc as usize] as usize)),
                ByDocument::Any(bits) => {
                    for doc in docs.iter().filter(|doc| bits[**doc as usize / 64] >> (**doc % 64) & 1 == 1) {
                        column
                            .ords()
                            .values_for_doc(*doc)
                            .for_each(|ord| count(usize::try_from(ord).unwrap_or(usize::MAX)));
                    }
                }
            }
        }
    }

    fn harvest(self) -> Self::Fruit {
        let mut all = Counts::default();
        for ((found, values), counts) in all.iter_mut().zip(&self.table.fields).zip(self.counts) {
            let Some(Values { column, .. }) = values else { continue };
            let mut value = String::new();
            let counts = counts.into_iter().enumerate().take(column.num_terms());
            for (ord, count) in counts.filter(|(_, count)| *count > 0) {
                value.clear();
                if column.ord_to_str(ord as u64, &mut value)? {
                    found.insert(value.clone(), count);
                }
            }
        }
        Ok((self.total, all))
    }
}
