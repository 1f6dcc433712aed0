//! The command `{{name}}`: how much is in an asset.

use kamld_sdk::{
    Arg, Args, Command, Commands, HasCommands, Outcome, Result, format, schema,
    storage::{assets, types::Asset},
    view,
};

struct Plugin;

kamld_sdk::plugin! { commands: Plugin }

impl HasCommands for Plugin {
    fn commands() -> Commands {
        Commands::new().on(
            Command::new(["{{name}}"])
                .summary("Say how much is in an asset")
                .arg(Arg::positional("asset").asset().required().help("PROJECT/ASSET"))
                .example("{{name}} birds/strikes", "how many objects, and how large")
                .output(schema::object([("objects", schema::integer()), ("size", schema::integer().says("bytes"))])),
            run,
        )
    }
}

fn run(args: &Args) -> Result<Outcome> {
    let id = args.asset("asset")?;
    answer(&assets::get(&id.project, &id.asset)?)
}

/// Apart from `run`, so that it is tested without a host.
fn answer(asset: &Asset) -> Result<Outcome> {
    let (objects, size) = (format::counted(asset.objects, "object", "objects"), format::bytes(asset.size));
    let data = serde_json::json!({ "objects": asset.objects, "size": asset.size });
    Ok(Outcome::new(&data)?.view(view::text(format!("{}: {objects}, {size}", asset.name))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kamld_sdk::storage::types::AssetKind;

    #[test]
    fn the_answer_counts_what_is_there() {
        let asset = Asset {
            project: "birds".into(),
            name: "strikes".into(),
            kind: AssetKind::Dataset,
            created: 0,
            modified: 0,
            objects: 2,
            size: 1_223_329,
            default_branch: "main".into(),
        };
        let outcome = answer(&asset).unwrap();
        assert_eq!(outcome.data()["objects"], 2);
        assert!(outcome.nodes()[0].props.contains("2 objects, 1.2 MB"));
    }
}
