//! Names of projects, assets, refs, objects and plug-ins, checked once, where they come in.

use crate::{Problem, problem::Result};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The longest path of an object, in bytes of UTF-8: the limit of S3, so that any path can be a key there.
pub const MAX_PATH: usize = 1024;
/// The longest name of a project, asset, branch, version or plug-in.
pub const MAX_NAME: usize = 64;

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Result<Self> {
                let text = text.into();
                Ok(Self($check(text)?))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = Problem;
            fn from_str(text: &str) -> Result<Self> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Problem;
            fn try_from(text: String) -> Result<Self> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        // Ordered, compared and hashed as its text, so a map of names can be asked with a text.
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

name_type!(
    /// `birds`: 1 to 64 of `a-z 0-9 - _ .`, starting with a letter or digit.
    ProjectName, check_project
);
name_type!(
    /// `strikes`: the same alphabet as a project.
    AssetName, check_asset
);
name_type!(
    /// `main`, `try-2`: letters, digits and `- _ .`; not shaped like a commit id.
    BranchName, check_branch
);
name_type!(
    /// `v1`, `before-cleaning`: the same alphabet as a branch.
    VersionName, check_version
);
name_type!(
    /// A branch, a version or a commit id of 8 to 64 hex digits; which of them, the asset tells.
    RefName, check_ref
);
name_type!(
    /// `2019/january.csv`: UTF-8 in NFC, at most 1,024 bytes, `/` between parts, no empty part, no `.` or `..`.
    ObjectPath, check_path
);
name_type!(
    /// `kamld/search`: a namespace and a name.
    PluginId, check_plugin
);

impl ObjectPath {
    /// The part behind the last `/`.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The ending behind the last `.` of the file name, in lower case.
    pub fn extension(&self) -> Option<String> {
        let (stem, ending) = self.file_name().rsplit_once('.')?;
        (!stem.is_empty() && !ending.is_empty()).then(|| ending.to_lowercase())
    }
}

impl RefName {
    /// Whether it could be a commit id rather than a name.
    pub fn looks_like_commit(&self) -> bool {
        looks_like_commit(&self.0)
    }
}

impl From<BranchName> for RefName {
    fn from(name: BranchName) -> Self {
        Self(name.0)
    }
}

impl From<VersionName> for RefName {
    fn from(name: VersionName) -> Self {
        Self(name.0)
    }
}

fn looks_like_commit(text: &str) -> bool {
    (8..=64).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 80 {
        return text.to_owned();
    }
    let start: String = text.chars().take(60).collect();
    format!("{start}… ({} bytes)", text.len())
}

fn check_plain(what: &str, text: String, upper: bool) -> Result<String> {
    let alphabet = if upper { "letters, digits, '-', '_' and '.'" } else { "a to z, 0 to 9, '-', '_' and '.'" };
    let fail = |why: String| {
        Problem::invalid(format!("'{}' is not a name for {what}: {why}", shorten(&text)))
            .help(format!("use 1 to {MAX_NAME} characters out of {alphabet}, starting with a letter or digit"))
    };
    if text.is_empty() {
        return Err(fail("it is empty".into()));
    }
    if text.len() > MAX_NAME {
        return Err(fail(format!("it is longer than {MAX_NAME} characters")));
    }
    for (place, c) in text.chars().enumerate() {
        let plain = c.is_ascii_lowercase() || c.is_ascii_digit() || (upper && c.is_ascii_uppercase());
        if !(plain || (place > 0 && matches!(c, '-' | '_' | '.'))) {
            return Err(fail(format!("'{}' cannot stand at place {}", c.escape_default(), place + 1)));
        }
    }
    Ok(text)
}

fn check_project(text: String) -> Result<String> {
    check_plain("a project", text, false)
}

fn check_asset(text: String) -> Result<String> {
    check_plain("an asset", text, false)
}

fn check_not_commit(what: &str, text: String) -> Result<String> {
    let text = check_plain(what, text, true)?;
    if looks_like_commit(&text) {
        return Err(Problem::invalid(format!("'{text}' is not a name for {what}: it reads like a commit id"))
            .help("add a letter beyond f, or a '-'"));
    }
    Ok(text)
}

fn check_branch(text: String) -> Result<String> {
    check_not_commit("a branch", text)
}

fn check_version(text: String) -> Result<String> {
    check_not_commit("a version", text)
}

fn check_ref(text: String) -> Result<String> {
    check_plain("a ref (a branch, a version or a commit)", text, true)
}

fn check_path(text: String) -> Result<String> {
    let fail = |why: &str| {
        Problem::invalid(format!("'{}' cannot be the path of an object: {why}", shorten(&text)))
            .help("use parts joined by '/', without '.' and '..', at most 1,024 bytes in all")
    };
    if text.is_empty() {
        return Err(fail("it is empty"));
    }
    if let Some(c) = text.chars().find(|c| c.is_control()) {
        return Err(fail(&format!("it holds the control character {}", c.escape_default())));
    }
    // One spelling for one name: macOS hands out decomposed names, Linux composed ones.
    let text = if is_nfc(&text) { text.clone() } else { text.nfc().collect() };
    if text.len() > MAX_PATH {
        return Err(fail("it is longer than 1,024 bytes"));
    }
    for part in text.split('/') {
        match part {
            "" => return Err(fail("it has an empty part (a '/' at the start, at the end, or two in a row)")),
            "." | ".." => return Err(fail("'.' and '..' are not names")),
            _ if part.contains('\\') => return Err(fail("a '\\' cannot be part of a name")),
            _ => {}
        }
    }
    Ok(text)
}

fn check_plugin(text: String) -> Result<String> {
    let Some((space, name)) = text.split_once('/') else {
        return Err(Problem::invalid(format!("'{}' is not the id of a plug-in", shorten(&text)))
            .help("an id is a namespace and a name, such as kamld/search"));
    };
    check_plain("the namespace of a plug-in", space.to_owned(), false)?;
    check_plain("a plug-in", name.to_owned(), false)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_people_type_by_mistake_say_what_is_wrong() {
        for (text, why) in [
            ("", "it is empty"),
            ("Birds", "'B' cannot stand at place 1"),
            ("my birds", "' ' cannot stand at place 3"),
            ("-x", "'-' cannot stand at place 1"),
            ("é", "'\\u{e9}' cannot stand at place 1"),
        ] {
            let problem = ProjectName::new(text).unwrap_err();
            assert!(problem.message.contains(why), "{}", problem.message);
        }
    }

    #[test]
    fn paths_that_leave_the_asset_are_refused() {
        for text in
            ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\\b", "a\nb", &"x".repeat(1025), &"é/".repeat(2048)]
        {
            assert!(ObjectPath::new(text).is_err(), "{text:?}");
        }
        for text in ["a b/c (1).csv", "дані/ptáci.csv", "鳥.parquet", ".hidden", "a...b"] {
            assert_eq!(ObjectPath::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_decomposed_path_is_the_same_path() {
        assert_eq!(ObjectPath::new("e\u{301}.csv").unwrap(), ObjectPath::new("é.csv").unwrap());
    }

    #[test]
    fn a_branch_cannot_be_mistaken_for_a_commit() {
        assert!(BranchName::new("deadbeef").is_err());
        assert!(BranchName::new("dead-beef").is_ok());
        assert!(BranchName::new("V1.0").is_ok());
        assert!(RefName::new("deadbeef").unwrap().looks_like_commit());
    }
}
