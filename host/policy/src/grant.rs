//! What an admin allows a plug-in, as TOML: the ceiling over its manifest.
//!
//! ```
//! let grants = kamld_policy::grant::parse("grants.toml", r#"
//!     [[grant]]
//!     plugin = "acme/outliers"
//!     mode = "enforce"                # or "observe": allow what the manifest asks, and record what the grant lacks
//!
//!     [[grant.allow]]
//!     interface = "kamld:storage/objects"
//!     verbs = ["read", "list"]
//!     resources = ["**"]
//!     projects = ["birds"]            # optional: only there, and nothing that belongs to no project
//!
//!     [grant.limits]                  # optional
//!     memory-mib = 64
//! "#).unwrap();
//! assert_eq!(grants[0].plugin.as_str(), "acme/outliers");
//! ```
//!
//! Must not live here: files (the registry keeps `grants.toml`). Invariant: a plug-in has at most one grant.

use crate::{
    Manifest, Pattern, Verb, base,
    document::{Document, Section, nearest},
    manifest::{check_interface, patterns, verbs},
    quota::{Limits, NAMES},
};
use kamld_types::{PluginId, Problem, ProjectName, problem::Result};
use serde::Serialize;
use std::fmt::Write;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// What is not allowed is refused.
    #[default]
    Enforce,
    /// What the manifest asks is allowed; what the grant would refuse is counted and recorded.
    Observe,
}

impl Mode {
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Enforce => "enforce",
            Mode::Observe => "observe",
        }
    }
}

/// All that one plug-in is allowed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Grant {
    pub plugin: PluginId,
    pub mode: Mode,
    pub allow: Vec<Allow>,
    #[serde(skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
}

/// One thing that is allowed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Allow {
    pub interface: String,
    pub verbs: Vec<Verb>,
    pub resources: Vec<Pattern>,
    /// Only in these projects; everywhere when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub projects: Option<Vec<ProjectName>>,
}

/// Reads every grant of a text. `name` is the file as people know it.
pub fn parse(name: &str, text: &str) -> Result<Vec<Grant>> {
    read(name, text, |_| Ok(()))
}

/// The same for a text that somebody writes now: it may name only interfaces that this host has. One that was written
/// for another version of the host is read by `parse`, since what is not there cannot be reached anyway.
pub fn parse_new(name: &str, text: &str) -> Result<Vec<Grant>> {
    read(name, text, |interface| {
        if base::is_offered(interface) {
            return Ok(());
        }
        let problem = Problem::invalid(format!("this host has no interface '{interface}'"));
        Err(match base::nearest_interface(interface) {
            Some(near) => problem.help(format!("did you mean '{near}'?")),
            None => problem.help("kamld plugin show ID says which interfaces a plug-in asks for"),
        })
    })
}

fn read(name: &str, text: &str, check: impl Fn(&str) -> Result<()>) -> Result<Vec<Grant>> {
    let document = Document::parse(name, text)?;
    let root = document.root();
    root.only(&["grant"])?;
    let mut grants: Vec<Grant> = Vec::new();
    for section in root.sections("grant", "[[grant]]")? {
        let grant = Grant::read(section, &check)?;
        if grants.iter().any(|other| other.plugin == grant.plugin) {
            return Err(section
                .problem(format!("there is a second [[grant]] for {}", grant.plugin))
                .help("put all that it is allowed under one"));
        }
        grants.push(grant);
    }
    Ok(grants)
}

impl Grant {
    /// A grant of nothing.
    pub fn nothing(plugin: PluginId) -> Self {
        Self { plugin, mode: Mode::Enforce, allow: Vec::new(), limits: Limits::default() }
    }

    /// A grant of just what the manifest asks for.
    pub fn from_needs(manifest: &Manifest) -> Self {
        let allow = manifest
            .needs
            .iter()
            .map(|need| Allow {
                interface: need.interface.clone(),
                verbs: need.verbs.clone(),
                resources: need.resources.clone(),
                projects: None,
            })
            .collect();
        Self { plugin: manifest.id.clone(), mode: Mode::Enforce, allow, limits: manifest.limits }
    }

    fn read(section: Section<'_>, check: &impl Fn(&str) -> Result<()>) -> Result<Self> {
        section.only(&["plugin", "mode", "allow", "limits"])?;
        let plugin = section.need_text("plugin")?;
        let mode = match section.text("mode")? {
            None => Mode::Enforce,
            Some(field) => match field.value {
                "enforce" => Mode::Enforce,
                "observe" => Mode::Observe,
                other => {
                    let problem = field.problem(format!("'{other}' is not a mode"));
                    return Err(match nearest(other, ["enforce", "observe"].into_iter()) {
                        Some(near) => problem.help(format!("did you mean '{near}'?")),
                        None => problem.help("the modes are enforce and observe"),
                    });
                }
            },
        };
        Ok(Self {
            plugin: plugin.place(PluginId::new(plugin.value))?,
            mode,
            allow: section
                .sections("allow", "[[grant.allow]]")?
                .into_iter()
                .map(|allow| Allow::read(allow, check))
                .collect::<Result<_>>()?,
            limits: Limits::read(section.section("limits", "[grant.limits]")?)?,
        })
    }

    /// As `grants.toml` holds it. With the manifest, the reasons stand as comments over what they are for.
    pub fn to_toml(&self, manifest: Option<&Manifest>) -> String {
        let mut text =
            format!("[[grant]]\nplugin = {}\nmode = \"{}\"\n", quoted(self.plugin.as_str()), self.mode.as_str());
        for allow in &self.allow {
            text.push('\n');
            for need in manifest.iter().flat_map(|manifest| &manifest.needs) {
                if need.interface == allow.interface && need.verbs.iter().any(|verb| allow.verbs.contains(verb)) {
                    let _ = writeln!(text, "# {}", need.reason);
                }
            }
            let _ = writeln!(text, "[[grant.allow]]\ninterface = {}", quoted(&allow.interface));
            let _ = writeln!(text, "verbs = {}", list(allow.verbs.iter().map(|verb| verb.as_str())));
            let _ = writeln!(text, "resources = {}", list(allow.resources.iter().map(Pattern::as_str)));
            if let Some(projects) = &allow.projects {
                let _ = writeln!(text, "projects = {}", list(projects.iter().map(ProjectName::as_str)));
            }
        }
        if !self.limits.is_empty() {
            text.push_str("\n[grant.limits]\n");
            for (name, value) in NAMES.iter().zip(self.limits.list()) {
                if let Some(value) = value {
                    let _ = writeln!(text, "{name} = {value}");
                }
            }
        }
        text
    }
}

impl Allow {
    fn read(section: Section<'_>, check: &impl Fn(&str) -> Result<()>) -> Result<Self> {
        section.only(&["interface", "verbs", "resources", "projects"])?;
        let interface = section.need_text("interface")?;
        interface.place(check_interface(interface.value))?;
        interface.place(check(interface.value))?;
        let projects = match section.texts("projects")? {
            None => None,
            Some(_) => Some(
                section
                    .need_texts("projects")?
                    .iter()
                    .map(|field| field.place(ProjectName::new(field.value)))
                    .collect::<Result<Vec<_>>>()?,
            ),
        };
        Ok(Self {
            interface: interface.value.to_owned(),
            verbs: verbs(section.need_texts("verbs")?)?,
            resources: patterns(section.need_texts("resources")?)?,
            projects,
        })
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn list<'t>(items: impl Iterator<Item = &'t str>) -> String {
    format!("[{}]", items.map(quoted).collect::<Vec<_>>().join(", "))
}
