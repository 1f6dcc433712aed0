//! The spellings that standard SQL has no grammar for, folded into quoted names before the parser sees them.
//!
//! * `strikes@before-cleaning."2019.csv"` becomes `"strikes@before-cleaning"."2019.csv"`
//! * `strikes."2019.csv" for version as of 'v1'` becomes `"strikes@v1"."2019.csv"`
//! * `from bird-strikes."2019.csv"` becomes `from "bird-strikes"."2019.csv"`
//!
//! Must not live here: what names mean. Invariant: nothing else of the text is touched, so identifiers, aliases,
//! operators and texts mean what they always mean.

use super::place::{Edit, Lines, Source};
use datafusion::sql::sqlparser::{
    dialect::GenericDialect,
    tokenizer::{Token, Tokenizer, Word},
};
use kamld_types::Problem;

struct Piece {
    token: Token,
    start: usize,
    end: usize,
}

impl Piece {
    fn is_word(&self, text: &str) -> bool {
        matches!(&self.token, Token::Word(Word { value, quote_style: None, .. }) if value.eq_ignore_ascii_case(text))
    }
}

/// Folds what needs folding; an error when the text is no sequence of SQL tokens, or a ref stands where it cannot.
pub(crate) fn fold(text: &str) -> Result<Source, Problem> {
    let lines = Lines::new(text);
    let pieces = pieces(text, &lines)?;
    let mut edits = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        at = fold_name(text, &lines, &pieces, at, &mut edits)?;
    }
    Ok(Source::new(text, edits))
}

fn pieces(text: &str, lines: &Lines) -> Result<Vec<Piece>, Problem> {
    let tokens = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location().map_err(|error| {
        let byte = lines.byte(error.location.line, error.location.column);
        let place = lines.position(byte);
        let mut problem = Problem::invalid(error.message.to_lowercase()).at(place.line, place.column);
        if error.message.contains("Unterminated") {
            problem = problem.help("a quote or comment that begins here never ends");
        }
        problem
    })?;
    let mut pieces = Vec::with_capacity(tokens.len());
    for token in tokens {
        if matches!(token.token, Token::Whitespace(_) | Token::EOF) {
            continue;
        }
        let start = lines.byte(token.span.start.line, token.span.start.column);
        let end = lines.byte(token.span.end.line, token.span.end.column);
        pieces.push(Piece { token: token.token, start, end });
    }
    Ok(pieces)
}

/// The longest run of characters that can be part of an unquoted name with a ref.
fn run(text: &str, start: usize) -> &str {
    let rest = &text[start..];
    let end =
        rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@'))).unwrap_or(rest.len());
    &rest[..end]
}

/// Looks at a name that may begin at a piece; answers where to go on.
fn fold_name(
    text: &str,
    lines: &Lines,
    pieces: &[Piece],
    first: usize,
    edits: &mut Vec<Edit>,
) -> Result<usize, Problem> {
    let piece = &pieces[first];
    let Token::Word(word) = &piece.token else { return Ok(first + 1) };
    let after_from = first > 0
        && ["from", "join", "describe", "desc", "columns", "table", "in"]
            .iter()
            .any(|word| pieces[first - 1].is_word(word));
    // Where the name's parts lie in the text: the last but one is the asset.
    let mut parts: Vec<(usize, usize, String)> = Vec::new();
    let mut has_ref = false;
    let mut next = first;
    match word.quote_style {
        Some(_) => {
            let mut end = piece.end;
            let mut name = word.value.clone();
            has_ref = name.contains('@');
            if text[end..].starts_with('@') {
                let given = run(text, end + 1);
                let given = given.strip_suffix('.').unwrap_or(given);
                end += 1 + given.len();
                name = format!("{name}@{given}");
                has_ref = true;
                edits.push(Edit { start: piece.start, end, text: quoted(&name) });
            }
            parts.push((piece.start, end, name));
            next = skip(pieces, next, end);
        }
        None => {
            let run = run(text, piece.start);
            let followed = text[piece.start + run.len()..].starts_with('"');
            let dotted = run.strip_suffix('.').filter(|_| followed);
            let at_sign = run.find('@').filter(|at| *at > 0);
            match (dotted, at_sign) {
                (Some(dotted), Some(_)) => has_ref = fold_run(piece.start, dotted, &mut parts, edits),
                (Some(dotted), None) if after_from && dotted.contains('-') => {
                    has_ref = fold_run(piece.start, dotted, &mut parts, edits);
                }
                (None, Some(at_sign)) => {
                    let place = lines.position(piece.start + at_sign);
                    let name = run.trim_end_matches('.');
                    return Err(Problem::invalid(format!("'{name}' names an asset at a ref, but no object in it"))
                        .help(format!("add the object's path in double quotes: {name}.\"data.csv\""))
                        .at(place.line, place.column));
                }
                _ => parts.push((piece.start, piece.end, word.value.clone())),
            }
            let end = parts.last().map_or(piece.end, |part| part.1);
            next = skip(pieces, next, end);
        }
    }
    // The rest of the chain: `.name` as often as it comes.
    while next + 1 < pieces.len()
        && pieces[next].token == Token::Period
        && let Token::Word(word) = &pieces[next + 1].token
    {
        let piece = &pieces[next + 1];
        let mut end = piece.end;
        let mut name = word.value.clone();
        has_ref |= name.contains('@') && word.quote_style.is_some();
        if word.quote_style.is_some() && text[end..].starts_with('@') {
            let given = run(text, end + 1);
            let given = given.strip_suffix('.').unwrap_or(given);
            end += 1 + given.len();
            name = format!("{name}@{given}");
            has_ref = true;
            edits.push(Edit { start: piece.start, end, text: quoted(&name) });
        } else if word.quote_style.is_none() && name.contains('@') {
            // `"birds".strikes@v1."x.csv"`: the part behind the dot brings the ref.
            let run = run(text, piece.start);
            if let Some(dotted) = run.strip_suffix('.').filter(|_| text[piece.start + run.len()..].starts_with('"')) {
                has_ref = fold_run(piece.start, dotted, &mut parts, edits);
                end = piece.start + dotted.len();
                next = skip(pieces, next + 1, end);
                continue;
            }
        }
        parts.push((piece.start, end, name));
        next = skip(pieces, next + 1, end);
    }
    fold_version(text, lines, pieces, next, &parts, has_ref, edits)
}

/// The piece that begins at or behind a byte.
fn skip(pieces: &[Piece], from: usize, end: usize) -> usize {
    from + pieces[from..].iter().take_while(|piece| piece.start < end).count()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `[project.]asset[@ref]` in plain letters becomes quoted parts. Answers whether there was a ref.
fn fold_run(start: usize, run: &str, parts: &mut Vec<(usize, usize, String)>, edits: &mut Vec<Edit>) -> bool {
    let (name, given) = match run.split_once('@') {
        Some((name, given)) => (name, Some(given)),
        None => (run, None),
    };
    let mut at = start;
    let mut pieces = name.split('.').peekable();
    while let Some(piece) = pieces.next() {
        let (end, value) = match (pieces.peek(), given) {
            (None, Some(given)) => (at + piece.len() + 1 + given.len(), format!("{piece}@{given}")),
            _ => (at + piece.len(), piece.to_owned()),
        };
        edits.push(Edit { start: at, end, text: quoted(&value) });
        parts.push((at, end, value));
        at = end + 1;
    }
    given.is_some()
}

/// `for version as of REF` behind a name.
fn fold_version(
    text: &str,
    lines: &Lines,
    pieces: &[Piece],
    next: usize,
    parts: &[(usize, usize, String)],
    has_ref: bool,
    edits: &mut Vec<Edit>,
) -> Result<usize, Problem> {
    let is = |at: usize, word: &str| pieces.get(at).is_some_and(|piece| piece.is_word(word));
    if !(is(next, "for") && is(next + 2, "as") && is(next + 3, "of")) {
        return Ok(next);
    }
    let clause = &pieces[next];
    let fail = |byte: usize, message: &str, help: &str| {
        let place = lines.position(byte);
        Problem::invalid(message).help(help).at(place.line, place.column)
    };
    let example = "name a branch, a version or a commit, such as: for version as of 'v1'";
    if is(next + 1, "system_time") || is(next + 1, "timestamp") {
        return Err(fail(pieces[next + 1].start, "assets cannot be asked for a point in time", example));
    }
    if !(is(next + 1, "version") || is(next + 1, "system_version")) {
        return Ok(next);
    }
    if parts.len() < 2 {
        return Err(fail(clause.start, "a version can only be asked of an object", "name it as asset.\"path\""));
    }
    let Some(given) = pieces.get(next + 4) else {
        return Err(fail(text.trim_end().len(), "a ref is missing behind 'as of'", example));
    };
    let (name, end) = match &given.token {
        Token::SingleQuotedString(name) => (name.clone(), given.end),
        Token::Word(Word { value, quote_style: Some(_), .. }) => (value.clone(), given.end),
        _ => {
            let run = run(text, given.start).trim_end_matches('.');
            (run.to_owned(), given.start + run.len())
        }
    };
    if name.is_empty() {
        return Err(fail(given.start, "this cannot be a ref", example));
    }
    if has_ref {
        return Err(fail(clause.start, "the ref is given twice", "keep either '@ref' or 'for version as of'"));
    }
    let (start, stop, asset) = &parts[parts.len() - 2];
    // A folded part is folded once more, into one edit.
    edits.retain(|edit| edit.start != *start);
    edits.push(Edit { start: *start, end: *stop, text: quoted(&format!("{asset}@{name}")) });
    edits.push(Edit { start: clause.start, end, text: String::new() });
    Ok(skip(pieces, next, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> String {
        fold(text).unwrap().seen().text().trim_end().to_owned()
    }

    #[test]
    fn each_spelling_becomes_quoted_names() {
        for (written, expected) in [
            (r#"from strikes@before-cleaning."2019.csv" s"#, r#"from "strikes@before-cleaning"."2019.csv" s"#),
            (r#"from strikes@v1.2."2019.csv""#, r#"from "strikes@v1.2"."2019.csv""#),
            (r#"from birds.strikes@v1."a""#, r#"from "birds"."strikes@v1"."a""#),
            (r#"from "birds".strikes@v1."a""#, r#"from "birds"."strikes@v1"."a""#),
            (r#"from "bird-strikes"@v1."a""#, r#"from "bird-strikes@v1"."a""#),
            (r#"from my-birds."a" m"#, r#"from "my-birds"."a" m"#),
            (r#"from strikes."a" for version as of 'v 1' where x"#, r#"from "strikes@v 1"."a"  where x"#),
            (
                r#"from p.strikes."a" FOR SYSTEM_VERSION AS OF before-cleaning"#,
                r#"from p."strikes@before-cleaning"."a""#,
            ),
            (r#"from strikes."a" for version as of 12345678"#, r#"from "strikes@12345678"."a""#),
            (r#"from my-birds."a" for version as of v1.0 t"#, r#"from "my-birds@v1.0"."a"  t"#),
        ] {
            assert_eq!(seen(written), expected, "{written}");
        }
    }

    #[test]
    fn ordinary_sql_is_not_touched() {
        for text in [
            r#"with a as (select 1 x) select a.x - b."y", 'a@b."c"' from a, "q@r"."s" -- t@u."v""#,
            "select a-b.c, @x, extract(year from d) from t1 join t2 using (id)",
            "select x from t for update",
        ] {
            assert_eq!(seen(text), text);
        }
    }

    #[test]
    fn a_ref_in_a_wrong_place_is_explained_where_it_stands() {
        for (text, column, why) in [
            ("select 1 from strikes@v1", 22, "no object in it"),
            (r#"select 1 from a@v1."x" for version as of 'v2'"#, 24, "twice"),
            (r#"select 1 from a."x" for system_time as of 'v2'"#, 25, "point in time"),
            (r#"select 'abc"#, 8, "unterminated"),
        ] {
            let problem = fold(text).unwrap_err();
            assert!(problem.message.contains(why), "{problem}");
            assert_eq!(problem.at.map(|at| (at.line, at.column)), Some((1, column)), "{text}");
        }
    }
}
