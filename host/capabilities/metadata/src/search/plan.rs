//! From the parts of a query to what the index is asked: one query that decides what is found, one that ranks.
//!
//! Must not live here: the query language (`query`), running it (`find`).
//! Invariants: what may not be seen is excluded inside the query; ranking never changes what is found.

use super::{
    expand,
    highlight::{Matcher, Matchers},
    query::{Part, What},
    schema::Fields,
    tiered::Tiered,
    visible::Visible,
    words::{STEM_MARK, Splitter, forgiven},
};
use tantivy::{
    Searcher, Term,
    query::{AllQuery, BooleanQuery, ConstScoreQuery, EmptyQuery, Occur, PhraseQuery, Query, TermQuery, TermSetQuery},
    schema::{Field, IndexRecordOption},
};

type Clauses = Vec<(Occur, Box<dyn Query>)>;

/// Whole names that are exactly what was typed stand above all.
const TIER_RAW: f32 = 40.0;
/// A match of the stem alone, below any match of the word itself.
const TIER_STEM: f32 = 1.0;
/// What every found document has.
const TIER_FOUND: f32 = 0.25;
/// A word that goes on counts this much of the word itself.
const OF_PREFIX: f32 = 0.4;
/// Small enough that all fields together stay below the weakest exact match.
const OF_SIMILAR: f32 = 0.01;

/// Name before tags before columns before what lies around before summary before text.
fn tiers(fields: &Fields) -> [(Field, f32); 6] {
    [
        (fields.name, 32.0),
        (fields.tags, 16.0),
        (fields.columns, 8.0),
        (fields.path, 5.0),
        (fields.summary, 3.0),
        (fields.text, 1.5),
    ]
}

pub(super) struct Plan {
    /// Decides what is found; cheap, without scores.
    pub found: Box<dyn Query>,
    /// Scores the same documents; `None` when nothing in the query ranks.
    pub ranked: Option<Box<dyn Query>>,
    pub matchers: Matchers,
}

pub(super) struct Planner<'a> {
    pub searcher: &'a Searcher,
    pub fields: &'a Fields,
    pub visible: &'a Visible,
    pub project: Option<&'a str>,
    /// Whether words forgive typing mistakes.
    pub forgiving: bool,
}

impl Planner<'_> {
    pub(super) fn plan(&self, parts: &[Part], splitter: &mut Splitter) -> tantivy::Result<Plan> {
        let mut found: Clauses = Vec::new();
        let mut ranking: Clauses = Vec::new();
        let mut matchers = Matchers::default();
        let last = parts.iter().rposition(|part| !part.without && matches!(part.what, What::Word(_)));
        for (place, part) in parts.iter().enumerate() {
            if part.without {
                found.push((Occur::MustNot, self.left_out(&part.what, splitter)?));
                continue;
            }
            let goes_on = last == Some(place);
            let query = self.part(&part.what, goes_on, &mut ranking, &mut matchers, splitter)?;
            found.push((Occur::Must, query));
        }
        if let Some(project) = self.project {
            found.push((Occur::Must, term(self.fields.project, project)));
        }
        found.extend(self.visibility());
        // A query of nothing but exclusions finds everything else.
        if !found.iter().any(|(occur, _)| *occur == Occur::Must) {
            found.push((Occur::Must, Box::new(AllQuery)));
        }
        let found: Box<dyn Query> = Box::new(BooleanQuery::new(found));
        let ranked = (!ranking.is_empty()).then(|| {
            let mut clauses: Clauses =
                vec![(Occur::Must, Box::new(ConstScoreQuery::new(found.box_clone(), TIER_FOUND)))];
            clauses.append(&mut ranking);
            Box::new(BooleanQuery::new(clauses)) as Box<dyn Query>
        });
        Ok(Plan { found, ranked, matchers })
    }

    /// A query narrowed to what may be seen.
    pub(super) fn visible_only(&self, query: Box<dyn Query>) -> BooleanQuery {
        let mut clauses: Clauses = vec![(Occur::Must, query)];
        if let Some(project) = self.project {
            clauses.push((Occur::Must, term(self.fields.project, project)));
        }
        clauses.extend(self.visibility());
        BooleanQuery::new(clauses)
    }

    fn visibility(&self) -> Clauses {
        let set = |assets: &[String]| -> Box<dyn Query> {
            Box::new(TermSetQuery::new(assets.iter().map(|asset| Term::from_field_text(self.fields.asset, asset))))
        };
        match self.visible {
            Visible::All => Vec::new(),
            Visible::Only(assets) if assets.is_empty() => vec![(Occur::Must, Box::new(EmptyQuery))],
            Visible::Only(assets) => vec![(Occur::Must, set(assets))],
            Visible::Without(assets) => vec![(Occur::MustNot, set(assets))],
        }
    }

    fn part(
        &self,
        what: &What,
        goes_on: bool,
        ranking: &mut Clauses,
        matchers: &mut Matchers,
        splitter: &mut Splitter,
    ) -> tantivy::Result<Box<dyn Query>> {
        let fields = self.fields;
        Ok(match what {
            What::Word(words) => {
                let mut all: Clauses = Vec::new();
                for (place, word) in words.iter().enumerate() {
                    let goes_on = goes_on && place + 1 == words.len();
                    all.push((Occur::Must, self.word(word, goes_on, ranking, matchers, splitter)?));
                }
                if words.len() > 1 {
                    for (field, tier) in tiers(fields) {
                        let phrase = ConstScoreQuery::new(phrase(field, words), tier * 0.5);
                        ranking.push((Occur::Should, Box::new(phrase)));
                    }
                }
                Box::new(BooleanQuery::new(all))
            }
            What::Phrase(words) => {
                let mut any: Clauses = Vec::new();
                for (field, tier) in tiers(fields) {
                    any.push((Occur::Should, phrase(field, words)));
                    ranking.push((Occur::Should, Box::new(Tiered::new(phrase(field, words), tier))));
                }
                matchers.phrase(words);
                Box::new(BooleanQuery::new(any))
            }
            What::Tag(tag) => {
                matchers.tags.push(tag.clone());
                term(fields.tag, tag)
            }
            What::Format(format) => term(fields.format, format),
            What::Project(project) => term(fields.project, project),
            What::Kind(kind) => term(fields.kind, kind),
            What::Column(text) => {
                matchers.columns.push(text.clone());
                self.named(fields.column, fields.columns, text, 16.0, ranking, splitter)?
            }
            What::Name(text) => {
                matchers.names.push(text.clone());
                self.named(fields.raw, fields.name, text, 32.0, ranking, splitter)?
            }
        })
    }

    /// One word anywhere: itself, its stem, what it begins, and what it may have meant.
    fn word(
        &self,
        word: &str,
        goes_on: bool,
        ranking: &mut Clauses,
        matchers: &mut Matchers,
        splitter: &mut Splitter,
    ) -> tantivy::Result<Box<dyn Query>> {
        let fields = self.fields;
        let stem = splitter.stem(word);
        let longer = if goes_on { expand::beginning(self.searcher, fields.every, word)? } else { Vec::new() };
        let similar = if self.forgiving {
            expand::similar(self.searcher, fields.every, word, forgiven(word))?
        } else {
            Vec::new()
        };
        ranking.push((Occur::Should, Box::new(ConstScoreQuery::new(term(fields.raw, word), TIER_RAW))));
        ranking.push((Occur::Should, Box::new(ConstScoreQuery::new(term(fields.stems, &stem), TIER_STEM))));
        for (field, tier) in tiers(fields) {
            let exact = TermQuery::new(Term::from_field_text(field, word), IndexRecordOption::WithFreqs);
            ranking.push((Occur::Should, Box::new(Tiered::new(exact, tier))));
            if !longer.is_empty() && field != fields.text {
                ranking.push((Occur::Should, Box::new(ConstScoreQuery::new(set(field, &longer), tier * OF_PREFIX))));
            }
            if !similar.is_empty() {
                ranking.push((Occur::Should, Box::new(ConstScoreQuery::new(set(field, &similar), tier * OF_SIMILAR))));
            }
        }
        let mut any: Clauses = vec![
            (Occur::Should, term(fields.every, word)),
            (Occur::Should, term(fields.every, &format!("{STEM_MARK}{stem}"))),
        ];
        if !longer.is_empty() || !similar.is_empty() {
            let others: Vec<_> = longer.iter().chain(&similar).cloned().collect();
            any.push((Occur::Should, set(fields.every, &others)));
        }
        matchers.words.push(Matcher { word: word.to_owned(), stem, goes_on, similar: similar.into_iter().collect() });
        Ok(Box::new(BooleanQuery::new(any)))
    }

    /// A name given with its field: the whole of it, the beginning of it, or all words of it.
    fn named(
        &self,
        whole: Field,
        words: Field,
        text: &str,
        tier: f32,
        ranking: &mut Clauses,
        splitter: &mut Splitter,
    ) -> tantivy::Result<Box<dyn Query>> {
        let mut any: Clauses = vec![(Occur::Should, term(whole, text))];
        let longer = expand::beginning(self.searcher, whole, text)?;
        if !longer.is_empty() {
            any.push((Occur::Should, set(whole, &longer)));
        }
        let split = splitter.words(text);
        if !split.is_empty() {
            any.push((Occur::Should, all_of(words, &split)));
            ranking.push((Occur::Should, Box::new(ConstScoreQuery::new(all_of(words, &split), tier * 0.5))));
        }
        ranking.push((Occur::Should, Box::new(ConstScoreQuery::new(term(whole, text), tier))));
        Ok(Box::new(BooleanQuery::new(any)))
    }

    /// Leaving out takes words as they are: no beginnings and no guesses.
    fn left_out(&self, what: &What, splitter: &mut Splitter) -> tantivy::Result<Box<dyn Query>> {
        let fields = self.fields;
        Ok(match what {
            What::Word(words) => all_of(fields.every, words),
            What::Phrase(words) => {
                Box::new(BooleanQuery::union(tiers(fields).map(|(field, _)| phrase(field, words)).into()))
            }
            other => self.part(other, false, &mut Vec::new(), &mut Matchers::default(), splitter)?,
        })
    }
}

fn term(field: Field, text: &str) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::Basic))
}

fn set(field: Field, words: &[String]) -> Box<dyn Query> {
    Box::new(TermSetQuery::new(words.iter().map(|word| Term::from_field_text(field, word))))
}

fn all_of(field: Field, words: &[String]) -> Box<dyn Query> {
    Box::new(BooleanQuery::intersection(words.iter().map(|word| term(field, word)).collect()))
}

/// A phrase of one word is that word: the index asks for two.
fn phrase(field: Field, words: &[String]) -> Box<dyn Query> {
    match words {
        [word] => Box::new(TermQuery::new(Term::from_field_text(field, word), IndexRecordOption::WithFreqs)),
        words => Box::new(PhraseQuery::new(words.iter().map(|word| Term::from_field_text(field, word)).collect())),
    }
}
