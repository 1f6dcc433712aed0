//! A component that was built against an earlier patch of a package is linked as it is.

use kamld_linkages::StorageLinkage;
use kamld_runtime::{Guest, Linkage};
use kamld_storage::{AssetStore, Backends, embedded::RecordRefs};
use std::sync::Arc;
use wasm_encoder::{
    Component, ComponentImportSection, ComponentTypeRef, ComponentTypeSection, InstanceType, TypeBounds,
};
use wasmtime::{
    Config, Engine,
    component::{self, Linker},
};

/// A component that needs the resource `reader` of this interface, and nothing else.
fn needs_a_reader_of(interface: &str) -> Vec<u8> {
    let mut instance = InstanceType::new();
    instance.export("reader", ComponentTypeRef::Type(TypeBounds::SubResource));
    let mut types = ComponentTypeSection::new();
    types.instance(&instance);
    let mut imports = ComponentImportSection::new();
    imports.import(interface, ComponentTypeRef::Instance(0));
    let mut component = Component::new();
    component.section(&types);
    component.section(&imports);
    component.finish()
}

#[test]
fn earlier_patches_are_linked_and_other_contracts_are_not() {
    let store = Arc::new(
        AssetStore::open(Backends::memory(Arc::new(RecordRefs::memory().unwrap()), std::env::temp_dir())).unwrap(),
    );
    let engine = Engine::new(Config::new().wasm_component_model_async(true)).unwrap();
    let mut linker = Linker::<Guest>::new(&engine);
    StorageLinkage(store).link(&mut linker).unwrap();
    let links = |interface: &str| {
        let component = component::Component::new(&engine, needs_a_reader_of(interface)).unwrap();
        linker.instantiate_pre(&component).is_ok()
    };
    assert!(links("kamld:storage/objects@0.1.2"), "what is offered");
    assert!(links("kamld:storage/objects@0.1.0"), "what an earlier patch offered");
    assert!(!links("kamld:storage/objects@0.2.0") && !links("kamld:storage/objects@1.1.1"));
    assert!(!links("kamld:storage/nothing@0.1.0"));
}
