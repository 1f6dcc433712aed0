//! How a command is declared: words, arguments, effect, examples, and the shape of what it answers.
//!
//! One declaration gives a command of `kamld`, an operation of the HTTP API and an entry of the palette.
//! Must not live here: running it (module `router`).

use crate::{Schema, bindings::commands::exports::kamld::plugin::commands as wit};
use serde_json::Value;

pub use wit::{ArgumentPlace, ArgumentType, Effect};

/// A command as the host is told of it.
///
/// ```
/// use kamld_sdk::{Arg, Command, Effect, schema};
/// let create = Command::new(["asset", "create"])
///     .summary("Create an asset")
///     .arg(Arg::positional("asset").asset().required().help("PROJECT/ASSET"))
///     .arg(Arg::option("kind").choices(["dataset", "model"]).default("dataset").help("what it holds"))
///     .effect(Effect::Write)
///     .example("asset create birds/strikes", "an empty dataset in the project birds")
///     .output(schema::object([("project", schema::text()), ("name", schema::text())]));
/// assert_eq!(create.words(), ["asset", "create"]);
/// ```
#[derive(Clone, Debug)]
pub struct Command {
    inner: wit::Command,
    output: Value,
}

impl Command {
    /// The words of the command. It only looks, until [`Command::effect`] says otherwise.
    pub fn new<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Self {
        let inner = wit::Command {
            name: words.into_iter().map(Into::into).collect(),
            summary: String::new(),
            about: String::new(),
            arguments: Vec::new(),
            effect: Effect::Read,
            examples: Vec::new(),
            output: String::new(),
        };
        Self { inner, output: Value::Object(Default::default()) }
    }

    /// One line that says what it does.
    #[must_use]
    pub fn summary(mut self, text: impl Into<String>) -> Self {
        self.inner.summary = text.into();
        self
    }

    /// More than one line, in plain text.
    #[must_use]
    pub fn about(mut self, text: impl Into<String>) -> Self {
        self.inner.about = text.into();
        self
    }

    /// Adds an argument. Positional ones are taken in the order in which they are added.
    #[must_use]
    pub fn arg(mut self, arg: Arg) -> Self {
        self.inner.arguments.push(arg.0);
        self
    }

    /// Adds an option without a value, `--name`, that is false when it is not given.
    ///
    /// ```
    /// let command = kamld_sdk::Command::new(["sql"]).flag("explain", "show the plan instead of the rows");
    /// assert_eq!(command.to_wit().arguments[0].default.as_deref(), Some("false"));
    /// ```
    #[must_use]
    pub fn flag(self, name: &str, help: &str) -> Self {
        self.arg(Arg::option(name).kind(ArgumentType::Boolean).default(false).help(help))
    }

    /// What it does to the world.
    #[must_use]
    pub fn effect(mut self, effect: Effect) -> Self {
        self.inner.effect = effect;
        self
    }

    /// A command line (without `kamld` in front) and what it does.
    #[must_use]
    pub fn example(mut self, line: impl Into<String>, says: impl Into<String>) -> Self {
        self.inner.examples.push(wit::Example { line: line.into(), says: says.into() });
        self
    }

    /// The JSON Schema of the data that it answers.
    #[must_use]
    pub fn output(mut self, schema: Schema) -> Self {
        self.output = schema.into();
        self
    }

    /// The words of the command.
    pub fn words(&self) -> &[String] {
        &self.inner.name
    }

    /// The JSON Schema of the data that it answers.
    pub fn output_schema(&self) -> &Value {
        &self.output
    }

    /// As the host wants it.
    pub fn to_wit(&self) -> wit::Command {
        wit::Command { output: self.output.to_string(), ..self.inner.clone() }
    }
}

/// One argument of a command: text, unless its type is said.
///
/// ```
/// use kamld_sdk::Arg;
/// let message = Arg::option("message").short('m').required().help("what changed and why");
/// let paths = Arg::positional("path").repeated().help("only these objects");
/// ```
#[derive(Clone, Debug)]
pub struct Arg(wit::Argument);

impl Arg {
    fn new(name: &str, place: ArgumentPlace) -> Self {
        Self(wit::Argument {
            name: name.to_owned(),
            help: String::new(),
            type_: ArgumentType::Text,
            place,
            short: None,
            required: false,
            repeated: false,
            choices: Vec::new(),
            default: None,
        })
    }

    /// Given by its place among the words.
    pub fn positional(name: &str) -> Self {
        Self::new(name, ArgumentPlace::Positional)
    }

    /// Given as `--name VALUE`.
    pub fn option(name: &str) -> Self {
        Self::new(name, ArgumentPlace::Option)
    }

    /// What it is for, in a few words.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.0.help = text.into();
        self
    }

    /// Its type: the host refuses what does not fit.
    #[must_use]
    pub fn kind(mut self, kind: ArgumentType) -> Self {
        self.0.type_ = kind;
        self
    }

    /// A whole number.
    #[must_use]
    pub fn integer(self) -> Self {
        self.kind(ArgumentType::Integer)
    }

    /// A number.
    #[must_use]
    pub fn number(self) -> Self {
        self.kind(ArgumentType::Number)
    }

    /// The name of a project.
    #[must_use]
    pub fn project(self) -> Self {
        self.kind(ArgumentType::Project)
    }

    /// `PROJECT/ASSET`.
    #[must_use]
    pub fn asset(self) -> Self {
        self.kind(ArgumentType::Asset)
    }

    /// `PROJECT/ASSET[@REF][/PATH]`.
    #[must_use]
    pub fn address(self) -> Self {
        self.kind(ArgumentType::Address)
    }

    /// A branch, a version or a commit.
    #[must_use]
    pub fn r#ref(self) -> Self {
        self.kind(ArgumentType::Ref)
    }

    /// `-x` beside `--name`.
    #[must_use]
    pub fn short(mut self, letter: char) -> Self {
        self.0.short = Some(letter.to_string());
        self
    }

    /// The command cannot run without it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.0.required = true;
        self
    }

    /// May be given more than once.
    #[must_use]
    pub fn repeated(mut self) -> Self {
        self.0.repeated = true;
        self
    }

    /// The only values allowed.
    #[must_use]
    pub fn choices<S: Into<String>>(mut self, values: impl IntoIterator<Item = S>) -> Self {
        self.0.choices = values.into_iter().map(Into::into).collect();
        self
    }

    /// The value when none is given.
    #[must_use]
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.0.default = Some(value.into().to_string());
        self
    }
}
