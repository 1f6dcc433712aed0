//! Describes and draws text, or says so: it panics at either.

wit_bindgen::generate!({
    path: ["../../wit/plugin", "../../wit/ui", "../../wit/metadata"],
    inline: "
        package kamld:programs-describes;
        world program {
            export kamld:ui/preview@0.1.0;
            export kamld:metadata/describer@0.1.0;
        }
    ",
    world: "kamld:programs-describes/program",
    generate_all,
});

use exports::kamld::{metadata::describer, ui::preview};
use kamld::plugin::types::{Error, Node};

struct Program;

impl preview::Guest for Program {
    fn media_types() -> Vec<String> {
        vec!["text/csv".into()]
    }

    fn open(_: preview::Request) -> Result<Vec<Node>, Error> {
        panic!("it cannot draw");
    }
}

impl describer::Guest for Program {
    fn media_types() -> Vec<String> {
        vec!["text/csv".into()]
    }

    fn describe(_: describer::Request) -> Result<describer::Description, Error> {
        panic!("it cannot describe");
    }
}

export!(Program);
