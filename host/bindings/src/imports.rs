//! Everything that a plug-in may import: the traits that host code implements.

wasmtime::component::bindgen!({
    path: ["../../wit/plugin", "../../wit/ui", "../../wit/storage", "../../wit/metadata"],
    inline: "
        package kamld:host;
        world imports {
            import kamld:plugin/types@0.1.0;
            import kamld:plugin/context@0.1.0;
            import kamld:plugin/features@0.1.0;
            import kamld:plugin/tasks@0.1.0;
            import kamld:plugin/admin@0.1.0;
            import kamld:ui/previews@0.1.0;
            import kamld:storage/types@0.1.2;
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
    world: "kamld:host/imports",
    imports: { default: async | trappable },
    require_store_data_send: true,
});
