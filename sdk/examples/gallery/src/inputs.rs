//! The family Inputs: what a person types and chooses. What is pressed is in `buttons`.

use crate::{
    buttons::{self, pinning},
    found::Found,
    missions::MISSIONS,
    model::Model,
    screen::{Family, again},
};
use kamld_sdk::view::{self, Choice, Gap, Icon, Section, Shape, TextProblem, Validation, data_at, do_, typed};

pub fn kinds(model: &Model, found: &Found) -> Vec<Section> {
    let mut all = vec![
        form(),
        input(),
        area(),
        number(),
        select(),
        radio(),
        combobox(),
        checkbox(),
        switch(),
        date(),
        range(),
        editor(&model.text),
    ];
    all.extend(buttons::kinds(model, found));
    all
}

fn form() -> Section {
    let check = Validation::new().required(true).pattern(Shape::Tag);
    let word = view::input("Word", "/word").help("A word of letters, digits and -.").check(check);
    let pin = pinning(data_at("/word")).then(Family::Tables.target());
    view::section("form")
        .note(
            "Inputs that are sent together. All of them are checked first, and the first that is wrong gets the focus.",
        )
        .show(view::form(pin, "Pin it").show(word))
}

fn input() -> Section {
    let name = Validation::new().pattern(Shape::Name).max_length(40);
    view::section("input")
        .note("A line of text. It can be checked for being a name, a path or a tag.")
        .show(
            view::input("Name", "/name")
                .placeholder("such as bird-strikes")
                .help("Lower case, words joined by -.")
                .check(name),
        )
        .show(view::input("Path", "/path").check(Validation::new().pattern(Shape::Path)))
}

fn area() -> Section {
    view::section("area").note("Text of many lines, such as a description.").show(
        view::area("About", "/about").rows(3).help("At most 200 letters.").check(Validation::new().max_length(200)),
    )
}

fn number() -> Section {
    view::section("number").note("A number that is known exactly.").show(
        view::number("Weight", "/kilograms")
            .unit("kg")
            .help("From 0 to 500.")
            .check(Validation::new().minimum(0.0).maximum(500.0)),
    )
}

fn formats() -> [Choice; 3] {
    [
        Choice::new("csv", "CSV").note("comma separated"),
        Choice::new("parquet", "Parquet").note("columns, packed"),
        Choice::new("json", "JSON Lines"),
    ]
}

fn select() -> Section {
    view::section("select").note("One out of a few that everybody knows.").show(
        view::select("Format", "/format", formats())
            .help("The plug-in is told when it changes.")
            .check(Validation::new().required(true))
            .change(do_("chose").with("what", typed())),
    )
}

fn radio() -> Section {
    let kinds = [
        Choice::new("dataset", "Dataset").note("files and tables"),
        Choice::new("model", "Model").note("what was learned from them"),
    ];
    view::section("radio").note("One out of a few, all of them to be seen, where each needs a few words.").show(
        view::radio("Kind", "/kind", kinds)
            .help("Arrow keys move between them.")
            .check(Validation::new().required(true)),
    )
}

fn combobox() -> Section {
    let missions = MISSIONS.iter().map(|mission| Choice::new(mission.name, mission.name).note(mission.crew[0]));
    view::section("combobox").note("One out of many, found by typing. With free, anything else may be typed too.").show(
        view::combobox("Mission", "/mission", missions)
            .free(true)
            .help("One of the list, or your own.")
            .check(Validation::new().max_length(40)),
    )
}

fn checkbox() -> Section {
    view::section("checkbox").note("Yes or no, sent with the rest of a form.").show(
        view::checkbox("I have read it", "/agreed")
            .help("A form with this is not sent before it is ticked.")
            .check(Validation::new().required(true)),
    )
}

fn switch() -> Section {
    view::section("switch").note("On or off, at once.").show(
        view::switch("Live", "/live").help("The plug-in is told at once.").change(do_("live").with("on", typed())),
    )
}

fn date() -> Section {
    view::section("date")
        .note("A day.")
        .show(view::date("Day", "/day").help("As your language writes it.").check(Validation::new().required(true)))
}

fn range() -> Section {
    view::section("range")
        .note("A number between two others, where about is enough.")
        .show(view::range("Part for training", "/share", 0.0, 1.0).step(0.05).help("The rest is for tests."))
}

fn editor(text: &str) -> Section {
    let editor = view::editor("Document", "/text")
        .language("json")
        .rows(6)
        .help("Names of members are offered while you type.")
        .check(Validation::new().required(true))
        .complete("complete");
    let editor = match problem(text) {
        Some(problem) => editor.problem(problem),
        None => editor,
    };
    view::section("editor")
        .note("A text in some language, with its colours. What is wrong in it is marked at its place.")
        .show(editor)
        .show(view::row().gap(Gap::Small).show(view::button("Check it", again()).icon(Icon::Check)))
}

/// What is wrong in a text of JSON, where a reader of JSON says it is.
pub fn problem(text: &str) -> Option<TextProblem> {
    let error = serde_json::from_str::<serde_json::Value>(text).err()?;
    // A text that ends too early is wrong at its end, which may be before its first letter.
    let (line, column) = (error.line().max(1) as u64, error.column().max(1) as u64);
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or(&message);
    Some(TextProblem::new(line, column, message))
}
