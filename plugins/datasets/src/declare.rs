//! The commands, their arguments and the shapes of what they answer.

use crate::{Plugin, assets, listing, objects, shape, showing, space, tags};
use kamld_sdk::{Arg, Command, Commands, Effect, HasCommands, schema};

fn asset_arg() -> Arg {
    Arg::positional("asset").asset().required().help("PROJECT/ASSET, such as birds/strikes")
}

fn object_arg(name: &str) -> Arg {
    Arg::positional(name).address().required().help("PROJECT/ASSET[@REF]/PATH; a folder ends in '/'")
}

fn tag_arg() -> Arg {
    Arg::positional("tag").required().repeated().help("a word, such as raw")
}

impl HasCommands for Plugin {
    fn commands() -> Commands {
        assets_commands(Commands::new())
            .on(
                Command::new(["ls"])
                    .summary("List projects, the assets of a project, or what is in an asset")
                    .about(
                        "Without an address: your projects. With a project: its assets and how much room they take.\n\
                         With an asset or a folder in it: the folders and objects there.",
                    )
                    .arg(Arg::positional("address").help("PROJECT or PROJECT/ASSET[@REF][/FOLDER]"))
                    .arg(Arg::option("limit").integer().default(200).help("at most so many entries, 1 to 1000"))
                    .arg(Arg::option("after").help("go on where an earlier listing ended"))
                    .example("ls", "your projects")
                    .example("ls birds", "the assets of the project birds")
                    .example("ls birds/strikes@v1/2019/", "a folder as it was in version v1")
                    .output(shape::listing::schema()),
                listing::ls,
            )
            .on(
                Command::new(["show"])
                    .summary("Show what is known about an asset, a folder or an object")
                    .arg(Arg::positional("address").address().required().help("PROJECT/ASSET[@REF][/PATH]"))
                    .example("show birds/strikes", "facts, tags and the last commits")
                    .example("show birds/strikes/2019.csv", "facts and columns of one object")
                    .output(shape::shown::schema()),
                showing::show,
            )
            .on(
                Command::new(["preview"])
                    .summary("Look into an object: its first rows, lines, or the picture")
                    .arg(Arg::positional("address").address().required().help("PROJECT/ASSET[@REF]/PATH"))
                    .arg(Arg::option("rows").short('n').integer().default(20).help("how many rows or lines, 1 to 200"))
                    .arg(Arg::option("start").integer().default(0).help("the first of them, from 0"))
                    .example("preview birds/strikes/2019.csv --rows 5", "the first five rows")
                    .output(shape::shown::preview_schema()),
                showing::preview,
            )
            .on(
                Command::new(["rm"])
                    .summary("Remove objects, or all in folders, from the working state of a branch")
                    .about("What was committed stays in the history: 'kamld undelete' brings it back.")
                    .arg(object_arg("address").repeated())
                    .effect(Effect::Write)
                    .example("rm birds/strikes/2019.csv", "removes one object")
                    .example("rm birds/strikes/2019/", "removes all below the folder")
                    .output(schema::object([("removed", schema::integer().says("objects"))])),
                objects::rm,
            )
            .on(
                Command::new(["undelete"])
                    .summary("Bring removed objects back, as the last commit has them")
                    .about("A folder, written with '/' at its end, comes back as a whole.")
                    .arg(object_arg("address").repeated())
                    .effect(Effect::Write)
                    .example("undelete birds/strikes/2019.csv", "brings one object back")
                    .output(schema::object([("restored", schema::integer().says("objects"))])),
                objects::undelete,
            )
            .on(
                Command::new(["cp"])
                    .summary("Copy a file or a folder, within an asset or to another one")
                    .about("Within one branch no bytes are copied. A target that ends in '/' keeps the name.")
                    .arg(object_arg("from"))
                    .arg(Arg::positional("to").address().required().help("PROJECT/ASSET[@BRANCH][/PATH]"))
                    .flag("replace", "take the place of what is there; what no commit has of it is lost")
                    .effect(Effect::Write)
                    .example("cp birds/strikes/2019.csv birds/strikes/raw/", "a second name for the same bytes")
                    .example("cp birds/strikes@v1/2019.csv birds/strikes/old.csv", "an object as it was in v1")
                    .output(schema::object([
                        ("copied", schema::integer().says("objects")),
                        ("to", schema::text().says("the address of the copy")),
                    ])),
                objects::cp,
            )
            .on(
                Command::new(["mv"])
                    .summary("Rename or move a file or a folder")
                    .about("Within one branch of an asset: its history goes on, and no bytes are copied.")
                    .arg(object_arg("from"))
                    .arg(Arg::positional("to").address().required().help("its new address, within the same branch; a folder ends in '/'"))
                    .flag("replace", "take the place of what is there; what no commit has of it is lost")
                    .effect(Effect::Write)
                    .example("mv birds/strikes/2019.csv birds/strikes/strikes-2019.csv", "renames one object")
                    .output(schema::object([
                        ("moved", schema::integer().says("objects")),
                        ("to", schema::text().says("the new address")),
                    ])),
                objects::mv,
            )
            .on(
                Command::new(["space"])
                    .summary("Show who holds how many bytes, and how much room there is")
                    .about(
                        "Without a project: what each of your projects holds. With one: its assets, the largest first.\n\
                         Sizes are of the default branch, each asset counted alone; on the disk equal contents lie once,\n\
                         and the history takes room too.",
                    )
                    .arg(Arg::positional("project").project().help("only what this project holds"))
                    .example("space", "all projects, and how much of the capacity is taken")
                    .example("space birds", "the assets of the project birds, the largest first")
                    .output(space::schema()),
                space::space,
            )
            .on(
                Command::new(["tag", "add"])
                    .summary("Tag an asset or an object with words")
                    .arg(Arg::positional("address").address().required().help("PROJECT/ASSET[/PATH]"))
                    .arg(tag_arg())
                    .effect(Effect::Write)
                    .example("tag add birds/strikes raw faa", "search finds it with tag:raw")
                    .output(shape::tags::schema()),
                tags::add,
            )
            .on(
                Command::new(["tag", "remove"])
                    .summary("Take tags away from an asset or an object")
                    .arg(Arg::positional("address").address().required().help("PROJECT/ASSET[/PATH]"))
                    .arg(tag_arg())
                    .effect(Effect::Write)
                    .example("tag remove birds/strikes raw", "takes one tag away")
                    .output(shape::tags::schema()),
                tags::remove,
            )
            .on(
                Command::new(["tag", "list"])
                    .summary("List the tags in use and how often each is")
                    .arg(Arg::positional("project").project().help("only in this project"))
                    .example("tag list birds", "every tag in the project birds")
                    .output(shape::tags::list_schema()),
                tags::list,
            )
    }
}

fn assets_commands(commands: Commands) -> Commands {
    commands
        .on(
            Command::new(["asset", "create"])
                .summary("Create a dataset or a model")
                .about("Either is an asset: a collection of files that keeps its history.")
                .arg(asset_arg().help("PROJECT/NAME, such as birds/strikes"))
                .arg(
                    Arg::option("kind")
                        .choices(["dataset", "model"])
                        .default("dataset")
                        .help("what it is going to hold"),
                )
                .effect(Effect::Write)
                .example("asset create birds/strikes", "an empty dataset in the project birds")
                .example("asset create birds/classifier --kind model", "an empty model")
                .output(shape::Asset::schema()),
            assets::create,
        )
        .on(
            Command::new(["asset", "list"])
                .summary("List assets, of all projects or of one")
                .arg(Arg::positional("project").project().help("only those of this project"))
                .example("asset list birds", "the assets of the project birds")
                .output(schema::object([("assets", schema::list(shape::Asset::schema()))])),
            assets::list,
        )
        .on(
            Command::new(["asset", "show"])
                .summary("Show what is known about an asset")
                .arg(asset_arg())
                .example("asset show birds/strikes", "facts, tags and the last commits")
                .output(shape::shown::schema()),
            showing::show_asset,
        )
        .on(
            Command::new(["asset", "remove"])
                .summary("Remove an asset with its whole history")
                .about("Takes the asset, its branches, versions and commits out of sight, for everybody.")
                .arg(asset_arg())
                .effect(Effect::Destroy)
                .example("asset remove birds/strikes", "takes the asset away")
                .output(schema::object([("removed", schema::text().says("PROJECT/ASSET"))])),
            assets::remove,
        )
}
