//! The family Notes: what the screen says by itself.

use crate::{buttons::pinning_one, found::Found, model::Model, pins::MOST, screen::Family};
use kamld_sdk::view::{self, Action, Icon, MenuItem, Section, Step, Tone, ValueType, do_, going};

pub fn kinds(model: &Model, found: &Found) -> Vec<Section> {
    vec![callout(), empty(found), steps(model, found), progress(found)]
}

fn callout() -> Section {
    let tone = |says: &str, tone| view::callout(says).tone(tone);
    let retry = MenuItem::new("Try again", do_("tell").with("text", "It would be tried again now")).icon(Icon::Retry);
    view::section("callout")
        .note("Something that the person should know before going on. Its tone says how much it matters.")
        .show(tone("Normal: this state of the dataset never changes.", Tone::Normal))
        .show(tone("Muted: nobody has changed it for a year.", Tone::Muted))
        .show(tone("Good: all files are committed.", Tone::Good))
        .show(tone("Warning: four files are not committed.", Tone::Warning))
        .show(
            tone("Bad: nothing was lost. This only shows how it looks.", Tone::Bad)
                .title("This did not work")
                .actions([retry]),
        )
}

fn empty(found: &Found) -> Section {
    let section = view::section("empty")
        .note("What to say where there is nothing yet, and the way on. Never leave a place blank.");
    let actions = [
        MenuItem::new("See what can be pinned", going(Family::Tables.target())).icon(Icon::Table),
        MenuItem::new("Pin a word", pinning_one()).icon(Icon::Star),
    ];
    match found.pinned.as_slice() {
        [] => section.show(
            view::empty("Nothing is pinned yet")
                .text("What you pin stays, and only you see it.")
                .icon(Icon::Star)
                .actions(actions),
        ),
        words => section.show(
            view::empty("A place where nothing was")
                .text(format!("Before you pinned {}, it said here how to begin.", words.join(", ")))
                .icon(Icon::Check)
                .actions(actions),
        ),
    }
}

fn steps(model: &Model, found: &Found) -> Section {
    let copy = Action::new().copy("kamld plugin new me/hello").done("The command is on the clipboard");
    let steps = [
        Step::new("Open the gallery").done(true),
        Step::new("Pin a word").text("It is kept for you alone.").done(!found.pinned.is_empty()).action(pinning_one()),
        Step::new("Count to three")
            .text(format!("You are at {}.", model.count))
            .done(model.count >= 3)
            .action(do_("count")),
        Step::new("Copy a command").text("It makes the folder of a plug-in of your own.").action(copy),
    ];
    view::section("steps").note("What to do one after the other, and what is done.").show(view::steps(steps))
}

fn progress(found: &Found) -> Section {
    view::section("progress")
        .note("How far something is. Long work of a plug-in is a task, which the page shows by itself.")
        .show(view::progress("Words pinned", found.pinned.len() as f64).total(MOST as f64).r#type(ValueType::Count))
        .show(
            view::text("Where nobody knows how much there is, it has no total. Nothing is at work here:")
                .tone(Tone::Muted),
        )
        .show(view::progress("An unknown amount", 0.0))
}
