//! What was perhaps meant: the words of a query that nothing visible has, each replaced by the nearest one that
//! something visible has.
//!
//! Must not live here: ranking. Invariant: a suggestion finds something under the same visibility; a word that
//! only hidden documents have is never suggested.

use super::{
    expand,
    plan::Planner,
    query::{Part, What, parse},
    words::{STEM_MARK, Splitter},
};
use tantivy::query::{Query, TermQuery};
use tantivy::{Term, schema::IndexRecordOption};

/// Near words that are looked at for one word.
const TRIED: usize = 12;
/// Dictionary entries looked at when nothing is near by spelling.
const SCANNED: usize = 20_000;
/// How alike two words must be to be worth a question.
const ALIKE: f64 = 0.8;

pub(super) fn suggest(
    planner: &Planner<'_>,
    parts: &[Part],
    splitter: &mut Splitter,
) -> tantivy::Result<Option<String>> {
    let mut texts = Vec::new();
    let mut replaced = false;
    for part in parts {
        let mut text = part.text.clone();
        if let (What::Word(words) | What::Phrase(words), false) = (&part.what, part.without) {
            for word in words {
                if occurs(planner, word)? {
                    continue;
                }
                if let Some(near) = nearest(planner, word)? {
                    text = replace_word(&text, word, &near, splitter);
                    replaced = true;
                }
            }
        }
        texts.push(text);
    }
    if !replaced {
        return Ok(None);
    }
    let text = texts.join(" ");
    let plan = planner.plan(&parse(&text, splitter), splitter)?;
    Ok((plan.found.count(planner.searcher)? > 0).then_some(text))
}

/// Whether any visible document has this word.
fn occurs(planner: &Planner<'_>, word: &str) -> tantivy::Result<bool> {
    let term = TermQuery::new(Term::from_field_text(planner.fields.every, word), IndexRecordOption::Basic);
    let query = planner.visible_only(Box::new(term));
    Ok(query.count(planner.searcher)? > 0)
}

fn nearest(planner: &Planner<'_>, word: &str) -> tantivy::Result<Option<String>> {
    let mut near = expand::similar(planner.searcher, planner.fields.every, word, if word.len() < 4 { 1 } else { 2 })?;
    if near.is_empty() {
        near = alike(planner, word)?;
    }
    for other in near.into_iter().take(TRIED) {
        if occurs(planner, &other)? {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

/// Words further away than two mistakes, with the same first letter, the most alike first.
fn alike(planner: &Planner<'_>, word: &str) -> tantivy::Result<Vec<String>> {
    let Some(first) = word.chars().next().filter(|_| word.chars().count() > 4) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for segment in planner.searcher.segment_readers() {
        let index = segment.inverted_index(planner.fields.every)?;
        let mut stream = index.terms().range().ge(first.to_string()).into_stream()?;
        for _ in 0..SCANNED {
            if !stream.advance() {
                break;
            }
            let Ok(other) = std::str::from_utf8(stream.key()) else { continue };
            if !other.starts_with(first) {
                break;
            }
            let likeness = strsim::jaro_winkler(word, other);
            if likeness >= ALIKE && !other.starts_with(STEM_MARK) {
                found.push((likeness, other.to_owned()));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    found.dedup();
    Ok(found.into_iter().map(|(_, other)| other).collect())
}

/// The text as typed, with one of its words replaced.
fn replace_word(text: &str, word: &str, by: &str, splitter: &mut Splitter) -> String {
    let mut place = None;
    splitter.each(text, |range, folded| {
        if folded == word && place.is_none() {
            place = Some(range);
        }
    });
    match place {
        Some(range) => format!("{}{by}{}", &text[..range.start], &text[range.end..]),
        None => text.to_owned(),
    }
}
