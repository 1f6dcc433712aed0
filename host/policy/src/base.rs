//! What the host offers: the base world that needs no declaration, and the versions of the contract.
//!
//! Must not live here: what a plug-in declared. Invariant: nothing in the base world reaches data of
//! a person; file system and sockets of WASI are linked, since language runtimes import them, with nothing behind them.

use crate::{document::nearest, functions};

/// Major, minor and patch.
pub type Release = (u64, u64, u64);

/// Packages of the contract and the versions that this host links, newest first.
/// A component may import any patch release up to the one named.
pub const OFFERED: &[(&str, &[Release])] = &[
    ("kamld:plugin", &[(0, 1, 0)]),
    ("kamld:storage", &[(0, 1, 2)]),
    ("kamld:metadata", &[(0, 1, 0)]),
    ("kamld:ui", &[(0, 1, 0)]),
];

/// Interfaces of `kamld:plugin` that every plug-in may import.
pub const BASE: &[&str] = &["kamld:plugin/context", "kamld:plugin/features", "kamld:plugin/tasks"];

/// Packages of WASI that make up the base world, in 0.2 and 0.3. `wasi:http` is not among them:
/// reaching out is a need like any other.
pub const WASI: &[&str] = &["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random", "wasi:sockets"];

/// The versions of WASI that the host links, as (major, minor).
pub const WASI_VERSIONS: &[(u64, u64)] = &[(0, 2), (0, 3)];

/// Whether an interface, named without its version, may be imported by everybody.
pub fn is_base(interface: &str) -> bool {
    let Some((package, name)) = interface.split_once('/') else { return false };
    // Interfaces of types hold no functions.
    BASE.contains(&interface)
        || WASI.contains(&package)
        || (name == "types" && OFFERED.iter().any(|(offered, _)| *offered == package))
}

/// Whether the host has such an interface for plug-ins to import at all.
pub fn is_offered(interface: &str) -> bool {
    is_base(interface) || functions::interfaces().any(|known| known == interface)
}

/// The offered interface that was probably meant.
pub fn nearest_interface(interface: &str) -> Option<&'static str> {
    nearest(interface, functions::interfaces().chain(BASE.iter().copied()))
}

/// The versions that a package may be imported in, in words; none when the host does not know the package.
pub fn versions(package: &str) -> Option<String> {
    if WASI.contains(&package) {
        return Some(
            WASI_VERSIONS.iter().map(|(major, minor)| format!("{major}.{minor}.x")).collect::<Vec<_>>().join(", "),
        );
    }
    let (_, versions) = OFFERED.iter().find(|(offered, _)| *offered == package)?;
    Some(versions.iter().map(|(major, minor, patch)| format!("{major}.{minor}.{patch}")).collect::<Vec<_>>().join(", "))
}

/// An interface with the newest version in which it is linked, such as `kamld:storage/objects@0.1.2`; as it is when the
/// host does not know its package.
pub fn newest(interface: &str) -> String {
    let package = interface.split_once('/').map_or(interface, |(package, _)| package);
    let versions = OFFERED.iter().find(|(offered, _)| *offered == package).and_then(|(_, versions)| versions.first());
    versions
        .map_or_else(|| interface.to_owned(), |(major, minor, patch)| format!("{interface}@{major}.{minor}.{patch}"))
}

/// Whether a component built against this version of a package runs here.
pub fn supports(package: &str, version: &semver::Version) -> bool {
    if WASI.contains(&package) {
        return WASI_VERSIONS.contains(&(version.major, version.minor));
    }
    OFFERED.iter().filter(|(offered, _)| *offered == package).flat_map(|(_, versions)| versions.iter()).any(
        |(major, minor, patch)| {
            (*major, *minor) == (version.major, version.minor) && version.patch <= *patch && version.pre.is_empty()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_world_reaches_no_data() {
        for base in
            ["wasi:io/streams", "wasi:cli/stdout", "kamld:plugin/context", "kamld:storage/types", "kamld:plugin/types"]
        {
            assert!(is_base(base), "{base}");
        }
        for asked in
            ["wasi:http/outgoing-handler", "kamld:storage/objects", "kamld:metadata/kv", "acme:x/types", "types"]
        {
            assert!(!is_base(asked), "{asked}");
        }
    }

    #[test]
    fn a_version_that_is_not_linked_is_not_supported() {
        let supports = |package, version: &str| supports(package, &version.parse().unwrap());
        assert!(supports("kamld:storage", "0.1.0") && supports("kamld:storage", "0.1.2"), "earlier patches stay");
        assert!(supports("wasi:io", "0.2.6") && supports("wasi:cli", "0.3.0"));
        assert!(
            !supports("kamld:storage", "0.2.0") && !supports("kamld:storage", "0.1.3") && !supports("wasi:io", "0.1.0")
        );
        assert_eq!(versions("kamld:storage").as_deref(), Some("0.1.2"));
        assert_eq!(newest("kamld:storage/objects"), "kamld:storage/objects@0.1.2");
        assert_eq!(newest("wasi:io/streams"), "wasi:io/streams");
    }

    #[test]
    fn a_mistyped_interface_finds_its_neighbour() {
        assert_eq!(nearest_interface("kamld:storage/objets"), Some("kamld:storage/objects"));
    }
}
