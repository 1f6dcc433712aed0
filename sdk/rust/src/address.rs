//! `PROJECT/ASSET[@REF][/PATH]`: how people name things, taken apart.
//!
//! The host checks arguments of the types `asset` and `address` before a plug-in sees them, so what is
//! done here is only splitting; names that arrive as plain text are checked by the capability they go to.

use crate::{Error, Result};
use std::{fmt, str::FromStr};

/// A project, an asset in it, perhaps at a ref, perhaps with a path.
///
/// ```
/// use kamld_sdk::Address;
/// let address: Address = "birds/strikes@v1/2019/may.csv".parse()?;
/// assert_eq!((address.project.as_str(), address.asset.as_str()), ("birds", "strikes"));
/// assert_eq!(address.at.as_deref(), Some("v1"));
/// assert_eq!(address.path.as_deref(), Some("2019/may.csv"));
/// assert_eq!(address.subject(), "birds/strikes/2019/may.csv");
/// assert_eq!(address.to_string(), "birds/strikes@v1/2019/may.csv");
/// # Ok::<(), kamld_sdk::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The name of the project.
    pub project: String,
    /// The name of the asset in it.
    pub asset: String,
    /// A branch, a version or a commit.
    pub at: Option<String>,
    /// An object's path, or a folder's with `/` at its end.
    pub path: Option<String>,
}

impl Address {
    /// The asset alone, as `PROJECT/ASSET`.
    pub fn asset_id(&self) -> String {
        format!("{}/{}", self.project, self.asset)
    }

    /// How the catalogue names it: without the ref.
    pub fn subject(&self) -> String {
        match &self.path {
            Some(path) => format!("{}/{path}", self.asset_id()),
            None => self.asset_id(),
        }
    }

    /// The whole asset at the same ref.
    ///
    /// ```
    /// let address: kamld_sdk::Address = "birds/strikes@v1/2019/may.csv".parse()?;
    /// assert_eq!(address.whole().to_string(), "birds/strikes@v1");
    /// # Ok::<(), kamld_sdk::Error>(())
    /// ```
    #[must_use]
    pub fn whole(&self) -> Self {
        Self { path: None, ..self.clone() }
    }

    /// The folder that an object or a folder lies in, with `/` at its end; the whole asset for what lies at its top.
    ///
    /// ```
    /// let address: kamld_sdk::Address = "birds/strikes/2019/may.csv".parse()?;
    /// assert_eq!(address.parent().to_string(), "birds/strikes/2019/");
    /// assert_eq!(address.parent().parent().to_string(), "birds/strikes");
    /// # Ok::<(), kamld_sdk::Error>(())
    /// ```
    #[must_use]
    pub fn parent(&self) -> Self {
        let path = self.path.as_deref().unwrap_or_default().trim_end_matches('/');
        Self { path: path.rfind('/').map(|end| path[..=end].to_owned()), ..self.clone() }
    }

    /// The same asset and ref with another path.
    #[must_use]
    pub fn with_path(&self, path: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..self.clone() }
    }

    /// Whether the path names a folder by the `/` at its end.
    pub fn is_folder(&self) -> bool {
        self.path.as_deref().is_some_and(|path| path.ends_with('/'))
    }

    /// The path, or an error that says how to write one.
    ///
    /// ```
    /// let address: kamld_sdk::Address = "birds/strikes".parse()?;
    /// assert!(address.need_path().is_err());
    /// # Ok::<(), kamld_sdk::Error>(())
    /// ```
    pub fn need_path(&self) -> Result<&str> {
        self.path.as_deref().ok_or_else(|| {
            Error::invalid(format!("'{self}' names an asset, not an object in it"))
                .help(format!("add the path of the object, such as {self}/data.csv"))
        })
    }

    /// The asset with its ref, or an error when a path was given where only an asset makes sense.
    pub fn need_no_path(self) -> Result<Self> {
        match &self.path {
            None => Ok(self),
            Some(_) => Err(Error::invalid(format!("'{self}' names an object, but this is about a whole asset"))
                .help(format!("leave the path away: {}", Self { path: None, ..self.clone() }))),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.project, self.asset)?;
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
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let shape = || {
            Error::invalid(format!("'{text}' is not an address"))
                .help("name things as PROJECT/ASSET[@REF][/PATH], such as birds/strikes@v1/2019.csv")
        };
        let (project, rest) = text.split_once('/').ok_or_else(shape)?;
        let (asset, path) = match rest.split_once('/') {
            Some((asset, path)) => (asset, (!path.is_empty()).then(|| path.to_owned())),
            None => (rest, None),
        };
        let (asset, at) = match asset.split_once('@') {
            Some((asset, at)) => (asset, Some(at.to_owned())),
            None => (asset, None),
        };
        if project.is_empty() || asset.is_empty() || at.as_deref() == Some("") {
            return Err(shape());
        }
        Ok(Self { project: project.to_owned(), asset: asset.to_owned(), at, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_printed_as_it_is_read() {
        for text in ["b/s", "b/s@v1", "b/s/2019.csv", "b/s@main/a/b c.csv", "b/s/a/"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_slash_behind_the_asset_is_the_asset() {
        assert_eq!("b/s/".parse::<Address>().unwrap().path, None);
    }

    #[test]
    fn what_is_no_address_says_how_to_write_one() {
        for text in ["birds", "", "/x", "birds/", "birds/strikes@/x"] {
            assert!(text.parse::<Address>().unwrap_err().help_text().is_some(), "{text}");
        }
    }
}
