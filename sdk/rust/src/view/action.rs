//! Actions in few words: what a button does, and the values that the page fills in.
//!
//! Must not live here: what an action may be, which is the catalogue's to say.

use super::{Action, Target};
use serde_json::{Map, Value, json};

/// Runs a command of some plug-in, such as `project create`.
///
/// A command of another plug-in that writes or destroys is asked for: the page says who asks whom for what. Where it needs
/// something from the person anyway, name that in `ask`: the form says the same, and sending it is the answer.
///
/// ```
/// use kamld_sdk::view::{self, cell_of};
/// let action = view::run("asset remove").with("asset", cell_of("address")).done("removed {removed}");
/// let node: view::Node = view::button("Remove", action).into();
/// assert_eq!(node.props["action"]["run"], serde_json::json!(["asset", "remove"]));
/// assert_eq!(node.props["action"]["arguments"]["asset"]["$row"], "address");
/// ```
pub fn run(command: &str) -> Action {
    Action::new().run(command.split_whitespace())
}

/// Calls the plug-in's own action of that name.
pub fn do_(name: &str) -> Action {
    Action::new().act(name)
}

/// Goes to another place.
pub fn going(target: Target) -> Action {
    Action::new().open(target)
}

/// The place of an address: a project, an asset, a folder or an object.
///
/// ```
/// use kamld_sdk::view;
/// let target = view::at("birds/strikes").with("sort", "size");
/// assert_eq!(target.address.as_deref(), Some("birds/strikes"));
/// ```
pub fn at(address: impl Into<String>) -> Target {
    Target::new().address(address)
}

/// Stands for a cell of the row that an action belongs to.
pub fn cell_of(key: &str) -> Value {
    json!({ "$row": key })
}

/// Stands for the cells of all selected rows.
pub fn selected(key: &str) -> Value {
    json!({ "$selection": key })
}

/// Stands for a value of the data model.
pub fn data_at(pointer: &str) -> Value {
    json!({ "$data": pointer })
}

/// Stands for what the input holds.
pub fn typed() -> Value {
    json!({ "$value": true })
}

impl Action {
    /// One argument of the command or the plug-in's own action.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.arguments.get_or_insert_with(Map::new).insert(name.to_owned(), value.into());
        self
    }

    /// One value to put into the data model, by JSON pointer.
    #[must_use]
    pub fn put(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        self.set.get_or_insert_with(Map::new).insert(pointer.to_owned(), value.into());
        self
    }

    /// The command that takes it back, with its arguments: one of your own, or the page asks before it runs. What
    /// destroys is done without asking only where both commands are your own.
    ///
    /// ```
    /// use kamld_sdk::view::run;
    /// let action = run("tag add").with("tag", "raw").taken_back_by(run("tag remove").with("tag", "raw"));
    /// assert_eq!(action.undo.unwrap().run, ["tag", "remove"]);
    /// ```
    #[must_use]
    pub fn taken_back_by(self, other: Action) -> Self {
        self.undo(super::Undo::from(other))
    }
}

/// The command of an action and its arguments.
impl From<Action> for super::Undo {
    fn from(action: Action) -> Self {
        Self::new(action.run.unwrap_or_default(), action.arguments.unwrap_or_default())
    }
}

impl Target {
    /// One parameter of the link.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.params.get_or_insert_with(Map::new).insert(name.to_owned(), value.into());
        self
    }
}
