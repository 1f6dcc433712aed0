//! Describes and draws objects of two media types, and has no commands.

wit_bindgen::generate!({
    path: ["../../wit/plugin", "../../wit/ui", "../../wit/metadata"],
    inline: "
        package kamld:programs-previews;
        world program {
            import kamld:ui/previews@0.1.0;
            export kamld:ui/preview@0.1.0;
            export kamld:metadata/describer@0.1.0;
        }
    ",
    world: "kamld:programs-previews/program",
    generate_all,
});

use exports::kamld::{metadata::describer, ui::preview};
use kamld::plugin::types::{Detail, Error, Node};

struct Program;

impl preview::Guest for Program {
    fn media_types() -> Vec<String> {
        vec!["text/csv".into(), "text/*".into()]
    }

    fn open(request: preview::Request) -> Result<Vec<Node>, Error> {
        match request.media_type.as_str() {
            // Draws itself in itself: the host must end it.
            "text/x-mirror" => kamld::ui::previews::open(&request.address, request.start, request.window),
            "text/x-broken" => Ok(vec![Node {
                id: "root".into(),
                kind: "text".into(),
                props: "not json".into(),
                children: Vec::new(),
            }]),
            _ => Ok(vec![Node {
                id: "root".into(),
                kind: "text".into(),
                props: format!("{{\"text\": \"{} of {}\"}}", request.window, request.media_type),
                children: Vec::new(),
            }]),
        }
    }
}

impl describer::Guest for Program {
    fn media_types() -> Vec<String> {
        vec!["text/csv".into()]
    }

    fn describe(request: describer::Request) -> Result<describer::Description, Error> {
        Err(Error::Invalid(Detail { message: format!("{} is empty", request.address), help: None, at: None }))
    }
}

export!(Program);
