//! `plugin.toml`: who a plug-in is and what it needs.
//!
//! ```
//! let manifest = kamld_policy::Manifest::parse(r#"
//!     schema = 1                      # of this file; may be left out
//!     id = "acme/outliers"            # a namespace and a name
//!     version = "0.3.1"
//!     title = "Outliers"
//!     summary = "Marks rows that do not fit the others"
//!     licence = "Apache-2.0"
//!     source = "https://example.org/outliers"     # optional
//!
//!     [[needs]]
//!     interface = "kamld:storage/objects"         # without its version: the component says which it was built with
//!     label = "input"                             # optional: tells two needs of one interface apart
//!     verbs = ["read", "list"]                    # of read, list, create, modify, delete
//!     resources = ["**"]                          # PROJECT/ASSET/PATH; '*' within a part, '**' any rest
//!     reason = "Reads the tables that a person points it at"
//!     optional = false                            # optional: whether it works without
//!
//!     [limits]                                    # optional: what one call wants at most
//!     memory-mib = 128
//!     cpu-ms = 2000
//!     wall-ms = 10000
//!     concurrency = 4
//!     calls-per-second = 50
//!     streams = 8                                 # readers and writers that are open at once
//!     queries = 2                                 # SQL queries that are open at once
//!     kv-mib = 4                                  # key-values, of all calls
//! "#).unwrap();
//! assert_eq!(manifest.needs[0].reason, "Reads the tables that a person points it at");
//! ```
//!
//! What it provides is not declared: what a component exports is what it is.
//! Must not live here: what an admin allows (`grant.rs`), what a component imports (the registry).
//! Invariant: every need has a reason in words, and no text of a manifest can play tricks on a terminal.

use crate::{
    Pattern, Verb,
    document::{Document, Field, Section},
    quota::Limits,
};
use kamld_types::{PluginId, Problem, problem::Result, text::deceives};
use semver::Version;
use serde::{Deserialize, Serialize};

/// The schema that this host writes and reads.
pub const SCHEMA: u64 = 1;
/// A manifest larger than this is not one: it is read at every start.
pub const MAX_MANIFEST: usize = 256 * 1024;

/// A checked `plugin.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub schema: u64,
    pub id: PluginId,
    #[serde(with = "version_text")]
    pub version: Version,
    pub title: String,
    pub summary: String,
    /// An SPDX expression.
    pub licence: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    pub needs: Vec<Need>,
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
}

/// One thing that a plug-in wants to be allowed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// Without its version, such as `kamld:storage/objects`.
    pub interface: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    pub verbs: Vec<Verb>,
    pub resources: Vec<Pattern>,
    /// For the admin who decides about it.
    pub reason: String,
    /// Whether the plug-in works without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

impl Manifest {
    /// Reads a `plugin.toml`. A problem stands at its line and column.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_MANIFEST {
            return Err(Problem::limit(format!("plugin.toml is larger than {} KiB", MAX_MANIFEST / 1024)));
        }
        let document = Document::parse("plugin.toml", text)?;
        let root = document.root();
        if let Some(schema) = root.number("schema")? {
            schema.place(check_schema(schema.value))?;
        }
        root.only(&["schema", "id", "version", "title", "summary", "licence", "source", "needs", "limits"])?;
        let line = |key: &str, most: usize| -> Result<String> {
            let field = root.need_text(key)?;
            field.place(check_line(key, field.value, 1, most))?;
            Ok(field.value.to_owned())
        };
        let id = root.need_text("id")?;
        let version = root.need_text("version")?;
        let source = root.text("source")?;
        if let Some(source) = &source {
            source.place(check_line("source", source.value, 1, 500))?;
        }
        let manifest = Self {
            schema: SCHEMA,
            id: id.place(PluginId::new(id.value))?,
            version: version.place(parse_version(version.value))?,
            title: line("title", 80)?,
            summary: line("summary", 300)?,
            licence: line("licence", 200)?,
            source: source.map(|source| source.value.to_owned()),
            needs: root.sections("needs", "[[needs]]")?.into_iter().map(Need::read).collect::<Result<_>>()?,
            limits: Limits::read(root.section("limits", "[limits]")?)?,
        };
        // The embedded form is read with the same limit, and is longer than a terse text.
        if manifest.to_json().len() > MAX_MANIFEST {
            return Err(Problem::limit(format!("plugin.toml says more than fits into {} KiB", MAX_MANIFEST / 1024)));
        }
        Ok(manifest)
    }

    /// The canonical form that is embedded in a component: compact JSON, keys in the order of the fields.
    pub fn to_json(&self) -> String {
        // Plain data with texts as keys: there is nothing in it that JSON could refuse.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the embedded form, and trusts it no more than the text of a stranger.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let wrong = |why: String| Problem::invalid(format!("the embedded manifest cannot be read: {why}"));
        if bytes.len() > MAX_MANIFEST {
            return Err(Problem::limit(format!("the embedded manifest is larger than {} KiB", MAX_MANIFEST / 1024)));
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
        check_schema(manifest.schema)?;
        check_line("title", &manifest.title, 1, 80)?;
        check_line("summary", &manifest.summary, 1, 300)?;
        check_line("licence", &manifest.licence, 1, 200)?;
        check_line("source", manifest.source.as_deref().unwrap_or("-"), 1, 500)?;
        for need in &manifest.needs {
            check_interface(&need.interface)?;
            check_line("label", need.label.as_deref().unwrap_or("-"), 1, 64)?;
            check_line("reason", &need.reason, 10, 500)?;
            if need.verbs.is_empty() || need.resources.is_empty() {
                return Err(wrong(format!("the need of {} has no verbs or no resources", need.interface)));
            }
        }
        if manifest.limits.list().contains(&Some(0)) {
            return Err(wrong("a limit is 0".into()));
        }
        Ok(manifest)
    }
}

impl Need {
    fn read(section: Section<'_>) -> Result<Self> {
        section.only(&["interface", "label", "verbs", "resources", "reason", "optional"])?;
        let interface = section.need_text("interface")?;
        interface.place(check_interface(interface.value))?;
        let label = section.text("label")?;
        if let Some(label) = &label {
            label.place(check_line("label", label.value, 1, 64))?;
        }
        let reason = match section.text("reason")? {
            Some(reason) => reason,
            None => {
                return Err(section
                    .problem(format!("the need of {} has no reason", interface.value))
                    .help("say in a sentence what it is for: an admin decides by it"));
            }
        };
        reason.place(check_line("reason", reason.value.trim(), 10, 500))?;
        Ok(Self {
            interface: interface.value.to_owned(),
            label: label.map(|label| label.value.to_owned()),
            verbs: verbs(section.need_texts("verbs")?)?,
            resources: patterns(section.need_texts("resources")?)?,
            reason: reason.value.trim().to_owned(),
            optional: section.flag("optional")?,
        })
    }

    /// Whether it speaks about this: the manifest's half of a decision.
    pub fn asks(&self, interface: &str, verb: Verb, resource: &str) -> bool {
        self.interface == interface
            && self.verbs.contains(&verb)
            && self.resources.iter().any(|pattern| pattern.matches(resource))
    }
}

/// Verbs in the order of [`Verb::ALL`], each once.
pub(crate) fn verbs(fields: Vec<Field<'_, &str>>) -> Result<Vec<Verb>> {
    let mut verbs = fields.iter().map(|field| field.place(field.value.parse())).collect::<Result<Vec<Verb>>>()?;
    verbs.sort_unstable();
    verbs.dedup();
    Ok(verbs)
}

pub(crate) fn patterns(fields: Vec<Field<'_, &str>>) -> Result<Vec<Pattern>> {
    fields.iter().map(|field| field.place(Pattern::new(field.value))).collect()
}

fn check_schema(schema: u64) -> Result<()> {
    if schema == SCHEMA {
        return Ok(());
    }
    Err(Problem::invalid(format!("schema {schema} of the manifest is not known here"))
        .help(format!("this host reads schema {SCHEMA}: a newer kamld may read it")))
}

fn parse_version(text: &str) -> Result<Version> {
    text.parse().map_err(|error| {
        Problem::invalid(format!("'{text}' is not a version: {error}")).help("write three numbers, such as 0.1.0")
    })
}

/// One line that an admin will read: nothing in it may move a cursor, turn the direction of the text, or not be seen.
fn check_line(key: &str, text: &str, least: usize, most: usize) -> Result<()> {
    let length = text.chars().count();
    let why = if text.trim().chars().count() < least {
        match least {
            1 => "is empty".to_owned(),
            _ => format!("is shorter than {least} characters"),
        }
    } else if length > most {
        format!("is longer than {most} characters")
    } else if text.contains(deceives) {
        "holds control characters, or others that are not seen".to_owned()
    } else {
        return Ok(());
    };
    Err(Problem::invalid(format!("'{key}' {why}")))
}

/// `NAMESPACE:PACKAGE/INTERFACE`, without a version.
pub(crate) fn check_interface(text: &str) -> Result<()> {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let fail = |why: &str| {
        Err(Problem::invalid(format!("'{}' is not the name of an interface{why}", text.escape_debug()))
            .help("name it as in the contract, such as kamld:storage/objects"))
    };
    if text.contains('@') {
        return fail(": leave its version out, the component says which it was built with");
    }
    match text.split_once(':').and_then(|(space, rest)| Some((space, rest.split_once('/')?))) {
        Some((space, (package, name))) if text.len() <= 200 && word(space) && word(package) && word(name) => Ok(()),
        _ => fail(""),
    }
}

/// `semver::Version` as text: its own serde support is a feature that nothing else here wants.
mod version_text {
    use semver::Version;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(version: &Version, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(version)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
