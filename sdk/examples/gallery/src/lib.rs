//! Every kind of part that a screen can be made of, each beside a sentence on when it is the right one.
//!
//! Reading order: `screen` (what is around the parts), the six families (`layout`, `text`, `tables` with `records`,
//! `content`, `inputs` with `buttons`, `notes`), `acting` (what the plug-in itself answers), `pins` (commands, and what
//! they keep), `found` (everything that is asked of the host), `model` (what the page keeps). Must not live here:
//! nodes. Invariant: only the typed builders of the SDK are used, so that what is shown here is what an author can write.

mod acting;
mod buttons;
mod content;
mod count;
mod found;
mod icons;
mod inputs;
mod layout;
mod missions;
mod model;
mod notes;
mod numbers;
mod pins;
mod records;
mod screen;
mod tables;
mod text;

#[cfg(test)]
mod tests;

use kamld_sdk::{
    Arg, Command, Commands, Effect, HasCommands, HasSurfaces, Offer, Place, Result, RowPage, Slot, Surfaces, Window,
    schema, view::Icon,
};

struct Plugin;

kamld_sdk::plugin! { commands: Plugin, surface: Plugin }

impl HasSurfaces for Plugin {
    fn surfaces() -> Surfaces {
        Surfaces::new()
            .on(Offer::new("gallery", Slot::Settings, "Gallery").icon(Icon::Star).order(200), screen::draw)
            .actions(acting::act)
            .rows(rows)
    }
}

fn rows(_: &Place, name: &str, window: &Window) -> Result<RowPage> {
    numbers::page(name, window)
}

impl HasCommands for Plugin {
    fn commands() -> Commands {
        let word = || Arg::positional("word").required().help("a word of letters, digits, '-', '_', '.' and ':'");
        Commands::new()
            .on(
                Command::new(["gallery", "count"])
                    .summary("Count the letters, words or lines of a text")
                    .arg(Arg::positional("text").required().help("any text"))
                    .arg(Arg::option("what").choices(count::WHAT).default("words").help("what is counted"))
                    .example("gallery count 'to be or not to be'", "6 words")
                    .output(count::schema()),
                count::count,
            )
            .on(
                Command::new(["gallery", "pin"])
                    .summary("Pin a word to the gallery")
                    .about("What you pin is yours: nobody else sees it. At most 20 words.")
                    .arg(word())
                    .effect(Effect::Write)
                    .example("gallery pin wind", "the word is in the tables of the gallery")
                    .output(pins::schema()),
                pins::pin,
            )
            .on(
                Command::new(["gallery", "unpin"])
                    .summary("Take a pinned word from the gallery")
                    .arg(word())
                    .effect(Effect::Write)
                    .example("gallery unpin wind", "the word is gone from the gallery")
                    .output(pins::schema()),
                pins::unpin,
            )
            .on(
                Command::new(["gallery", "clear"])
                    .summary("Take all pinned words from the gallery")
                    .effect(Effect::Destroy)
                    .example("gallery clear", "nothing is pinned any more")
                    .output(schema::object([("cleared", schema::integer().says("words"))])),
                pins::clear,
            )
    }
}
