//! `DIR/grants.toml`: what an admin allows each plug-in. People edit it too, so comments and order stay as they are.
//!
//! Must not live here: what a grant means (policy). Invariants: the file is replaced whole; a text that does
//! not read as grants is never written, and one that is found is a problem at its line.

use crate::durable;
use kamld_policy::{Grant, Manifest, grant};
use kamld_types::{PluginId, Problem, problem::Result};
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table};

const FILE: &str = "grants.toml";

const HEADER: &str = "\
# What each plug-in may do: the ceiling over what its manifest asks for. Nothing that is not here is allowed.
# kamld plugin grant and kamld plugin revoke write this file; edited by hand, it counts from the next start on.
";

pub struct Grants {
    file: PathBuf,
    state: Mutex<State>,
}

struct State {
    text: String,
    grants: Vec<Grant>,
}

impl Grants {
    /// Reads the file of a data folder; without one, nothing is granted.
    pub fn open(data: &Path) -> Result<Self> {
        let file = data.join(FILE);
        let state = State::read(&file)?;
        Ok(Self { file, state: Mutex::new(state) })
    }

    /// Reads the file again. Answers whether it changed; when it is wrong, what was read before stays in force.
    pub fn reload(&self) -> Result<bool> {
        let mut state = self.state.lock();
        let fresh = State::read(&self.file)?;
        let changed = fresh.grants != state.grants;
        *state = fresh;
        Ok(changed)
    }

    pub fn all(&self) -> Vec<Grant> {
        self.state.lock().grants.clone()
    }

    pub fn get(&self, id: &PluginId) -> Option<Grant> {
        self.state.lock().grants.iter().find(|grant| grant.plugin == *id).cloned()
    }

    /// The grant of one plug-in as it stands in the file, comments included; none when there is none.
    pub fn text(&self, id: &PluginId) -> Option<String> {
        let state = self.state.lock();
        let document: DocumentMut = state.text.parse().ok()?;
        let place = state.grants.iter().position(|grant| grant.plugin == *id)?;
        let mut alone = tables(document)?.get(place)?.clone();
        position(&mut alone, None);
        let mut list = ArrayOfTables::new();
        list.push(alone);
        let mut document = DocumentMut::new();
        document.insert("grant", Item::ArrayOfTables(list));
        Some(format!("{}\n", document.to_string().trim()))
    }

    /// Puts a grant in place of the one that the plug-in had. With its manifest, the reasons become comments.
    pub fn set(&self, grant: &Grant, manifest: Option<&Manifest>) -> Result<()> {
        self.set_text(&grant.plugin, &grant.to_toml(manifest)).map(|_| ())
    }

    /// Reads the text of a new grant: one `[[grant]]`, for this plug-in, about interfaces that this host has.
    pub fn read_one(id: &PluginId, text: &str) -> Result<Grant> {
        let mut parsed = grant::parse_new("the grant", text)?;
        match parsed.pop() {
            Some(grant) if parsed.is_empty() && grant.plugin == *id => Ok(grant),
            Some(grant) if parsed.is_empty() => {
                Err(Problem::invalid(format!("this is a grant for {}, not for {id}", grant.plugin))
                    .help("nothing was changed"))
            }
            Some(_) => Err(Problem::invalid("there is more than one [[grant]]").help("nothing was changed: write one")),
            None => Err(Problem::invalid(format!("there is no [[grant]] for {id}"))
                .help(format!("nothing was changed; to take everything away: kamld plugin revoke {id}"))),
        }
    }

    /// Whether somebody has changed the file since it was read or written here.
    pub fn edited(&self) -> Result<bool> {
        let state = self.state.lock();
        Ok(durable::read(&self.file)?.unwrap_or_default() != state.text.as_bytes())
    }

    /// Puts the text of a grant in place, with the comments of whoever wrote it: one `[[grant]]`, for this plug-in.
    pub fn set_text(&self, id: &PluginId, text: &str) -> Result<Grant> {
        let grant = Self::read_one(id, text)?;
        let given = text.parse::<DocumentMut>().map_err(unread)?;
        let mut table = tables(given).and_then(|list| list.get(0).cloned()).unwrap_or_default();
        // Comments before the first header belong to the document: they are about this grant.
        position(&mut table, None);
        let mut state = self.state.lock();
        let mut document = state.text.parse::<DocumentMut>().map_err(unread)?;
        let place = state.grants.iter().position(|other| other.plugin == *id);
        let mut decided = state.grants.clone();
        match place {
            Some(place) => decided[place] = grant.clone(),
            None => decided.push(grant.clone()),
        }
        let list = tables_mut(&mut document)?;
        match place.and_then(|place| list.get_mut(place)) {
            Some(old) => {
                // Where it stood, and under the comments that stood over it unless new ones came.
                position(&mut table, old.position());
                if table
                    .decor()
                    .prefix()
                    .and_then(|prefix| prefix.as_str())
                    .is_none_or(|prefix| prefix.trim().is_empty())
                {
                    *table.decor_mut() = old.decor().clone();
                }
                *old = table;
            }
            None => {
                let prefix = table
                    .decor()
                    .prefix()
                    .and_then(|prefix| prefix.as_str())
                    .unwrap_or_default()
                    .trim_start()
                    .to_owned();
                table.decor_mut().set_prefix(format!("\n{prefix}"));
                list.push(table);
            }
        }
        self.write(&mut state, document.to_string(), decided)?;
        Ok(grant)
    }

    /// Takes everything away from a plug-in. Answers whether it had a grant.
    pub fn remove(&self, id: &PluginId) -> Result<bool> {
        let mut state = self.state.lock();
        let Some(place) = state.grants.iter().position(|grant| grant.plugin == *id) else { return Ok(false) };
        let mut document = state.text.parse::<DocumentMut>().map_err(unread)?;
        let mut decided = state.grants.clone();
        decided.remove(place);
        let list = tables_mut(&mut document)?;
        // The head of the file stands over the first grant: it must outlive it.
        let head = (place == 0).then(|| list.get(0).and_then(head_of)).flatten();
        list.remove(place);
        match (head, list.get_mut(0)) {
            (Some(head), Some(first)) => {
                let own = first
                    .decor()
                    .prefix()
                    .and_then(|prefix| prefix.as_str())
                    .unwrap_or_default()
                    .trim_start()
                    .to_owned();
                first.decor_mut().set_prefix(format!("{head}\n\n{own}"));
            }
            (Some(head), None) => document.set_trailing(format!("{head}\n")),
            (None, _) => {}
        }
        self.write(&mut state, document.to_string(), decided)?;
        Ok(true)
    }

    fn write(&self, state: &mut State, text: String, decided: Vec<Grant>) -> Result<()> {
        let text = if text.trim_start().starts_with('#') { text } else { format!("{HEADER}{text}") };
        // What is written is what was decided: a slip in the editing must not widen, keep or lose a grant.
        let grants = grant::parse(FILE, &text)?;
        if grants != decided {
            return Err(Problem::internal(format!("{FILE} is written in a form that cannot be edited"))
                .help("nothing was changed; write each grant as a [[grant]] of its own"));
        }
        durable::replace(&self.file, text.as_bytes(), 0o600)?;
        *state = State { text, grants };
        Ok(())
    }
}

impl State {
    fn read(file: &Path) -> Result<Self> {
        let bytes = durable::read(file)?.unwrap_or_default();
        let text =
            String::from_utf8(bytes).map_err(|_| Problem::invalid(format!("{} is not UTF-8", file.display())))?;
        let grants = grant::parse(FILE, &text).map_err(|mut problem| {
            let did_you_mean = problem.help.take().map(|help| format!("{help}; ")).unwrap_or_default();
            problem.help(format!("{did_you_mean}nothing was changed: mend {}", file.display()))
        })?;
        Ok(Self { text, grants })
    }
}

fn tables(mut document: DocumentMut) -> Option<ArrayOfTables> {
    tables_mut(&mut document).ok().cloned()
}

/// The grants of a document. What people wrote as a list in one line becomes tables, as everything else here is.
fn tables_mut(document: &mut DocumentMut) -> Result<&mut ArrayOfTables> {
    if !document.get("grant").is_some_and(Item::is_array_of_tables) {
        let mut list = match document.remove("grant").map(Item::into_array_of_tables) {
            Some(Ok(list)) => list,
            // An empty list, or none at all.
            Some(Err(_)) | None => ArrayOfTables::new(),
        };
        for table in list.iter_mut() {
            // Its line is gone, and the comments within it would stand in wrong places.
            table.decor_mut().clear();
            table.fmt();
        }
        document.insert("grant", Item::ArrayOfTables(list));
    }
    let list = document.get_mut("grant").and_then(Item::as_array_of_tables_mut);
    list.ok_or_else(|| Problem::internal(format!("{FILE} has grants in a form that cannot be edited")))
}

/// The first block of comments over a table, when an empty line sets it apart.
fn head_of(table: &Table) -> Option<String> {
    let prefix = table.decor().prefix()?.as_str()?;
    let (head, _) = prefix.trim_start().split_once("\n\n")?;
    Some(head.to_owned())
}

/// Where a table and all in it are printed. With the place of its predecessor, or none, they stay together.
fn position(table: &mut Table, place: Option<isize>) {
    table.set_position(place);
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(inner) => position(inner, place),
            Item::ArrayOfTables(list) => list.iter_mut().for_each(|inner| position(inner, place)),
            _ => {}
        }
    }
}

fn unread(error: toml_edit::TomlError) -> Problem {
    Problem::invalid(format!("{FILE}: {}", error.message())).help("nothing was changed")
}
