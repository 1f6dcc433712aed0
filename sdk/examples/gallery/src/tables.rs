//! The family Tables: rows under columns, in each of the ways in which a table gets them.
//!
//! Must not live here: what was found and what happened (`records`); the rows of the large table (`numbers`).

use crate::{
    buttons::{pinning, pinning_one, unpinning},
    found::{Found, QUERY},
    missions::{MEMORY, MISSIONS, named},
    model::Model,
    numbers, records,
    screen::{Family, SHOWN, again, missing, name},
};
use kamld_sdk::{
    Place, format, row,
    storage::types::AssetKind,
    view::{
        self, Action, Align, Choice, Column, Fact, Held, Icon, MenuItem, Node, RowColumn, Rows, Section, SelectMode,
        Size, Source, Table, Tone, ValueType, at, cell_of, do_, run, selected, typed,
    },
};
use serde_json::{Value, json};

/// Rows of datasets and objects that are shown.
const MOST: usize = 50;
/// The title of the section with the table that may be empty, and what its table and the part of it are called.
const EMPTY: (&str, &str, &str) = ("table with an empty view", "pinned", "none");

pub fn kinds(place: &Place, model: &Model, found: &Found) -> Vec<Section> {
    let mut all = vec![
        missions(place),
        types(),
        many(model),
        pinned(&found.pinned),
        assets(found),
        objects(found),
        of_an_object(found),
        rows(found),
    ];
    all.extend(records::kinds(place, found));
    all
}

/// A table whose rows are in the view itself.
fn missions(place: &Place) -> Section {
    let mut rows = Rows::new([
        Column::new("mission", "Mission").r#type(ValueType::Text).open(true).sortable(true).width(Size::Medium),
        Column::new("landed", "Landed").r#type(ValueType::Time).sortable(true),
        Column::new("stay", "On the Moon").r#type(ValueType::Duration).sortable(true),
        Column::new("walks", "Walks").r#type(ValueType::Count).sortable(true),
        Column::new("kilograms", "Brought back, kg").r#type(ValueType::Number).align(Align::End).sortable(true),
    ])
    .empty("Nobody has landed there yet.");
    for mission in &MISSIONS {
        rows.push(row![mission.name, mission.landed, mission.stay, mission.walks, mission.kilograms]);
        rows.also("word", mission.name.to_lowercase().replace(' ', "-"));
        let times = format::counted(mission.walks, "time", "times");
        rows.also("says", format!("{} walked there {times}", mission.crew.join(" and ")));
        rows.lead(Family::Tables.target().with("mission", mission.name));
    }
    let table = Table::from(rows)
        .label("Landings on the Moon")
        .key("mission")
        .select(SelectMode::Many)
        .bind("/chosen")
        .filter("Narrow down")
        .row_actions([
            MenuItem::new("Who was it?", do_("tell").with("text", cell_of("says"))).icon(Icon::User),
            MenuItem::new("Pin it", pinning(cell_of("word"))).icon(Icon::Star),
        ])
        .actions([MenuItem::new("Copy names", do_("copy").with("lines", selected("mission"))).icon(Icon::Copy)]);
    let section = view::section("table")
        .note(
            "Rows that are compared. Up to 200 can be in the view itself; they are sorted and narrowed without \
            asking the plug-in. Where there is little room each row is a card.",
        )
        .show(Node::from(table).named("missions"));
    match place.param("mission").and_then(named) {
        Some(mission) => section.show(view::facts([
            Fact::new("You opened", mission.name),
            Fact::new("Crew on the Moon", mission.crew.join(" and ")),
        ])),
        None => section,
    }
}

/// What the other types of a column look like.
fn types() -> Section {
    let mut rows = Rows::new([
        Column::new("mission", "Mission").width(Size::Small),
        Column::new("crew", "On the Moon").r#type(ValueType::Tags),
        Column::new("rover", "With a car").r#type(ValueType::Boolean),
        Column::new("memory", "Memory").r#type(ValueType::Bytes),
        Column::new("program", "Program of the landing").r#type(ValueType::Path).width(Size::Large),
    ]);
    for mission in &MISSIONS[1..4] {
        rows.push(row![mission.name, mission.crew, mission.rover, MEMORY, mission.program]);
    }
    view::section("table with other types")
        .note(
            "The type of a column says how its values are drawn: tags, yes and no, bytes, a path that is shortened \
            in its middle.",
        )
        .show(Table::from(rows).label("More about three landings"))
}

/// A table of which the page fetches what is seen.
fn many(model: &Model) -> Section {
    let columns = [
        // A number that is a name stands at the start, where names stand.
        Column::new("number", "Number").r#type(ValueType::Count).align(Align::Start).sortable(true),
        Column::new("square", "Square").r#type(ValueType::Count).sortable(true),
        Column::new("prime", "Prime").r#type(ValueType::Boolean).sortable(true),
        Column::new("factors", "Factors").r#type(ValueType::Tags),
    ];
    let table = view::table()
        .columns(columns)
        .source(Source::new().rows(format!("{}{}", numbers::SOURCE, model.most)))
        .label("Numbers")
        .key("number")
        .select(SelectMode::Many)
        .bind("/numbers")
        .filter("Digits, prime or even")
        .empty("There are no numbers up to this one.")
        .row_actions([
            MenuItem::new("Why is it no prime?", do_("tell").with("text", cell_of("why"))).icon(Icon::Help),
            MenuItem::new("Copy its square", do_("copy").with("lines", cell_of("square"))).icon(Icon::Copy),
        ])
        .actions([MenuItem::new("Add them up", do_("sum").with("numbers", selected("number"))).icon(Icon::Add)]);
    let most = [("0", "none"), ("1000", "1,000"), ("10000", "10,000")].map(|(value, says)| Choice::new(value, says));
    let other = Action::new().put("/most", typed()).reopen(true);
    view::section("table with a source")
        .note(
            "Rows that the plug-in makes when they are seen, put in order and narrowed by the plug-in. The table \
            is as long as it has rows; only what is seen is fetched.",
        )
        .show(view::select("How many numbers", "/most", most).change(other))
        .show(Node::from(table).named("numbers"))
}

/// A table with a whole view for when there is nothing in it.
fn pinned(words: &[String]) -> Section {
    let (title, table, none) = EMPTY;
    let mut rows = Rows::new([Column::new("word", "Word")]);
    for word in words {
        rows.push(row![word]);
    }
    let clear = run("gallery clear").confirm("The words that you pinned are gone for good.");
    let empty = view::empty("Nothing is pinned yet")
        .text("What you pin stays, and only you see it.")
        .icon(Icon::Star)
        .actions([MenuItem::new("Pin a word", pinning_one()).icon(Icon::Add)]);
    let shown = Table::from(rows)
        .label("Words that you pinned")
        .key("word")
        .row_actions([MenuItem::new("Unpin", unpinning(cell_of("word"))).icon(Icon::Delete).tone(Tone::Bad)])
        .empty_view(format!("{SHOWN}.{}.{table}.{none}", name(title)))
        .show(Node::from(empty).named(none));
    view::section(title)
        .note("Rows that may be missing, and the way to the first one.")
        .actions([
            MenuItem::new("Pin one more", pinning_one()).icon(Icon::Add),
            MenuItem::new("Take all away", clear).icon(Icon::Delete).tone(Tone::Bad),
        ])
        .show(Node::from(shown).named(table))
}

/// Rows that are assets: other plug-ins add columns and commands to them.
fn assets(found: &Found) -> Section {
    let section = view::section("table that holds assets").note(
        "Rows that stand for datasets and models. Plug-ins that know something about those add columns and \
        commands, and none of them knows this table.",
    );
    if found.assets.is_empty() {
        return section.show(missing("dataset"));
    }
    let mut rows = Rows::new([
        Column::new("name", "Name").open(true).sortable(true),
        Column::new("objects", "Objects").r#type(ValueType::Count).sortable(true),
        Column::new("size", "Size").r#type(ValueType::Bytes).sortable(true),
        Column::new("modified", "Modified").r#type(ValueType::Time).sortable(true),
    ]);
    for asset in found.assets.iter().take(MOST) {
        let address = format!("{}/{}", asset.project, asset.name);
        rows.push(row![address, asset.objects, asset.size, asset.modified]);
        rows.also("address", address.as_str());
        rows.also("$is", if asset.kind == AssetKind::Dataset { "dataset" } else { "model" });
        rows.lead(at(address));
    }
    let table = Table::from(rows)
        .label("Datasets and models")
        .key("address")
        .select(SelectMode::One)
        .bind("/asset")
        .holds(Held::Assets);
    section.show(Node::from(table).named("assets"))
}

fn objects(found: &Found) -> Section {
    let section = view::section("table that holds objects").note("The same for rows that stand for objects.");
    if found.objects.is_empty() {
        return section.show(missing("object"));
    }
    let mut rows = Rows::new([
        Column::new("path", "Path").r#type(ValueType::Path).open(true),
        Column::new("size", "Size").r#type(ValueType::Bytes),
        Column::new("type", "Media type"),
    ]);
    for (address, object) in found.objects.iter().take(MOST) {
        rows.push(row![object.path, object.size, object.media_type]);
        rows.also("address", address.to_string());
        rows.also("$is", object.media_type.as_str());
        rows.lead(at(address.to_string()));
    }
    let table = Table::from(rows).label("Objects").key("address").select(SelectMode::None).holds(Held::Objects);
    section.show(Node::from(table).named("objects"))
}

/// A table that the page reads from an object by itself.
fn of_an_object(found: &Found) -> Section {
    let section = view::section("table of an object").note(
        "A table object, read by the page a part at a time. Nothing of it passes through the plug-in; the \
        columns are those of the object.",
    );
    let Some((address, _)) = found.table() else { return section.show(missing("table")) };
    let table = view::table()
        .source(Source::new().object(address.to_string()))
        .label(address.to_string())
        .statistics(true)
        .filter("Narrow down");
    section.show(Node::from(table).named("object"))
}

/// The rows of a query, in the two ways in which they can be shown.
fn rows(found: &Found) -> Section {
    let section = view::section("rows")
        .note(
            "The rows of a query, with what it took, a chart where that makes sense, and to be saved. The plug-in \
            hands the query over and sees no row.",
        )
        .show(view::code(QUERY).language("sql"));
    let Some(query) = &found.query else {
        let retry = MenuItem::new("Try again", again()).icon(Icon::Retry);
        return section.show(view::empty("The query did not run").icon(Icon::Query).actions([retry]));
    };
    let columns = query.columns.iter().map(|column| RowColumn::new(&column.name, &column.r#type));
    let rows = view::rows(&query.result, columns).text("Hours of daylight in Oslo and Lisbon").chart(true);
    let named = [("month_number", "Month"), ("oslo", "Oslo"), ("lisbon", "Lisbon")];
    let table = view::table()
        .columns(named.map(|(key, label)| Column::new(key, label).r#type(ValueType::Number)))
        .source(Source::new().result(&query.result))
        .label("The same result in a table of its own");
    // A result is given up when nobody asks for it for a while; without one the query runs when it is drawn.
    let run = Action::new().put("/result", "").put("/columns", json!([])).reopen(true);
    section
        .show(Node::from(rows).named("rows"))
        .show(view::details("The same result in a table of its own").show(table))
        .show(view::button("Run it again", run).icon(Icon::Refresh))
}

/// Takes a parameter of the link away again.
pub fn without(name: &str) -> view::Target {
    Family::Tables.target().with(name, Value::Null)
}
