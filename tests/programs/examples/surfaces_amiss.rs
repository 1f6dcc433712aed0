//! Offers a command for rows that it does not have.

wit_bindgen::generate!({
    path: ["../../wit/plugin", "../../wit/ui"],
    inline: "
        package kamld:programs-surfaces;
        world program {
            export kamld:ui/surface@0.1.0;
        }
    ",
    world: "kamld:programs-surfaces/program",
    generate_all,
});

use exports::kamld::ui::surface;
use kamld::plugin::types::{Detail, Error};

struct Program;

fn nothing<T>() -> Result<T, Error> {
    Err(Error::NotFound(Detail { message: "there is nothing".into(), help: None, at: None }))
}

impl surface::Guest for Program {
    fn offers() -> Vec<surface::Offer> {
        vec![surface::Offer {
            name: "docs-check".into(),
            slot: "asset-action".into(),
            title: "Check".into(),
            icon: String::new(),
            order: 1,
            fits: Vec::new(),
            cells: String::new(),
        }]
    }

    fn open(_: surface::Place, _: String) -> Result<surface::View, Error> {
        nothing()
    }

    fn action(_: surface::Place, _: String, _: String, _: String) -> Result<surface::Reaction, Error> {
        nothing()
    }

    fn rows(_: surface::Place, _: String, _: surface::Window, _: String) -> Result<surface::RowPage, Error> {
        nothing()
    }

    fn cells(_: surface::Place, _: Vec<String>) -> Result<Vec<String>, Error> {
        nothing()
    }
}

export!(Program);
