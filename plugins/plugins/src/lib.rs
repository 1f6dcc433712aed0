//! The pages of the settings for admins: plug-ins with their grants and costs, and the audit log.
//!
//! Reading order: `about` (one plug-in as the host tells it), `list`, `one`, `audit` (views). Must not live here: any
//! decision about rights; the host refuses whoever is no admin. Invariant: everything but `draw` and `act` is pure.

mod about;
mod audit;
mod list;
mod one;
mod words;

use about::{About, Account};
use kamld_sdk::{
    Error, HasSurfaces, Kind, Offer, Place, Reaction, Result, Screen, Slot, Surfaces, admin,
    view::{self, Action, Icon, Target, going},
};
use serde_json::{Map, Value, json};

/// Plug-ins of which the list says what they bring: each costs a look into its package.
const LOOKED_INTO: usize = 40;
/// Records that are read at once.
const READ: u32 = 1000;
/// Refusals that are shown of one plug-in.
const REFUSALS: usize = 20;

struct Plugin;

kamld_sdk::plugin! { surface: Plugin }

impl HasSurfaces for Plugin {
    fn surfaces() -> Surfaces {
        Surfaces::new()
            .on(Offer::new("plugins", Slot::Settings, "Plug-ins").icon(Icon::Plugin).order(10), draw_plugins)
            .on(Offer::new("audit", Slot::Settings, "Audit").icon(Icon::Shield).order(20), draw_audit)
            .actions(act)
    }
}

fn draw_plugins(place: &Place) -> Result<Screen> {
    let drawn = match place.param("plugin").filter(|id| !id.is_empty()) {
        Some(id) => draw_one(place, id),
        None => draw_list(),
    };
    for_admins(drawn)
}

/// Whoever is no admin is told so, and by whom it can be changed, instead of an error.
fn for_admins(drawn: Result<Screen>) -> Result<Screen> {
    match drawn {
        Err(error) if error.kind() == Kind::Denied => {
            let text = error.help_text().unwrap_or("Ask an admin to show it to you.");
            Ok(view::empty("Only admins see this").text(words::sentence(text)).icon(Icon::Shield).into())
        }
        drawn => drawn,
    }
}

fn draw_list() -> Result<Screen> {
    let plugins = admin::list()?;
    let accounts = accounts()?;
    let about = |id: &str| admin::show(id).ok().map(|value| About::new(&value));
    let about: Vec<_> =
        plugins.iter().enumerate().map(|(n, plugin)| if n < LOOKED_INTO { about(&plugin.id) } else { None }).collect();
    Ok(Screen::from(list::view(&plugins, &about, &accounts)).watch("plugins"))
}

fn accounts() -> Result<Vec<Account>> {
    Ok(admin::ledger()?.as_array().into_iter().flatten().map(Account::new).collect())
}

fn draw_one(place: &Place, id: &str) -> Result<Screen> {
    let mut about = About::new(&admin::show(id)?);
    let ours = about.provides.iter().filter(|export| export.starts_with("kamld:"));
    about.unknown = ours.filter(|export| !kamld_sdk::has(export)).cloned().collect();
    let account = accounts()?.into_iter().find(|account| account.id == id).unwrap_or_default();
    let grant = admin::grant(id)?;
    let refusals: Vec<_> = admin::audit(None, READ)
        .map(|records| audit::read(&records))
        .unwrap_or_default()
        .into_iter()
        .filter(|record| record.action == "deny" && record.plugin.as_deref() == Some(id))
        .take(REFUSALS)
        .collect();
    let draft = one::Draft::new(place, id, &grant);
    Ok(one::screen(&about, &account, &refusals, &draft).watch("plugins"))
}

fn draw_audit(place: &Place) -> Result<Screen> {
    for_admins(audit::draw(place))
}

fn act(place: &Place, name: &str, arguments: &Map<String, Value>) -> Result<Reaction> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    let id = text("id");
    match name {
        "enable" => {
            admin::enable(id)?;
            Ok(Reaction::note(format!("{id} is switched on")).then(again()))
        }
        "disable" => {
            admin::disable(id)?;
            Ok(Reaction::note(format!("{id} is switched off: its screens and commands are gone")).then(again()))
        }
        "grant-needs" => {
            admin::grant_needs(id)?;
            Ok(Reaction::note(format!("{id} may do what it asks for, from now on"))
                .put("/problem", Value::Null)
                .then(again()))
        }
        "take-away" => {
            admin::set_grant(id, "")?;
            Ok(Reaction::note(format!("{id} may do nothing, from now on")).put("/problem", Value::Null).then(again()))
        }
        "set-grant" => set_grant(id, text("toml")),
        "audit-of" => {
            let plugin = Some(text("plugin")).filter(|id| !id.is_empty()).map_or(Value::Null, Value::from);
            Ok(Reaction::default().then(going(Target::new().with("plugin", plugin).with("before", Value::Null))))
        }
        _ => Err(Error::not_found(format!("there is no action '{name}' at {}", place.surface))),
    }
}

/// A text that cannot be read is marked where it is wrong; nothing was changed then.
fn set_grant(id: &str, toml: &str) -> Result<Reaction> {
    if toml.trim().is_empty() {
        return Err(Error::invalid("the grant is empty, and nothing was changed")
            .help("'Take everything away' does that on purpose"));
    }
    match admin::set_grant(id, toml) {
        Ok(()) => Ok(Reaction::note("The grant is in force").put("/problem", Value::Null).then(again())),
        Err(error) => match error.position() {
            Some((line, column)) => {
                let help = error.help_text().map(|help| format!("; {help}")).unwrap_or_default();
                let message = format!("{}{help}. Nothing was changed", error.message());
                let problem = json!({ "line": line.max(1), "column": column.max(1), "message": message });
                Ok(Reaction::default().put("/problem", problem).then(again()))
            }
            None => Err(error),
        },
    }
}

/// The same screen, drawn anew.
fn again() -> Action {
    Action::new().set(Map::new()).reopen(true)
}
