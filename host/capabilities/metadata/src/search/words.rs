//! How text becomes words, for the index and for queries alike: split at everything that is neither letter nor
//! digit, lower case, without accents; and the stem of a word for light folding of English.
//!
//! Must not live here: fields, ranking.
//! Invariant: the index and the query use the very same functions, or nothing would be found.

use std::{collections::HashMap, ops::Range};
use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, TextAnalyzer,
    TokenizerManager, WhitespaceTokenizer,
};

/// The analyzer of fields that are searched by word and phrase.
pub(super) const WORDS: &str = "kamld-words";
/// The analyzer of fields whose words were made here and are joined by spaces.
pub(super) const READY: &str = "kamld-ready";
/// Longer runs of letters are data and not words.
const LONGEST: usize = 64;
/// Stands before stems in the field of every word, so that no stem is taken for a word.
pub(super) const STEM_MARK: char = '\u{1}';

pub(super) fn register(tokenizers: &TokenizerManager) {
    tokenizers.register(WORDS, analyzer());
    tokenizers.register(READY, TextAnalyzer::from(WhitespaceTokenizer::default()));
}

fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(LONGEST))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .build()
}

/// Splits texts into words; made once and used for many.
pub(super) struct Splitter {
    words: TextAnalyzer,
    stems: TextAnalyzer,
    /// Stems known already: a text has few words, many times each, and a stem costs more than a look.
    known: HashMap<String, String>,
}

/// Stems remembered before it begins anew: the words of a language, and some 5 MB.
const REMEMBERED: usize = 50_000;

impl Splitter {
    pub(super) fn new() -> Self {
        let stems =
            TextAnalyzer::builder(WhitespaceTokenizer::default()).filter(Stemmer::new(Language::English)).build();
        Self { words: analyzer(), stems, known: HashMap::new() }
    }

    /// Calls `each` with the bytes of the text and the folded word.
    pub(super) fn each(&mut self, text: &str, mut each: impl FnMut(Range<usize>, &str)) {
        let mut stream = self.words.token_stream(text);
        while stream.advance() {
            let token = stream.token();
            each(token.offset_from..token.offset_to, &token.text);
        }
    }

    pub(super) fn words(&mut self, text: &str) -> Vec<String> {
        let mut words = Vec::new();
        self.each(text, |_, word| words.push(word.to_owned()));
        words
    }

    /// The stem of a folded word.
    pub(super) fn stem(&mut self, word: &str) -> &str {
        if !self.known.contains_key(word) {
            if self.known.len() >= REMEMBERED {
                self.known.clear();
            }
            let mut stream = self.stems.token_stream(word);
            let stem = if stream.advance() { stream.token().text.clone() } else { word.to_owned() };
            drop(stream);
            self.known.insert(word.to_owned(), stem);
        }
        self.known.get(word).map_or("", String::as_str)
    }
}

/// How many typing mistakes a word forgives: in short words every neighbour is another word.
pub(super) fn forgiven(word: &str) -> u8 {
    if word.bytes().any(|b| b.is_ascii_digit()) {
        // A year or an id that is off by one is another year.
        return 0;
    }
    match word.chars().count() {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_split_as_people_type_them() {
        let mut splitter = Splitter::new();
        assert_eq!(splitter.words("Wind_Turbines-2019.CSV / Ptáci"), ["wind", "turbines", "2019", "csv", "ptaci"]);
        let stem = splitter.stem("turbines").to_owned();
        assert_eq!(stem, splitter.stem("turbine"));
    }

    #[test]
    fn short_words_and_numbers_forgive_nothing() {
        assert_eq!([forgiven("cat"), forgiven("bird"), forgiven("turbines"), forgiven("2019")], [0, 1, 2, 0]);
    }
}
