//! What a plug-in exports as `kamld:metadata/describer`: the calls that the host makes.

wasmtime::component::bindgen!({
    path: ["../../wit/plugin", "../../wit/ui", "../../wit/storage", "../../wit/metadata"],
    inline: "
        package kamld:host;
        world describer {
            export kamld:metadata/describer@0.1.0;
        }
    ",
    world: "kamld:host/describer",
    exports: { default: async },
    with: {
        "kamld:plugin/types@0.1.0": crate::imports::kamld::plugin::types,
        "kamld:metadata/types@0.1.0": crate::imports::kamld::metadata::types,
    },
    require_store_data_send: true,
});
