//! `Problem` and `Node` to and from their generated twins.

use crate::imports::kamld::plugin::types::{Detail, Error, Node, Position};
use kamld_types::{Kind, Problem};
use serde_json::{Map, Value};

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        let Problem { kind, message, help, at } = problem;
        let at = at.map(|at| Position { line: at.line, column: at.column });
        let detail = Detail { message, help, at };
        match kind {
            // A guest cannot confirm anything in the place of a person.
            Kind::Denied | Kind::Confirm => Error::Denied(detail),
            Kind::NotFound => Error::NotFound(detail),
            Kind::AlreadyExists => Error::AlreadyExists(detail),
            Kind::Conflict => Error::Conflict(detail),
            Kind::Invalid => Error::Invalid(detail),
            Kind::Limit => Error::Limit(detail),
            Kind::Unavailable => Error::Unavailable(detail),
            Kind::Corrupt => Error::Corrupt(detail),
            Kind::Cancelled => Error::Cancelled(detail),
            Kind::Internal => Error::Internal(detail),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (kind, detail) = match error {
            Error::Denied(detail) => (Kind::Denied, detail),
            Error::NotFound(detail) => (Kind::NotFound, detail),
            Error::AlreadyExists(detail) => (Kind::AlreadyExists, detail),
            Error::Conflict(detail) => (Kind::Conflict, detail),
            Error::Invalid(detail) => (Kind::Invalid, detail),
            Error::Limit(detail) => (Kind::Limit, detail),
            Error::Unavailable(detail) => (Kind::Unavailable, detail),
            Error::Corrupt(detail) => (Kind::Corrupt, detail),
            Error::Cancelled(detail) => (Kind::Cancelled, detail),
            Error::Internal(detail) => (Kind::Internal, detail),
        };
        let mut problem = Problem::new(kind, bounded(detail.message));
        problem.help = detail.help.map(bounded);
        match detail.at {
            Some(at) => problem.at(at.line, at.column),
            None => problem,
        }
    }
}

/// Bytes of each text of an error: a screen full, room for the message of an engine that quotes a long query.
pub const ERROR_TEXT: usize = 4 << 10;

/// A text that a guest wrote into an error, cut where nobody reads on.
fn bounded(mut text: String) -> String {
    if text.len() > ERROR_TEXT {
        text.truncate(text.floor_char_boundary(ERROR_TEXT));
        text.push('…');
    }
    text
}

/// A name that a guest wrote, as a word of a sentence.
fn word(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(60).collect()
}

impl Node {
    /// The node as it travels to a client; `invalid` when its properties are not a JSON object.
    pub fn into_view(self) -> Result<kamld_types::Node, Problem> {
        let props: Map<String, Value> = if self.props.is_empty() {
            Map::new()
        } else {
            serde_json::from_str(&self.props).map_err(|error| {
                Problem::invalid(format!(
                    "the properties of node '{}' ({}) are not a JSON object: {error}",
                    word(&self.id),
                    word(&self.kind)
                ))
            })?
        };
        Ok(kamld_types::Node { id: self.id, kind: self.kind, props, children: self.children })
    }
}

impl From<kamld_types::Node> for Node {
    fn from(node: kamld_types::Node) -> Self {
        Self { id: node.id, kind: node.kind, props: Value::Object(node.props).to_string(), children: node.children }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_a_guest_wrote_into_an_error_ends_where_nobody_reads_on() {
        let long = "鳥".repeat(ERROR_TEXT);
        let detail = Detail { message: long.clone(), help: Some(long), at: None };
        let problem = Problem::from(Error::Invalid(detail));
        for text in [problem.message, problem.help.unwrap_or_default()] {
            assert!(text.len() <= ERROR_TEXT + '…'.len_utf8() && text.ends_with("鳥…"));
        }
        let short = Detail { message: "the file has no rows".into(), help: None, at: None };
        assert_eq!(Problem::from(Error::Invalid(short)), Problem::invalid("the file has no rows"));
    }
}
