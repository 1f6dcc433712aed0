//! The family Layout: how the parts of a screen stand to each other.

use crate::{icons, screen::Family};
use kamld_sdk::view::{self, Gap, Icon, Item, MenuItem, Node, Section, Side, Size, Tone, do_, going};

pub fn kinds() -> Vec<Section> {
    vec![
        stack(),
        row(),
        grid(),
        section(),
        card(),
        split(),
        tabs(),
        details(),
        view::section("divider")
            .note(
                "A line where two things have nothing to do with each other. A section is better where one has a name.",
            )
            .show(view::text("What is above."))
            .show(view::divider())
            .show(view::text("What is below.")),
        when(),
    ]
}

fn stack() -> Section {
    let of = |gap, says: &str| {
        let inner = view::stack().gap(gap).show(view::text(says).strong(true));
        inner.show(view::text("The second part.")).show(view::text("The third part."))
    };
    let all = view::grid().cell(Size::Small);
    view::section("stack").note("Parts one below the other. A screen is a stack unless it says otherwise.").show(
        all.show(of(Gap::None, "Gap none"))
            .show(of(Gap::Small, "Gap small"))
            .show(of(Gap::Medium, "Gap medium"))
            .show(of(Gap::Large, "Gap large")),
    )
}

fn row() -> Section {
    let press = |says: &str| view::button(says, do_("count")).icon(Icon::Add);
    view::section("row")
        .note("Small parts beside each other, such as buttons. They wrap where there is no room.")
        .show(view::row().gap(Gap::Small).show(press("One")).show(press("Two")).show(press("Three")))
        .show(view::text("With spread, the last one goes to the far end:"))
        .show(view::row().spread(true).show(view::text("A name").strong(true)).show(press("Do something with it")))
}

fn grid() -> Section {
    let of = |cell, says: &str| {
        let one = |number: u32| view::card().show(view::text(format!("{says} {number}")));
        (1..=3).fold(view::grid().cell(cell), |grid, number| grid.show(one(number)))
    };
    view::section("grid")
        .note("Parts of the same kind in as many columns as fit, such as cards.")
        .show(of(Size::Small, "Small cell"))
        .show(of(Size::Medium, "Medium cell"))
        .show(of(Size::Large, "Large cell"))
}

fn section() -> Section {
    let inner = view::section("A part of a screen")
        .note("One sentence under the title.")
        .actions([MenuItem::new("Count", do_("count")).icon(Icon::Add)])
        .show(view::text("What it holds. A section inside a section has a smaller title."));
    view::section("section")
        .note("A part of a screen with a title of its own, and what can be done with it beside the title.")
        .show(inner)
}

fn card() -> Section {
    let chosen = view::card()
        .title("Tables")
        .action(going(Family::Tables.target()))
        .show(view::text("The whole card can be chosen: it leads to the family Tables.").tone(Tone::Muted));
    let plain = view::card().title("Only set apart").show(view::text("A card without an action is a frame."));
    view::section("card")
        .note("Things that belong together, set apart from the rest. Good for a few things of equal weight.")
        .show(view::grid().cell(Size::Medium).show(chosen).show(plain))
}

fn split() -> Section {
    let narrow = || view::card().show(view::text("The narrow one, such as what narrows a list."));
    let wide =
        || view::card().show(view::text("The wide one, such as the list. Where there is no room it stands below."));
    view::section("split")
        .note("Two parts, one of them narrow.")
        .show(view::split().side(Side::Start).show(narrow()).show(wide()))
        .show(view::split().side(Side::End).show(wide()).show(narrow()))
}

fn tabs() -> Section {
    let tabs = view::tabs()
        .bind("/part")
        .show(view::tab("files", "Files").icon(Icon::File).show(view::text("What lies in the first tab.")))
        .show(view::tab("history", "History").icon(Icon::History).show(view::text("What lies in the second tab.")))
        .show(view::tab("rights", "Rights").show(view::text("What lies in the third tab, which has no icon.")));
    view::section("tabs, tab")
        .note(
            "Parts of which one is seen at a time. What has a link of its own is a param of the screen instead, as \
            the families above.",
        )
        .show(tabs)
        .show(
            view::row().show(view::text("The name of the chosen tab in the data:")).show(view::text("").bind("/part")),
        )
}

fn details() -> Section {
    let icons = icons::ALL.into_iter().map(|icon| {
        let item = Item::new(icons::name(icon)).icon(icon);
        Node::from(view::list([item])).named(&icons::name(icon))
    });
    let grid = Node::from(view::grid().cell(Size::Small)).with(icons);
    view::section("details")
        .note("What only a few people want to see, hidden until they ask for it.")
        .show(view::details("Open from the start").open(true).show(view::text("It can be closed.")))
        .show(view::details(format!("All {} icons", icons::ALL.len())).show(grid))
}

fn when() -> Section {
    view::section("when")
        .note("Parts that are there while a value of the data is so. Nothing is asked of the plug-in meanwhile.")
        .show(view::switch("Show more", "/shown"))
        .show(view::when("/shown").show(view::text("This is there while it is on.")))
        .show(view::when("/shown").is(false).show(view::text("This is there while it is off.").tone(Tone::Muted)))
}
