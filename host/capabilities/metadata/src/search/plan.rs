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

/// Where a match counts: in what something is called, in what is said about it, or in its text.
pub(super) const LEVELS: usize = 3;

fn level(fields: &Fields, field: Field) -> usize {
    match field {
        field if field == fields.name || field == fields.tags => 0,
        field if field == fields.text => 2,
        _ => 1,
    }
}

pub(super) struct Plan {
    /// Decides what is found; cheap, without scores.
    pub found: Box<dyn Query>,
    /// Of what is found, that which has every word at level 0, and at level 1 or above.
    nearer: [Clauses; LEVELS - 1],
    /// What scores, by the level that it scores at.
    ranking: Vec<(usize, Box<dyn Query>)>,
    /// Whether one word alone ranks: then nothing of a nearer level scores further away.
    single: bool,
    pub has_phrase: bool,
    pub matchers: Matchers,
}

impl Plan {
    /// Whether anything in the query ranks at all.
    pub(super) fn ranks(&self) -> bool {
        !self.ranking.is_empty()
    }

    /// Everything that was found, scored.
    pub(super) fn ranked(&self) -> BooleanQuery {
        scored(self.found.box_clone(), None, self.ranking.iter())
    }

    /// What is found at one level and at none nearer: to be counted, and scored.
    pub(super) fn at_level(&self, level: usize) -> (BooleanQuery, BooleanQuery) {
        let within = |level: usize| -> Box<dyn Query> {
            match self.nearer.get(level) {
                Some(clauses) => {
                    let mut all: Clauses = vec![(Occur::Must, self.found.box_clone())];
                    all.extend(clauses.iter().map(|(occur, query)| (*occur, query.box_clone())));
                    Box::new(BooleanQuery::new(all))
                }
                None => self.found.box_clone(),
            }
        };
        let nearer = level.checked_sub(1).map(within);
        let mut counted: Clauses = vec![(Occur::Must, within(level))];
        counted.extend(nearer.as_ref().map(|nearer| (Occur::MustNot, nearer.box_clone())));
        let counts = |at: usize| !self.single || at >= level;
        (BooleanQuery::new(counted), scored(within(level), nearer, self.ranking.iter().filter(|(at, _)| counts(*at))))
    }
}

fn scored<'a>(
    found: Box<dyn Query>,
    without: Option<Box<dyn Query>>,
    ranking: impl Iterator<Item = &'a (usize, Box<dyn Query>)>,
) -> BooleanQuery {
    let mut clauses: Clauses = vec![(Occur::Must, Box::new(ConstScoreQuery::new(found, TIER_FOUND)))];
    clauses.extend(without.map(|without| (Occur::MustNot, without)));
    clauses.extend(ranking.map(|(_, query)| (Occur::Should, query.box_clone())));
    BooleanQuery::new(clauses)
}

/// What a plan is put together from, part by part.
#[derive(Default)]
struct Draft {
    ranking: Vec<(usize, Box<dyn Query>)>,
    nearer: [Clauses; LEVELS - 1],
    matchers: Matchers,
}

impl Draft {
    fn rank(&mut self, level: usize, query: impl Query) {
        self.ranking.push((level, Box::new(query)));
    }

    /// One more thing that must be matched, by level.
    fn require(&mut self, by_level: [Clauses; LEVELS - 1]) {
        for (all, any) in self.nearer.iter_mut().zip(by_level) {
            all.push((Occur::Must, Box::new(BooleanQuery::new(any))));
        }
    }
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
        let mut draft = Draft::default();
        let last = parts.iter().rposition(|part| !part.without && matches!(part.what, What::Word(_)));
        for (place, part) in parts.iter().enumerate() {
            if part.without {
                found.push((Occur::MustNot, self.left_out(&part.what, splitter)?));
                continue;
            }
            let goes_on = last == Some(place);
            found.push((Occur::Must, self.part(&part.what, goes_on, &mut draft, splitter)?));
        }
        if let Some(project) = self.project {
            found.push((Occur::Must, term(self.fields.project, project)));
        }
        found.extend(self.visibility());
        // A query of nothing but exclusions finds everything else.
        if !found.iter().any(|(occur, _)| *occur == Occur::Must) {
            found.push((Occur::Must, Box::new(AllQuery)));
        }
        let ranking = |part: &&Part| {
            !part.without && !matches!(part.what, What::Tag(_) | What::Format(_) | What::Project(_) | What::Kind(_))
        };
        let mut ranking = parts.iter().filter(ranking);
        let single = matches!(ranking.next(), Some(Part { what: What::Word(words), .. }) if words.len() == 1)
            && ranking.next().is_none();
        let has_phrase = parts.iter().any(|part| matches!(part.what, What::Phrase(_)));
        let Draft { ranking, nearer, matchers } = draft;
        Ok(Plan { found: Box::new(BooleanQuery::new(found)), nearer, ranking, single, has_phrase, matchers })
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
        draft: &mut Draft,
        splitter: &mut Splitter,
    ) -> tantivy::Result<Box<dyn Query>> {
        let fields = self.fields;
        Ok(match what {
            What::Word(words) => {
                let mut all: Clauses = Vec::new();
                for (place, word) in words.iter().enumerate() {
                    let goes_on = goes_on && place + 1 == words.len();
                    all.push((Occur::Must, self.word(word, goes_on, draft, splitter)?));
                }
                if words.len() > 1 {
                    for (field, tier) in tiers(fields) {
                        draft.rank(level(fields, field), ConstScoreQuery::new(phrase(field, words), tier * 0.5));
                    }
                }
                Box::new(BooleanQuery::new(all))
            }
            What::Phrase(words) => {
                let mut any: Clauses = Vec::new();
                let mut nearer = [const { Vec::new() }; LEVELS - 1];
                for (field, tier) in tiers(fields) {
                    any.push((Occur::Should, phrase(field, words)));
                    draft.rank(level(fields, field), Tiered::new(phrase(field, words), tier));
                    for nearer in nearer.iter_mut().skip(level(fields, field)) {
                        nearer.push((Occur::Should, phrase(field, words)));
                    }
                }
                draft.require(nearer);
                draft.matchers.phrase(words);
                Box::new(BooleanQuery::new(any))
            }
            What::Tag(tag) => {
                draft.matchers.tags.push(tag.clone());
                term(fields.tag, tag)
            }
            What::Format(format) => term(fields.format, format),
            What::Project(project) => term(fields.project, project),
            What::Kind(kind) => term(fields.kind, kind),
            What::Column(text) => {
                draft.matchers.columns.push(text.clone());
                self.named(fields.column, fields.columns, text, 16.0, draft, splitter)?
            }
            What::Name(text) => {
                draft.matchers.names.push(text.clone());
                self.named(fields.raw, fields.name, text, 32.0, draft, splitter)?
            }
        })
    }

    /// One word anywhere: itself, its stem, what it begins, and what it may have meant.
    fn word(
        &self,
        word: &str,
        goes_on: bool,
        draft: &mut Draft,
        splitter: &mut Splitter,
    ) -> tantivy::Result<Box<dyn Query>> {
        let fields = self.fields;
        let stem = splitter.stem(word).to_owned();
        let longer = if goes_on { expand::beginning(self.searcher, fields.every, word)? } else { Vec::new() };
        let similar = if self.forgiving {
            expand::similar(self.searcher, fields.every, word, forgiven(word))?
        } else {
            Vec::new()
        };
        let mut nearer = [const { Vec::new() }; LEVELS - 1];
        for nearer in &mut nearer {
            nearer.push((Occur::Should, term(fields.raw, word)));
        }
        draft.rank(0, ConstScoreQuery::new(term(fields.raw, word), TIER_RAW));
        draft.rank(2, ConstScoreQuery::new(term(fields.stems, &stem), TIER_STEM));
        for (field, tier) in tiers(fields) {
            let level = level(fields, field);
            let exact = TermQuery::new(Term::from_field_text(field, word), IndexRecordOption::WithFreqs);
            draft.rank(level, Tiered::new(exact, tier));
            for nearer in nearer.iter_mut().skip(level) {
                nearer.push((Occur::Should, term(field, word)));
            }
            if !longer.is_empty() && field != fields.text {
                draft.rank(level, ConstScoreQuery::new(set(field, &longer), tier * OF_PREFIX));
                for nearer in nearer.iter_mut().skip(level) {
                    nearer.push((Occur::Should, set(field, &longer)));
                }
            }
            if !similar.is_empty() {
                draft.rank(2, ConstScoreQuery::new(set(field, &similar), tier * OF_SIMILAR));
            }
        }
        draft.require(nearer);
        // Whatever has the word has its stem.
        let mut any: Clauses = vec![(Occur::Should, term(fields.every, &format!("{STEM_MARK}{stem}")))];
        if !longer.is_empty() || !similar.is_empty() {
            let others: Vec<_> = longer.iter().chain(&similar).cloned().collect();
            any.push((Occur::Should, set(fields.every, &others)));
        }
        let similar = similar.into_iter().collect();
        draft.matchers.words.push(Matcher { word: word.to_owned(), stem, goes_on, similar });
        Ok(Box::new(BooleanQuery::new(any)))
    }

    /// A name given with its field: the whole of it, the beginning of it, or all words of it.
    fn named(
        &self,
        whole: Field,
        words: Field,
        text: &str,
        tier: f32,
        draft: &mut Draft,
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
            draft.rank(0, ConstScoreQuery::new(all_of(words, &split), tier * 0.5));
        }
        draft.rank(0, ConstScoreQuery::new(term(whole, text), tier));
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
            other => self.part(other, false, &mut Draft::default(), splitter)?,
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
