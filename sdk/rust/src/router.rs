//! From the words of a command to the function that runs it, and what it answers.
//!
//! Invariant: what is declared and what can be run are the same list.

use crate::{
    Args, Command, Error, Result,
    bindings::{commands::exports::kamld::plugin::commands as wit, imports::kamld::plugin::types},
    view::View,
};
use serde::Serialize;
use serde_json::Value;

/// What a command answers: data for programs, a view for people.
///
/// ```
/// use kamld_sdk::{Outcome, view};
/// let outcome = Outcome::new(&serde_json::json!({"projects": []}))?.view(view::hint("there is no project yet"));
/// assert_eq!(outcome.data()["projects"], serde_json::json!([]));
/// # Ok::<(), kamld_sdk::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Outcome {
    data: Value,
    view: View,
}

impl Outcome {
    /// With data in the shape that the command declares, and an empty view.
    pub fn new(data: &impl Serialize) -> Result<Self> {
        Ok(Self { data: serde_json::to_value(data)?, view: View::new() })
    }

    /// What a person sees.
    #[must_use]
    pub fn view(mut self, view: impl Into<View>) -> Self {
        self.view = view.into();
        self
    }

    /// The data.
    pub fn data(&self) -> &Value {
        &self.data
    }

    /// The view as it travels, for tests.
    pub fn nodes(&self) -> Vec<types::Node> {
        self.view.clone().flatten()
    }
}

type Run = fn(&Args) -> Result<Outcome>;

/// The commands of a plug-in, each with the function that runs it.
///
/// ```
/// use kamld_sdk::{Arg, Args, Command, Commands, Outcome, Result, view};
///
/// fn greet(args: &Args) -> Result<Outcome> {
///     let name = args.need_text("name")?;
///     Ok(Outcome::new(&serde_json::json!({ "greeted": name }))?.view(view::text(format!("hello, {name}"))))
/// }
///
/// let commands = Commands::new()
///     .on(Command::new(["greet"]).summary("Greet somebody").arg(Arg::positional("name").required()), greet);
/// let outcome = commands.run(&["greet".into()], r#"{"name": "anna"}"#)?;
/// assert_eq!(outcome.data()["greeted"], "anna");
/// # Ok::<(), kamld_sdk::Error>(())
/// ```
#[derive(Default)]
pub struct Commands(Vec<(Command, Run)>);

impl Commands {
    /// No commands yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a command and the function that runs it.
    #[must_use]
    pub fn on(mut self, command: Command, run: Run) -> Self {
        self.0.push((command, run));
        self
    }

    /// The declarations, in the order in which they were added.
    pub fn declared(&self) -> impl Iterator<Item = &Command> {
        self.0.iter().map(|(command, _)| command)
    }

    /// Runs the command of that name with arguments as a JSON object.
    pub fn run(&self, name: &[String], arguments: &str) -> Result<Outcome> {
        let found = self.0.iter().find(|(command, _)| command.words() == name);
        let (_, run) = found.ok_or_else(|| {
            let words: Vec<_> = self.declared().map(|command| command.words().join(" ")).collect();
            Error::not_found(format!("this plug-in has no command '{}'", name.join(" ")))
                .help(format!("it has: {}", words.join(", ")))
        })?;
        run(&Args::from_json(arguments)?)
    }
}

/// Implemented by a plug-in that adds commands; register it with `commands: YOURS` in [`plugin!`](crate::plugin).
///
/// ```
/// use kamld_sdk::{Commands, HasCommands};
/// struct Mine;
/// impl HasCommands for Mine {
///     fn commands() -> Commands {
///         Commands::new()
///     }
/// }
/// ```
pub trait HasCommands {
    /// Every command of the plug-in; must not depend on who asks.
    fn commands() -> Commands;
}

#[doc(hidden)]
pub fn describe<T: HasCommands>() -> Vec<wit::Command> {
    T::commands().declared().map(Command::to_wit).collect()
}

#[doc(hidden)]
pub fn run<T: HasCommands>(name: &[String], arguments: &str) -> Result<wit::Outcome, types::Error> {
    let outcome = T::commands().run(name, arguments)?;
    Ok(wit::Outcome { data: outcome.data.to_string(), view: outcome.view.flatten() })
}
