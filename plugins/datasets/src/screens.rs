//! The surfaces: the area "Data", the tab "Files" of an asset, the tabs "Preview" and "Columns" of an object, and the
//! settings page "Storage".
//!
//! Lives here: which there are, and the actions of their tables. What each fetches is below; nodes are in `shape`.
//! Invariant: whatever changes something is a command, so that everything on the page can be done on a terminal too.

mod data;
mod files;
mod object;
mod space;

use crate::{
    Plugin,
    shape::{files::uploading, refs::looking_at},
};
use kamld_sdk::{
    Error, HasSurfaces, Kind, Offer, Place, Reaction, Result, RowPage, Slot, Surfaces, Window,
    metadata::TABLES,
    view::{Action, Icon, at, going},
};
use serde_json::{Map, Value};

impl HasSurfaces for Plugin {
    fn surfaces() -> Surfaces {
        // The tab that fits a media type best comes first: the preview fits what the columns fit, and all else.
        let anything = TABLES.iter().copied().chain(["*/*"]);
        Surfaces::new()
            .on(Offer::new("data", Slot::Area, "Data").icon(Icon::Database).order(10), data::draw)
            .on(Offer::new("files", Slot::AssetTab, "Files").icon(Icon::Folder).order(10), files::draw)
            .on(
                Offer::new("preview", Slot::ObjectTab, "Preview").icon(Icon::File).order(10).fits(anything),
                object::draw,
            )
            .on(
                Offer::new("columns", Slot::ObjectTab, "Columns")
                    .icon(Icon::Column)
                    .order(20)
                    .fits(TABLES.iter().copied()),
                object::draw_columns,
            )
            .on(Offer::new("storage", Slot::Settings, "Storage").icon(Icon::Database).order(15), |_| space::draw())
            .actions(act)
            .rows(rows)
    }
}

fn rows(place: &Place, name: &str, window: &Window) -> Result<RowPage> {
    match name {
        "assets" => data::rows(place, window),
        "files" => files::rows(place, window),
        _ => Err(Error::not_found(format!("this plug-in has no rows '{name}'"))),
    }
}

/// What a row says only when it is chosen: an action of the catalogue holds no value of a row where it goes, what it
/// saves or what it copies.
fn act(place: &Place, name: &str, arguments: &Map<String, Value>) -> Result<Reaction> {
    let text = |key: &str| arguments.get(key).and_then(Value::as_str).unwrap_or_default();
    let action = match name {
        "check-garbage" => return space::collect(true),
        "collect" => return space::collect(false),
        "look" => {
            let to = looking_at(&place.asset()?, text("ref"), text("default"));
            // The first tab needs no name.
            let tab = if text("tab") == "columns" { at(to.to_string()).tab("columns") } else { at(to.to_string()) };
            going(tab)
        }
        "download" => Action::new().download(text("address")),
        "upload" => uploading(text("address")),
        "copy" => Action::new().copy(match arguments.get("text") {
            Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"),
            _ => text("text").to_owned(),
        }),
        _ => return Err(Error::not_found(format!("this plug-in has no action '{name}'"))),
    };
    Ok(Reaction::default().then(action))
}

/// What is there, or none where an admin or the person's rights do not allow to look: less is shown then.
fn unless_denied<T, E: Into<Error>>(found: Result<T, E>) -> Result<Option<T>> {
    match found.map_err(Into::into) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == Kind::Denied => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn then(address: &str, name: &str, arguments: Value) -> String {
        let reaction = act(&Place::at(address), name, arguments.as_object().unwrap()).unwrap();
        format!("{reaction:?}")
    }

    #[test]
    fn another_state_is_the_same_place_of_it() {
        let chosen = json!({ "ref": "v1", "default": "main", "tab": "files" });
        assert!(then("birds/strikes/2019/", "look", chosen).contains("birds/strikes@v1/2019/"));
        let back = json!({ "ref": "main", "default": "main", "tab": "columns" });
        let there = then("birds/strikes@v1/a.csv", "look", back);
        assert!(there.contains("birds/strikes/a.csv") && there.contains("columns"), "{there}");
    }

    #[test]
    fn many_addresses_are_copied_one_a_line() {
        let said = then("birds", "copy", json!({ "text": ["birds/a", "birds/b"] }));
        assert!(said.contains("birds/a\\nbirds/b"), "{said}");
    }

    #[test]
    fn what_is_not_there_is_said() {
        assert_eq!(act(&Place::at("birds"), "dance", &Map::new()).unwrap_err().kind(), Kind::NotFound);
        let window = Window { start: 0, count: 1, sort: Vec::new(), filter: String::new() };
        assert_eq!(rows(&Place::at("birds"), "dances", &window).unwrap_err().kind(), Kind::NotFound);
    }
}
