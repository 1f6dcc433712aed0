//! Views: what a command or a preview shows to a person, as data.
//!
//! The builders of each kind of node are made from `wit/ui/catalogue.json` (module `catalogue`, regenerated
//! by `KAMLD_REGENERATE=1 cargo test -p kamld-sdk --test catalogue`). Must not live here: what a client
//! makes of them. Invariant: the root of a flattened view has the id `root` and comes first.

use crate::bindings::imports::kamld::plugin::types;
use serde::Serialize;
use serde_json::{Map, Value};

mod action;
// A builder is called as its property is, also where that is the word of an operator.
#[allow(clippy::should_implement_trait)]
mod catalogue;
mod table;

pub use action::{at, cell_of, data_at, do_, going, run, selected, typed};
pub use catalogue::*;
pub use table::Rows;
#[doc(hidden)]
pub use table::cell;

/// A node with what is inside it. Built by the functions of this module and by `into()`.
///
/// ```
/// use kamld_sdk::view;
/// let node: view::Node = view::text("all is well").tone(view::Tone::Good).into();
/// assert_eq!(node.kind, "text");
/// assert_eq!(node.props["tone"], "good");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// A kind of the catalogue.
    pub kind: String,
    /// Its properties, as the catalogue describes them.
    pub props: Map<String, Value>,
    /// What is inside it, in order.
    pub children: Vec<Node>,
    /// What it is called among its siblings; none for its place among them.
    pub name: Option<String>,
}

impl Node {
    /// A node of any kind: for kinds that are newer than this crate.
    ///
    /// ```
    /// use kamld_sdk::view::Node;
    /// let node = Node::new("sparkline", &serde_json::json!({"values": [1, 2, 3]}));
    /// assert_eq!(node.kind, "sparkline");
    /// ```
    pub fn new(kind: &str, props: &impl Serialize) -> Self {
        let props = match serde_json::to_value(props) {
            Ok(Value::Object(props)) => props,
            _ => Map::new(),
        };
        Self { kind: kind.to_owned(), props, children: Vec::new(), name: None }
    }

    /// Gives it a name among its siblings, so that it stays the same element when others come before it.
    ///
    /// ```
    /// use kamld_sdk::view::{self, Node, View};
    /// let view = View::new().show(view::heading("Birds")).show(Node::from(view::text("two")).named("count"));
    /// assert_eq!(view.flatten()[2].id, "count");
    /// ```
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Puts nodes inside this one.
    ///
    /// ```
    /// use kamld_sdk::view::{self, Node};
    /// let node = Node::from(view::stack()).with([view::heading("Birds"), view::heading("Cars")]);
    /// assert_eq!(node.children.len(), 2);
    /// ```
    #[must_use]
    pub fn with<N: Into<Node>>(mut self, children: impl IntoIterator<Item = N>) -> Self {
        self.children.extend(children.into_iter().map(Into::into));
        self
    }
}

/// The whole of what is shown: nodes in order, one below the other.
///
/// ```
/// use kamld_sdk::view::{self, View};
/// let view = View::new().show(view::heading("Birds")).show(view::hint("there is nothing here yet"));
/// let nodes = view.flatten();
/// assert_eq!(nodes[0].id, "root");
/// assert_eq!(nodes[0].children, ["n1", "n2"]);
/// assert_eq!(nodes[2].kind, "hint");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View(Vec<Node>);

impl View {
    /// A view that shows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node below the others.
    #[must_use]
    pub fn show(mut self, node: impl Into<Node>) -> Self {
        self.0.push(node.into());
        self
    }

    /// Adds a node below the others when there is one.
    ///
    /// ```
    /// use kamld_sdk::view::{self, View};
    /// let quiet = View::new().show_some(None::<view::Node>);
    /// assert_eq!(quiet.flatten().len(), 1);
    /// ```
    #[must_use]
    pub fn show_some(mut self, node: Option<impl Into<Node>>) -> Self {
        self.0.extend(node.map(Into::into));
        self
    }

    /// The nodes of the view, tree by tree, without ids.
    pub fn nodes(&self) -> &[Node] {
        &self.0
    }

    /// The flat list that travels, the root first.
    pub fn flatten(self) -> Vec<types::Node> {
        let root = match <[Node; 1]>::try_from(self.0) {
            Ok([only]) => only,
            Err(nodes) => Node::from(stack()).with(nodes),
        };
        let mut flat = Vec::new();
        push(root, "root".to_owned(), &mut flat);
        flat
    }
}

impl<N: Into<Node>> From<N> for View {
    fn from(node: N) -> Self {
        Self(vec![node.into()])
    }
}

/// An id is the way from the root, so that a change in one part of a view leaves the ids of the others alone.
fn push(node: Node, id: String, flat: &mut Vec<types::Node>) -> String {
    let place = flat.len();
    let props = Value::Object(node.props).to_string();
    flat.push(types::Node { id: id.clone(), kind: node.kind, props, children: Vec::new() });
    let way = if place == 0 { String::new() } else { format!("{id}.") };
    let mut children = Vec::new();
    for (place, child) in node.children.into_iter().enumerate() {
        let id = match &child.name {
            Some(name) => format!("{way}{name}"),
            None => format!("{way}n{}", place + 1),
        };
        children.push(push(child, id, flat));
    }
    flat[place].children = children;
    id
}
