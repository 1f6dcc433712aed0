//! The commands, their arguments and the shapes of what they answer.

use crate::{Plugin, changes, lately, refs, shape};
use kamld_sdk::{Arg, Command, Commands, Effect, HasCommands, schema};

fn asset() -> Arg {
    Arg::positional("asset").asset().required().help("PROJECT/ASSET, such as birds/strikes")
}

fn branch() -> Arg {
    Arg::positional("asset").address().required().help("PROJECT/ASSET[@BRANCH]")
}

fn name(what: &str) -> Arg {
    Arg::positional("name").r#ref().required().help(what)
}

fn limit(most: &str) -> Arg {
    Arg::option("limit").integer().help(format!("at most so many, 1 to 1000 (else {most})"))
}

fn after() -> Arg {
    Arg::option("after").help("go on where an earlier answer ended")
}

impl HasCommands for Plugin {
    fn commands() -> Commands {
        refs_commands(
            Commands::new()
                .on(
                    Command::new(["changes"])
                        .summary("Show what is not committed yet")
                        .arg(branch())
                        .arg(limit("200"))
                        .arg(after())
                        .example("changes birds/strikes", "working changes of the default branch")
                        .example("changes birds/strikes@cleaning", "those of another branch")
                        .output(shape::changes_schema()),
                    changes::changes,
                )
                .on(
                    Command::new(["commit"])
                        .summary("Make the working changes of a branch part of the history")
                        .arg(branch())
                        .arg(Arg::option("message").short('m').required().help("what changed, and why"))
                        .arg(Arg::option("property").repeated().help("KEY=VALUE kept with the commit"))
                        .effect(Effect::Write)
                        .example("commit birds/strikes -m 'strikes of 2019'", "commits the default branch")
                        .example(
                            "commit birds/classifier -m trained --property data=birds/strikes@v1",
                            "says which data a model was made from",
                        )
                        .output(shape::Commit::schema()),
                    changes::commit,
                )
                .on(
                    Command::new(["log"])
                        .summary("Show the history of a branch, version or commit")
                        .arg(Arg::positional("asset").address().required().help("PROJECT/ASSET[@REF]"))
                        .arg(limit("20"))
                        .example("log birds/strikes --limit 5", "the last five commits")
                        .output(schema::object([
                            ("asset", schema::text()),
                            ("commits", schema::list(shape::Commit::schema())),
                            ("next", schema::nullable(schema::text().says("the commit that an older page starts at"))),
                        ])),
                    changes::log,
                )
                .on(
                    Command::new(["activity"])
                        .summary("Show what happened lately, across assets")
                        .about("The newest commits of the default branches of all assets that you may see.")
                        .arg(Arg::positional("project").project().help("only of this project"))
                        .arg(limit("20"))
                        .example("activity", "the last twenty commits of every project")
                        .example("activity birds --limit 5", "the last five of one project")
                        .output(schema::object([("events", schema::list(shape::Happened::schema()))])),
                    lately::activity,
                )
                .on(
                    Command::new(["diff"])
                        .summary("Show what differs between two refs of an asset")
                        .arg(asset())
                        .arg(Arg::positional("from").r#ref().required().help("a branch, a version or a commit"))
                        .arg(Arg::positional("to").r#ref().required().help("a branch, a version or a commit"))
                        .arg(limit("200"))
                        .arg(after())
                        .example("diff birds/strikes v1 main", "what happened since version v1")
                        .output(shape::changes_schema()),
                    changes::diff,
                )
                .on(
                    Command::new(["restore"])
                        .summary("Set working files of a branch back to what they were at a ref")
                        .about(
                            "Without paths: all of them. Without --ref: to the last commit, which drops the working changes.\n\
                             The history stays as it is; commit to make the return part of it.",
                        )
                        .arg(branch())
                        .arg(Arg::positional("path").repeated().help("only these objects, or folders ending in '/'"))
                        .arg(Arg::option("ref").r#ref().help("a branch, a version or a commit"))
                        .effect(Effect::Write)
                        .example("restore birds/strikes --ref v1", "everything as in version v1")
                        .example("restore birds/strikes 2019.csv --ref v1", "one object as in version v1")
                        .output(schema::object([
                            ("asset", schema::text()),
                            ("changed", schema::integer().says("objects")),
                        ])),
                    changes::restore,
                ),
        )
    }
}

fn refs_commands(commands: Commands) -> Commands {
    commands
        .on(
            Command::new(["branch", "create"])
                .summary("Start a branch; nothing is copied")
                .arg(asset())
                .arg(name("the new branch, such as cleaning"))
                .arg(Arg::option("from").r#ref().help("where it starts; else the default branch"))
                .effect(Effect::Write)
                .example("branch create birds/strikes cleaning --from v1", "a branch that starts at version v1")
                .output(shape::Branch::schema()),
            refs::create_branch,
        )
        .on(
            Command::new(["branch", "list"])
                .summary("List the branches of an asset")
                .arg(asset())
                .example("branch list birds/strikes", "branches, and which have working changes")
                .output(schema::object([("branches", schema::list(shape::Branch::schema()))])),
            refs::branches,
        )
        .on(
            Command::new(["branch", "remove"])
                .summary("Remove a branch")
                .about("Commits that no other branch or version leads to are no longer found.")
                .arg(asset())
                .arg(name("the branch"))
                .flag("force", "even when it has working changes, which are lost")
                .effect(Effect::Destroy)
                .example("branch remove birds/strikes cleaning", "takes the branch away")
                .output(schema::object([("removed", schema::text())])),
            refs::remove_branch,
        )
        .on(
            Command::new(["version", "create"])
                .summary("Give a commit a name for good")
                .arg(asset())
                .arg(name("the name, such as v1"))
                .arg(Arg::option("ref").r#ref().help("what to name; else the last commit of the default branch"))
                .arg(Arg::option("message").short('m').help("what this version is"))
                .effect(Effect::Write)
                .example("version create birds/strikes v1 -m 'as published'", "names the last commit")
                .output(shape::Version::schema()),
            refs::create_version,
        )
        .on(
            Command::new(["version", "list"])
                .summary("List the versions of an asset")
                .arg(asset())
                .example("version list birds/strikes", "versions, and the commits that they name")
                .output(schema::object([("versions", schema::list(shape::Version::schema()))])),
            refs::versions,
        )
}
