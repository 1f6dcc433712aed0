//! Where the server is: a data folder with its `server.json`, or an address with a token.
//!
//! Lives here: the order of flags, variables and defaults; the folders of a person. Must not live here: HTTP.
//! Invariants: a token never comes from the command line, where every other process could read it; the token of a data
//! folder only goes to the process that holds that folder.

use super::failure::Result;
use crate::folder;
use kamld_types::Problem;
use serde::Deserialize;
use std::{
    env, fs, io,
    path::{Path, PathBuf},
};
use url::Url;

/// How the person named the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Folder(PathBuf),
    Remote { url: Url, token: Option<String> },
}

/// Where to connect now; after a restart of the server it is another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub url: Url,
    pub token: Option<String>,
}

/// `DIR/server.json`, written by a running server.
#[derive(Deserialize)]
struct Running {
    url: String,
    token: String,
    pid: u32,
}

impl Place {
    /// Flags go before variables, an address before a folder, and the default folder comes last.
    pub fn find(data: Option<&Path>, url: Option<&str>, var: impl Fn(&str) -> Option<String>) -> Result<Self> {
        if let Some(data) = data {
            return Ok(Self::Folder(data.to_owned()));
        }
        let from_env = if url.is_none() { var("KAMLD_URL") } else { None };
        if let Some(text) = url.map(str::to_owned).or(from_env) {
            return Self::remote(&text, var("KAMLD_TOKEN"));
        }
        Ok(Self::Folder(data_folder(None, var)))
    }

    fn remote(text: &str, token: Option<String>) -> Result<Self> {
        let wrong = || {
            Problem::invalid(format!("'{text}' is not the address of a server"))
                .help("an address reads http://HOST:PORT; the token comes from KAMLD_TOKEN")
        };
        let mut url = Url::parse(text).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(wrong().into());
        }
        // The link that `kamld up` prints carries the token: pasted as it is, it works.
        let in_link = url.query_pairs().find(|(key, _)| key == "token").map(|(_, token)| token.into_owned());
        url.set_query(None);
        url.set_fragment(None);
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self::Remote { url, token: token.or(in_link) })
    }

    /// Where the server answers now.
    pub fn endpoint(&self) -> Result<Endpoint> {
        let folder = match self {
            Self::Remote { url, token } => return Ok(Endpoint { url: url.clone(), token: token.clone() }),
            Self::Folder(folder) => folder,
        };
        let file = folder.join("server.json");
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(self.nobody().into()),
            Err(error) => {
                return Err(Problem::unavailable(format!("{} cannot be read: {error}", file.display()))
                    .help("it holds the address and token of the server and belongs to whoever started it")
                    .into());
            }
        };
        let wrong = |error: &dyn std::fmt::Display| {
            Problem::corrupt(format!("{} is not what a server writes: {error}", file.display()))
                .help("start the server again: it writes the file anew")
        };
        let running: Running = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
        let url = Url::parse(&running.url).map_err(|error| wrong(&error))?;
        // A server that was killed leaves the file behind, and by now another program may listen on its port.
        let holder = folder::holder(folder).map_err(|error| {
            Problem::unavailable(format!("the lock of {} cannot be read: {error}", folder.display()))
                .help("it shows whether a server is running: check who owns the folder")
        })?;
        if holder != Some(running.pid) {
            return Err(self.nobody().into());
        }
        Ok(Endpoint { url, token: Some(running.token) })
    }

    /// The words for a server that is not there.
    pub fn nobody(&self) -> Problem {
        match self {
            Self::Folder(folder) => Problem::unavailable(format!("no server is running for {}", folder.display()))
                .help(format!("start one with `kamld up{}`, or name another with --data or --url", self.flag())),
            Self::Remote { url, .. } => Problem::unavailable(format!("nothing answers at {url}"))
                .help("check the address, and that the server runs and can be reached from here"),
        }
    }

    /// ` --data DIR` as a person would have to type it; nothing for the default folder.
    fn flag(&self) -> String {
        match self {
            Self::Folder(folder) if *folder != data_folder(None, |name| env::var(name).ok()) => {
                format!(" --data {}", folder.display())
            }
            _ => String::new(),
        }
    }

    /// The same for the same server, whatever port it got this time: names what is kept about it between commands.
    pub fn identity(&self) -> String {
        match self {
            Self::Folder(folder) => {
                let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.clone());
                format!("folder {}", folder.display())
            }
            Self::Remote { url, .. } => format!("url {url}"),
        }
    }
}

/// The data folder: `--data`, `KAMLD_DATA`, `$XDG_DATA_HOME/kamld` or `~/.local/share/kamld`.
pub fn data_folder(flag: Option<&Path>, var: impl Fn(&str) -> Option<String>) -> PathBuf {
    let set = |name: &str| var(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = flag {
        return folder.to_owned();
    }
    if let Some(folder) = set("KAMLD_DATA") {
        return folder;
    }
    let shared = set("XDG_DATA_HOME").filter(|folder| folder.is_absolute());
    shared.unwrap_or_else(|| home(&var).join(".local/share")).join("kamld")
}

/// What may be lost without harm: `$XDG_CACHE_HOME/kamld` or `~/.cache/kamld`.
pub fn cache_folder(var: impl Fn(&str) -> Option<String>) -> PathBuf {
    let set = var("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    set.unwrap_or_else(|| home(&var).join(".cache")).join("kamld")
}

fn home(var: impl Fn(&str) -> Option<String>) -> PathBuf {
    var("HOME").or_else(|| var("USERPROFILE")).map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// A variable of the environment that is set to something.
pub fn environment(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(data: Option<&str>, url: Option<&str>, vars: &[(&str, &str)]) -> Result<Place> {
        Place::find(data.map(Path::new), url, |name| {
            vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn flags_go_before_variables_and_an_address_before_a_folder() {
        let vars = [("KAMLD_DATA", "/env"), ("KAMLD_URL", "http://env:1"), ("KAMLD_TOKEN", "t"), ("HOME", "/home/a")];
        assert_eq!(find(Some("/flag"), None, &vars).unwrap(), Place::Folder("/flag".into()));
        for (url, host) in [(Some("http://flag:2/"), "flag"), (None, "env")] {
            let Place::Remote { url, token } = find(None, url, &vars).unwrap() else { panic!("a folder") };
            assert_eq!((url.host_str(), token.as_deref()), (Some(host), Some("t")));
        }
        assert_eq!(find(None, None, &vars[..1]).unwrap(), Place::Folder("/env".into()));
        assert_eq!(find(None, None, &vars[3..]).unwrap(), Place::Folder("/home/a/.local/share/kamld".into()));
    }

    #[test]
    fn the_printed_link_can_be_given_as_the_address() {
        let place = find(None, Some("http://127.0.0.1:8080/?token=secret#x"), &[]).unwrap();
        let expected = Place::Remote { url: "http://127.0.0.1:8080/".parse().unwrap(), token: Some("secret".into()) };
        assert_eq!(place, expected);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in ["localhost", "ftp://x/", "http:", "file:///x"] {
            assert!(find(None, Some(url), &[]).is_err(), "{url}");
        }
    }

    #[test]
    fn a_folder_without_a_server_says_how_to_start_one() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Folder(folder.path().to_owned());
        let stop = place.endpoint().unwrap_err();
        let problem = stop.problem().unwrap();
        assert!(problem.message.starts_with("no server is running for "), "{}", problem.message);
        assert!(problem.help.as_deref().unwrap().contains("kamld up --data"));

        fs::write(folder.path().join("server.json"), "{").unwrap();
        assert_eq!(place.endpoint().unwrap_err().kind(), Some(kamld_types::Kind::Corrupt));
    }

    #[test]
    fn the_token_only_goes_to_the_process_that_holds_the_folder() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("data");
        let place = Place::Folder(path.clone());
        let folder = crate::folder::Folder::open(&path).unwrap();
        folder.announce("http://127.0.0.1:9/", "t").unwrap();
        assert_eq!(place.endpoint().unwrap().token.as_deref(), Some("t"));
        // A server that was killed: the file is there, the lock is not held.
        drop(folder);
        let stale = place.endpoint().unwrap_err();
        assert!(stale.problem().unwrap().message.starts_with("no server is running for "), "{stale:?}");
        // Another server took the folder and has not announced itself.
        let said = fs::read_to_string(path.join("server.json")).unwrap();
        let _folder = crate::folder::Folder::open(&path).unwrap();
        fs::write(path.join("server.json"), said.replace(&format!(":{}", std::process::id()), ":1")).unwrap();
        assert!(place.endpoint().is_err());
    }
}
