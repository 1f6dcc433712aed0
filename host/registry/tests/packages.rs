//! Components and packages: what is read from the bytes, what is refused, and in which words.

mod building;

use building::{COMMANDS, component, manifest, package};
use kamld_registry::{
    Component, Package,
    component::{MAX_SIZE, embed},
    package::{build, digest},
};
use kamld_types::{Kind, Problem};
use wasm_encoder::{ComponentBuilder, CustomSection, Module};

const OBJECTS: &str = "kamld:storage/objects@0.1.0";

#[test]
fn imports_and_exports_are_those_of_the_component_and_not_of_what_is_inside() {
    let component = Component::read(&component(&[OBJECTS, "wasi:io/streams@0.2.6"], &[COMMANDS], "")).unwrap();
    let names: Vec<_> = component.imports.iter().map(|name| (name.full.as_str(), name.interface.as_str())).collect();
    assert_eq!(names, [(OBJECTS, "kamld:storage/objects"), ("wasi:io/streams@0.2.6", "wasi:io/streams")]);
    assert_eq!(component.imports[0].version.as_ref().unwrap().to_string(), "0.1.0");
    assert_eq!(component.imports[0].package(), Some("kamld:storage"));
    assert_eq!(component.exports.len(), 1);
    assert_eq!(component.exports[0].full, COMMANDS);
    assert_eq!(component.manifest, None);
}

#[test]
fn a_package_carries_its_manifest_and_its_digest_binds_it() {
    let bytes = component(&[OBJECTS], &[COMMANDS], "");
    let text = manifest("acme/reader", "1.2.3", &[("kamld:storage/objects", "\"read\"")]);
    let package = build(&bytes, &text).unwrap();
    assert_eq!(package.manifest.id.as_str(), "acme/reader");
    assert_eq!(package.report.provides, [COMMANDS]);
    assert!(package.report.warnings.is_empty(), "{:?}", package.report.warnings);
    assert_eq!(package.digest, digest(&package.bytes));
    let read = Package::open(package.bytes.clone()).unwrap();
    assert_eq!((read.digest, &read.manifest), (package.digest, &package.manifest));
    assert_eq!(build(&bytes, &text).unwrap().bytes, package.bytes, "the same inputs give the same bytes");
    let again = build(&package.bytes, &text.replace("1.2.3", "1.2.4")).unwrap();
    assert_eq!(again.manifest.version.to_string(), "1.2.4", "packing a package replaces its manifest");
    assert_eq!(again.bytes.len(), package.bytes.len());
    assert_ne!(again.digest, package.digest);
}

fn refused(imports: &[&str], needs: &[(&str, &str)]) -> Problem {
    build(&component(imports, &[COMMANDS], ""), &manifest("acme/x", "1.0.0", needs)).unwrap_err()
}

#[test]
fn an_import_that_nobody_declared_is_refused_and_each_is_named() {
    let problem = refused(
        &[OBJECTS, "kamld:metadata/kv@0.1.0", "kamld:storage/refs@0.1.0"],
        &[("kamld:storage/objects", "\"read\"")],
    );
    assert_eq!(problem.kind, Kind::Invalid);
    assert!(problem.message.contains("acme/x 1.0.0"), "{problem}");
    assert!(problem.message.contains("kamld:metadata/kv@0.1.0, which plugin.toml does not declare"), "{problem}");
    assert!(problem.message.contains("kamld:storage/refs@0.1.0"), "{problem}");
    assert!(!problem.message.contains("kamld:storage/objects"), "{problem}");
    assert!(problem.help.unwrap().contains("[[needs]]"));
}

#[test]
fn what_this_host_cannot_offer_is_refused_with_what_it_has() {
    let has = |package: &str| format!("this host has {package} {}", kamld_policy::base::versions(package).unwrap());
    let storage = has("kamld:storage");
    for (import, why) in [
        ("kamld:storage/objects@0.9.0", format!("built with kamld:storage/objects@0.9.0, {storage}").as_str()),
        ("kamld:storage/objects", format!("has no version, {storage}").as_str()),
        ("wasi:io/streams@0.1.0", "this host has wasi:io 0.2.x, 0.3.x"),
        ("wasi:http/outgoing-handler@0.2.6", "which this host does not have"),
        ("acme:other/thing@1.0.0", "acme:other/thing@1.0.0, which this host does not have"),
        ("kamld:storage/secrets@0.1.0", "which this host does not have"),
        ("plain-name", "imports 'plain-name', which is no interface"),
    ] {
        let interface = import.split('@').next().unwrap();
        let declared = if interface.contains(':') { vec![(interface, "\"read\"")] } else { vec![] };
        let problem = refused(&[import], &declared);
        assert!(problem.message.contains(why), "{import}: {problem}");
    }
    let problem =
        build(&component(&[], &["kamld:plugin/commands@0.7.0"], ""), &manifest("a/b", "1.0.0", &[])).unwrap_err();
    assert!(problem.message.contains(&has("kamld:plugin")), "{problem}");
}

#[test]
fn the_base_world_needs_no_declaration() {
    let imports = [
        "wasi:cli/environment@0.2.6",
        "wasi:clocks/monotonic-clock@0.3.0",
        "wasi:random/random@0.2.0",
        "kamld:plugin/types@0.1.0",
        "kamld:plugin/context@0.1.0",
        "kamld:plugin/features@0.1.0",
        "kamld:plugin/tasks@0.1.0",
        "kamld:storage/types@0.1.0",
    ];
    build(&component(&imports, &[COMMANDS], ""), &manifest("a/b", "1.0.0", &[])).unwrap();
}

#[test]
fn an_interface_that_is_imported_for_a_type_alone_needs_no_declaration() {
    let bytes = component(&["=kamld:metadata/catalog@0.1.0"], &[COMMANDS], "");
    assert!(Component::read(&bytes).unwrap().imports[0].types_only);
    build(&bytes, &manifest("a/b", "1.0.0", &[])).unwrap();
    let declared = build(&bytes, &manifest("a/b", "1.0.0", &[("kamld:metadata/catalog", "\"read\"")])).unwrap();
    assert!(declared.report.warnings[0].contains("does not call"), "{:?}", declared.report.warnings);
    assert!(
        build(&component(&["=kamld:metadata/catalog@0.9.0"], &[COMMANDS], ""), &manifest("a/b", "1.0.0", &[])).is_err()
    );
}

#[test]
fn a_need_that_is_not_used_and_a_component_that_provides_nothing_are_warned_about() {
    let needs = [("kamld:storage/objets", "\"read\""), ("kamld:metadata/kv", "\"read\"")];
    let package = build(&component(&[], &[], ""), &manifest("a/b", "1.0.0", &needs)).unwrap();
    let warnings = package.report.warnings.join("\n");
    assert!(
        warnings.contains("kamld:storage/objets, which the component does not call: was kamld:storage/objects meant?")
    );
    assert!(warnings.contains("kamld:metadata/kv, which the component does not call"));
    assert!(warnings.contains("exports nothing"), "{warnings}");
}

#[test]
fn what_is_no_component_says_what_it_is() {
    for (bytes, kind, why) in [
        (b"#!/bin/sh".to_vec(), Kind::Invalid, "not a WebAssembly file"),
        (Vec::new(), Kind::Invalid, "not a WebAssembly file"),
        (b"\0asm\x0d".to_vec(), Kind::Invalid, "cut off in its first 8 bytes"),
        (Module::new().finish(), Kind::Invalid, "core WebAssembly module"),
        (b"\0asm\xff\xff\x07\0".to_vec(), Kind::Invalid, "malformed"),
        (vec![0; MAX_SIZE + 1], Kind::Limit, "the most is 67108864"),
    ] {
        let problem = Component::read(&bytes).unwrap_err();
        assert_eq!(problem.kind, kind, "{problem}");
        assert!(problem.message.contains(why), "{problem}");
        assert!(embed(&bytes, &package("a/b", "1.0.0").manifest).is_err());
    }
    let problem = Package::open(component(&[], &[], "")).unwrap_err();
    assert!(problem.message.contains("no manifest") && problem.help.unwrap().contains("kamld plugin build"));
}

#[test]
fn two_manifests_or_a_forged_one_are_refused() {
    let with = |sections: &[&str]| {
        let mut builder = ComponentBuilder::default();
        for data in sections {
            builder.custom_section(&CustomSection { name: "kamld:plugin".into(), data: data.as_bytes().into() });
        }
        Component::read(&builder.finish())
    };
    let json = package("a/b", "1.0.0").manifest.to_json();
    assert!(with(&[&json]).unwrap().manifest.is_some());
    assert!(with(&[&json, &json]).unwrap_err().message.contains("two sections"));
    assert!(with(&["{}"]).unwrap_err().message.contains("embedded manifest"));
    assert!(with(&[&json.replace("a/b", "../b")]).is_err());
}

#[test]
fn a_cut_off_package_is_never_taken_for_a_whole_one() {
    let package = package("acme/cut", "1.0.0");
    for end in 0..package.bytes.len() {
        // Cut between two sections it is a component, but one without its manifest, which stands last.
        assert!(Package::open(package.bytes[..end].to_vec()).is_err(), "cut at {end}");
    }
}

#[test]
fn damaged_bytes_are_a_problem_and_never_a_panic() {
    let package = package("acme/bits", "1.0.0");
    // A small generator of its own, so that a failure can be repeated.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    for _ in 0..20_000 {
        let mut bytes = package.bytes.clone();
        for _ in 0..1 + next() % 4 {
            let place = next() % bytes.len();
            bytes[place] = next() as u8;
        }
        let _ = Component::read(&bytes);
        let _ = embed(&bytes, &package.manifest);
    }
}
