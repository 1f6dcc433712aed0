//! The commands that plug-ins offer: fetched from the server, kept for when it is down.
//!
//! Lives here: the list and its cache. Must not live here: clap, running a command.
//! Invariant: a cache that is missing or broken is no error, it is an empty list.

use super::{client::Client, failure::Result, place::Place};
use kamld_types::{Hash, command::Command};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Offers {
    #[serde(default)]
    pub generation: u64,
    pub commands: Vec<Offer>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Offer {
    pub plugin: String,
    #[serde(flatten)]
    pub command: Command,
}

/// What is kept: each command as it came, so that one of a newer shape costs only itself.
#[derive(Serialize, Deserialize)]
struct Raw {
    #[serde(default)]
    generation: u64,
    commands: Vec<serde_json::Value>,
}

impl From<Raw> for Offers {
    fn from(raw: Raw) -> Self {
        let commands = raw.commands.into_iter().filter_map(|command| serde_json::from_value(command).ok()).collect();
        Self { generation: raw.generation, commands }
    }
}

/// In the data folder itself, or for a server elsewhere in the cache of this person.
fn file(place: &Place, cache: &Path) -> PathBuf {
    match place {
        Place::Folder(folder) => folder.join("commands.json"),
        Place::Remote { .. } => {
            let name = Hash(Sha256::digest(place.identity()).into());
            cache.join(format!("commands-{}.json", name.short()))
        }
    }
}

/// Asks the server, and keeps what it says.
pub async fn fetch(client: &Client, cache: &Path) -> Result<Offers> {
    let raw: Raw = client.json(client.get(&["commands"])).await?;
    keep(&file(client.place(), cache), &raw);
    Ok(raw.into())
}

/// Fails with the reason when a plug-in declares a command of this name and may not offer it.
pub async fn withheld(client: &Client, name: &[&str]) -> Result<()> {
    let segments: Vec<&str> = std::iter::once("commands").chain(name.iter().copied()).collect();
    let response = client.raw(client.get(&segments)).await?;
    match response.status() {
        StatusCode::FORBIDDEN => Err(client.refused(response).await),
        _ => Ok(()),
    }
}

/// What the server said last time.
pub fn kept(place: &Place, cache: &Path) -> Offers {
    let text = fs::read(file(place, cache)).unwrap_or_default();
    serde_json::from_slice::<Raw>(&text).map(Offers::from).unwrap_or_default()
}

/// Help and completion want it later; the command at hand does not, so it goes on when this fails.
fn keep(file: &Path, raw: &Raw) {
    let Ok(text) = serde_json::to_vec(raw) else { return };
    if fs::read(file).is_ok_and(|old| old == text) {
        return;
    }
    let _ = write_whole(file, &text);
}

/// Replaces a file at once, so that another command never reads half of it.
pub fn write_whole(file: &Path, text: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    if !folder.is_dir() {
        fs::create_dir_all(folder)?;
    }
    let aside = file.with_extension(format!("{}.new", std::process::id()));
    fs::write(&aside, text).and_then(|()| fs::rename(&aside, file)).inspect_err(|_| {
        let _ = fs::remove_file(&aside);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_of_a_newer_shape_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Folder(folder.path().into());
        let good =
            r#"{"plugin": "a/b", "name": ["ls"], "summary": "", "arguments": [], "effect": "read", "output": {}}"#;
        let odd = r#"{"plugin": "a/b", "name": "x", "effect": "dream"}"#;
        fs::write(folder.path().join("commands.json"), format!(r#"{{"generation": 3, "commands": [{odd}, {good}]}}"#))
            .unwrap();
        let offers = kept(&place, folder.path());
        assert_eq!((offers.generation, offers.commands.len()), (3, 1));
        assert_eq!(offers.commands[0].command.name, ["ls"]);
    }

    #[test]
    fn a_broken_cache_is_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Folder(folder.path().into());
        assert!(kept(&place, folder.path()).commands.is_empty());
        fs::write(folder.path().join("commands.json"), "{\"comm").unwrap();
        assert!(kept(&place, folder.path()).commands.is_empty());
    }
}
