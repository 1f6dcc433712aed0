//! Texts that are no queries, and texts that nearly are: what reads them before anything runs.
//!
//! Invariants held here: no text makes a reader panic; every problem has a place, and the place lies within the text; what
//! the parser saw leads back to what was written; a suggestion stands for a part of the text.
//!
//! Must not live here: what queries answer, which the tests of `tests/sql` hold.

mod rows;

use super::{
    complete,
    engine::Engine,
    names::{matches, plain},
    objects::{Entry, Everything, Objects, Snapshot},
    place::Lines,
    plan, spelling, statement,
    worker::{Link, Settings},
};
use async_trait::async_trait;
use bytes::Bytes;
use kamld_fuzz::{any_text, cases, check_verdict, corpus, mutated_text};
use kamld_types::{AssetId, Hash, ObjectPath, Problem, RefName};
use proptest::{collection::vec, prelude::*};
use std::{
    ops::Range,
    sync::{Arc, LazyLock, mpsc},
    time::Duration,
};

fn seeds(subject: &str) -> Vec<(String, Vec<u8>)> {
    corpus(env!("CARGO_MANIFEST_DIR"), subject)
}

/// Over these a reader of SQL, of names with refs or of places may stumble.
const PIECES: &[&str] = &[
    "select",
    "from",
    "join",
    "where",
    "with",
    "as",
    "for version as of",
    "for system_time as of",
    "for",
    "describe",
    "explain",
    "show columns from",
    "union all",
    "group by",
    "order by 1",
    "case when",
    "end",
    "(",
    ")",
    "((",
    "))",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    "..",
    ";",
    "*",
    "=",
    "<",
    "@",
    "-",
    "--",
    "->",
    "::",
    "/*",
    "*/",
    "/* /* */",
    "'",
    "''",
    "\"",
    "\"\"",
    "`",
    "$$",
    "$1",
    "?",
    ":a",
    "\\",
    "\n",
    "\r\n",
    "\t",
    "1",
    "1e",
    "1.",
    ".5",
    "0x",
    "9223372036854775808",
    "null",
    "true",
    "not",
    "in",
    "between",
    "like",
    "interval '1 day'",
    "date '2020-01-01'",
    "cast(",
    "sum(",
    "extract(",
    "e'\\u00e9'",
    "U&'\\0061'",
    "x'zz'",
    "strikes",
    "birds",
    "strikes.\"2019.csv\"",
    "strikes@v1.\"2019.csv\"",
    "birds.strikes@v1.\"2019.csv\"",
    "\"birds\".strikes@v1.\"2019.csv\"",
    "\"strikes\"@v1.2.\"2019.csv\"",
    "bird-strikes.\"a\"",
    "strikes.\"*.csv\"",
    "strikes.\"",
    "strikes@",
    "@v1",
    "v1",
    "'v1'",
    "species",
    "cost",
    "\"Damage Level\"",
    "damage",
    "x",
    "é",
    "\u{212a}",
    "\u{130}",
    "\u{1e9e}",
    "\u{a0}",
    "\u{2028}",
    "\u{feff}",
    "“",
    "鳥",
    "e\u{301}",
    "\u{1f600}",
    "\u{0}",
    "\u{202e}",
    "insert into t",
    "update t set",
    "create table t",
    "into t",
];

/// One project with one asset, whose objects are small tables.
struct World;

const FILES: &[(&str, &str)] = &[
    ("2019.csv", "species,cost,Damage Level\ngull,5,None\nowl,30,Minor\n"),
    ("déjà vu.csv", "鳥,ü\n1,2\n"),
    ("lines.jsonl", "{\"a\":1}\n{\"a\":{\"b\":2}}\n"),
    ("notes.txt", "no table"),
];

fn entry(path: &str, text: &[u8]) -> Entry {
    Entry {
        path: ObjectPath::new(path).unwrap(),
        size: text.len() as u64,
        hash: Hash([text.len() as u8; 32]),
        media_type: String::new(),
        modified: 0,
    }
}

#[async_trait]
impl Objects for World {
    async fn snapshot(&self, asset: &AssetId, at: Option<&RefName>) -> Result<Arc<dyn Snapshot>, Problem> {
        match (asset.to_string().as_str(), at.map_or("main", RefName::as_str)) {
            ("birds/strikes", "main" | "v1") => Ok(Arc::new(World)),
            _ => Err(Problem::not_found("no such asset")),
        }
    }

    async fn projects(&self) -> Result<Vec<String>, Problem> {
        Ok(vec!["birds".into()])
    }

    async fn assets(&self, _: &str) -> Result<Vec<String>, Problem> {
        Ok(vec!["strikes".into(), "bird-calls".into()])
    }

    async fn refs(&self, _: &AssetId) -> Result<Vec<String>, Problem> {
        Ok(vec!["main".into(), "v1".into()])
    }
}

#[async_trait]
impl Snapshot for World {
    fn token(&self) -> String {
        "world".into()
    }

    async fn stat(&self, path: &ObjectPath) -> Result<Option<Entry>, Problem> {
        Ok(FILES.iter().find(|(name, _)| *name == path.as_str()).map(|(name, text)| entry(name, text.as_bytes())))
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Entry>, Problem> {
        let found =
            FILES.iter().filter(|(name, _)| name.starts_with(prefix) && after.is_none_or(|after| *name > after));
        Ok(found.take(limit).map(|(name, text)| entry(name, text.as_bytes())).collect())
    }

    async fn read(&self, path: &ObjectPath, range: Range<u64>) -> Result<Bytes, Problem> {
        let (_, text) = FILES.iter().find(|(name, _)| *name == path.as_str()).unwrap();
        Ok(Bytes::from_static(text.as_bytes()).slice(range.start as usize..range.end as usize))
    }
}

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let settings = Settings { cores: 1, max_row: 1 << 20, time: Duration::from_secs(60), spill: None };
    // Nobody reads the other end: a host that remembers nothing.
    let engine = Engine::new(settings, Link::new(mpsc::channel().0)).unwrap();
    engine.begin(64 << 20, 0).unwrap();
    engine
});

/// Runs as a worker would, on a thread with as much stack.
fn in_a_worker<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, work).unwrap();
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn check_place(text: &str, problem: &Problem) {
    let at = problem.at.unwrap_or_else(|| panic!("no place: {problem} in {text:?}"));
    let line = text.split('\n').nth(at.line as usize - 1).unwrap_or_else(|| panic!("{at:?}: {problem} in {text:?}"));
    assert!((1..=line.chars().count() as u32 + 1).contains(&at.column), "{at:?}: {problem} in {text:?}");
    assert!(!problem.message.is_empty(), "{text:?}");
}

/// Answers whether it is a question that could be planned.
fn check_reading(text: &str) -> bool {
    let source = match spelling::fold(text) {
        Ok(source) => source,
        Err(problem) => {
            check_place(text, &problem);
            return false;
        }
    };
    let mut done = 0;
    for edit in source.edits() {
        assert!(done <= edit.start && edit.start <= edit.end && text.get(edit.start..edit.end).is_some(), "{text:?}");
        done = edit.end;
    }
    let mut before = 0;
    for (seen, _) in source.seen().text().char_indices() {
        let back = source.back(seen);
        assert!(before <= back && text.is_char_boundary(back), "{seen} leads to {back}, behind {before}: {text:?}");
        before = back;
    }
    match statement::parse(&source) {
        Ok(parsed) => {
            for named in parsed.tables {
                check_place(text, &Problem::invalid("a table").at(named.at.line, named.at.column));
            }
            true
        }
        Err(problem) => {
            check_place(text, &problem);
            false
        }
    }
}

fn check_planning(text: &str) {
    let planned = ENGINE.handle().block_on(plan::plan(&ENGINE, &World, &Everything, Some("birds"), text));
    if let Err(problem) = planned {
        check_place(text, &problem);
    }
}

fn check_completion(text: &str, cursor: usize) {
    let all = text.chars().count();
    let found = ENGINE.handle().block_on(complete::complete(&ENGINE, &World, &Everything, Some("birds"), text, cursor));
    for suggestion in found.unwrap() {
        let (from, to) = (suggestion.from, suggestion.to);
        assert!(from <= to && to <= all && from <= cursor.min(all), "{suggestion:?} at {cursor} of {text:?}");
    }
}

/// A text out of pieces that belong together in no way, or in some.
fn shaped() -> impl Strategy<Value = String> {
    let piece = (0..PIECES.len(), prop_oneof![6 => Just(" "), 1 => Just(""), 1 => Just("\n")]);
    (any::<bool>(), vec(piece, 0..24)).prop_map(|(asks, pieces)| {
        let pieces: String = pieces.iter().flat_map(|(piece, space)| [PIECES[*piece], space]).collect();
        if asks { format!("select {pieces}") } else { pieces }
    })
}

fn any_query() -> impl Strategy<Value = String> {
    prop_oneof![1 => any_text(), 3 => mutated_text(seeds("sql"), PIECES), 6 => shaped()]
}

#[test]
fn the_corpus_of_queries_is_read_as_its_names_say() {
    in_a_worker(|| {
        for (name, bytes) in seeds("sql") {
            let text = String::from_utf8_lossy(&bytes);
            check_verdict(&name, check_reading(&text));
            for cursor in [0, 1, text.chars().count() / 2, text.chars().count(), usize::MAX] {
                check_completion(&text, cursor);
            }
            if !name.starts_with("hostile-") {
                check_planning(&text);
            }
        }
    });
}

#[test]
fn a_text_of_200_kb_in_one_line_is_read_to_its_end() {
    in_a_worker(|| {
        let many = |piece: &str| piece.repeat(200_000 / piece.len());
        for text in [
            format!("select {}1", many("1,")),
            format!("select '{}', {}", many("é"), many("é,")),
            format!("select 1 from {}a", many("a@b.\"c\",")),
            format!("select 1 from {}a", many("a-b.\"c\" for version as of d,")),
            format!("select {}", many("(")),
            format!("select {}", many("\"")),
            format!("select {}", many("/*")),
            many("a@"),
            many("@"),
            many("."),
            "x".repeat(200_000),
        ] {
            if let Err(problem) = spelling::fold(&text) {
                check_place(&text, &problem);
            }
        }
    });
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn a_text_is_read_or_refused_at_a_place_within_it(text in any_query()) {
        in_a_worker(|| check_reading(&text));
    }

    #[test]
    fn a_text_is_planned_or_refused_at_a_place_within_it(text in any_query()) {
        // What takes long to plan is stopped with its worker, and no subject of this test.
        if text.len() < 2000 {
            in_a_worker(|| check_planning(&text));
        }
    }

    #[test]
    fn suggestions_stand_for_a_part_of_the_text(text in any_query(), cursor in 0..200usize) {
        in_a_worker(|| check_completion(&text, cursor));
    }

    #[test]
    fn every_place_of_a_text_has_a_line_and_a_column(text in any_text()) {
        let lines = Lines::new(text.as_str());
        let (mut line, mut column) = (1, 1);
        for (byte, c) in text.char_indices() {
            let at = lines.position(byte);
            prop_assert_eq!((at.line, at.column), (line, column));
            prop_assert_eq!(lines.byte(line.into(), column.into()), byte);
            (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        let at = lines.position(text.len());
        prop_assert_eq!((at.line, at.column), (line, column));
        for beyond in [(line, column), (line, column + 1), (line + 1, 1), (u32::MAX, u32::MAX)] {
            prop_assert_eq!(lines.byte(beyond.0.into(), beyond.1.into()), text.len());
        }
    }

    #[test]
    fn a_name_that_is_written_for_a_person_reads_as_that_name(asset in "[a-z0-9][a-z0-9._-]{0,8}", path in "[^\u{0}-\u{1f}]{1,12}") {
        let text = format!("select 1 from {}.\"{}\"", plain(&asset), path.replace('"', "\"\""));
        let named = &statement::parse(&spelling::fold(&text).unwrap()).unwrap().tables;
        prop_assert_eq!(&named[0].parts, &[asset, path], "{}", text);
    }

    #[test]
    fn a_pattern_stands_for_what_its_letters_say(
        pattern in "([ab*?]{1,4}|\\*\\*)(/([ab*?]{1,4}|\\*\\*)){0,3}",
        path in "[ab]{1,4}(/[ab]{1,4}){0,3}",
    ) {
        prop_assert_eq!(matches(&pattern, &path), stands_for(&pattern.split('/').collect::<Vec<_>>(), &path.split('/').collect::<Vec<_>>()));
    }
}

fn stands_for(pattern: &[&str], path: &[&str]) -> bool {
    match pattern {
        [] => path.is_empty(),
        ["**", rest @ ..] => (0..=path.len()).any(|skipped| stands_for(rest, &path[skipped..])),
        [part, rest @ ..] => {
            path.first().is_some_and(|name| spells(part.as_bytes(), name.as_bytes())) && stands_for(rest, &path[1..])
        }
    }
}

fn spells(pattern: &[u8], name: &[u8]) -> bool {
    match pattern {
        [] => name.is_empty(),
        [b'*', rest @ ..] => (0..=name.len()).any(|skipped| spells(rest, &name[skipped..])),
        [letter, rest @ ..] => {
            name.first().is_some_and(|first| *letter == b'?' || first == letter) && spells(rest, &name[1..])
        }
    }
}
