//! The buttons of the family Inputs, and the actions that other families share.
//!
//! An action does exactly one of seven things: `run` a command, `open` a place, `act` in the plug-in itself, `set`
//! values of the data, `upload`, `download` or `copy`.

use crate::{
    found::Found,
    model::Model,
    screen::{Family, missing},
};
use kamld_sdk::view::{self, Action, Gap, Icon, MenuItem, Section, Tone, Undo, Weight, at, do_, going, run};
use serde_json::{Map, Value};

pub fn kinds(model: &Model, found: &Found) -> Vec<Section> {
    vec![button(model, found), menu(found), command(), drop(found)]
}

/// Pins a word, which can be taken back.
pub fn pinning(word: impl Into<Value>) -> Action {
    run("gallery pin")
        .with("word", word)
        .done("{word} is pinned")
        .taken_back_by(run("gallery unpin").with("word", "{word}"))
}

/// The same for a word that the person is asked for, in a form that the page makes of the command's declaration.
pub fn pinning_one() -> Action {
    run("gallery pin").ask(["word"]).done("{word} is pinned").taken_back_by(run("gallery unpin").with("word", "{word}"))
}

/// The other way round.
pub fn unpinning(word: impl Into<Value>) -> Action {
    run("gallery unpin")
        .with("word", word)
        .done("{word} is pinned no longer")
        .taken_back_by(run("gallery pin").with("word", "{word}"))
}

/// Puts an address on the clipboard.
pub fn copying(address: &str) -> MenuItem {
    MenuItem::new("Copy its address", Action::new().copy(address).done("The address is on the clipboard"))
        .icon(Icon::Copy)
}

/// What takes an upload back; the page knows what arrived.
pub fn unloaded() -> Undo {
    run("rm").with("address", "{addresses}").into()
}

fn button(model: &Model, found: &Found) -> Section {
    let weights = view::row()
        .gap(Gap::Small)
        .show(view::button("Primary", do_("count")).weight(Weight::Primary))
        .show(view::button("Normal", do_("count")).weight(Weight::Normal))
        .show(view::button("Quiet", do_("count")).weight(Weight::Quiet))
        .show(
            view::button("Danger", run("gallery clear").confirm("The words that you pinned are gone for good."))
                .weight(Weight::Danger),
        );
    let ask = pinning_one().then(Family::Tables.target());
    let reset = Model::default();
    let set =
        Action::new().put("/kilograms", reset.kilograms).put("/share", reset.share).put("/mission", reset.mission);
    let again = Action::new().put("/text", reset.text).reopen(true);
    let forget = do_("forget").confirm(format!("The count of {} is gone for good.", model.count));
    let actions = view::row()
        .gap(Gap::Small)
        .show(view::button("Count", do_("count")).icon(Icon::Add).help("Asks the plug-in itself"))
        .show(view::button("Forget the count", forget).icon(Icon::Delete).help("Asks first, then the plug-in itself"))
        .show(view::button("Pin a word", ask).icon(Icon::Star).help("Runs a command, which asks for the word"))
        .show(view::button("Put numbers back", set).icon(Icon::Undo).help("Sets values of the data, and asks nobody"))
        .show(
            view::button("Put the text back", again)
                .icon(Icon::Refresh)
                .help("Sets a value and draws the screen again"),
        )
        .show(
            view::button("To the tables", going(Family::Tables.target()))
                .icon(Icon::Table)
                .help("Goes to another place"),
        )
        .show(
            view::button("Copy a greeting", Action::new().copy("hello").done("hello is on the clipboard"))
                .icon(Icon::Copy),
        );
    let section = view::section("button")
        .note("Does something. What matters most is primary, at most one a screen; what destroys is danger.")
        .show(weights)
        .show(actions);
    let Some(dataset) = &found.dataset else { return section };
    let upload = Action::new().upload(dataset).undo(unloaded());
    let upload = view::button("Upload", upload).icon(Icon::Upload).help(format!("Sends files to {dataset}"));
    let open = view::button("Its files", going(at(dataset))).icon(Icon::Folder);
    section.show(view::row().gap(Gap::Small).show(upload).show(open))
}

fn menu(found: &Found) -> Section {
    let first = found.dataset.iter().map(|dataset| copying(dataset));
    let items = first.chain([
        MenuItem::new("Count", do_("count")).icon(Icon::Add),
        MenuItem::new("Forget the count", do_("forget")).icon(Icon::Delete).tone(Tone::Bad),
    ]);
    view::section("menu")
        .note("What is needed now and then, behind one button. What is needed always stays in sight.")
        .show(view::menu("More", items).icon(Icon::More))
}

fn command() -> Section {
    let given = Map::from_iter([("what".to_owned(), Value::from("letters"))]);
    view::section("command")
        .note("The form of a command, made of its declaration. What is given already is not asked for.")
        .show(view::text("Counts letters:"))
        .show(view::command(["gallery", "count"]).arguments(given))
}

fn drop(found: &Found) -> Section {
    let section =
        view::section("drop").note("A place where files can be dropped, where a dataset is empty or waits for more.");
    match &found.dataset {
        Some(dataset) => {
            section.show(view::drop(dataset, format!("Drop files here: they go to {dataset}.")).undo(unloaded()))
        }
        None => section.show(missing("dataset")),
    }
}
