//! What the guest programs in `examples/` share: the bindings, and one macro that makes a function a component.
//!
//! Lives here: nothing but that. A program is one file in `examples/`, named `SUITE_BEHAVIOUR` after the test
//! suite of the host that claims it; a program that no suite claims fails that suite's own count.
//! Invariant: programs use the bare contract, never the SDK: they do what no SDK would.

// Several checkouts may share one target folder, and the macro names these files by the absolute path of the checkout
// that was built last. Named from here too, a change of the contract is seen in each of them.
const _: [&str; 4] = [
    include_str!("../../../wit/plugin/plugin.wit"),
    include_str!("../../../wit/storage/storage.wit"),
    include_str!("../../../wit/metadata/metadata.wit"),
    include_str!("../../../wit/ui/ui.wit"),
];

wit_bindgen::generate!({
    path: ["../../wit/plugin", "../../wit/ui", "../../wit/storage", "../../wit/metadata"],
    inline: "
        package kamld:programs;
        world program {
            import kamld:plugin/context@0.1.0;
            import kamld:plugin/features@0.1.0;
            import kamld:plugin/tasks@0.1.0;
            import kamld:ui/previews@0.1.0;
            import kamld:storage/objects@0.1.2;
            import kamld:metadata/kv@0.1.0;
            import wasi:random/random@0.2.0;
            export kamld:plugin/commands@0.1.0;
        }

        package wasi:random@0.2.0 {
            interface random {
                get-random-bytes: func(len: u64) -> list<u8>;
                get-random-u64: func() -> u64;
            }
        }
    ",
    world: "kamld:programs/program",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export_program",
    default_bindings_module: "kamld_programs",
});

pub use exports::kamld::plugin::commands::{Command, Effect, Guest, Outcome};
pub use kamld::metadata::kv;
pub use kamld::plugin::{context, features, tasks, types};
pub use kamld::storage::objects;
pub use kamld::ui::previews;
pub use wasi::random::random;

/// A command that takes nothing and only looks.
pub fn command(words: &[&str]) -> Command {
    Command {
        name: words.iter().map(|word| (*word).to_owned()).collect(),
        summary: "does what its name says".into(),
        about: String::new(),
        arguments: Vec::new(),
        effect: Effect::Read,
        examples: Vec::new(),
        output: "{}".into(),
    }
}

/// Data without a view.
pub fn answer(data: impl Into<String>) -> Result<Outcome, types::Error> {
    Ok(Outcome { data: data.into(), view: Vec::new() })
}

/// `program!(run, ["program", "spin"], ...)`: a component with these commands, all of them answered by `run`,
/// a `fn(&[String]) -> Result<Outcome, Error>` that is given the words of the command.
#[macro_export]
macro_rules! program {
    ($run:path, $([$($word:literal),+]),+ $(,)?) => {
        struct Program;

        impl $crate::Guest for Program {
            fn describe() -> Vec<$crate::Command> {
                vec![$($crate::command(&[$($word),+])),+]
            }

            fn run(name: Vec<String>, _arguments: String) -> Result<$crate::Outcome, $crate::types::Error> {
                $run(&name)
            }
        }

        $crate::export_program!(Program with_types_in $crate);
    };
}
