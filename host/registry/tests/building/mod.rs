//! Tiny components and manifests for tests, right in form and empty inside, and calls that are refused.
#![allow(dead_code, reason = "each test file uses a part of it")]

use kamld_policy::{Call, Denials, Gate, Rights, Verb};
use kamld_registry::{
    Audit,
    package::{self, Package},
};
use kamld_types::{Person, PluginId};
use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Instant,
};
use wasm_encoder::{
    ComponentBuilder, ComponentExportKind, ComponentTypeRef, CustomSection, InstanceType, Module, PrimitiveValType,
    TypeBounds,
};

/// A component with these imports and exports, and bytes of no meaning that make it different. An import has one function,
/// or, when its name is written with a `=` before it, only a type.
pub fn component(imports: &[&str], exports: &[&str], salt: &str) -> Vec<u8> {
    let mut builder = ComponentBuilder::default();
    let mut callable = InstanceType::new();
    callable.ty().function().params::<[(&str, PrimitiveValType); 0], PrimitiveValType>([]).result(None);
    callable.export("call", ComponentTypeRef::Func(0));
    let mut typed = InstanceType::new();
    typed.ty().defined_type().primitive(PrimitiveValType::U32);
    typed.export("number", ComponentTypeRef::Type(TypeBounds::Eq(0)));
    let (callable, typed) = (builder.type_instance(None, &callable), builder.type_instance(None, &typed));
    for import in imports {
        match import.strip_prefix('=') {
            Some(import) => builder.import(import, ComponentTypeRef::Instance(typed)),
            None => builder.import(*import, ComponentTypeRef::Instance(callable)),
        };
    }
    // What is inside has names of its own, which are nobody's business.
    let mut inner = ComponentBuilder::default();
    let inner_type = inner.type_instance(None, &InstanceType::new());
    inner.import("acme:inner/secret@1.0.0", ComponentTypeRef::Instance(inner_type));
    builder.component(None, inner);
    builder.core_module(None, &Module::new());
    builder.custom_section(&CustomSection { name: "salt".into(), data: salt.as_bytes().into() });
    let nothing = builder.component(None, ComponentBuilder::default());
    for export in exports {
        let arguments: [(&str, ComponentExportKind, u32); 0] = [];
        let instance = builder.instantiate(None, nothing, arguments);
        builder.export(*export, ComponentExportKind::Instance, instance, None);
    }
    builder.finish()
}

pub const COMMANDS: &str = "kamld:plugin/commands@0.1.0";

/// A manifest with needs of (interface, verbs).
pub fn manifest(id: &str, version: &str, needs: &[(&str, &str)]) -> String {
    let mut text = format!(
        "id = \"{id}\"\nversion = \"{version}\"\ntitle = \"Test\"\nsummary = \"A plug-in for tests\"\nlicence = \"Apache-2.0\"\n"
    );
    for (interface, verbs) in needs {
        text += &format!(
            "\n[[needs]]\ninterface = \"{interface}\"\nverbs = [{verbs}]\nresources = [\"**\"]\nreason = \"Because the test says so\"\n"
        );
    }
    text
}

/// A package that reads objects.
pub fn package(id: &str, version: &str) -> Package {
    package_with(id, version, "\"read\"")
}

pub fn package_with(id: &str, version: &str, verbs: &str) -> Package {
    let bytes = component(&["kamld:storage/objects@0.1.0", "wasi:io/streams@0.2.6"], &[COMMANDS], version);
    package::build(&bytes, &manifest(id, version, &[("kamld:storage/objects", verbs)])).unwrap()
}

/// A call of a plug-in.
pub fn call(plugin: &str) -> Call {
    Call {
        plugin: PluginId::new(plugin).unwrap(),
        person: Person::local(),
        rights: Rights::Everything,
        project: None,
        trace: "0123456789abcdef".repeat(2),
        deadline: Instant::now(),
        gate: Arc::new(Gate::default()),
        generation: 1,
        current_generation: Arc::new(AtomicU64::new(1)),
        denials: None,
        allowance: kamld_policy::Allowance::unlimited(),
    }
}

/// One that was refused.
pub fn deny(audit: &Audit, plugin: &str, resource: &str) {
    audit.denied(&call(plugin), "kamld:storage/objects", Verb::Read, resource, "its grant does not allow it");
}
