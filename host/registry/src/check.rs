//! Whether a component is what its manifest says: actual imports ⊆ declared needs ∪ base world.
//!
//! Must not live here: what an admin allows. Invariant: nothing that passes can import what nobody declared.

use crate::{
    component::{Component, Name},
    package::Package,
};
use kamld_policy::{Manifest, base, functions};
use kamld_types::{Problem, problem::Result};
use serde::Serialize;

/// What passed, and what an author or admin may want to know about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Interfaces that the host calls, from the exports: what the plug-in is.
    pub provides: Vec<String>,
    /// In words.
    pub warnings: Vec<String>,
}

/// What a package says about itself, for `kamld plugin check`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checked {
    pub manifest: Manifest,
    pub provides: Vec<String>,
    pub warnings: Vec<String>,
}

/// Reads the bytes of a package and checks them as an installation would.
pub fn check(bytes: &[u8]) -> Result<Checked> {
    let Package { manifest, report, .. } = Package::open(bytes.to_vec())?;
    Ok(Checked { manifest, provides: report.provides, warnings: report.warnings })
}

/// Refuses with every reason at once, so that an author mends it in one go.
pub fn compare(manifest: &Manifest, component: &Component) -> Result<Report> {
    let mut wrong = Vec::new();
    let mut undeclared = false;
    for import in &component.imports {
        let declared = manifest.needs.iter().any(|need| need.interface == import.interface);
        match import.package() {
            None => wrong.push(format!("it imports '{}', which is no interface", import.full.escape_debug())),
            Some(package) => match version_problem(package, import) {
                Some(why) => wrong.push(why),
                None if base::is_base(&import.interface) => {}
                None if !base::is_offered(&import.interface) => {
                    wrong.push(format!("it imports {}, which this host does not have", import.full));
                }
                // A type of it is used elsewhere; there is nothing that a grant could speak about.
                None if import.types_only => {}
                None if !declared => {
                    undeclared = true;
                    wrong.push(format!("it imports {}, which plugin.toml does not declare", import.full));
                }
                None => {}
            },
        }
    }
    let mut report = Report::default();
    for export in component.exports.iter().filter(|export| functions::EXPORTED.contains(&export.interface.as_str())) {
        match export.package().and_then(|package| version_problem(package, export)) {
            Some(why) => wrong.push(why),
            None => report.provides.push(export.full.clone()),
        }
    }
    if !wrong.is_empty() {
        let problem =
            Problem::invalid(format!("{} {} cannot be taken: {}", manifest.id, manifest.version, wrong.join("; ")));
        return Err(match undeclared {
            true => problem.help("add a [[needs]] with verbs, resources and a reason for each, or stop using it"),
            false => problem.help("build it against the contract of this host: kamld status shows its versions"),
        });
    }
    for need in &manifest.needs {
        if component.imports.iter().any(|import| import.interface == need.interface && !import.types_only) {
            continue;
        }
        let mut warning =
            format!("plugin.toml declares a need of {}, which the component does not call", need.interface);
        if !base::is_offered(&need.interface)
            && let Some(near) = base::nearest_interface(&need.interface)
        {
            warning += &format!(": was {near} meant?");
        }
        report.warnings.push(warning);
    }
    if report.provides.is_empty() {
        report.warnings.push(format!(
            "it exports nothing that this host calls: {} are what makes a plug-in",
            functions::EXPORTED.join(", ")
        ));
    }
    Ok(report)
}

fn version_problem(package: &str, name: &Name) -> Option<String> {
    let supported = base::versions(package)?;
    match &name.version {
        None => Some(format!("{} has no version, this host has {package} {supported}", name.full)),
        Some(version) if !base::supports(package, version) => {
            Some(format!("it was built with {}, this host has {package} {supported}", name.full))
        }
        Some(_) => None,
    }
}
