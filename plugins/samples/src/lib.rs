//! The commands `sample list` and `sample add`: real data to try things on.
//!
//! Invariant: running `sample add` again ends what an interrupted run began, and an asset that holds
//! anything else is never touched.

mod adding;
mod contents;
mod shape;

use adding::add;
use kamld_sdk::{Arg, Args, Command, Commands, Effect, HasCommands, Outcome, Result};

struct Plugin;

kamld_sdk::plugin! { commands: Plugin }

impl HasCommands for Plugin {
    fn commands() -> Commands {
        Commands::new()
            .on(
                Command::new(["sample", "list"])
                    .summary("List the sample data that comes with KAML-D")
                    .example("sample list", "what 'kamld sample add' would add")
                    .output(shape::list_schema()),
                list,
            )
            .on(
                Command::new(["sample", "add"])
                    .summary("Add real sample data to a project")
                    .about("Each sample becomes an asset with tags, a first commit and a version v1.")
                    .arg(
                        Arg::positional("project")
                            .project()
                            .default("sample")
                            .help("created when it is not there (sample)"),
                    )
                    .effect(Effect::Write)
                    .example("sample add", "adds the samples to the project sample")
                    .output(shape::added_schema()),
                add,
            )
    }
}

fn list(_: &Args) -> Result<Outcome> {
    shape::listed(contents::SAMPLES)
}
