//! Where a hit matched: the best piece of each field, as fragments that say which of them matched.
//!
//! Must not live here: markup; whoever shows a fragment decides how.
//! Invariant: the fragments of a piece put together are a part of the field's text (with `…` where it is cut).

use super::{Fragment, words::Splitter};
use std::{collections::HashSet, ops::Range};

/// The length of a piece of long text, in bytes: two lines of a terminal.
const PIECE: usize = 160;
/// What stands before the first match of a piece, in bytes.
const LEAD: usize = 40;
/// Columns and tags shown in one piece.
const ITEMS: usize = 8;

/// One word of a query, in all the ways it may have matched.
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    pub word: String,
    pub stem: String,
    pub goes_on: bool,
    pub similar: HashSet<String>,
}

impl Matcher {
    fn fits(&self, word: &str, splitter: &mut Splitter) -> bool {
        if word == self.word || (self.goes_on && word.starts_with(&self.word)) || self.similar.contains(word) {
            return true;
        }
        // Stems are dear; a common stem has a common beginning.
        let near = self.stem.chars().next().is_some_and(|c| word.starts_with(c)) && !self.stem.is_empty();
        near && splitter.stem(word) == self.stem
    }
}

#[derive(Default)]
pub(super) struct Matchers {
    pub words: Vec<Matcher>,
    /// Given with their field, as typed in lower case.
    pub tags: Vec<String>,
    pub columns: Vec<String>,
    pub names: Vec<String>,
}

impl Matchers {
    pub(super) fn phrase(&mut self, words: &[String]) {
        self.words.extend(words.iter().map(|word| Matcher {
            word: word.clone(),
            stem: String::new(),
            goes_on: false,
            similar: HashSet::new(),
        }));
    }

    fn which(&self, word: &str, splitter: &mut Splitter) -> Option<usize> {
        self.words.iter().position(|matcher| matcher.fits(word, splitter))
    }

    /// The whole text with what matched in it, or nothing when nothing did.
    pub(super) fn whole(&self, text: &str, splitter: &mut Splitter) -> Option<Vec<Fragment>> {
        let matches = self.matches(text, splitter);
        (!matches.is_empty()).then(|| fragments(text, 0..text.len(), &matches))
    }

    /// A name, also against names that were asked for with their field.
    pub(super) fn name(&self, text: &str, splitter: &mut Splitter) -> Option<Vec<Fragment>> {
        self.whole(text, splitter).or_else(|| within(text, &self.names))
    }

    /// The best piece of a long text.
    pub(super) fn piece(&self, text: &str, splitter: &mut Splitter) -> Option<Vec<Fragment>> {
        if text.len() <= PIECE {
            return self.whole(text, splitter);
        }
        let matches = self.matches(text, splitter);
        let best = (0..matches.len()).max_by_key(|first| {
            let start = matches[*first].0.start;
            let mut seen = HashSet::new();
            let near = matches[*first..].iter().take_while(|(range, _)| range.end <= start + PIECE - LEAD);
            let count = near.map(|(_, which)| seen.insert(*which)).count();
            // The earliest of equals: `max_by_key` takes the last one.
            (seen.len(), count, usize::MAX - first)
        })?;
        let start = boundary(text, matches[best].0.start.saturating_sub(LEAD), true);
        let end = boundary(text, start + PIECE, false).max(matches[best].0.end);
        Some(fragments(text, start..end, &matches))
    }

    /// Those of a list that matched, joined by commas.
    pub(super) fn items(&self, items: &[String], asked: &[String], splitter: &mut Splitter) -> Option<Vec<Fragment>> {
        let mut all = Vec::new();
        let matched = items.iter().filter_map(|item| within(item, asked).or_else(|| self.whole(item, splitter)));
        for piece in matched.take(ITEMS) {
            if !all.is_empty() {
                all.push(Fragment { text: ", ".into(), matched: false });
            }
            all.extend(piece);
        }
        (!all.is_empty()).then_some(all)
    }

    fn matches(&self, text: &str, splitter: &mut Splitter) -> Vec<(Range<usize>, usize)> {
        if self.words.is_empty() {
            return Vec::new();
        }
        let mut tokens = Vec::new();
        splitter.each(text, |range, word| tokens.push((range, word.to_owned())));
        tokens.into_iter().filter_map(|(range, word)| self.which(&word, splitter).map(|which| (range, which))).collect()
    }
}

/// A name that holds one that was asked for as it is.
fn within(text: &str, asked: &[String]) -> Option<Vec<Fragment>> {
    let folded = text.to_lowercase();
    // Lower case may have other lengths; then the whole name is what matched.
    let same = folded.len() == text.len();
    asked.iter().find_map(|asked| {
        let start = folded.find(asked.as_str())?;
        let range = start..start + asked.len();
        let range = if same && text.get(range.clone()).is_some() { range } else { 0..text.len() };
        Some(fragments(text, 0..text.len(), &[(range, 0)]))
    })
}

/// The nearest place at or behind `at` where a character begins; a start is moved on to the next word.
fn boundary(text: &str, at: usize, start: bool) -> usize {
    let at = (at.min(text.len())..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    if start && at > 0 {
        let ahead = text[at..].char_indices().take(LEAD).find(|(_, c)| c.is_whitespace());
        return ahead.map_or(at, |(skip, c)| if skip + c.len_utf8() < LEAD { at + skip + c.len_utf8() } else { at });
    }
    at
}

fn fragments(text: &str, within: Range<usize>, matches: &[(Range<usize>, usize)]) -> Vec<Fragment> {
    let mut pieces: Vec<Fragment> = Vec::new();
    let mut push = |text: &str, matched: bool| {
        if !text.is_empty() {
            pieces.push(Fragment { text: text.to_owned(), matched });
        }
    };
    let mut at = within.start;
    for (range, _) in matches {
        if range.start < at || range.end > within.end {
            continue;
        }
        push(&text[at..range.start], false);
        push(&text[range.clone()], true);
        at = range.end;
    }
    push(&text[at..within.end], false);
    if within.start > 0 {
        match pieces.first_mut() {
            Some(first) if !first.matched => first.text.insert(0, '…'),
            _ => pieces.insert(0, Fragment { text: "…".into(), matched: false }),
        }
    }
    if within.end < text.len() {
        match pieces.last_mut() {
            Some(last) if !last.matched => last.text.push('…'),
            _ => pieces.push(Fragment { text: "…".into(), matched: false }),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matchers(words: &[&str]) -> Matchers {
        let mut splitter = Splitter::new();
        let mut all = Matchers::default();
        for word in words {
            all.words.push(Matcher {
                word: (*word).into(),
                stem: splitter.stem(word).to_owned(),
                goes_on: false,
                similar: HashSet::new(),
            });
        }
        all
    }

    fn shown(fragments: Vec<Fragment>) -> String {
        fragments.iter().map(|f| if f.matched { format!("[{}]", f.text) } else { f.text.clone() }).collect()
    }

    #[test]
    fn words_are_marked_where_they_stand_also_by_stem_and_accent() {
        let mut splitter = Splitter::new();
        let text = "Wind turbines and Ptáci";
        let marked = matchers(&["turbine", "ptaci"]).whole(text, &mut splitter).map(shown);
        assert_eq!(marked.as_deref(), Some("Wind [turbines] and [Ptáci]"));
        assert!(matchers(&["absent"]).whole(text, &mut splitter).is_none());
    }

    #[test]
    fn the_best_piece_of_a_long_text_has_most_of_the_words() {
        let text = format!("{} alpha {} alpha beta ž{}", "é ".repeat(300), "é ".repeat(300), "ž ".repeat(300));
        let piece = matchers(&["alpha", "beta"]).piece(&text, &mut Splitter::new()).map(shown).unwrap();
        assert!(piece.contains("[alpha] [beta]"), "{piece}");
        assert!(piece.len() < 2 * PIECE && piece.starts_with('…') && piece.ends_with('…'), "{piece}");
    }
}
