//! Reading a component: what it really imports and exports, and the manifest in its custom section `kamld:plugin`.
//!
//! Must not live here: whether that is allowed (`check.rs`). Invariants: nothing that is said about a
//! component comes from anywhere but its bytes; malformed bytes are a problem in words, never a panic.

use kamld_policy::{Manifest, manifest::MAX_MANIFEST};
use kamld_types::{Problem, problem::Result};
use semver::Version;
use std::ops::Range;
use wasmparser::{
    Encoding, Parser, Payload, Validator, WasmFeatures,
    component_types::{ComponentAnyTypeId, ComponentEntityType},
    types::Types,
};

/// The custom section that holds the manifest.
pub const SECTION: &str = "kamld:plugin";
/// The largest component that is read, in bytes: a Python plug-in with its interpreter takes about 40 MiB.
pub const MAX_SIZE: usize = 64 * 1024 * 1024;
/// More imports or exports than this are nothing that a person could review.
const MAX_NAMES: usize = 1_000;

/// What a component says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// In the order of the binary.
    pub imports: Vec<Name>,
    pub exports: Vec<Name>,
    /// The embedded manifest; none in a component that was not packed yet.
    pub manifest: Option<Manifest>,
}

/// The name of an import or export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// As it stands in the binary, such as `kamld:storage/objects@0.1.0`.
    pub full: String,
    /// Without the version; the whole name when it is not that of an interface.
    pub interface: String,
    pub version: Option<Version>,
    /// Whether there is nothing in it that could be called: an interface is also imported for a type that another one
    /// uses, and then it holds types and no more.
    pub types_only: bool,
}

impl Name {
    /// `implements` is the interface of an import that carries a label of its own as its name.
    fn new(name: &str, implements: Option<&str>) -> Self {
        let named = implements.unwrap_or(name);
        let (interface, version) = match named.rsplit_once('@') {
            Some((interface, version)) => match version.parse() {
                Ok(version) => (interface, Some(version)),
                Err(_) => (named, None),
            },
            None => (named, None),
        };
        Self { full: named.to_owned(), interface: interface.to_owned(), version, types_only: false }
    }

    /// `kamld:storage` of `kamld:storage/objects`; none when it names no interface.
    pub fn package(&self) -> Option<&str> {
        let (package, _) = self.interface.split_once('/')?;
        package.contains(':').then_some(package)
    }
}

impl Component {
    /// Reads and validates. Refuses core modules, malformed and oversized bytes.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        check_header(bytes)?;
        // Everything that the format knows: what this host can run is for its compiler to say, and it says it better.
        let features = WasmFeatures::all();
        let types = Validator::new_with_features(features).validate_all(bytes).map_err(|error| malformed(&error))?;
        let mut parser = Parser::new(0);
        parser.set_features(features);
        let mut component = Self { imports: Vec::new(), exports: Vec::new(), manifest: None };
        let mut depth = 0usize;
        for payload in parser.parse_all(bytes) {
            match payload.map_err(|error| malformed(&error))? {
                // Nested ones are a matter of the component itself.
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        let name = import.map_err(|error| malformed(&error))?.name;
                        let types_only = is_types_only(&types, name.name);
                        component.imports.push(Name { types_only, ..Name::new(name.name, name.implements) });
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        let name = export.map_err(|error| malformed(&error))?.name;
                        component.exports.push(Name::new(name.name, name.implements));
                    }
                }
                _ => {}
            }
            if component.imports.len().max(component.exports.len()) > MAX_NAMES {
                return Err(Problem::limit(format!("the component has more than {MAX_NAMES} imports or exports")));
            }
        }
        let mut manifests = sections(bytes)?.into_iter().filter(|section| section.manifest);
        if let Some(section) = manifests.next() {
            if manifests.next().is_some() {
                return Err(Problem::invalid(format!("the component has two sections {SECTION}"))
                    .help("pack it again: kamld plugin build"));
            }
            component.manifest = Some(Manifest::from_json(&bytes[section.body])?);
        }
        Ok(component)
    }
}

/// A resource counts as more than a type: its handles can be passed on.
fn is_types_only(types: &Types, import: &str) -> bool {
    let Some(ComponentEntityType::Instance(instance)) = types.component_item_for_import(import).map(|item| item.ty)
    else {
        return false;
    };
    types[instance]
        .exports
        .values()
        .all(|item| matches!(item.ty, ComponentEntityType::Type { created: ComponentAnyTypeId::Defined(_), .. }))
}

/// The component with this manifest in it, and no other. The same inputs give the same bytes.
pub fn embed(bytes: &[u8], manifest: &Manifest) -> Result<Vec<u8>> {
    check_header(bytes)?;
    let json = manifest.to_json();
    if json.len() > MAX_MANIFEST {
        return Err(Problem::limit(format!("the manifest is larger than {} KiB", MAX_MANIFEST / 1024)));
    }
    let mut packed = bytes[..HEADER].to_vec();
    for section in sections(bytes)? {
        if !section.manifest {
            packed.extend_from_slice(&bytes[section.whole]);
        }
    }
    let mut body = Vec::with_capacity(json.len() + SECTION.len() + 5);
    leb128(&mut body, SECTION.len());
    body.extend_from_slice(SECTION.as_bytes());
    body.extend_from_slice(json.as_bytes());
    // A custom section: id 0, length, body.
    packed.push(0);
    leb128(&mut packed, body.len());
    packed.extend_from_slice(&body);
    match packed.len() <= MAX_SIZE {
        true => Ok(packed),
        false => Err(oversized(packed.len())),
    }
}

/// Magic, version and layer: eight bytes before the first section.
const HEADER: usize = 8;

struct Section {
    whole: Range<usize>,
    /// Of the manifest: the JSON behind the name.
    body: Range<usize>,
    manifest: bool,
}

/// The outermost sections, by their lengths alone.
fn sections(bytes: &[u8]) -> Result<Vec<Section>> {
    let cut = || Problem::invalid("the component is damaged: a section is longer than the file");
    let mut found = Vec::new();
    let mut place = HEADER;
    while place < bytes.len() {
        let start = place;
        let (length, body) = read_leb128(bytes, place + 1).ok_or_else(cut)?;
        let end = body.checked_add(length).filter(|end| *end <= bytes.len()).ok_or_else(cut)?;
        let mut section = Section { whole: start..end, body: body..end, manifest: false };
        if bytes[start] == 0 {
            let (length, name) = read_leb128(bytes, body).ok_or_else(cut)?;
            let name_end = name.checked_add(length).filter(|name_end| *name_end <= end).ok_or_else(cut)?;
            section.manifest = &bytes[name..name_end] == SECTION.as_bytes();
            section.body = name_end..end;
        }
        found.push(section);
        place = end;
    }
    Ok(found)
}

/// A number and the place behind it. 32 bits at most, as the format has it.
fn read_leb128(bytes: &[u8], mut place: usize) -> Option<(usize, usize)> {
    let mut number = 0u64;
    for shift in (0..35).step_by(7) {
        let byte = *bytes.get(place)?;
        place += 1;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((u32::try_from(number).ok()? as usize, place));
        }
    }
    None
}

fn leb128(out: &mut Vec<u8>, mut number: usize) {
    loop {
        let byte = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

fn check_header(bytes: &[u8]) -> Result<()> {
    if bytes.len() > MAX_SIZE {
        return Err(oversized(bytes.len()));
    }
    if !bytes.starts_with(b"\0asm") {
        return Err(Problem::invalid("this is not a WebAssembly file: it does not start with \\0asm")
            .help("hand over a component, as kamld plugin build writes it"));
    }
    if bytes.len() < HEADER {
        return Err(Problem::invalid("the WebAssembly file is cut off in its first 8 bytes"));
    }
    if Parser::is_core_wasm(bytes) {
        return Err(Problem::invalid("this is a core WebAssembly module, not a component")
            .help("build for wasm32-wasip2, or make a component of it with wasm-tools component new"));
    }
    match Parser::new(0).parse_all(bytes).next() {
        Some(Ok(Payload::Version { encoding: Encoding::Component, .. })) => Ok(()),
        Some(Err(error)) => Err(malformed(&error)),
        _ => Err(Problem::invalid("this is not a WebAssembly component")),
    }
}

fn oversized(length: usize) -> Problem {
    Problem::limit(format!("the component has {length} bytes, the most is {MAX_SIZE}"))
        .help("strip it: debug information is often the larger part (strip = true in the profile)")
}

fn malformed(error: &wasmparser::BinaryReaderError) -> Problem {
    Problem::invalid(format!("the component is malformed at byte {}: {}", error.offset(), error.message()))
        .help("it may have been cut off on its way: build or fetch it again")
}
