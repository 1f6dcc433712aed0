//! How well assets are documented: a tab, a column, a command for their rows, and reStructuredText drawn.

use kamld_sdk::{
    Address, Arg, Args, Command, Commands, HasCommands, HasSurfaces, ObjectReader, Offer, Outcome, Place, Preview,
    Result, Screen, Slot, Surfaces, ToPreview,
    metadata::catalog,
    row, schema,
    storage::{self, refs},
    view::{self, Column, Icon, Rows, Step, View},
};
use serde_json::{Value, json};

#[cfg(test)]
mod tests;

struct Plugin;
kamld_sdk::plugin! { commands: Plugin, surface: Plugin, preview: Plugin }

/// What an asset should have, and what to do where it has not.
const WANTED: [(&str, &str); 4] = [
    ("A text about it", "Add a README.md that says what it is and where it comes from"),
    ("A licence", "Add a LICENSE, or name the licence in the text about it"),
    ("Tags", "Add words that it is found by"),
    ("A version", "Name a commit for good, so that others can refer to it"),
];

impl HasSurfaces for Plugin {
    fn surfaces() -> Surfaces {
        Surfaces::new()
            .on(Offer::new("documentation", Slot::AssetTab, "Documentation").icon(Icon::Text), tab)
            .column(Offer::new("documented", Slot::AssetColumn, "Documented"), column)
            .command(Offer::new("docs-check", Slot::AssetAction, "Check documentation").icon(Icon::Check))
    }
}

impl HasCommands for Plugin {
    fn commands() -> Commands {
        let asset = schema::object([("asset", schema::text()), ("missing", schema::list(schema::text()))]);
        Commands::new().on(
            Command::new(["docs", "check"])
                .summary("Check how well assets are documented")
                .arg(Arg::positional("asset").asset().required().repeated().help("PROJECT/ASSET"))
                .output(schema::object([("assets", schema::list(asset))])),
            check,
        )
    }
}

impl Preview for Plugin {
    const MEDIA_TYPES: &[&str] = &["text/x-rst"];

    fn open(object: &ToPreview) -> Result<View> {
        Ok(view::markdown(ObjectReader::text(&object.address, 64 << 10)?).base(&object.text).into())
    }
}

fn tab(place: &Place) -> Result<Screen> {
    let asset = place.asset()?.whole();
    let (about, has) = look(&asset)?;
    let step = |((what, how), has): (_, bool)| Step::new(what).done(has).text(if has { "" } else { how });
    let steps = view::steps(WANTED.into_iter().zip(has).map(step));
    Ok(View::new().show(steps).show(view::markdown(about).base(asset.to_string())).into())
}

fn column(assets: &[Address]) -> Result<Vec<Value>> {
    Ok(assets.iter().map(|asset| look(asset).map_or(Value::Null, |(_, has)| score(has).into())).collect())
}

fn check(args: &Args) -> Result<Outcome> {
    let look = |asset: String| Ok((look(&asset.parse()?)?.1, asset));
    report(args.texts("asset")?.into_iter().map(look).collect::<Result<_>>()?)
}

fn report(assets: Vec<([bool; 4], String)>) -> Result<Outcome> {
    let mut table = Rows::new(["Asset", "Documented", "Missing"].map(|name| Column::new(name, name)));
    let mut data = Vec::new();
    for (has, asset) in assets {
        let missing: Vec<_> = WANTED.into_iter().zip(has).filter(|(_, has)| !has).map(|((what, _), _)| what).collect();
        table.push(row![asset, score(has), missing.join(", ")]);
        data.push(json!({ "asset": asset, "missing": missing }));
    }
    Ok(Outcome::new(&json!({ "assets": data }))?.view(table))
}

fn score(has: [bool; 4]) -> String {
    format!("{} of {}", has.into_iter().filter(|has| *has).count(), has.len())
}

/// The text about an asset, and which of what is wanted it has.
fn look(asset: &Address) -> Result<(String, [bool; 4])> {
    let files = storage::files(asset).map(|file| Ok(file?.path)).collect::<Result<Vec<_>>>()?;
    let named = |words: &[&str]| files.iter().find(|file| words.iter().any(|w| file.to_lowercase().starts_with(w)));
    let read = |file| ObjectReader::text(&asset.with_path(file), 64 << 10);
    let about = named(&["readme", "about"]).map_or(Ok(String::new()), read)?;
    let licence = about.to_lowercase().contains("licen") || named(&["licen", "copying"]).is_some();
    let tags = !catalog::get(&asset.asset_id())?.tags.is_empty();
    let version = !refs::versions(&asset.project, &asset.asset)?.is_empty();
    Ok((about.clone(), [!about.is_empty(), licence, tags, version]))
}
