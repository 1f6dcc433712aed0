//! Resource patterns: `PROJECT/ASSET/PATH` with literal parts, `*` within one part, `**` for any rest.
//!
//! * `birds/strikes/2019.csv` is that object, `birds/*` every asset of birds, `birds/strikes/2019-*.csv` some objects.
//! * `**` at the end stands for what stands before it and everything in it: `birds/**` is birds, its assets and their objects.
//! * `**` alone is everything, and what belongs to no project too; an empty pattern is only the latter.
//! * `\*` is a star that stands in a name.
//!
//! Invariants: a pattern is parsed once; matching allocates nothing and is linear in the resource for
//! each star; a resource that ends in `/` (a folder and all below it) is only matched by a pattern that ends in `**`.

use kamld_types::{ObjectPath, Problem, problem::Result};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The longest pattern in bytes: a project, an asset and a path, each as long as it may be.
const MAX_PATTERN: usize = 1024 + 64 + 64 + 2;

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    text: String,
    parts: Box<[Part]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(Box<str>),
    /// What stands between the stars: at least two pieces, some of them empty.
    Glob(Box<[Box<str>]>),
    Rest,
}

impl Pattern {
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let fail = |why: &str| {
            Problem::invalid(format!("'{text}' is not a pattern for resources: {why}"))
                .help("write PROJECT/ASSET/PATH with '*' within a part and '**' at the end, such as birds/strikes/**")
        };
        if text.is_empty() {
            return Ok(Self { text, parts: Box::default() });
        }
        if text.len() > MAX_PATTERN {
            return Err(fail("it is too long"));
        }
        let mut parts = Vec::new();
        for part in text.split('/') {
            if parts.last() == Some(&Part::Rest) {
                return Err(fail("'**' can only stand at the end"));
            }
            parts.push(match part {
                "" => return Err(fail("it has an empty part")),
                "**" => Part::Rest,
                _ => Part::parse(part).map_err(|why| fail(&why))?,
            });
        }
        Ok(Self { text, parts: parts.into() })
    }

    /// Everything.
    pub fn everything() -> Self {
        Self { text: "**".into(), parts: Box::new([Part::Rest]) }
    }

    /// The pattern that matches one resource and nothing else; with `deep`, all that is in it too.
    pub fn exactly(resource: &str, deep: bool) -> Result<Self> {
        let escaped = resource.replace('*', "\\*");
        match (escaped.is_empty(), deep) {
            (true, true) => Ok(Self::everything()),
            (false, true) => Self::new(format!("{}/**", escaped.trim_end_matches('/'))),
            (_, false) => Self::new(escaped),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn is_everything(&self) -> bool {
        self.parts.first() == Some(&Part::Rest)
    }

    /// Whether it names this resource. The resource is taken as well-formed: see [`well_formed`].
    pub fn matches(&self, resource: &str) -> bool {
        if resource.is_empty() {
            return self.parts.is_empty() || self.is_everything();
        }
        let (body, folder) = match resource.strip_suffix('/') {
            Some(body) => (body, true),
            None => (resource, false),
        };
        let mut left = Some(body);
        for part in &self.parts {
            let given = match (part, left) {
                (Part::Rest, _) => return true,
                (_, None) => return false,
                (_, Some(text)) => match text.bytes().position(|byte| byte == b'/') {
                    Some(place) => {
                        left = Some(&text[place + 1..]);
                        &text[..place]
                    }
                    None => {
                        left = None;
                        text
                    }
                },
            };
            let fits = match part {
                Part::Literal(literal) => given == &**literal,
                Part::Glob(pieces) => glob(pieces, given),
                Part::Rest => true,
            };
            if !fits {
                return false;
            }
        }
        !folder && left.is_none()
    }

    /// Whether everything that `other` matches is matched by this one. Never wrongly yes; a star
    /// inside a name is only compared as text, so it may be no where a person would see a yes.
    pub fn covers(&self, other: &Pattern) -> bool {
        for (place, part) in self.parts.iter().enumerate() {
            let fits = match (part, other.parts.get(place)) {
                (Part::Rest, _) => return true,
                (_, None | Some(Part::Rest)) => false,
                (Part::Glob(pieces), Some(Part::Literal(text))) => glob(pieces, text),
                (Part::Glob(pieces), Some(_)) if pieces.iter().all(|piece| piece.is_empty()) => true,
                (mine, Some(theirs)) => mine == theirs,
            };
            if !fits {
                return false;
            }
        }
        self.parts.len() == other.parts.len()
    }
}

/// Whether a resource has the form that patterns speak about: no empty part, no `.` or `..`; a `/` at the
/// end stands for a folder. A gate refuses everything else, whatever the patterns say.
pub fn well_formed(resource: &str) -> bool {
    // One pass over the bytes: every host call comes through here.
    let (mut length, mut dots) = (0, 0);
    for byte in resource.bytes() {
        match byte {
            b'/' if length == 0 || (length == dots && dots <= 2) => return false,
            b'/' => (length, dots) = (0, 0),
            b'.' => (length, dots) = (length + 1, dots + 1),
            _ => length += 1,
        }
    }
    // An empty part at the end is the '/' of a folder.
    length == 0 || length != dots || dots > 2
}

impl Part {
    fn parse(part: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut piece = String::new();
        let mut chars = part.chars();
        while let Some(c) = chars.next() {
            match c {
                '*' if piece.is_empty() && !pieces.is_empty() => {
                    return Err("'**' can only be a part of its own".into());
                }
                '*' => pieces.push(std::mem::take(&mut piece)),
                '\\' if chars.next() == Some('*') => piece.push('*'),
                '\\' => return Err("a '\\' can only stand before a '*'".into()),
                c => piece.push(c),
            }
        }
        pieces.push(piece);
        let pieces = pieces
            .into_iter()
            .map(|piece| match piece.as_str() {
                // Beside a star these are letters like any other.
                "" => Ok(piece),
                "." | ".." if part != piece => Ok(piece),
                // The same spelling and the same alphabet as the names it will meet.
                _ => ObjectPath::new(piece).map(String::from).map_err(|problem| problem.message),
            })
            .map(|piece| piece.map(String::into_boxed_str))
            .collect::<Result<Vec<Box<str>>, String>>()?;
        match <[Box<str>; 1]>::try_from(pieces) {
            Ok([literal]) => Ok(Part::Literal(literal)),
            Err(pieces) => Ok(Part::Glob(pieces.into())),
        }
    }
}

/// The first piece stands at the start, the last at the end, those between in order: taking the leftmost
/// place for each never misses a match.
fn glob(pieces: &[Box<str>], part: &str) -> bool {
    let (Some((first, rest)), Some(last)) = (pieces.split_first(), pieces.last()) else { return false };
    let Some(mut left) = part.strip_prefix(&**first) else { return false };
    let Some((_, middle)) = rest.split_last() else { return left.is_empty() };
    for piece in middle {
        match left.find(&**piece) {
            Some(place) => left = &left[place + piece.len()..],
            None => return false,
        }
    }
    left.ends_with(&**last)
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

impl FromStr for Pattern {
    type Err = Problem;
    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl TryFrom<String> for Pattern {
    type Error = Problem;
    fn try_from(text: String) -> Result<Self> {
        Self::new(text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> String {
        pattern.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, resource: &str) -> bool {
        Pattern::new(pattern).unwrap().matches(resource)
    }

    #[test]
    fn a_pattern_matches_what_it_names_and_nothing_beside_it() {
        for (pattern, yes, no) in [
            ("", vec![""], vec!["birds", "birds/strikes"]),
            ("**", vec!["", "birds", "birds/strikes", "birds/strikes/a/b.csv", "birds/strikes/a/"], vec![]),
            ("birds", vec!["birds"], vec!["", "birds/strikes", "birds2", "bird"]),
            ("*", vec!["birds"], vec!["", "birds/strikes"]),
            ("birds/*", vec!["birds/strikes"], vec!["birds", "birds/strikes/a", "bees/x"]),
            ("birds/**", vec!["birds", "birds/strikes", "birds/strikes/a/b", "birds/strikes/a/"], vec!["", "birds2/x"]),
            ("*/strikes/**", vec!["birds/strikes", "x/strikes/y"], vec!["birds/other", "strikes"]),
            (
                "birds/strikes/2019-*.csv",
                vec!["birds/strikes/2019-01.csv", "birds/strikes/2019-.csv"],
                vec!["birds/strikes/2019-01.csv.gz", "birds/strikes/2019-a/b.csv", "birds/strikes/2019"],
            ),
            ("b/s/a*a", vec!["b/s/aa", "b/s/aba"], vec!["b/s/a"]),
            ("b/s/*x*y*", vec!["b/s/xy", "b/s/1x2y3"], vec!["b/s/yx"]),
            (r"b/s/\*", vec!["b/s/*"], vec!["b/s/x"]),
        ] {
            for resource in yes {
                assert!(matches(pattern, resource), "{pattern:?} must match {resource:?}");
            }
            for resource in no {
                assert!(!matches(pattern, resource), "{pattern:?} must not match {resource:?}");
            }
        }
    }

    #[test]
    fn a_folder_is_only_covered_by_a_pattern_that_covers_all_below_it() {
        assert!(!matches("birds/strikes/*", "birds/strikes/a/"));
        assert!(!matches("birds/strikes/a", "birds/strikes/a/"));
        assert!(!matches("birds/strikes/a/b/**", "birds/strikes/a/"));
        assert!(matches("birds/strikes/a/**", "birds/strikes/a/"));
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        for (text, why) in [
            ("/birds", "empty part"),
            ("birds//x", "empty part"),
            ("birds/**/x", "only stand at the end"),
            ("birds/a**", "a part of its own"),
            (r"birds/a\b", "can only stand before"),
            ("birds/../x", "not names"),
            ("birds/a\u{7}", "control character"),
        ] {
            let problem = Pattern::new(text).unwrap_err();
            assert!(problem.message.contains(why) && problem.help.is_some(), "{text}: {}", problem.message);
        }
    }

    #[test]
    fn a_decomposed_pattern_matches_the_composed_name() {
        assert!(matches("b/s/e\u{301}.csv", "b/s/é.csv"));
    }

    #[test]
    fn covering_is_what_a_reviewer_would_call_nothing_new() {
        for (wide, narrow, covered) in [
            ("**", "birds/**", true),
            ("**", "", true),
            ("birds/**", "birds", true),
            ("birds/**", "birds/strikes/**", true),
            ("birds/*", "birds/strikes", true),
            ("birds/*", "birds/s*", true),
            ("birds/*", "birds/strikes/a", false),
            ("birds/*", "birds/**", false),
            ("birds/strikes/**", "birds/**", false),
            ("birds/s*", "birds/strikes", true),
            ("birds/s*", "birds/*", false),
            ("", "**", false),
            ("", "", true),
        ] {
            let (wide_, narrow_) = (Pattern::new(wide).unwrap(), Pattern::new(narrow).unwrap());
            assert_eq!(wide_.covers(&narrow_), covered, "{wide:?} covers {narrow:?}");
        }
    }

    #[test]
    fn a_resource_that_climbs_is_not_well_formed() {
        for bad in ["/", "birds/../bees", "birds//x", "./x", "birds/strikes//"] {
            assert!(!well_formed(bad), "{bad}");
        }
        for good in ["", "birds", "birds/strikes", "birds/strikes/a...b", "birds/strikes/a/"] {
            assert!(well_formed(good), "{good}");
        }
    }

    #[test]
    fn exactly_one_resource_can_be_written_even_with_a_star_in_its_name() {
        let pattern = Pattern::exactly("b/s/a*b", false).unwrap();
        assert!(pattern.matches("b/s/a*b") && !pattern.matches("b/s/axb"));
        assert_eq!(Pattern::exactly("b/s", true).unwrap().as_str(), "b/s/**");
    }
}
