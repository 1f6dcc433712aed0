//! The command line: fixed commands of the binary, and all others from what plug-ins offer, over the server's HTTP API.
//!
//! Lives here: from arguments to calls, from answers to a terminal or a pipe. Must not live here: any crate of the host
//! but `kamld-types`; what has to happen in this process comes through `Local`.
//! Reading order: `tree` (fixed commands), `place` and `client` (the server), `offers`, `dynamic`, `run` and `rows`
//! (plug-ins' commands), `put` and `get` (bytes), `plugin` and `admin` (the host), `view` (drawing), `failure`.

mod admin;
mod client;
mod dynamic;
mod failure;
mod fetch;
mod get;
mod lines;
mod listing;
pub mod local;
mod offers;
mod output;
mod place;
mod plugin;
mod put;
mod rows;
mod run;
mod scan;
mod session;
mod storage;
mod transfer;
mod tree;
mod view;

use local::{ConfigArgs, Local, RestoreBackupArgs, UpArgs};

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use client::Client;
use failure::{Result, Stop};
use kamld_types::{Problem, ProjectName};
use output::{Output, aside};
use place::{Place, cache_folder, data_folder, environment};
use scan::Scan;
use std::{ffi::OsString, future::Future, process::ExitCode};
use tokio::runtime::Runtime;
use tree::{Audit, Cli, Fixed, Global, Index, Plugin, Storage};

/// Runs the command that the arguments of this process name.
pub fn main(local: &dyn Local) -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let scan = Scan::of(&args);
    match dispatch(local, &args, &scan) {
        Ok(code) => ExitCode::from(code),
        Err(stop) => ExitCode::from(stop.report(scan.json)),
    }
}

fn dispatch(local: &dyn Local, args: &[OsString], scan: &Scan) -> Result<u8> {
    let words: Vec<&str> = scan.words.iter().map(String::as_str).collect();
    if words == ["help", "exit-codes"] {
        return Output::new(false).text(&failure::exit_codes()).map(|()| 0);
    }
    let word = words.first().copied();
    let fixed = Cli::command();
    let own = |word: &str| fixed.get_subcommands().any(|command| command.get_name() == word);
    match word {
        // These need no list of what plug-ins offer.
        Some(word) if own(word) && word != "completion" => match Cli::try_parse_from_os(args) {
            Ok(cli) => run_fixed(local, cli).map(|()| 0),
            Err(error) => Ok(usage(&error)),
        },
        _ => with_offers(args, scan, word),
    }
}

/// Help and wrong command lines, as clap tells them.
fn usage(error: &clap::Error) -> u8 {
    // Where nobody reads there is nothing to tell.
    let _ = error.print();
    u8::try_from(error.exit_code()).unwrap_or(2)
}

impl Cli {
    fn try_parse_from_os(args: &[OsString]) -> std::result::Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches_from(args)?;
        Self::from_arg_matches(&matches)
    }
}

fn place(global: &Global) -> Result<Place> {
    Place::find(global.data.as_deref(), global.url.as_deref(), environment)
}

fn connect(global: &Global) -> Result<Client> {
    let project = global.project.clone().or_else(|| environment("KAMLD_PROJECT"));
    Client::new(place(global)?, project.map(ProjectName::new).transpose()?)
}

/// One for all calls of a command: a connection that is kept open belongs to the runtime that made it.
fn runtime() -> Result<Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    Ok(runtime.map_err(|e| Problem::internal(format!("no thread can be started: {e}")))?)
}

/// Runs one task to its end on a runtime of its own.
fn wait<T>(task: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = runtime()?;
    let done = runtime.block_on(task);
    // Reading ahead may still be at it; its result is not wanted any more.
    runtime.shutdown_background();
    done
}

fn run_fixed(local: &dyn Local, cli: Cli) -> Result<()> {
    let global = &cli.global;
    let output = Output::new(global.json);
    let data = || data_folder(global.data.as_deref(), environment);
    match cli.command {
        Fixed::Up(flags) => {
            let args = UpArgs {
                data: data(),
                listen: flags.listen,
                sample: flags.sample,
                no_browser: flags.no_browser,
                set: flags.set,
            };
            Ok(local.up(args)?)
        }
        Fixed::Config(flags) => run::print_local(&local.config(ConfigArgs { data: data(), set: flags.set })?, &output),
        Fixed::Worker(args) => Ok(local.worker(args)?),
        Fixed::Plugin { command } => match command {
            Plugin::New(args) => run::print_local(&local.plugin_new(args)?, &output),
            Plugin::Check(args) => run::print_local(&local.plugin_check(args)?, &output),
            Plugin::Build(args) => {
                let file = local.plugin_build(args)?;
                if output.json {
                    output.data(&serde_json::json!({"file": file.to_string_lossy()}))
                } else {
                    output.text(&format!("built {}\n", file.display()))
                }
            }
            Plugin::Install(args) => {
                // Building takes long: whether a server is there at all is asked first.
                let client = connect(global)?;
                let file = plugin::component(local, &args)?;
                wait(plugin::install(&client, file, &args, &output))
            }
            command => wait(plugin::run(&connect(global)?, &command, &output)),
        },
        Fixed::Status => wait(admin::status(&connect(global)?, &output)),
        Fixed::Put(args) => wait(put::put(&connect(global)?, &args, &cache_folder(environment), &output)),
        Fixed::Get(args) => wait(get::get(&connect(global)?, &args, &output)),
        Fixed::Audit(args) => match (place(global)?, &args.command) {
            // Evidence is looked at when a server is down as well.
            (Place::Folder(folder), Some(Audit::Verify { .. }))
                if folder.is_dir() && crate::folder::holder(&folder).is_ok_and(|holder| holder.is_none()) =>
            {
                run::print_local(&local.audit_verify(folder)?, &output)
            }
            _ => wait(admin::audit(&connect(global)?, &args, &output)),
        },
        Fixed::Storage { command: Storage::Check { repair } } => {
            wait(admin::storage_check(&connect(global)?, repair, &output))
        }
        Fixed::Backup { to } => wait(storage::backup(&connect(global)?, &to, &output)),
        Fixed::RestoreBackup(args) => {
            if !args.check && global.data.is_none() && environment("KAMLD_DATA").is_none() {
                return Err(Problem::invalid("where to restore to is not said")
                    .help("name a new folder with --data; nothing was changed")
                    .into());
            }
            let args = RestoreBackupArgs { backup: args.backup, snapshot: args.snapshot, to: (!args.check).then(data) };
            run::print_local(&local.restore_backup(args)?, &output)
        }
        Fixed::Storage { command: Storage::Gc(args) } => wait(storage::gc(&connect(global)?, &args, &output)),
        Fixed::Index { command: Index::Rebuild } => wait(admin::index_rebuild(&connect(global)?, &output)),
        Fixed::Session { command } => wait(session::run(&connect(global)?, &command, &output)),
        // Takes the list of offers, so it goes through `with_offers`.
        Fixed::Completion { .. } => Ok(()),
    }
}

/// Commands that plug-ins offer, help, and completion: with the list of the running server, else the last one.
fn with_offers(args: &[OsString], scan: &Scan, word: Option<&str>) -> Result<u8> {
    let global =
        Global { data: scan.data.clone(), url: scan.url.clone(), project: scan.project.clone(), json: scan.json };
    let place = place(&global)?;
    let cache = cache_folder(environment);
    let runtime = runtime()?;
    let (client, offers) = match connect(&global).and_then(|client| {
        let offers = runtime.block_on(offers::fetch(&client, &cache))?;
        Ok((client, offers))
    }) {
        Ok((client, offers)) => (Ok(client), offers),
        Err(stop) => (Err(stop), offers::kept(&place, &cache)),
    };
    let (clap, left_out) = dynamic::extend(Cli::command(), &offers);
    if let Some(word) = word
        && word != "help"
        && clap.find_subcommand(word).is_none()
    {
        match client {
            // It may be one of a plug-in that waits for a grant.
            Ok(client) => runtime.block_on(offers::withheld(&client, &words(scan)))?,
            // Without any list nobody can say that there is no such command.
            Err(stop) if offers.commands.is_empty() => return Err(stop),
            Err(_) => {}
        }
        left_out.iter().for_each(|line| aside(&view::clean(line)));
        return Err(unknown(word, &clap));
    }
    let matches = match clap.clone().try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(error) => return Ok(usage(&error)),
    };
    if matches.subcommand_name() == Some("completion") {
        return complete(clap, &matches).map(|()| 0);
    }
    let output = Output::new(global.json);
    let client = client?;
    let Some((offer, inner)) = dynamic::matched(&offers, &matches) else {
        return Err(unknown(word.unwrap_or_default(), &clap));
    };
    let project = global.project.clone().or_else(|| environment("KAMLD_PROJECT"));
    let done = runtime.block_on(run::run(&client, offer, &inner, project.as_deref(), &output)).map(|()| 0);
    runtime.shutdown_background();
    done
}

/// The words that may be the name of a command: one has at most three.
fn words(scan: &Scan) -> Vec<&str> {
    scan.words.iter().map(String::as_str).take(3).collect()
}

fn complete(mut clap: clap::Command, matches: &ArgMatches) -> Result<()> {
    let cli = Cli::from_arg_matches(matches).map_err(|e| Problem::internal(e.to_string()))?;
    let Fixed::Completion { shell } = cli.command else { return Ok(()) };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut clap, "kamld", &mut script);
    Output::new(false).bytes(&script)
}

/// The words for a command that neither the host nor a plug-in has, with the nearest one that there is.
fn unknown(word: &str, clap: &clap::Command) -> Stop {
    let names = clap.get_subcommands().filter(|command| !command.is_hide_set()).map(clap::Command::get_name);
    let near = names.map(|name| (strsim::damerau_levenshtein(word, name), name)).min();
    let problem = Problem::not_found(format!("no plug-in offers '{word}' here"));
    let help = match near {
        Some((distance, name)) if distance <= 2 && distance < word.chars().count() => {
            format!("did you mean '{name}'? kamld plugin list shows what is installed")
        }
        _ => "kamld plugin list shows what is installed, kamld --help what it offers".into(),
    };
    Stop::usage(problem.help(help))
}
