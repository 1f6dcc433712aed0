//! What the engine says, in words, at the place in the person's text, with a guess of what was meant.
//!
//! Must not live here: decisions. Invariant: every problem about a text has a place in it; when nothing better is
//! known, it is the start of the query.

use super::{
    guess,
    names::plain,
    place::{Lines, Source},
    statement::soften,
    tables::{Opened, unsound},
    text::Misfit,
};
use datafusion::{common::SchemaError, error::DataFusionError, execution::SessionState, object_store};
use kamld_types::{Position, Problem};

/// A table of the query and where it is named.
pub(crate) struct Table<'a> {
    pub at: Position,
    pub opened: &'a Opened,
}

type Cause<'a> = &'a (dyn std::error::Error + 'static);

fn chain(error: &DataFusionError) -> impl Iterator<Item = Cause<'_>> {
    std::iter::successors(Some(error as Cause<'_>), |error| error.source())
}

/// A problem of ours that went through the engine.
pub(crate) fn inner(error: &DataFusionError) -> Option<Problem> {
    chain(error).find_map(|error| {
        if let Some(problem) = error.downcast_ref::<Problem>() {
            return Some(problem.clone());
        }
        if let Some(misfit) = error.downcast_ref::<Misfit>() {
            return Some(misfit.problem.clone());
        }
        // The engine shares errors between partitions, and hides what is inside.
        match error.downcast_ref::<DataFusionError>() {
            Some(DataFusionError::Shared(shared)) => inner(shared),
            Some(DataFusionError::Collection(errors)) => errors.iter().find_map(inner),
            Some(DataFusionError::External(external)) => external
                .downcast_ref::<Problem>()
                .cloned()
                .or_else(|| external.downcast_ref::<Misfit>().map(|misfit| misfit.problem.clone()))
                .or_else(|| external.downcast_ref::<DataFusionError>().and_then(inner)),
            Some(DataFusionError::ObjectStore(store)) => match &**store {
                object_store::Error::Generic { source, .. } => source.downcast_ref::<Problem>().cloned(),
                _ => None,
            },
            _ => None,
        }
    })
}

/// The row that did not fit, when that is what happened.
pub(crate) fn misfit(error: &DataFusionError) -> Option<&Misfit> {
    match error {
        DataFusionError::External(external) => {
            external.downcast_ref::<Misfit>().or_else(|| external.downcast_ref::<DataFusionError>().and_then(misfit))
        }
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => misfit(inner),
        DataFusionError::Shared(inner) => misfit(inner),
        DataFusionError::Collection(errors) => errors.iter().find_map(misfit),
        DataFusionError::ArrowError(error, _) => match &**error {
            arrow::error::ArrowError::ExternalError(external) => external
                .downcast_ref::<Misfit>()
                .or_else(|| external.downcast_ref::<DataFusionError>().and_then(misfit)),
            _ => None,
        },
        _ => None,
    }
}

/// The message without the engine's own prefixes.
pub(crate) fn plain_text(error: &DataFusionError) -> String {
    let text = match error.find_root() {
        DataFusionError::Plan(text)
        | DataFusionError::Execution(text)
        | DataFusionError::NotImplemented(text)
        | DataFusionError::Configuration(text)
        | DataFusionError::Internal(text)
        | DataFusionError::ResourcesExhausted(text) => text.clone(),
        DataFusionError::ArrowError(error, _) => error.to_string(),
        DataFusionError::ParquetError(error) => error.to_string(),
        DataFusionError::Collection(errors) => errors.first().map(plain_text).unwrap_or_default(),
        other => other.strip_backtrace(),
    };
    let mut text = text.as_str();
    if let Some((_, said)) = text.split_once(" panicked with message ") {
        text = said.trim_matches('"');
    }
    for noise in ["\nbacktrace:", "\n\nbacktrace", "\nThis issue was likely caused"] {
        text = text.split(noise).next().unwrap_or(text);
    }
    let prefixes = [
        "Error during planning: ",
        "Execution error: ",
        "External error: ",
        "Arrow error: ",
        "Parquet error: ",
        "External: ",
        "type_coercion\ncaused by\n",
        "Compute error: ",
        "Schema error: ",
        "Cast error: ",
        "Parser error: ",
        "Invalid argument error: ",
    ];
    while let Some(shorter) = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        text = shorter;
    }
    soften(&text.replace('\n', " "))
}

/// A name that is not there, and one that differs only in capitals: an identifier to write as it is.
pub(crate) fn miswritten(source: &Source, error: &DataFusionError) -> Option<super::place::Edit> {
    let DataFusionError::SchemaError(schema, _) = error.find_root() else { return None };
    let SchemaError::FieldNotFound { field, valid_fields } = &**schema else { return None };
    let mut matching =
        valid_fields.iter().filter(|valid| valid.name.eq_ignore_ascii_case(&field.name)).map(|valid| &valid.name);
    let written = matching.next()?;
    if matching.any(|other| other != written) {
        return None;
    }
    let span = field.spans.first().or_else(|| error.diagnostic().and_then(|diagnostic| diagnostic.span))?;
    let seen = source.seen();
    let (start, end) = (seen.byte(span.start.line, span.start.column), seen.byte(span.end.line, span.end.column));
    let text = seen.text().get(start..end)?;
    // `t.Name` is one span: the last part is the column.
    let start = end.checked_sub(field.name.len())?;
    if !seen.text().get(start..end)?.eq_ignore_ascii_case(&field.name) || text.ends_with('"') {
        return None;
    }
    let (from, to) = (source.back(start), source.back(start) + (end - start));
    if !source.written().get(from..to)?.eq_ignore_ascii_case(&field.name) {
        return None;
    }
    Some(super::place::Edit { start: from, end: to, text: format!("\"{}\"", written.replace('"', "\"\"")) })
}

/// What went wrong with a query.
pub(crate) fn explain(
    error: &DataFusionError,
    source: &Source,
    tables: &[Table<'_>],
    state: Option<&SessionState>,
) -> Problem {
    let mut problem = match (inner(error), error.find_root()) {
        (Some(problem), _) => {
            // The place in the object is in the message; the place in the query is that of its table.
            let table =
                tables.iter().find(|table| table.opened.addresses.iter().any(|a| problem.message.contains(a.as_str())));
            Problem { at: table.or(tables.first()).map(|table| table.at), ..problem }
        }
        (None, DataFusionError::ResourcesExhausted(text)) => exhausted(text),
        (None, root) if root.to_string().contains("disk space during the spilling") => exhausted("disk"),
        // A reader gave up on what it was told by an object.
        (None, DataFusionError::ExecutionJoin(_)) => about_objects(error, tables),
        (None, _) if error.to_string().contains(" panicked with message ") => about_objects(error, tables),
        (None, DataFusionError::SchemaError(schema, _)) => about_columns(schema),
        (None, DataFusionError::ParquetError(_) | DataFusionError::IoError(_)) => about_objects(error, tables),
        (None, DataFusionError::ArrowError(arrow, _)) if from_object(arrow) => about_objects(error, tables),
        (None, DataFusionError::NotImplemented(_)) => {
            Problem::invalid(format!("this kind of query is not supported: {}", plain_text(error)))
        }
        (None, DataFusionError::Internal(_)) => Problem::internal(format!("the engine failed: {}", plain_text(error))),
        (None, _) => about_plan(&plain_text(error), state),
    };
    if problem.at.is_none() {
        problem.at = Some(place(error, source, &problem.message));
    }
    problem
}

fn from_object(error: &arrow::error::ArrowError) -> bool {
    use arrow::error::ArrowError::{IpcError, ParquetError, ParseError};
    matches!(error, ParquetError(_) | IpcError(_)) || matches!(error, ParseError(text) if text.contains("IPC"))
}

fn exhausted(text: &str) -> Problem {
    let mut problem = if text.contains("disk") || text.contains("temp") {
        Problem::limit("the query needs more room on disk than queries may take")
    } else {
        Problem::limit("the query needs more memory than queries may take, and what it does cannot go to disk")
    };
    problem.help = Some(
        "group by fewer values, select fewer columns, filter earlier, or raise the limits of SQL in the configuration"
            .into(),
    );
    problem
}

fn about_objects(error: &DataFusionError, tables: &[Table<'_>]) -> Problem {
    let binary: Vec<&Table<'_>> = tables.iter().filter(|table| !table.opened.format.is_text()).collect();
    let Some(first) = binary.first() else { return Problem::invalid(plain_text(error)) };
    let addresses: Vec<&str> =
        binary.iter().flat_map(|table| table.opened.addresses.iter().map(String::as_str)).collect();
    let who = match addresses.as_slice() {
        [one] => (*one).to_owned(),
        several => format!("one of {}", several.join(", ")),
    };
    let mut problem = unsound(first.opened.format, &who, error);
    problem.at = Some(first.at);
    problem
}

fn about_columns(error: &SchemaError) -> Problem {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let mut names: Vec<&str> = valid_fields.iter().map(|valid| valid.name.as_str()).collect();
            names.dedup();
            let problem = Problem::invalid(format!("there is no column '{}'", field.name));
            if names.is_empty() {
                return problem.help("text stands in single quotes: 'text'; a column needs a table behind 'from'");
            }
            match guess::help(&field.name, "the columns are", &names, plain) {
                Some(help) => problem.help(help),
                None => problem,
            }
        }
        SchemaError::AmbiguousReference { field } => {
            Problem::invalid(format!("'{}' is a column of more than one table", field.name))
                .help(format!("say of which: table.{}", plain(&field.name)))
        }
        SchemaError::DuplicateQualifiedField { qualifier, name } => {
            Problem::invalid(format!("'{qualifier}' has the column '{name}' twice"))
                .help("give each table a name of its own: asset.\"path\" as a")
        }
        SchemaError::DuplicateUnqualifiedField { name } => {
            Problem::invalid(format!("the column '{name}' is there twice"))
                .help("give one of them another name with 'as'")
        }
    }
}

fn about_plan(text: &str, state: Option<&SessionState>) -> Problem {
    if text.contains("MiB are the most") {
        return Problem::limit(text);
    }
    let unknown = text.strip_prefix("invalid function '").and_then(|rest| rest.split('\'').next());
    if let (Some(name), Some(state)) = (unknown, state) {
        let mut names: Vec<&str> = state.scalar_functions().keys().map(String::as_str).collect();
        names.extend(state.aggregate_functions().keys().map(String::as_str));
        names.extend(state.window_functions().keys().map(String::as_str));
        names.sort_unstable();
        let problem = Problem::invalid(format!("there is no function '{name}'"));
        return match guess::nearest(name, names) {
            Some(near) => problem.help(format!("did you mean {near}?")),
            None => problem,
        };
    }
    let unknown = text.strip_prefix("table function '").and_then(|rest| rest.split('\'').next());
    if let Some(name) = unknown {
        return Problem::invalid(format!("there is no table function '{name}'"))
            .help("objects are read by their name alone: select * from asset.\"path\"");
    }
    if text.starts_with("projections require unique expression names") {
        return Problem::invalid("two columns of the result have the same name")
            .help("give one of them another name with 'as'");
    }
    let (text, help) = match text.split_once(" Did you mean ") {
        Some((text, near)) => (text, Some(format!("did you mean {near}"))),
        None => (text, None),
    };
    let mut problem = Problem::invalid(text);
    problem.help = help;
    problem
}

/// Where an error is: its own span, or the first name of the message that the text holds.
fn place(error: &DataFusionError, source: &Source, message: &str) -> Position {
    let from_field = match error.find_root() {
        DataFusionError::SchemaError(schema, _) => match &**schema {
            SchemaError::FieldNotFound { field, .. } | SchemaError::AmbiguousReference { field } => field.spans.first(),
            _ => None,
        },
        _ => None,
    };
    if let Some(span) = error.diagnostic().and_then(|diagnostic| diagnostic.span).or(from_field)
        && span.start.line > 0
    {
        return source.position(span.start.line, span.start.column);
    }
    let lines = Lines::new(source.written());
    let start = source.written().len() - source.written().trim_start().len();
    let named = message
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| word.len() > 1)
        .find_map(|word| find_word(source.written(), word));
    lines.position(named.unwrap_or(start))
}

/// A whole word of the text, whatever its capitals; words that every query has are not looked for.
fn find_word(text: &str, word: &str) -> Option<usize> {
    const COMMON: &[&str] =
        &["select", "from", "in", "is", "as", "to", "the", "of", "and", "or", "by", "for", "with", "on", "not"];
    if COMMON.iter().any(|common| word.eq_ignore_ascii_case(common)) {
        return None;
    }
    // In capitals of ASCII only, as the engine reads names: others may have another length in lower case.
    let (lower, word) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    let part = |c: char| c.is_alphanumeric() || c == '_';
    lower.match_indices(&word).map(|(at, _)| at).find(|at| {
        !lower[..*at].chars().next_back().is_some_and(part)
            && !lower[at + word.len()..].chars().next().is_some_and(part)
    })
}
