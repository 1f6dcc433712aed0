//! Words of the index near a word of the query: those it begins, and those a typing mistake away.
//!
//! Must not live here: what may be seen. A word found here says nothing yet: whoever shows it checks that a
//! visible document has it.
//! Invariant: work is bounded by the caps below, however large the dictionary is.

use super::words::STEM_MARK;
use std::collections::HashMap;
use tantivy::{Searcher, Term, query::FuzzyTermQuery, schema::Field};

/// Dictionary entries looked at per segment for one prefix: `a` begins half of a dictionary.
const SCANNED: usize = 4096;
/// Words that a prefix stands for: the most frequent ones.
const PREFIXED: usize = 64;
/// Words that a typing mistake stands for: the nearest ones.
const SIMILAR: usize = 24;

/// Words that begin with `prefix`, without itself.
pub(super) fn beginning(searcher: &Searcher, field: Field, prefix: &str) -> tantivy::Result<Vec<String>> {
    if prefix.chars().count() < 2 {
        return Ok(Vec::new());
    }
    let mut found = HashMap::<String, u64>::new();
    for segment in searcher.segment_readers() {
        let index = segment.inverted_index(field)?;
        let mut stream = index.terms().range().gt(prefix).into_stream()?;
        for _ in 0..SCANNED {
            if !stream.advance() || !stream.key().starts_with(prefix.as_bytes()) {
                break;
            }
            if let Ok(word) = std::str::from_utf8(stream.key()) {
                *found.entry(word.to_owned()).or_default() += u64::from(stream.value().doc_freq);
            }
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    found.truncate(PREFIXED);
    Ok(found.into_iter().map(|(word, _)| word).collect())
}

/// Words at most `distance` mistakes away, without itself, the nearest and most frequent first.
pub(super) fn similar(searcher: &Searcher, field: Field, word: &str, distance: u8) -> tantivy::Result<Vec<String>> {
    if distance == 0 {
        return Ok(Vec::new());
    }
    let query = FuzzyTermQuery::new(Term::from_field_text(field, word), distance.min(2), true);
    let mut found = HashMap::<String, u64>::new();
    for segment in searcher.segment_readers() {
        let index = segment.inverted_index(field)?;
        let mut stream = index.terms().search(query.automaton()?).into_stream()?;
        while stream.advance() {
            if let Ok(other) = std::str::from_utf8(stream.key())
                && other != word
                && !other.starts_with(STEM_MARK)
            {
                *found.entry(other.to_owned()).or_default() += u64::from(stream.value().doc_freq);
            }
        }
    }
    let mut found: Vec<_> = found
        .into_iter()
        .map(|(other, count)| (strsim::osa_distance(word, &other), std::cmp::Reverse(count), other))
        .collect();
    found.sort_unstable();
    found.truncate(SIMILAR);
    Ok(found.into_iter().map(|(_, _, other)| other).collect())
}
