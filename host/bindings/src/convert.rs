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
            Kind::Denied => Error::Denied(detail),
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
        let mut problem = Problem::new(kind, detail.message);
        problem.help = detail.help;
        match detail.at {
            Some(at) => problem.at(at.line, at.column),
            None => problem,
        }
    }
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
                    self.id, self.kind
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
