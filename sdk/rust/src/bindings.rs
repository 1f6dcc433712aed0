//! What `wit-bindgen` makes of the contract in `wit/`, and nothing else.
//!
//! Worlds: one with everything that a plug-in may import (the linker keeps what is used), and one
//! for each interface that a plug-in may export, so that a component exports only what it registers.
//! Invariant: the export worlds share the types of the import world, so that there is one of each.

// Several checkouts may share one target folder, and the macro names these files by the absolute path of the checkout
// that was built last. Named from here too, a change of the contract is seen in each of them.
const _: [&str; 4] = [
    include_str!("../../../wit/plugin/plugin.wit"),
    include_str!("../../../wit/storage/storage.wit"),
    include_str!("../../../wit/metadata/metadata.wit"),
    include_str!("../../../wit/ui/ui.wit"),
];

/// Everything that a plug-in may import.
#[allow(missing_docs, clippy::all)]
pub mod imports {
    wit_bindgen::generate!({
        path: ["../../wit/plugin", "../../wit/storage", "../../wit/metadata", "../../wit/ui"],
        inline: "
            package kamld:sdk-imports;
            world imports {
                import kamld:plugin/context@0.1.0;
                import kamld:plugin/features@0.1.0;
                import kamld:plugin/tasks@0.1.0;
                import kamld:plugin/admin@0.1.0;
                import kamld:ui/previews@0.1.0;
                import kamld:storage/assets@0.1.2;
                import kamld:storage/refs@0.1.2;
                import kamld:storage/objects@0.1.2;
                import kamld:storage/history@0.1.2;
                import kamld:storage/space@0.1.2;
                import kamld:storage/activity@0.1.2;
                import kamld:storage/batch@0.1.2;
                import kamld:storage/collection@0.1.2;
                import kamld:metadata/types@0.1.0;
                import kamld:metadata/projects@0.1.0;
                import kamld:metadata/catalog@0.1.0;
                import kamld:metadata/search@0.1.0;
                import kamld:metadata/sql@0.1.0;
                import kamld:metadata/kv@0.1.0;
            }
        ",
        world: "kamld:sdk-imports/imports",
        generate_all,
    });
}

/// `kamld:plugin/commands`.
#[allow(missing_docs, clippy::all)]
pub mod commands {
    wit_bindgen::generate!({
        path: ["../../wit/plugin"],
        inline: "
            package kamld:sdk-commands;
            world commands {
                export kamld:plugin/commands@0.1.0;
            }
        ",
        world: "kamld:sdk-commands/commands",
        with: { "kamld:plugin/types@0.1.0": crate::bindings::imports::kamld::plugin::types },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_commands",
        default_bindings_module: "kamld_sdk::bindings::commands",
    });
}

/// `kamld:metadata/describer`.
#[allow(missing_docs, clippy::all)]
pub mod describer {
    wit_bindgen::generate!({
        path: ["../../wit/plugin", "../../wit/metadata"],
        inline: "
            package kamld:sdk-describer;
            world describer {
                export kamld:metadata/describer@0.1.0;
            }
        ",
        world: "kamld:sdk-describer/describer",
        with: {
            "kamld:plugin/types@0.1.0": crate::bindings::imports::kamld::plugin::types,
            "kamld:metadata/types@0.1.0": crate::bindings::imports::kamld::metadata::types,
        },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_describer",
        default_bindings_module: "kamld_sdk::bindings::describer",
    });
}

/// `kamld:ui/preview`.
#[allow(missing_docs, clippy::all)]
pub mod preview {
    wit_bindgen::generate!({
        path: ["../../wit/plugin", "../../wit/ui"],
        inline: "
            package kamld:sdk-preview;
            world preview {
                export kamld:ui/preview@0.1.0;
            }
        ",
        world: "kamld:sdk-preview/preview",
        with: { "kamld:plugin/types@0.1.0": crate::bindings::imports::kamld::plugin::types },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_preview",
        default_bindings_module: "kamld_sdk::bindings::preview",
    });
}

/// `kamld:ui/surface`.
#[allow(missing_docs, clippy::all)]
pub mod surface {
    wit_bindgen::generate!({
        path: ["../../wit/plugin", "../../wit/ui"],
        inline: "
            package kamld:sdk-surface;
            world surface {
                export kamld:ui/surface@0.1.0;
            }
        ",
        world: "kamld:sdk-surface/surface",
        with: { "kamld:plugin/types@0.1.0": crate::bindings::imports::kamld::plugin::types },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_surface",
        default_bindings_module: "kamld_sdk::bindings::surface",
    });
}
