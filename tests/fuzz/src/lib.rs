//! What the fuzz targets of the host share: the corpus beside each of them, how long they run, and inputs that are nearly
//! right.
//!
//! Must not live here: what a subject has to hold. A target stands in the crate that owns the parser.

use proptest::{collection::vec, prelude::*};
use std::path::Path;

/// No input grows beyond this: what is about size has a test of its own.
const MOST: usize = 64 << 10;

/// How many cases a target tries, unless `PROPTEST_CASES` says otherwise.
pub fn cases(cases: u32) -> ProptestConfig {
    // The library lets a number in the code win over the variable.
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if asked { config } else { ProptestConfig { cases, ..config } }
}

/// The files of `tests/corpus/SUBJECT` of a crate, by name. One that begins with `accepted-` must be taken, one with
/// `refused-` must not.
pub fn corpus(manifest_dir: &str, subject: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(manifest_dir).join("tests/corpus").join(subject);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found: Vec<_> = files
        .map(|file| {
            let path = file.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap())
        })
        .collect();
    found.sort();
    assert!(!found.is_empty(), "{} is empty", folder.display());
    found
}

/// What the name of a file of the corpus says about it.
pub fn check_verdict(name: &str, accepted: bool) {
    if name.starts_with("accepted-") {
        assert!(accepted, "{name} was refused");
    }
    if name.starts_with("refused-") {
        assert!(!accepted, "{name} was accepted");
    }
}

/// A corpus with a few changes in one of its files: parts taken out, repeated and moved, bytes flipped, and pieces put in
/// over which parsers of the subject stumble.
pub fn mutated(
    corpus: Vec<(String, Vec<u8>)>,
    pieces: &'static [&'static str],
) -> impl Strategy<Value = Vec<u8>> + Clone {
    let change = (0..6u8, any::<u32>(), any::<u32>(), 0..64usize, 0..pieces.len());
    (0..corpus.len(), vec(change, 0..6)).prop_map(move |(seed, changes)| {
        let mut bytes = corpus[seed].1.clone();
        bytes.truncate(MOST);
        for (kind, from, to, length, piece) in changes {
            let from = from as usize % (bytes.len() + 1);
            let end = (from + length).min(bytes.len());
            match kind {
                0 => drop(bytes.drain(from..end)),
                1 => {
                    let again = bytes[from..end].repeat(1 + to as usize % 40);
                    bytes.splice(from..from, again);
                }
                2 => {
                    let moved: Vec<u8> = bytes.drain(from..end).collect();
                    let to = to as usize % (bytes.len() + 1);
                    bytes.splice(to..to, moved);
                }
                3 if from < bytes.len() => bytes[from] = to as u8,
                4 => drop(bytes.splice(from..end, pieces[piece].bytes())),
                _ => drop(bytes.splice(from..from, pieces[piece].bytes())),
            }
            bytes.truncate(MOST);
        }
        bytes
    })
}

/// The same as text.
pub fn mutated_text(
    corpus: Vec<(String, Vec<u8>)>,
    pieces: &'static [&'static str],
) -> impl Strategy<Value = String> + Clone {
    mutated(corpus, pieces).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Any bytes, read as text.
pub fn any_text() -> impl Strategy<Value = String> + Clone {
    vec(any::<u8>(), 0..400).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
