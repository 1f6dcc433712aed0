//! Previews: plug-ins that draw one object of some media type, and the way to ask for what others draw.

use crate::{
    Address, Result,
    bindings::{
        imports::kamld::{plugin::types, ui::previews},
        preview::exports::kamld::ui::preview as wit,
    },
    view::{Node, View},
};
use serde_json::{Map, Value};

/// The window of a reader who has a whole page and fetches by itself what it shows of a source: a table points at the
/// object instead of carrying rows, a text takes as many lines as a view holds and brings links to the others.
pub const PAGE: u32 = 0;

/// The object to draw, and how much of it.
#[derive(Clone, Debug)]
pub struct ToPreview {
    /// Where it is, with its ref.
    pub address: Address,
    /// The same, as text.
    pub text: String,
    /// Its media type.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// How many rows, lines or the like there is room for; [`PAGE`] for a page.
    pub window: u32,
    /// The first of them, from 0.
    pub start: u64,
}

impl ToPreview {
    /// Whether it is drawn on a page, which fetches by itself what it shows of a source.
    pub fn on_page(&self) -> bool {
        self.window == PAGE
    }
}

/// Implemented by a plug-in that draws objects; register it with `preview: YOURS` in [`plugin!`](crate::plugin).
///
/// ```
/// use kamld_sdk::{Preview, Result, ToPreview, view};
/// struct Pictures;
/// impl Preview for Pictures {
///     const MEDIA_TYPES: &[&str] = &["image/*"];
///     fn open(object: &ToPreview) -> Result<view::View> {
///         Ok(view::image(&object.text, "a picture").into())
///     }
/// }
/// ```
pub trait Preview {
    /// Most fitting first; one may end in `/*`.
    const MEDIA_TYPES: &[&str];

    /// Draws it. `invalid` leaves it to the next preview of its media type.
    fn open(object: &ToPreview) -> Result<View>;
}

#[doc(hidden)]
pub fn open<T: Preview>(request: wit::Request) -> Result<Vec<types::Node>, types::Error> {
    let address = request.address.parse::<Address>()?;
    let wit::Request { address: text, media_type, size, window, start } = request;
    Ok(T::open(&ToPreview { address, text, media_type, size, window, start })?.flatten())
}

/// What the plug-in for its media type draws of an object, as one node.
/// `not-found` when no plug-in draws it.
///
/// ```no_run
/// let address = "birds/strikes/2019.csv".parse()?;
/// let table = kamld_sdk::preview::of(&address, 0, 20)?;
/// # Ok::<(), kamld_sdk::Error>(())
/// ```
pub fn of(address: &Address, start: u64, window: u32) -> Result<Node> {
    Ok(unflatten(previews::open(&address.to_string(), start, window)?))
}

/// The tree that a flat list of nodes describes. A node named twice is drawn once, so that a cycle ends.
fn unflatten(flat: Vec<types::Node>) -> Node {
    fn take(flat: &mut Vec<Option<types::Node>>, id: &str) -> Option<Node> {
        let place = flat.iter().position(|node| node.as_ref().is_some_and(|node| node.id == id))?;
        let node = flat[place].take()?;
        let props: Map<String, Value> = serde_json::from_str(&node.props).unwrap_or_default();
        let children = node.children.iter().filter_map(|id| take(flat, id)).collect();
        Some(Node { kind: node.kind, props, children, name: None })
    }
    let mut flat: Vec<_> = flat.into_iter().map(Some).collect();
    take(&mut flat, "root").unwrap_or_else(|| crate::view::stack().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view;

    #[test]
    fn a_view_survives_the_way_through_the_host() {
        let inner = Node::from(view::stack()).with([view::heading("a"), view::heading("b")]);
        let view = View::new().show(inner.clone()).show(view::text("c"));
        let back = unflatten(view.flatten());
        assert_eq!(back.children[0], inner);
        assert_eq!(back.children.len(), 2);
    }

    #[test]
    fn a_view_that_holds_itself_ends() {
        let node = |id: &str, children: &[&str]| types::Node {
            id: id.into(),
            kind: "stack".into(),
            props: "{}".into(),
            children: children.iter().map(|c| (*c).into()).collect(),
        };
        let tree = unflatten(vec![node("root", &["a"]), node("a", &["root", "a"])]);
        assert_eq!(tree.children.len(), 1);
        assert!(tree.children[0].children.is_empty());
    }
}
