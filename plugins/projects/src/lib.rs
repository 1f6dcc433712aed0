//! The commands `project create`, `project list` and `project remove`, the projects at the side, and the first screen.
//!
//! Must not live here: what an asset holds. Invariant: each command is one call of `kamld:metadata/projects`.

mod screens;
mod shape;

use kamld_sdk::{Arg, Args, Command, Commands, Effect, HasCommands, Outcome, Result, metadata::projects, schema, view};
use shape::Project;

struct Plugin;

kamld_sdk::plugin! { commands: Plugin, surface: Plugin }

impl HasCommands for Plugin {
    fn commands() -> Commands {
        Commands::new()
            .on(
                Command::new(["project", "create"])
                    .summary("Create a project: a place for people and assets")
                    .arg(Arg::positional("name").project().required().help("a-z, 0-9, '-', '_' and '.', such as birds"))
                    .arg(Arg::option("title").help("a name for people, such as 'Bird strikes'"))
                    .effect(Effect::Write)
                    .example("project create birds --title 'Bird strikes'", "a new, empty project")
                    .output(Project::schema()),
                create,
            )
            .on(
                Command::new(["project", "list"])
                    .summary("List your projects")
                    .example("project list", "all projects that you may see")
                    .output(schema::object([("projects", schema::list(Project::schema()))])),
                list,
            )
            .on(
                Command::new(["project", "remove"])
                    .summary("Remove an empty project")
                    .about("A project that still has assets is kept: remove those first with 'kamld asset remove'.")
                    .arg(Arg::positional("name").project().required().help("the project"))
                    .effect(Effect::Destroy)
                    .example("project remove birds", "takes the empty project birds away")
                    .output(schema::object([("removed", schema::text())])),
                remove,
            )
    }
}

fn create(args: &Args) -> Result<Outcome> {
    let name = args.need_text("name")?;
    let project = projects::create(name, args.text("title")?.unwrap_or_default())?;
    shape::created(&project.into())
}

fn list(_: &Args) -> Result<Outcome> {
    let projects: Vec<Project> = projects::list()?.into_iter().map(Into::into).collect();
    shape::listed(&projects)
}

fn remove(args: &Args) -> Result<Outcome> {
    let name = args.need_text("name")?;
    projects::remove(name)?;
    let view = view::text(format!("project {name} is removed")).tone(view::Tone::Good);
    Ok(Outcome::new(&serde_json::json!({ "removed": name }))?.view(view))
}
