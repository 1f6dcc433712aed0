//! The command `search`, and what the one box found: assets, files, columns and text inside files, best first.
//!
//! Must not live here: the index. Invariant: everything in `shape` is pure.

mod screen;
mod shape;

use kamld_sdk::{
    Arg, Args, Command, Commands, Error, HasCommands, Outcome, Result, context,
    metadata::search::{self, Request},
};

struct Plugin;

kamld_sdk::plugin! { commands: Plugin, surface: Plugin }

impl HasCommands for Plugin {
    fn commands() -> Commands {
        Commands::new().on(
            Command::new(["search"])
                .summary("Find assets, files, columns and text inside files")
                .about(
                    "Words are found by their beginning and in spite of a typing error; \"words in quotes\" as they stand.\n\
                     tag:raw, format:csv, project:birds and column:species narrow down; -word takes away.",
                )
                .arg(Arg::positional("query").required().repeated().help("what to look for"))
                .arg(Arg::option("project").project().help("only in this project"))
                .arg(Arg::option("limit").integer().default(20).help("at most so many hits, 1 to 200"))
                .arg(Arg::option("start").integer().default(0).help("leave out so many of the best"))
                .example("search 'wind turbine tag:raw'", "things tagged raw that speak of wind turbines")
                .example("search column:species --project birds", "tables of a project with such a column")
                .output(shape::schema()),
            run,
        )
    }
}

fn run(args: &Args) -> Result<Outcome> {
    let query = args.texts("query")?.join(" ");
    if query.trim().is_empty() {
        return Err(Error::invalid("there is nothing to look for").help("give a word, or a filter such as tag:raw"));
    }
    let start = args.integer_within("start", 0, i64::from(u32::MAX), 0)? as u32;
    let limit = args.integer_within("limit", 1, 200, 20)? as u32;
    let project = match args.text("project")? {
        Some(project) => Some(project.to_owned()),
        None => context().project,
    };
    let answer = search::find(&Request { query: query.clone(), project: project.clone(), start, limit })?;
    shape::answer(&query, project.as_deref(), start, answer)
}
