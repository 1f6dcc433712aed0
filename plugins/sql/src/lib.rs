//! The command `sql`: a query over objects in place; and the commands `query ...`, which remember queries.
//!
//! Reading order: `running` (the query itself), `history` and `saved` (what is remembered, pure but for the keys
//! that they are handed), `remembering` (the commands on them), `shape` (data and views), `screen` (what the one box
//! makes of a query). Must not live here: planning, formatting rows. Invariants: no row passes through this plug-in;
//! remembering never makes a query fail.

mod history;
mod place;
mod remembering;
mod running;
mod saved;
mod screen;
mod shape;

use kamld_sdk::{Arg, Command, Commands, Effect, HasCommands};

struct Plugin;

kamld_sdk::plugin! { commands: Plugin, surface: Plugin }

fn project_arg(help: &str) -> Arg {
    Arg::option("project").project().help(help)
}

impl HasCommands for Plugin {
    fn commands() -> Commands {
        Commands::new()
            .on(
                Command::new(["sql"])
                    .summary("Query files in place")
                    .about(
                        "A table is ASSET.\"PATH\", at a ref ASSET@REF.\"PATH\", of another project PROJECT.ASSET.\"PATH\".\n\
                         A path may hold *, ** and ?. CSV, TSV, JSON, JSON Lines, Parquet and Arrow are tables.",
                    )
                    .arg(Arg::positional("query").required().help("one SQL query"))
                    .arg(project_arg("where assets are looked up; else the only project"))
                    .flag("explain", "show how the query would run instead of running it")
                    .example("sql 'select species, count(*) from strikes.\"2019.csv\" group by 1'", "rows on the terminal")
                    .example("sql 'select * from strikes@v1.\"2019/*.csv\"' --format csv", "many files, as of version v1")
                    .output(shape::result_schema()),
                running::sql,
            )
            .on(
                Command::new(["query", "save"])
                    .summary("Keep a query under a name")
                    .about(
                        "Without a query: the last one that ran. What is kept is yours: nobody else sees it.\n\
                         The query is not tried; 'kamld query run NAME' runs it.",
                    )
                    .arg(Arg::positional("name").required().help("1 to 64 of a-z 0-9 - _ ."))
                    .arg(Arg::positional("query").help("one SQL query; else the last one that ran"))
                    .arg(project_arg("where its assets are looked up; else the only project"))
                    .flag("replace", "take the place of a query of that name")
                    .effect(Effect::Write)
                    .example("query save by-state", "keeps the query that ran last")
                    .example("query save cars 'select * from cars.\"cars.json\"' --project sample", "keeps this one")
                    .output(shape::kept_schema()),
                remembering::save,
            )
            .on(
                Command::new(["query", "list"])
                    .summary("List the queries that you keep")
                    .arg(project_arg("only those of this project"))
                    .example("query list", "all of them")
                    .output(shape::list_schema()),
                remembering::list,
            )
            .on(
                Command::new(["query", "run"])
                    .summary("Run a query that you keep")
                    .arg(Arg::positional("name").required().help("as in 'kamld query list'"))
                    .arg(project_arg("when several projects have a query of that name"))
                    .flag("explain", "show how the query would run instead of running it")
                    .example("query run by-state --format csv -o states.csv", "its rows as a file")
                    .output(shape::result_schema()),
                remembering::run,
            )
            .on(
                Command::new(["query", "remove"])
                    .summary("Keep a query no longer")
                    .arg(Arg::positional("name").required().help("as in 'kamld query list'"))
                    .arg(project_arg("when several projects have a query of that name"))
                    .effect(Effect::Write)
                    .example("query remove by-state", "takes the name away, and shows the query once more")
                    .output(shape::kept_schema()),
                remembering::remove,
            )
            .on(
                Command::new(["query", "history"])
                    .summary("List the last queries that ran, the newest first")
                    .about("Up to 50 different ones of each project. They are yours: nobody else sees them.")
                    .arg(project_arg("only those of this project"))
                    .arg(Arg::option("limit").integer().default(20).help("at most so many, 1 to 50"))
                    .example("query history --limit 5", "the last five")
                    .output(shape::history_schema()),
                remembering::history,
            )
            .on(
                Command::new(["query", "forget"])
                    .summary("Forget the queries that ran")
                    .about("What was kept with 'kamld query save' stays.")
                    .arg(project_arg("only those of this project"))
                    .effect(Effect::Write)
                    .example("query forget", "the history is empty")
                    .output(shape::forgotten_schema()),
                remembering::forget,
            )
    }
}
