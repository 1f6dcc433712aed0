//! Adds columns and a command to the lists of others; one column fills its cells, the others break the contract.

wit_bindgen::generate!({
    path: ["../../wit/plugin", "../../wit/ui"],
    inline: "
        package kamld:programs-surfaces;
        world program {
            export kamld:ui/surface@0.1.0;
            export kamld:plugin/commands@0.1.0;
        }
    ",
    world: "kamld:programs-surfaces/program",
    generate_all,
});

use exports::kamld::{plugin::commands, ui::surface};
use kamld::plugin::types::{Detail, Error};

struct Program;

impl surface::Guest for Program {
    fn offers() -> Vec<surface::Offer> {
        let offer = |name: &str, slot: &str, cells: &str| surface::Offer {
            name: name.into(),
            slot: slot.into(),
            title: name.into(),
            icon: String::new(),
            order: 1,
            fits: Vec::new(),
            cells: cells.into(),
        };
        vec![
            offer("letters", "asset-column", "count"),
            offer("few", "asset-column", ""),
            offer("words", "object-column", ""),
            offer("much", "object-column", ""),
            offer("refuses", "object-column", ""),
            offer("docs-check", "asset-action", ""),
            offer("later", "hologram", ""),
        ]
    }

    fn open(_: surface::Place, _: String) -> Result<surface::View, Error> {
        Err(Error::NotFound(Detail { message: "nothing of this is drawn".into(), help: None, at: None }))
    }

    fn action(_: surface::Place, _: String, _: String, _: String) -> Result<surface::Reaction, Error> {
        Err(Error::NotFound(Detail { message: "it has no actions".into(), help: None, at: None }))
    }

    fn rows(_: surface::Place, _: String, _: surface::Window, _: String) -> Result<surface::RowPage, Error> {
        Err(Error::NotFound(Detail { message: "it has no rows".into(), help: None, at: None }))
    }

    fn cells(place: surface::Place, addresses: Vec<String>) -> Result<Vec<String>, Error> {
        match place.surface.as_str() {
            "letters" => {
                Ok(addresses.iter().map(|address| (place.address.len() + address.len()).to_string()).collect())
            }
            "few" => Ok(Vec::new()),
            "words" => Ok(addresses.iter().map(|address| format!("no {address}")).collect()),
            "much" => Ok(addresses.iter().map(|_| format!("{:?}", "x".repeat(300 << 10))).collect()),
            _ => Err(Error::Denied(Detail { message: "not for you".into(), help: None, at: None })),
        }
    }
}

impl commands::Guest for Program {
    fn describe() -> Vec<commands::Command> {
        vec![commands::Command {
            name: vec!["docs".into(), "check".into()],
            summary: "looks".into(),
            about: String::new(),
            arguments: vec![commands::Argument {
                name: "asset".into(),
                help: "which".into(),
                type_: commands::ArgumentType::Asset,
                place: commands::ArgumentPlace::Positional,
                short: None,
                required: true,
                repeated: true,
                choices: Vec::new(),
                default: None,
            }],
            effect: commands::Effect::Read,
            examples: Vec::new(),
            output: "{}".into(),
        }]
    }

    fn run(_: Vec<String>, arguments: String) -> Result<commands::Outcome, Error> {
        Ok(commands::Outcome { data: arguments, view: Vec::new() })
    }
}

export!(Program);
