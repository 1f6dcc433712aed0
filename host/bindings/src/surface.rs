//! What a plug-in exports as `kamld:ui/surface`: the calls that the host makes.

wasmtime::component::bindgen!({
    path: ["../../wit/plugin", "../../wit/ui", "../../wit/storage", "../../wit/metadata"],
    inline: "
        package kamld:host;
        world surface {
            export kamld:ui/surface@0.1.0;
        }
    ",
    world: "kamld:host/surface",
    exports: { default: async },
    with: {
        "kamld:plugin/types@0.1.0": crate::imports::kamld::plugin::types,
    },
    require_store_data_send: true,
});
