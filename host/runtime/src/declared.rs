//! What a plug-in declares, from its generated form to the one that the rest of the host knows.
//!
//! Lives here: conversion and the checks of a declaration. Must not live here: the check of arguments (`kamld-types`).
//! Invariant: a command that comes out of here can be shown in a help text and checked against.

use kamld_bindings::commands::exports::kamld::plugin::commands as declared;
use kamld_types::{
    Problem,
    command::{Argument, ArgumentPlace, ArgumentType, Command, Effect, Example, Outcome},
    problem::Result,
};
use serde_json::Value;

/// Commands of one plug-in; more would be a help text that nobody reads.
const MOST: usize = 200;

pub fn commands(declared: Vec<declared::Command>) -> Result<Vec<Command>> {
    if declared.len() > MOST {
        return Err(Problem::limit(format!("it declares {} commands, {MOST} are allowed", declared.len())));
    }
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
    let name = declared.name.join(" ");
    let wrong = |why: String| Problem::invalid(format!("its command '{name}' is not usable: {why}"));
    if declared.name.is_empty() || declared.name.len() > 3 || !declared.name.iter().all(|part| word(part)) {
        return Err(wrong("a name is one to three words of lower-case letters, digits and '-'".into()));
    }
    let output = serde_json::from_str(&declared.output)
        .map_err(|error| wrong(format!("the schema of its output is not JSON: {error}")))?;
    let mut arguments: Vec<Argument> = Vec::with_capacity(declared.arguments.len());
    for given in declared.arguments {
        if !word(&given.name) {
            return Err(wrong(format!("'{}' is not a name of an argument", given.name)));
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
