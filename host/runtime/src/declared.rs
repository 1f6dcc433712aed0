//! What a plug-in declares, from its generated form to the one that the rest of the host knows.
//!
//! Lives here: conversion, the checks of a declaration and its bounds. Must not live here: asking for it
//! (`introduction`), the check of arguments (`kamld-types`).
//! Invariants: a command that comes out of here can be shown in a help text and checked against; what a plug-in says of
//! itself is small, since every page, every list of commands and every help text carries it.

use kamld_bindings::commands::exports::kamld::plugin::commands as declared;
use kamld_types::{
    Problem,
    command::{Argument, ArgumentPlace, ArgumentType, Command, Effect, Example, Outcome},
    problem::Result,
    surface::Offer,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Commands of one plug-in; more would be a help text that nobody reads.
const MOST_COMMANDS: usize = 200;
const MOST_ARGUMENTS: usize = 40;
const MOST_CHOICES: usize = 100;
const MOST_EXAMPLES: usize = 20;
const MOST_MEDIA_TYPES: usize = 200;
pub const MOST_SURFACES: usize = 64;
/// What a surface fits: media types, kinds of assets.
const MOST_FITS: usize = 64;

/// Characters of one line: a title is a label on a button or a tab, the others stand in a list or a help text.
const TITLE: usize = 80;
const SUMMARY: usize = 300;
const WORD: usize = 128;
const HELP: usize = 500;
/// Characters of texts with several lines.
const ABOUT: usize = 4_000;
/// Bytes of JSON: a schema of output says the shape of an answer, not its content.
const SCHEMA: usize = 16 << 10;
const DEFAULT: usize = 1 << 10;
/// Bytes of JSON of the surfaces of one plug-in: the first message to each page has those of all plug-ins.
const SURFACES: usize = 16 << 10;
/// Bytes of JSON of all that one plug-in says of itself. A message of the page's socket has 256 KiB; the largest of the
/// plug-ins that come with kamld takes a third of this.
const TOTAL: usize = 64 << 10;

/// All that a plug-in says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Declared {
    pub commands: Vec<Command>,
    /// Media types that it describes, and that it draws.
    pub describes: Vec<String>,
    pub previews: Vec<String>,
    pub offers: Vec<Offer>,
}

impl Declared {
    /// Refuses what is too much or too long, in words that name it.
    pub fn check(&self) -> Result<()> {
        let Self { commands, describes, previews, offers } = self;
        many("commands", commands.len(), MOST_COMMANDS)?;
        many("media types that it describes", describes.len(), MOST_MEDIA_TYPES)?;
        many("media types that it draws", previews.len(), MOST_MEDIA_TYPES)?;
        many("surfaces", offers.len(), MOST_SURFACES)?;
        for media_type in describes.iter().chain(previews) {
            line("a media type", media_type, WORD)?;
        }
        for command in commands {
            check_command(command)?;
        }
        for Offer { name, title, icon, fits, .. } in offers {
            let of = |what: &str| format!("{what} of its surface '{name}'");
            line(&of("the title"), title, TITLE)?;
            line(&of("the icon"), icon, WORD)?;
            many(&of("the list of what fits"), fits.len(), MOST_FITS)?;
            fits.iter().try_for_each(|fit| line(&of("a fit"), fit, WORD))?;
        }
        json("the list of its surfaces", &serde_json::json!(offers), SURFACES)?;
        let total = serde_json::to_vec(self).map_or(usize::MAX, |json| json.len());
        if total > TOTAL {
            return Err(Problem::limit(format!(
                "all that it declares has {} KiB, {} are allowed",
                total.div_ceil(1 << 10),
                TOTAL >> 10
            ))
            .help("shorten the texts and schemas of its commands, or make two plug-ins of it"));
        }
        Ok(())
    }
}

fn check_command(command: &Command) -> Result<()> {
    let name = command.name.join(" ");
    let of = |what: &str| format!("{what} of its command '{name}'");
    line(&of("the summary"), &command.summary, SUMMARY)?;
    text(&of("the description"), &command.about, ABOUT)?;
    json(&of("the schema of the output"), &command.output, SCHEMA)?;
    many(&of("the list of arguments"), command.arguments.len(), MOST_ARGUMENTS)?;
    many(&of("the list of examples"), command.examples.len(), MOST_EXAMPLES)?;
    for Example { line, says } in &command.examples {
        text(&of("an example"), line, HELP)?;
        text(&of("what an example says"), says, HELP)?;
    }
    for Argument { name: argument, help, choices, default, .. } in &command.arguments {
        let of = |what: &str| format!("{what} of '{argument}' of its command '{name}'");
        text(&of("the help"), help, HELP)?;
        many(&of("the list of choices"), choices.len(), MOST_CHOICES)?;
        choices.iter().try_for_each(|choice| line(&of("a choice"), choice, WORD))?;
        default.iter().try_for_each(|default| json(&of("the default"), default, DEFAULT))?;
    }
    Ok(())
}

fn many(what: &str, count: usize, most: usize) -> Result<()> {
    match count <= most {
        true => Ok(()),
        false => Err(Problem::limit(format!("{what}: it declares {count}, {most} are allowed"))),
    }
}

/// Text that may have several lines.
fn text(what: &str, text: &str, most: usize) -> Result<()> {
    // Counting the characters of a text of megabytes is not worth it.
    match text.len() <= most * 4 && text.chars().count() <= most {
        true => Ok(()),
        false => Err(Problem::limit(format!("{what} is longer than {most} characters"))),
    }
}

fn line(what: &str, line: &str, most: usize) -> Result<()> {
    text(what, line, most)?;
    match line.chars().any(char::is_control) {
        true => Err(Problem::invalid(format!("{what} has more than one line, or control characters"))),
        false => Ok(()),
    }
}

fn json(what: &str, value: &Value, most: usize) -> Result<()> {
    match serde_json::to_vec(value).is_ok_and(|json| json.len() <= most) {
        true => Ok(()),
        false => Err(Problem::limit(format!("{what} has more than {} KiB", most.div_ceil(1 << 10)))),
    }
}

pub fn commands(declared: Vec<declared::Command>) -> Result<Vec<Command>> {
    // Before the quadratic look for duplicates.
    many("commands", declared.len(), MOST_COMMANDS)?;
    let commands = declared.into_iter().map(command).collect::<Result<Vec<_>>>()?;
    for (place, command) in commands.iter().enumerate() {
        if commands[..place].iter().any(|earlier| earlier.name == command.name) {
            return Err(Problem::invalid(format!("it declares the command '{}' twice", command.name.join(" "))));
        }
    }
    Ok(commands)
}

fn word(text: &str) -> bool {
    text.len() <= 32
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn command(declared: declared::Command) -> Result<Command> {
    let name: String = declared
        .name
        .iter()
        .take(4)
        .map(|word| word.chars().take(33).collect::<String>())
        .collect::<Vec<_>>()
        .join(" ");
    let wrong = |why: String| Problem::invalid(format!("its command '{name}' is not usable: {why}"));
    if declared.name.is_empty() || declared.name.len() > 3 || !declared.name.iter().all(|part| word(part)) {
        return Err(wrong("a name is one to three words of lower-case letters, digits and '-'".into()));
    }
    let output = serde_json::from_str(&declared.output)
        .map_err(|error| wrong(format!("the schema of its output is not JSON: {error}")))?;
    // Before the quadratic look for duplicates.
    many(&format!("the list of arguments of its command '{name}'"), declared.arguments.len(), MOST_ARGUMENTS)?;
    let mut arguments: Vec<Argument> = Vec::with_capacity(declared.arguments.len());
    for given in declared.arguments {
        if !word(&given.name) {
            let shown: String = given.name.chars().take(33).collect();
            return Err(wrong(format!("'{shown}' is not a name of an argument")));
        }
        if arguments.iter().any(|earlier| earlier.name == given.name) {
            return Err(wrong(format!("it has the argument '{}' twice", given.name)));
        }
        arguments.push(argument(given).map_err(wrong)?);
    }
    let effect = match declared.effect {
        declared::Effect::Read => Effect::Read,
        declared::Effect::Write => Effect::Write,
        declared::Effect::Destroy => Effect::Destroy,
    };
    let examples = declared.examples.into_iter().map(|example| Example { line: example.line, says: example.says });
    Ok(Command {
        name: declared.name,
        summary: declared.summary,
        about: declared.about,
        arguments,
        effect,
        examples: examples.collect(),
        output,
    })
}

fn argument(given: declared::Argument) -> Result<Argument, String> {
    let r#type = match given.type_ {
        declared::ArgumentType::Text => ArgumentType::Text,
        declared::ArgumentType::Integer => ArgumentType::Integer,
        declared::ArgumentType::Number => ArgumentType::Number,
        declared::ArgumentType::Boolean => ArgumentType::Boolean,
        declared::ArgumentType::Project => ArgumentType::Project,
        declared::ArgumentType::Asset => ArgumentType::Asset,
        declared::ArgumentType::Address => ArgumentType::Address,
        declared::ArgumentType::Ref => ArgumentType::Ref,
    };
    let place = match given.place {
        declared::ArgumentPlace::Positional => ArgumentPlace::Positional,
        declared::ArgumentPlace::Option => ArgumentPlace::Option,
    };
    let short = match given.short.as_deref().map(|text| (text.chars().next(), text.chars().count())) {
        None => None,
        Some((Some(letter), 1)) if letter.is_ascii_alphabetic() => Some(letter),
        Some(_) => return Err(format!("the short form of '{}' is not one letter", given.name)),
    };
    let default = match given.default.as_deref().map(serde_json::from_str::<Value>) {
        None => None,
        Some(Ok(value)) => Some(value),
        Some(Err(error)) => return Err(format!("the default of '{}' is not JSON: {error}", given.name)),
    };
    Ok(Argument {
        name: given.name,
        help: given.help,
        r#type,
        place,
        short,
        required: given.required,
        repeated: given.repeated,
        choices: given.choices,
        default,
    })
}

/// The answer of a command as it travels on.
pub fn outcome(declared: declared::Outcome) -> Result<Outcome> {
    let data = if declared.data.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&declared.data)
            .map_err(|error| Problem::internal(format!("the plug-in answered with what is not JSON: {error}")))?
    };
    Ok(Outcome { data, view: nodes(declared.view)? })
}

pub fn nodes(declared: Vec<kamld_bindings::Node>) -> Result<Vec<kamld_types::Node>> {
    declared.into_iter().map(kamld_bindings::Node::into_view).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kamld_types::Kind;

    fn command(name: &str) -> Command {
        Command {
            name: vec![name.to_owned()],
            summary: "does a thing".into(),
            about: "line\nline".into(),
            arguments: Vec::new(),
            effect: Effect::Read,
            examples: Vec::new(),
            output: Value::Null,
        }
    }

    fn argument() -> Argument {
        Argument {
            name: "a".into(),
            help: "h".into(),
            r#type: ArgumentType::Text,
            place: ArgumentPlace::Option,
            short: None,
            required: false,
            repeated: false,
            choices: Vec::new(),
            default: None,
        }
    }

    fn offer() -> Offer {
        let (name, slot, title) = ("a".into(), "area".into(), "A".into());
        Offer { name, slot, title, icon: String::new(), order: 1, fits: Vec::new(), cells: String::new() }
    }

    fn with(change: impl FnOnce(&mut Declared)) -> Result<()> {
        let mut said = Declared { commands: vec![command("a")], offers: vec![offer()], ..Declared::default() };
        said.commands[0].arguments.push(argument());
        change(&mut said);
        said.check()
    }

    #[test]
    fn each_part_of_a_declaration_has_a_bound_and_is_named_when_it_is_beyond() {
        let long = |length: usize| "ö".repeat(length);
        assert!(with(|_| {}).is_ok());
        assert!(with(|said| said.commands[0].summary = long(SUMMARY)).is_ok());
        type Change = Box<dyn FnOnce(&mut Declared)>;
        let beyond: Vec<(&str, Change)> = vec![
            ("summary of its command 'a'", Box::new(move |said| said.commands[0].summary = long(SUMMARY + 1))),
            ("description of its command", Box::new(move |said| said.commands[0].about = long(7 << 20))),
            ("schema of the output", Box::new(move |said| said.commands[0].output = long(SCHEMA).into())),
            ("list of arguments", Box::new(|said| said.commands[0].arguments = vec![argument(); MOST_ARGUMENTS + 1])),
            ("help of 'a'", Box::new(move |said| said.commands[0].arguments[0].help = long(HELP + 1))),
            ("a choice of 'a'", Box::new(move |said| said.commands[0].arguments[0].choices = vec![long(WORD + 1)])),
            ("list of choices", Box::new(|said| said.commands[0].arguments[0].choices = vec!["x".into(); 101])),
            (
                "default of 'a'",
                Box::new(move |said| said.commands[0].arguments[0].default = Some(long(DEFAULT).into())),
            ),
            ("title of its surface 'a'", Box::new(move |said| said.offers[0].title = long(TITLE + 1))),
            ("icon of its surface", Box::new(move |said| said.offers[0].icon = long(WORD + 1))),
            ("a fit of its surface", Box::new(move |said| said.offers[0].fits = vec![long(WORD + 1)])),
            ("surfaces", Box::new(|said| said.offers = vec![offer(); MOST_SURFACES + 1])),
            (
                "list of its surfaces",
                Box::new(move |said| {
                    let wide = Offer { fits: vec!["x".repeat(WORD); MOST_FITS], ..offer() };
                    said.offers = vec![wide; 4];
                }),
            ),
            ("media types that it describes", Box::new(|said| said.describes = vec!["a/b".into(); 200_000])),
            ("a media type", Box::new(move |said| said.previews = vec![long(WORD + 1)])),
            ("commands", Box::new(|said| said.commands = vec![command("a"); MOST_COMMANDS + 1])),
            (
                "all that it declares",
                Box::new(|said| {
                    said.commands =
                        (0..100).map(|n| Command { about: "x".repeat(3_000), ..command(&format!("c{n}")) }).collect();
                }),
            ),
        ];
        for (named, change) in beyond {
            let problem = with(change).unwrap_err();
            assert!(problem.kind == Kind::Limit && problem.message.contains(named), "{named}: {problem:?}");
            assert!(problem.message.len() < 300, "a refusal does not repeat what was too long");
        }
        let lines = with(|said| said.offers[0].title = "Data\nSettings".into()).unwrap_err();
        assert_eq!(lines.kind, Kind::Invalid);
    }
}
