//! The words of SQL that people are helped with: suggested while they write, and guessed when they slip.
//!
//! Must not live here: the grammar, which is the parser's. Invariant: one list for both, so that nothing is suggested
//! that a slip of it would not be guessed from.

/// As they are suggested: what is always written together is suggested together.
pub(crate) const PHRASES: &[&str] = &[
    "select",
    "from",
    "where",
    "group by",
    "order by",
    "having",
    "limit",
    "offset",
    "join",
    "left join",
    "right join",
    "inner join",
    "full outer join",
    "on",
    "using",
    "union all",
    "distinct",
    "with",
    "as",
    "case",
    "when",
    "then",
    "else",
    "end",
    "and",
    "or",
    "not",
    "in",
    "between",
    "like",
    "is null",
    "is not null",
    "asc",
    "desc",
    "cast",
    "over",
    "partition by",
    "values",
    "explain",
    "describe",
    "for version as of",
];

/// The single words, for guesses. Words of the product's own spelling of refs are left out: `version` is the name of
/// many a column.
pub(crate) fn words() -> impl Iterator<Item = &'static str> + Clone {
    PHRASES.iter().filter(|phrase| !phrase.starts_with("for ")).flat_map(|phrase| phrase.split(' '))
}
