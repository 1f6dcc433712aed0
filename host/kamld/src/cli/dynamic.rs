//! Plug-ins' commands as clap has them: from declarations to arguments, from matches to JSON.
//!
//! Lives here: the clap tree of what plug-ins offer. Must not live here: HTTP, printing.
//! Invariant: no declaration, however odd, makes clap panic: one that clap could not take is left out and named.

use super::{
    offers::{Offer, Offers},
    rows,
};
use clap::{
    Arg, ArgAction, ArgMatches, Command as Clap, builder::PossibleValuesParser, parser::ValueSource, value_parser,
};
use kamld_types::command::{Argument, ArgumentPlace, ArgumentType, Command, Effect};
use serde_json::{Map, Value, json};

/// Options of every command; an argument of a plug-in gives way to them.
const GLOBAL: [&str; 6] = ["data", "url", "project", "json", "help", "version"];
/// The id that clap knows an argument of a plug-in by; the binary's own have no colon.
fn id(name: &str) -> String {
    format!("arg:{name}")
}

/// Adds what plug-ins offer to the fixed commands, and says what could not be added.
pub fn extend(root: Clap, offers: &Offers) -> (Clap, Vec<String>) {
    let mut left_out = Vec::new();
    let fixed: Vec<String> = root.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let mut groups = Group::default();
    for offer in &offers.commands {
        let name = offer.command.name.join(" ");
        let first = offer.command.name.first().map(String::as_str).unwrap_or_default();
        let why = if first == "help" || fixed.iter().any(|word| word == first) {
            Some(format!("'{first}' is a command of the host"))
        } else {
            fault(&offer.command).or_else(|| groups.insert(offer))
        };
        if let Some(why) = why {
            left_out.push(format!("the command '{name}' of {} is not offered: {why}", offer.plugin));
        }
    }
    let root = groups.children.iter().fold(root, |root, (word, group)| root.subcommand(group.clap(word)));
    (root, left_out)
}

/// Commands by their words.
#[derive(Default)]
struct Group<'a> {
    offer: Option<&'a Offer>,
    children: Vec<(&'a str, Group<'a>)>,
}

impl<'a> Group<'a> {
    /// Says why when the words are taken.
    fn insert(&mut self, offer: &'a Offer) -> Option<String> {
        let mut group = self;
        for word in &offer.command.name {
            let place = group.children.iter().position(|(name, _)| name == word);
            let place = place.unwrap_or_else(|| {
                group.children.push((word, Group::default()));
                group.children.len() - 1
            });
            group = &mut group.children[place].1;
        }
        if let Some(other) = group.offer {
            return Some(format!("{} offers it already", other.plugin));
        }
        group.offer = Some(offer);
        None
    }

    fn clap(&self, word: &str) -> Clap {
        let mut clap = Clap::new(word.to_owned());
        clap = match self.offer {
            Some(offer) => declare(clap, offer),
            None => {
                let names: Vec<&str> = self.children.iter().map(|(name, _)| *name).collect();
                clap.about(names.join(", ")).subcommand_required(true).arg_required_else_help(true)
            }
        };
        if self.offer.is_some() && !self.children.is_empty() {
            clap = clap.subcommand_negates_reqs(true).args_conflicts_with_subcommands(true);
        }
        self.children.iter().fold(clap, |clap, (name, child)| clap.subcommand(child.clap(name)))
    }
}

fn word_like(text: &str) -> bool {
    text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Why clap could not take a command, if so.
fn fault(command: &Command) -> Option<String> {
    if command.name.is_empty() || command.name.len() > 4 {
        return Some("a command has one to four words".into());
    }
    if let Some(word) = command.name.iter().find(|word| !word_like(word) || *word == "help") {
        return Some(format!("'{word}' cannot be a word of a command"));
    }
    let mut names: Vec<&str> = Vec::new();
    for argument in &command.arguments {
        if !word_like(&argument.name) || names.contains(&argument.name.as_str()) {
            return Some(format!("the argument '{}' is declared twice or not named as an option is", argument.name));
        }
        names.push(&argument.name);
    }
    let positionals: Vec<_> = command.arguments.iter().filter(|a| a.place == ArgumentPlace::Positional).collect();
    let mut optional = false;
    for (place, argument) in positionals.iter().enumerate() {
        let required = argument.required && argument.default.is_none();
        if required && optional {
            return Some(format!("'{}' is required behind one that is not", argument.name));
        }
        optional |= !required;
        // Many sources and one target is the only shape in which words behind a repeated one can be told apart.
        let target_behind =
            place + 2 == positionals.len() && positionals[place + 1].required && !positionals[place + 1].repeated;
        if argument.repeated && place + 1 != positionals.len() && !target_behind {
            return Some(format!("what stands behind the repeated '{}' could not be told from it", argument.name));
        }
    }
    None
}

fn declare(clap: Clap, offer: &Offer) -> Clap {
    let command = &offer.command;
    let mut clap = clap.about(plain(&command.summary));
    let about = if command.about.is_empty() {
        plain(&command.summary)
    } else {
        format!("{}\n\n{}", plain(&command.summary), plain(&command.about))
    };
    clap = clap.long_about(format!("{about}\n\nOffered by {}.", plain(&offer.plugin)));
    if !command.examples.is_empty() {
        let lines = command.examples.iter().map(|e| format!("  kamld {}\n      {}\n", plain(&e.line), plain(&e.says)));
        clap = clap.after_help(format!("Examples:\n{}", lines.collect::<String>().trim_end()));
    }
    let mut shorts: Vec<char> = vec!['h'];
    let wants_rows = rows::hands_over(command);
    if wants_rows {
        shorts.push('o');
    }
    if command.effect == Effect::Destroy {
        shorts.push('y');
    }
    for declared in &command.arguments {
        if forwarded(declared) {
            continue;
        }
        clap = clap.arg(argument(declared, &mut shorts));
    }
    if wants_rows {
        clap = rows::options(clap, |name| has(command, name));
    }
    if command.effect == Effect::Destroy && !has(command, "yes") {
        clap = clap.arg(Arg::new("yes").long("yes").short('y').action(ArgAction::SetTrue).help("Do not ask"));
    }
    clap
}

fn has(command: &Command, name: &str) -> bool {
    command.arguments.iter().any(|argument| argument.name == name)
}

/// An option `--project` of a plug-in means what the global one means, and gets its value.
fn forwarded(argument: &Argument) -> bool {
    argument.name == "project" && argument.place == ArgumentPlace::Option && !argument.repeated
}

/// Help from a plug-in goes to a terminal: no control characters but line ends.
fn plain(text: &str) -> String {
    super::view::clean_lines(text).join("\n")
}

fn argument(declared: &Argument, shorts: &mut Vec<char>) -> Arg {
    let name = &declared.name;
    let mut arg = Arg::new(id(name)).help(plain(&declared.help)).value_name(name.to_uppercase());
    let boolean = declared.r#type == ArgumentType::Boolean;
    if declared.place == ArgumentPlace::Option {
        let long = if GLOBAL.contains(&name.as_str()) { format!("plugin-{name}") } else { name.clone() };
        arg = arg.long(long);
        if let Some(short) = declared.short.filter(|c| c.is_ascii_alphanumeric() && !shorts.contains(c)) {
            shorts.push(short);
            arg = arg.short(short);
        }
        if boolean && !declared.repeated {
            arg = arg.num_args(0..=1).require_equals(true).default_missing_value("true").hide_possible_values(true);
        }
    }
    arg = match declared.r#type {
        ArgumentType::Boolean => arg.value_parser(value_parser!(bool)),
        ArgumentType::Integer => arg.value_parser(value_parser!(i64)).allow_negative_numbers(true),
        ArgumentType::Number => arg.value_parser(value_parser!(f64)).allow_negative_numbers(true),
        _ if !declared.choices.is_empty() => arg.value_parser(PossibleValuesParser::new(declared.choices.clone())),
        _ => arg.value_parser(value_parser!(String)),
    };
    if declared.repeated {
        arg = arg.action(ArgAction::Append);
        if declared.place == ArgumentPlace::Positional {
            arg = arg.num_args(1..);
        }
    } else {
        arg = arg.action(ArgAction::Set);
    }
    match &declared.default {
        // Shown in the help; the server fills it in.
        Some(default) if !boolean && !declared.repeated => {
            let shown = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
            let text = arg.get_help().map(ToString::to_string).unwrap_or_default();
            arg.help(format!("{text} [default: {}]", plain(&shown)).trim_start().to_owned())
        }
        Some(_) => arg,
        None => arg.required(declared.required),
    }
}

/// The offer that was matched, and its own matches.
pub fn matched<'a>(offers: &'a Offers, matches: &ArgMatches) -> Option<(&'a Offer, ArgMatches)> {
    let mut words = Vec::new();
    let mut inner = matches;
    while let Some((word, next)) = inner.subcommand() {
        words.push(word);
        inner = next;
    }
    let offer =
        offers.commands.iter().find(|offer| offer.command.name.iter().map(String::as_str).eq(words.iter().copied()))?;
    Some((offer, inner.clone()))
}

/// What the person gave, as the body of the call. Defaults are the server's to fill in.
pub fn body(command: &Command, matches: &ArgMatches, project: Option<&str>) -> Map<String, Value> {
    let mut body = Map::new();
    for argument in &command.arguments {
        if forwarded(argument) {
            if let Some(project) = project {
                body.insert(argument.name.clone(), json!(project));
            }
            continue;
        }
        let id = id(&argument.name);
        if matches.value_source(&id) != Some(ValueSource::CommandLine) {
            continue;
        }
        let values: Vec<Value> = match argument.r#type {
            ArgumentType::Boolean => matches.get_many::<bool>(&id).into_iter().flatten().map(|v| json!(v)).collect(),
            ArgumentType::Integer => matches.get_many::<i64>(&id).into_iter().flatten().map(|v| json!(v)).collect(),
            ArgumentType::Number => matches.get_many::<f64>(&id).into_iter().flatten().map(|v| json!(v)).collect(),
            _ => matches.get_many::<String>(&id).into_iter().flatten().map(|v| json!(v)).collect(),
        };
        let value =
            if argument.repeated { Value::Array(values) } else { values.into_iter().next().unwrap_or_default() };
        body.insert(argument.name.clone(), value);
    }
    body
}

/// The text that an error of this command may point into: its first argument that is free text.
pub fn pointed<'a>(command: &Command, body: &'a Map<String, Value>) -> Option<&'a str> {
    let free =
        |a: &&Argument| a.r#type == ArgumentType::Text && a.place == ArgumentPlace::Positional && a.choices.is_empty();
    body.get(&command.arguments.iter().find(free)?.name)?.as_str()
}

#[cfg(test)]
#[path = "dynamic_tests.rs"]
mod tests;
