//! Surfaces: what plug-ins add to the page, drawn, acted on and paged.
//!
//! Lives here: the calls of `kamld:ui/surface` and what of their answers is taken. Must not live here: patches and
//! connections, which are the server's.
//! Invariant: what leaves here keeps to the catalogue and to its budgets; what does not is `invalid` and in the log.

use crate::{
    call::{Caller, Order},
    declared::{self, MOST_SURFACES},
    guest::Guest,
    plugin::{Loaded, Slot},
    runtime::Runtime,
    view_check,
};
use kamld_bindings::surface::exports::kamld::ui::surface as wit;
use kamld_types::{
    PluginId, Problem,
    command::{ArgumentType, Command},
    problem::Result,
    surface::{Offer, Place, PluginOffer, Reaction, RowPage, Screen, Window},
};
use serde_json::{Map, Value};
use std::{collections::HashSet, sync::Arc};

/// What a plug-in with these commands says that it offers; a slot of a later page is left out.
pub fn offers(plugin: &PluginId, declared: Vec<wit::Offer>, commands: &[Command]) -> Result<Vec<Offer>> {
    if declared.len() > MOST_SURFACES {
        return Err(Problem::limit(format!("it declares {} surfaces, {MOST_SURFACES} are allowed", declared.len())));
    }
    let mut names = HashSet::new();
    let mut offers = Vec::new();
    for wit::Offer { name, slot, title, icon, order, fits, cells } in declared {
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 64 || !name.chars().all(word) {
            let shown: String = name.chars().take(64).collect();
            return Err(Problem::invalid(format!(
                "the name of its surface '{shown}' is not lower case words joined by '-'"
            )));
        }
        if !names.insert(name.clone()) {
            return Err(Problem::invalid(format!("two of its surfaces are called '{name}'")));
        }
        if !view_check::is_slot(&slot) {
            let slot: String = slot.chars().take(64).collect();
            tracing::warn!(%plugin, surface = name, slot, "this host has no such slot: the surface is left out");
            continue;
        }
        if !cells.is_empty() && !view_check::is_value_type(&cells) {
            let cells: String = cells.chars().take(64).collect();
            return Err(Problem::invalid(format!("the cells of its column '{name}' are '{cells}', which is no type")));
        }
        if slot.ends_with("-action") {
            acts_on_a_row(&name, commands)?;
        }
        offers.push(Offer { name, slot, title, icon, order, fits, cells });
    }
    Ok(offers)
}

/// A command that is offered for a row is one of the plug-in's own, and takes the address of the row first.
fn acts_on_a_row(name: &str, commands: &[Command]) -> Result<()> {
    let Some(command) = commands.iter().find(|command| command.name.join("-") == name) else {
        return Err(Problem::invalid(format!("it offers '{name}' for rows, which is none of its commands"))
            .help("the name of the offer is the words of the command joined by '-'"));
    };
    let takes = command.arguments.first().map(|argument| argument.r#type);
    if matches!(takes, Some(ArgumentType::Asset | ArgumentType::Address | ArgumentType::Text)) {
        return Ok(());
    }
    Err(Problem::invalid(format!("its command '{}' cannot take a row", command.name.join(" ")))
        .help("the first argument of a command that is offered for rows is an asset or an address"))
}

fn place(place: &Place) -> wit::Place {
    wit::Place { surface: place.surface.clone(), address: place.address.clone(), params: place.words() }
}

fn object(text: &str, what: &str) -> Result<Map<String, Value>> {
    if text.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(text).map_err(|error| Problem::invalid(format!("{what} is not a JSON object: {error}")))
}

impl Runtime {
    /// Every surface, by plug-in, in the order of declaration.
    pub fn surfaces(&self) -> Vec<PluginOffer> {
        let of = |(id, loaded): (PluginId, Arc<Loaded>)| {
            let offers = loaded.offers.iter();
            offers.map(|offer| PluginOffer { plugin: id.clone(), offer: (**offer).clone() }).collect::<Vec<_>>()
        };
        self.loaded().into_iter().flat_map(of).collect()
    }

    fn with_surface(&self, plugin: &PluginId, name: &str) -> Result<Arc<Slot>> {
        let slot = self.slot(plugin)?;
        if slot.loaded()?.offers.iter().any(|offer| offer.name == name) {
            return Ok(slot);
        }
        Err(Problem::not_found(format!("plug-in {plugin} has no surface '{name}'")))
    }

    /// What a plug-in answered that it must not: said to the person and in its log.
    fn broken(&self, slot: &Slot, what: &str, trace: &str, problem: Problem) -> Problem {
        let Problem { kind, message, help, at } = problem;
        slot.ledger.errors(1);
        slot.troubles.note(&format!("surface '{what}'"), &message, trace, String::new());
        tracing::warn!(plugin = %slot.id, surface = what, "{message}");
        Problem { kind, message: format!("plug-in {} cannot show '{what}': {message}", slot.id), help, at }
    }

    /// Draws a surface.
    pub async fn open_surface(
        &self,
        plugin: &PluginId,
        caller: Caller,
        at: &Place,
        data: &Map<String, Value>,
    ) -> Result<Screen> {
        let slot = self.with_surface(plugin, &at.surface)?;
        let trace = caller.trace.clone();
        let (to, data) = (place(at), Value::Object(data.clone()).to_string());
        let order = self.order(&slot, caller, format!("surface '{}'", at.surface), data.len());
        let work = async move |mut store: wasmtime::Store<Guest>, loaded: Arc<Loaded>| {
            let pre = loaded.exports.surface.as_ref().ok_or_else(|| wasmtime::format_err!("no surface"))?;
            let plugin = pre.instantiate_async(&mut store).await?;
            plugin.kamld_ui_surface().call_open(&mut store, &to, &data).await
        };
        let view = self.stage.call(order, work).await?.map_err(|error| self.refused(&slot, error))?;
        let topics: usize = view.topics.iter().map(|topic| topic.len() + 1).sum();
        let bytes = view.data.len() + view_check::bytes(&view.nodes) + topics;
        slot.ledger.bytes_out(bytes as u64);
        let screen = || {
            view_check::fits("its view", bytes, view_check::BYTES)?;
            let data = object(&view.data, "its data model")?;
            let nodes = declared::nodes(view.nodes)?;
            view_check::view(&nodes)?;
            Ok(Screen { nodes, data, topics: view.topics })
        };
        screen().map_err(|problem| self.broken(&slot, &at.surface, &trace, problem))
    }

    /// Runs an action that a view named.
    pub async fn act(
        &self,
        plugin: &PluginId,
        caller: Caller,
        at: &Place,
        name: &str,
        arguments: &Map<String, Value>,
        data: &Map<String, Value>,
    ) -> Result<Reaction> {
        let slot = self.with_surface(plugin, &at.surface)?;
        let trace = caller.trace.clone();
        let (to, name) = (place(at), name.to_owned());
        let (arguments, data) = (Value::Object(arguments.clone()).to_string(), Value::Object(data.clone()).to_string());
        let order = self.order(&slot, caller, format!("action '{name}'"), data.len() + arguments.len());
        let work = async move |mut store: wasmtime::Store<Guest>, loaded: Arc<Loaded>| {
            let pre = loaded.exports.surface.as_ref().ok_or_else(|| wasmtime::format_err!("no surface"))?;
            let plugin = pre.instantiate_async(&mut store).await?;
            plugin.kamld_ui_surface().call_action(&mut store, &to, &name, &arguments, &data).await
        };
        let answer = self.stage.call(order, work).await?.map_err(|error| self.refused(&slot, error))?;
        let reaction = || {
            let bytes = answer.data.len() + answer.then.len() + answer.note.len();
            view_check::fits("what its action answered", bytes, view_check::BYTES)?;
            if answer.note.chars().count() > view_check::NOTE {
                let most = view_check::NOTE;
                return Err(Problem::limit(format!("its note is longer than the {most} characters of a sentence")));
            }
            let then = match answer.then.as_str() {
                "" => None,
                text => {
                    let then = object(text, "what its action goes on with")?;
                    view_check::action(&then)?;
                    Some(Value::Object(then))
                }
            };
            Ok(Reaction { data: object(&answer.data, "the data of its action")?, note: answer.note, then })
        };
        reaction().map_err(|problem| self.broken(&slot, &at.surface, &trace, problem))
    }

    /// Rows of a table whose source is the plug-in.
    pub async fn surface_rows(
        &self,
        plugin: &PluginId,
        caller: Caller,
        at: &Place,
        name: &str,
        window: &Window,
        data: &Map<String, Value>,
    ) -> Result<RowPage> {
        if window.count == 0 || window.count > view_check::ROWS {
            return Err(Problem::invalid(format!("a window has 1 to {} rows", view_check::ROWS)));
        }
        let slot = self.with_surface(plugin, &at.surface)?;
        let trace = caller.trace.clone();
        let (to, name, data) = (place(at), name.to_owned(), Value::Object(data.clone()).to_string());
        let Window { start, count, sort, filter } = window.clone();
        let window = wit::Window { start, count, sort, filter };
        let order = self.order(&slot, caller, format!("rows '{name}'"), data.len());
        let work = async move |mut store: wasmtime::Store<Guest>, loaded: Arc<Loaded>| {
            let pre = loaded.exports.surface.as_ref().ok_or_else(|| wasmtime::format_err!("no surface"))?;
            let plugin = pre.instantiate_async(&mut store).await?;
            plugin.kamld_ui_surface().call_rows(&mut store, &to, &name, &window, &data).await
        };
        let answer = self.stage.call(order, work).await?.map_err(|error| self.refused(&slot, error))?;
        let page = || {
            if answer.rows.len() > count as usize {
                return Err(Problem::limit(format!(
                    "it answered {} rows where {count} were asked for",
                    answer.rows.len()
                )));
            }
            if answer.rows.iter().map(String::len).sum::<usize>() > view_check::BYTES {
                return Err(Problem::limit("its rows are larger than 256 KiB"));
            }
            let rows = answer.rows.iter().map(|row| object(row, "one of its rows")).collect::<Result<_>>()?;
            Ok(RowPage { rows, total: answer.total })
        };
        page().map_err(|problem| self.broken(&slot, &at.surface, &trace, problem))
    }

    /// Cells of a column for the rows of somebody else's list, one for each address.
    pub async fn surface_cells(
        &self,
        plugin: &PluginId,
        caller: Caller,
        at: &Place,
        addresses: &[String],
    ) -> Result<Vec<Value>> {
        if addresses.is_empty() || addresses.len() > view_check::ROWS as usize {
            return Err(Problem::invalid(format!("cells are asked for 1 to {} rows", view_check::ROWS)));
        }
        let slot = self.with_surface(plugin, &at.surface)?;
        let trace = caller.trace.clone();
        let (to, asked) = (place(at), addresses.to_vec());
        let bytes = asked.iter().map(String::len).sum();
        let order = self.order(&slot, caller, format!("column '{}'", at.surface), bytes);
        let work = async move |mut store: wasmtime::Store<Guest>, loaded: Arc<Loaded>| {
            let pre = loaded.exports.surface.as_ref().ok_or_else(|| wasmtime::format_err!("no surface"))?;
            let plugin = pre.instantiate_async(&mut store).await?;
            plugin.kamld_ui_surface().call_cells(&mut store, &to, &asked).await
        };
        let answer = self.stage.call(order, work).await?.map_err(|error| self.refused(&slot, error))?;
        let cells = || {
            if answer.len() != addresses.len() {
                let (some, asked) = (answer.len(), addresses.len());
                return Err(Problem::invalid(format!("it answered {some} cells where {asked} were asked for")));
            }
            if answer.iter().map(String::len).sum::<usize>() > view_check::BYTES {
                return Err(Problem::limit("its cells are larger than 256 KiB"));
            }
            let cell = |text: &String| {
                let value = serde_json::from_str(text);
                value.map_err(|error| Problem::invalid(format!("one of its cells is not JSON: {error}")))
            };
            answer.iter().map(cell).collect()
        };
        cells().map_err(|problem| self.broken(&slot, &at.surface, &trace, problem))
    }

    fn order<'a>(&self, slot: &'a Arc<Slot>, caller: Caller, doing: String, bytes: usize) -> Order<'a> {
        Order { slot, caller, doing, budget: self.stage.limits.command(), bytes }
    }
}
