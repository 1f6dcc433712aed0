//! The family Text: what is read.

use crate::{
    missions::{self, MISSIONS},
    model::Model,
    screen::Family,
};
use kamld_sdk::{
    format,
    storage::types::Asset,
    view::{self, Crumb, Fact, Icon, Item, MenuItem, Section, Size, Target, Tone, ValueType, at, do_, typed},
};
use serde_json::{Value, json};

pub fn kinds(model: &Model, found: &crate::found::Found) -> Vec<Section> {
    vec![
        heading(),
        text(),
        facts(),
        stat(&found.assets),
        link(found.dataset.as_deref()),
        breadcrumb(found.dataset.as_deref()),
        list(found.dataset.as_deref()),
        tags(&model.words),
        view::section("hint")
            .note("What to do next, with the command line that does it. It can be copied.")
            .show(view::hint("The same from a terminal:").command("kamld gallery count 'to be or not to be'"))
            .show(view::hint("A hint can also be words alone.")),
        markdown(found.dataset.as_deref()),
        code(),
        json_value(),
    ]
}

fn heading() -> Section {
    view::section("heading")
        .note(
            "The title of what follows. Level 1 is the title of the screen, which stands at the top of this one. \
            Where parts belong below a title, a section is better.",
        )
        .show(view::heading("Level 2").level(2))
        .show(view::heading("Level 3").level(3))
        .show(view::heading("Level 4").level(4))
}

fn text() -> Section {
    let tone = |says: &str, tone| view::text(says).tone(tone);
    view::section("text")
        .note("A sentence or a paragraph. Its tone says what it means for the person.")
        .show(tone("Normal: four files are in this folder.", Tone::Normal))
        .show(tone("Muted: what is less important.", Tone::Muted))
        .show(tone("Good: everything is committed.", Tone::Good))
        .show(tone("Warning: the disk is nearly full.", Tone::Warning))
        .show(tone("Bad: this did not work.", Tone::Bad))
        .show(view::text("Strong: this stands out.").strong(true))
        .show(
            view::row()
                .show(view::text("Bound to a value of the data: you pressed Count"))
                .show(view::text("0").bind("/count").strong(true))
                .show(view::text("times."))
                .show(view::button("Count", do_("count")).icon(Icon::Add)),
        )
}

fn facts() -> Section {
    let mission = &MISSIONS[5];
    view::section("facts")
        .note("A few labels with a value each, about one thing. More than ten are better a table.")
        .show(view::facts([
            Fact::new("Mission", mission.name),
            Fact::new("Crew on the Moon", mission.crew.join(" and ")),
            Fact::new("Brought back", format!("{} kg", mission.kilograms)),
            Fact::new("Memory of its computer", format::bytes(missions::MEMORY)),
        ]))
}

fn stat(assets: &[Asset]) -> Section {
    let (objects, bytes) =
        assets.iter().fold((0, 0), |(objects, bytes), asset| (objects + asset.objects, bytes + asset.size));
    let none = if assets.is_empty() { Tone::Warning } else { Tone::Normal };
    let stay = MISSIONS.iter().map(|mission| mission.stay).sum::<u64>();
    let grid = view::grid()
        .cell(Size::Small)
        .show(
            view::stat("Datasets and models", assets.len())
                .r#type(ValueType::Count)
                .tone(none)
                .note("that you may see"),
        )
        .show(view::stat("Objects", objects).r#type(ValueType::Count))
        .show(view::stat("Together", bytes).r#type(ValueType::Bytes))
        .show(view::stat("Time on the Moon", stay).r#type(ValueType::Duration).note("of all missions"))
        .show(view::stat("First landing", MISSIONS[0].name).tone(Tone::Good));
    view::section("stat").note("One number that matters. More than five side by side are a table.").show(grid)
}

fn link(dataset: Option<&str>) -> Section {
    let section = view::section("link")
        .note("Leads to another place of the page. Pressing a button changes something; following a link never does.")
        .show(view::link("All data", Target::new().area("data")).icon(Icon::Database).note("an area"))
        .show(view::link("Where you are", Family::Text.target()).icon(Icon::Text).current(true));
    match dataset {
        Some(dataset) => section
            .show(view::link(dataset, at(dataset)).icon(Icon::Asset).note("an address"))
            .show(view::link("Its history", at(dataset).tab("history")).icon(Icon::History).note("a tab of it")),
        None => section,
    }
}

fn breadcrumb(dataset: Option<&str>) -> Section {
    let crumbs = match dataset.and_then(|dataset| dataset.split_once('/')) {
        Some((project, name)) => vec![
            Crumb::new("All data").open(Target::new().area("data")),
            Crumb::new(project).open(at(project)),
            Crumb::new(name),
        ],
        None => vec![
            Crumb::new("Gallery").open(Target::new().with("section", Value::Null)),
            Crumb::new("Text").open(Family::Text.target()),
            Crumb::new("breadcrumb"),
        ],
    };
    view::section("breadcrumb")
        .note("The way to something inside, part by part. The way of the page itself is at its top already.")
        .show(view::breadcrumb(crumbs))
}

fn list(dataset: Option<&str>) -> Section {
    let tell = |says: String| do_("tell").with("text", says);
    let items = MISSIONS.iter().take(3).enumerate().map(|(place, mission)| {
        let name = mission.name;
        Item::new(name)
            .note(mission.crew.join(" and "))
            .end(format!("{} kg", mission.kilograms))
            .icon(Icon::Moon)
            .tags(if mission.walks > 1 { vec!["two walks"] } else { vec!["first"] })
            .open(Family::Tables.target().with("mission", name))
            .current(place == 0)
            .actions([
                MenuItem::new("Say how long", tell(format!("{name} stayed {} hours", mission.stay / 3_600_000)))
                    .icon(Icon::Info),
                MenuItem::new("Pin its number", pin(mission)).icon(Icon::Star).tone(Tone::Good),
            ])
    });
    let last = match dataset {
        Some(dataset) => Item::new(dataset).icon(Icon::Asset).open(at(dataset)),
        None => Item::new("An item can be a title alone"),
    };
    view::section("list")
        .note("Things one below the other, each a row with what can be done with it. What is compared is a table.")
        .show(view::list(items.chain([last])).label("Three missions"))
        .show(view::list([]).empty("This list has nothing in it, and says so."))
}

fn pin(mission: &missions::Mission) -> view::Action {
    let word = mission.name.to_lowercase().replace(' ', "-");
    crate::buttons::pinning(word)
}

fn tags(words: &[String]) -> Section {
    view::section("tags")
        .note("Words that describe something. With add and remove they are changed in place; a change is seen at once.")
        .show(
            view::tags(words.iter().map(String::as_str))
                .add(do_("add-word").with("word", typed()))
                .remove(do_("remove-word").with("word", typed())),
        )
        .show(view::text("These are kept as long as you look at the gallery.").tone(Tone::Muted))
        .show(view::tags(["only", "to", "read"]))
}

fn markdown(dataset: Option<&str>) -> Section {
    let text = "Text with **weight**, a list and a table, such as the description of a dataset:\n\n\
                * relative links start from its `base`\n* [x] tasks can be ticked off\n\n\
                | mission | kg |\n|---|---|\n| Apollo 11 | 21.5 |\n| Apollo 17 | 110.5 |\n\n";
    let section = view::section("markdown").note(
        "A text that a person wrote, drawn safely: no HTML, no scripts, pictures only from the dataset. What the \
        plug-in itself says is better made of parts.",
    );
    match dataset {
        Some(dataset) => {
            let text = format!("{text}[The text about {dataset}](about.md) lies beside it.");
            section.show(view::markdown(text).base(dataset))
        }
        None => section.show(view::markdown(text)),
    }
}

fn code() -> Section {
    let rust = "fn draw(_: &Place) -> Result<Screen> {\n    Ok(view::text(\"hello\").into())\n}\n";
    view::section("code")
        .note("A text in which each character has its place: a program, a log, a part of a file. It can be copied.")
        .show(view::code(rust).language("rust").first_line(41))
        .show(view::code("kamld plugin install sdk/examples/gallery").language("shell"))
}

fn json_value() -> Section {
    let value = json!({
        "name": "Apollo 11",
        "crew": MISSIONS[0].crew,
        "computer": { "bytes": missions::MEMORY, "programs": [{ "name": "Luminary", "version": 99 }] },
    });
    // Written by hand, since a number of this length is only kept by those who do not read it as one.
    let text = value.to_string().replace("\"version\":99", "\"version\":99,\"exact\":12345678901234567890");
    view::section("json")
        .note("A value of JSON that folds. Numbers stay as they are written.")
        .show(view::json(text).depth(2))
}
