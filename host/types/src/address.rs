//! `PROJECT/ASSET[@REF][/PATH]`: how people and programs name things everywhere.

use crate::{AssetName, ObjectPath, Problem, ProjectName, RefName, problem::Result};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// One asset of one project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AssetId {
    pub project: ProjectName,
    pub name: AssetName,
}

impl AssetId {
    pub fn new(project: &str, name: &str) -> Result<Self> {
        Ok(Self { project: ProjectName::new(project)?, name: AssetName::new(name)? })
    }
}

impl fmt::Display for AssetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.project, self.name)
    }
}

impl FromStr for AssetId {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self> {
        let address: Address = text.parse()?;
        match address {
            Address { asset, at: None, path: None } => Ok(asset),
            _ => Err(Problem::invalid(format!("'{text}' is more than an asset"))
                .help("name an asset as PROJECT/ASSET, such as birds/strikes")),
        }
    }
}

/// An asset, perhaps at a ref, perhaps an object or (with a `/` at its end) a folder in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    pub asset: AssetId,
    pub at: Option<RefName>,
    /// As written: an object's path, or a folder's with a `/` at its end.
    pub path: Option<String>,
}

impl Address {
    /// The path of an object; an error when there is none or it names a folder.
    pub fn object(&self) -> Result<ObjectPath> {
        let path = self.path.as_deref().ok_or_else(|| {
            Problem::invalid(format!("'{self}' names an asset, not an object in it"))
                .help(format!("add the path of the object, such as {self}/data.csv"))
        })?;
        ObjectPath::new(path)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.asset)?;
        if let Some(at) = &self.at {
            write!(f, "@{at}")?;
        }
        if let Some(path) = &self.path {
            write!(f, "/{path}")?;
        }
        Ok(())
    }
}

impl FromStr for Address {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self> {
        let shape = || {
            Problem::invalid(format!("'{text}' is not an address"))
                .help("name things as PROJECT/ASSET[@REF][/PATH], such as birds/strikes@v1/2019.csv")
        };
        let (project, rest) = text.split_once('/').ok_or_else(shape)?;
        let (asset, path) = match rest.split_once('/') {
            Some((asset, path)) => (asset, Some(path)),
            None => (rest, None),
        };
        let (asset, at) = match asset.split_once('@') {
            Some((asset, at)) => (asset, Some(RefName::new(at)?)),
            None => (asset, None),
        };
        let path = match path {
            None | Some("") => None,
            Some(path) => {
                // A folder keeps its '/', the rest of it is checked as any path.
                let folder = path.ends_with('/');
                let checked = ObjectPath::new(path.strip_suffix('/').unwrap_or(path))?;
                Some(if folder { format!("{checked}/") } else { checked.into() })
            }
        };
        Ok(Self { asset: AssetId::new(project, asset)?, at, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_printed_as_it_is_read() {
        for text in
            ["birds/strikes", "birds/strikes@v1", "birds/strikes/2019.csv", "birds/strikes@main/a/b c.csv", "b/s/a/"]
        {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn an_at_sign_in_a_path_is_part_of_the_path() {
        let address: Address = "birds/strikes/a@2x.png".parse().unwrap();
        assert_eq!((address.at, address.path.as_deref()), (None, Some("a@2x.png")));
    }

    #[test]
    fn what_is_no_address_says_how_to_write_one() {
        for text in ["birds", "", "Birds/x", "birds/strikes@/x", "birds/strikes/../x"] {
            let problem = text.parse::<Address>().unwrap_err();
            assert!(problem.help.is_some(), "{text}: {problem}");
        }
    }
}
