//! One plug-in and what it cost, as the host tells it in JSON.
//!
//! Invariant: what a newer host leaves out or adds never makes a screen fail.

use serde_json::Value;

#[derive(Clone, Debug, Default)]
pub struct About {
    pub id: String,
    pub title: String,
    pub summary: String,
    pub version: String,
    pub licence: String,
    pub state: String,
    pub problem: Option<String>,
    pub digest: String,
    /// The digest of the package before, which is kept to go back to.
    pub previous: Option<String>,
    pub installed: String,
    pub provides: Vec<String>,
    /// Those of them that this host makes nothing of, as `features` says.
    pub unknown: Vec<String>,
    pub commands: u64,
    /// What it declares: its commands, and what it adds to the page, by name.
    pub declares: Vec<String>,
    pub needs: Vec<Need>,
    pub granted: Vec<Allow>,
    pub has_grant: bool,
    pub mode: Option<String>,
    /// What it asks for and is not granted.
    pub refused: Vec<Allow>,
    pub warnings: Vec<String>,
    /// What went wrong lately, newest first.
    pub troubles: Vec<Trouble>,
}

#[derive(Clone, Debug, Default)]
pub struct Trouble {
    pub at: u64,
    pub doing: String,
    pub message: String,
    pub trace: String,
    /// What the plug-in wrote last.
    pub words: String,
}

#[derive(Clone, Debug, Default)]
pub struct Need {
    pub allow: Allow,
    pub reason: String,
    /// Whether the component imports it at all.
    pub imported: bool,
}

/// Verbs on resources of an interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    pub interface: String,
    pub verbs: Vec<String>,
    pub resources: Vec<String>,
    /// Only in these; everywhere when there is none.
    pub projects: Vec<String>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

impl Allow {
    fn new(value: &Value) -> Self {
        Self {
            interface: text(&value["interface"]),
            verbs: texts(&value["verbs"]),
            resources: texts(&value["resources"]),
            projects: texts(&value["projects"]),
        }
    }

    fn list(value: &Value) -> Vec<Self> {
        value.as_array().into_iter().flatten().map(Self::new).collect()
    }
}

impl About {
    pub fn new(value: &Value) -> Self {
        let need = |need: &Value| Need {
            allow: Allow::new(need),
            reason: text(&need["reason"]),
            imported: need["imported"].as_bool().unwrap_or(true),
        };
        let trouble = |trouble: &Value| Trouble {
            at: trouble["at"].as_u64().unwrap_or_default(),
            doing: text(&trouble["doing"]),
            message: text(&trouble["message"]),
            trace: text(&trouble["trace"]),
            words: text(&trouble["words"]),
        };
        // One of the commands themselves, their names, or how many there are.
        let commands = match &value["commands"] {
            Value::Array(all) => all.len() as u64,
            other => other.as_u64().unwrap_or_default(),
        };
        Self {
            id: text(&value["id"]),
            title: text(&value["title"]),
            summary: text(&value["summary"]),
            version: text(&value["version"]),
            licence: text(&value["licence"]),
            state: text(&value["state"]),
            problem: value["problem"].as_str().map(str::to_owned),
            digest: text(&value["digest"]),
            previous: value["previous"].as_str().map(str::to_owned),
            installed: text(&value["installed"]),
            provides: texts(&value["provides"]),
            unknown: Vec::new(),
            commands,
            declares: texts(&value["commands"]).into_iter().chain(texts(&value["surfaces"])).collect(),
            needs: value["needs"].as_array().into_iter().flatten().map(need).collect(),
            granted: Allow::list(&value["granted"]),
            has_grant: !value["granted"].is_null(),
            mode: value["mode"].as_str().map(str::to_owned),
            refused: Allow::list(&value["not granted"]["needs"]),
            warnings: texts(&value["warnings"]),
            troubles: value["troubles"].as_array().into_iter().flatten().map(trouble).collect(),
        }
    }

    pub fn is_on(&self) -> bool {
        self.state != "disabled"
    }

    /// How much of a need is granted.
    pub fn granted(&self, need: &Need) -> Granted {
        let Allow { interface, verbs, .. } = &need.allow;
        let missing = self.refused.iter().filter(|refused| refused.interface == *interface);
        let missing: Vec<&str> = missing
            .flat_map(|refused| &refused.verbs)
            .filter(|verb| verbs.contains(verb))
            .map(String::as_str)
            .collect();
        let given: Vec<&Allow> = self
            .granted
            .iter()
            .filter(|allow| allow.interface == *interface && allow.verbs.iter().any(|verb| verbs.contains(verb)))
            .collect();
        if !self.has_grant || given.is_empty() {
            return Granted::No;
        }
        if missing.is_empty() { Granted::Yes } else { Granted::InPart }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    Yes,
    InPart,
    No,
}

/// What a plug-in cost since the start.
#[derive(Clone, Debug, Default)]
pub struct Account {
    pub id: String,
    pub calls: u64,
    pub cpu_ms: u64,
    pub peak_memory: u64,
    pub host_calls: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub errors: u64,
    pub denials: u64,
    pub traps: u64,
    pub timeouts: u64,
    pub log_dropped: u64,
}

impl Account {
    pub fn new(value: &Value) -> Self {
        let number = |name: &str| value[name].as_u64().unwrap_or_default();
        Self {
            id: text(&value["id"]),
            calls: number("calls"),
            cpu_ms: number("cpu_ms"),
            peak_memory: number("peak_memory"),
            host_calls: number("host_calls"),
            bytes_in: number("bytes_in"),
            bytes_out: number("bytes_out"),
            errors: number("errors"),
            denials: number("denials"),
            traps: number("traps"),
            timeouts: number("timeouts"),
            log_dropped: number("log_dropped"),
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use serde_json::json;

    pub fn search() -> About {
        About::new(&json!({
            "id": "kamld/search", "title": "Search", "summary": "Finds things", "version": "0.1.0",
            "licence": "Apache-2.0", "state": "active", "problem": null, "digest": "ab".repeat(32), "previous": null,
            "installed": "2026-11-24T03:00:00Z", "provides": ["kamld:plugin/commands@0.1.0", "kamld:ui/surface@0.1.0"],
            "commands": 1,
            "needs": [
                {"interface": "kamld:metadata/search", "verbs": ["read"], "resources": ["**"],
                 "reason": "Asks the index", "imported": true},
                {"interface": "kamld:storage/objects", "verbs": ["read", "list"], "resources": ["**"],
                 "reason": "Reads files", "imported": false},
            ],
            "granted": [
                {"interface": "kamld:metadata/search", "verbs": ["read"], "resources": ["**"]},
                {"interface": "kamld:storage/objects", "verbs": ["read"], "resources": ["**"], "projects": ["birds"]},
            ],
            "mode": "enforce",
            "not granted": {"needs": [{"interface": "kamld:storage/objects", "verbs": ["list"], "resources": ["**"]}]},
            "warnings": [],
        }))
    }

    #[test]
    fn a_need_is_granted_wholly_in_part_or_not() {
        let mut about = search();
        let granted = |about: &About| about.needs.iter().map(|need| about.granted(need)).collect::<Vec<_>>();
        assert_eq!(granted(&about), [Granted::Yes, Granted::InPart]);
        about.granted.pop();
        assert_eq!(granted(&about), [Granted::Yes, Granted::No]);
        about.has_grant = false;
        assert_eq!(granted(&about), [Granted::No, Granted::No]);
    }

    #[test]
    fn what_is_missing_or_new_is_no_error() {
        let about = About::new(&json!({"id": "a/b", "commands": ["x", "y"], "moods": 3}));
        assert_eq!((about.id.as_str(), about.commands, about.has_grant), ("a/b", 2, false));
        assert_eq!(Account::new(&json!({"calls": 3, "cpu_ms": "many"})).calls, 3);
    }
}
