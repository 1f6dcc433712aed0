//! The screen of a query: the text, its rows, and the queries of before.
//!
//! Params: `q` the query, `in` the project of assets without one, `explain` to see the plan. Data: `q` as it is being
//! written, `of` the query that it began with, `within` the project that is chosen; `ran`, `ran-in`, `result` and
//! `columns` say which query, in which project, the rows on the screen are of. Lives here: fetching and
//! the actions; `screen/drawn` makes nodes. Invariant: opened again for the query that ran, it does not run again.

mod drawn;

use crate::{
    Plugin, history, running,
    saved::{self, Saved},
};
use drawn::{Drawn, Outcome};
use kamld_sdk::{
    Error, HasSurfaces, Offer, Place, Reaction, Result, Screen, Slot, Surfaces, context,
    kept::Host,
    metadata::{
        projects,
        sql::{self, Options, Suggestion, SuggestionKind},
    },
    view::{Action, Icon, Target, going},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The words that a query starts with.
const FITS: [&str; 6] = ["select", "with", "explain", "show", "describe", "values"];

impl HasSurfaces for Plugin {
    fn surfaces() -> Surfaces {
        Surfaces::new()
            .on(Offer::new("sql", Slot::Box, "SQL").icon(Icon::Query).order(20).fits(FITS), draw)
            .actions(act)
    }
}

/// A column as the page keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    name: String,
    r#type: String,
}

fn draw(place: &Place) -> Result<Screen> {
    let query = place.param("q").unwrap_or_default().trim().to_owned();
    let all: Vec<String> = projects::list()?.into_iter().map(|project| project.name).collect();
    let project = project(place, &all);
    let outcome = outcome(place, &query, project.as_deref());
    let person = context().person;
    // What is remembered is a help: a space that cannot be read must not hide the rows.
    let saved = saved::list(&Host, &person, None).unwrap_or_default();
    let past = history::read(&Host, &person, None).unwrap_or_default();
    let text = text(place, &query);
    Ok(drawn::screen(&Drawn { query, text, project, projects: all, outcome, saved, past, now: running::now() }))
}

/// The project of the link, of the place, or the only one there is.
fn project(place: &Place, all: &[String]) -> Option<String> {
    let named = place.param("in").filter(|name| !name.is_empty()).or_else(|| place.project());
    match (named, all) {
        (Some(named), _) => Some(named.to_owned()),
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    }
}

/// What stands in the editor: what the person has written since, unless the link has another query.
fn text(place: &Place, query: &str) -> String {
    let shown: Option<String> = place.data("/of");
    match place.data::<String>("/q") {
        Some(written) if shown.as_deref() == Some(query) => written,
        _ => query.to_owned(),
    }
}

/// The result that the page has already; none when another query, or the same one again, is to run.
fn known(place: &Place, query: &str, project: Option<&str>) -> Option<Outcome> {
    let same = place.data::<String>("/ran").as_deref() == Some(query)
        && place.data::<Option<String>>("/ran-in").flatten().as_deref() == project;
    let result: String = place.data("/result").filter(|_| same)?;
    let columns: Vec<Known> = place.data("/columns").filter(|_| !result.is_empty())?;
    let columns = columns.into_iter().map(|Known { name, r#type }| (name, r#type)).collect();
    Some(Outcome::Rows { result, columns })
}

fn outcome(place: &Place, query: &str, project: Option<&str>) -> Outcome {
    if query.is_empty() {
        return Outcome::None;
    }
    let options = Options { project: project.map(str::to_owned) };
    if place.param("explain").is_some_and(|explain| explain == "true") {
        return match sql::explain(query, &options) {
            Ok(plan) => Outcome::Plan(plan),
            Err(error) => Outcome::Failed(error.into()),
        };
    }
    if let Some(known) = known(place, query, project) {
        return known;
    }
    match run(query, &options) {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Failed(error),
    }
}

fn run(query: &str, options: &Options) -> Result<Outcome> {
    let running = sql::run(query, options)?;
    let columns = running.columns().into_iter().map(|column| (column.name, column.type_)).collect();
    let result = running.hand_over()?;
    // A full space or a narrow grant: the rows are worth more than the history.
    let _ = history::remember(&Host, &context().person, options.project.as_deref(), query, running::now());
    Ok(Outcome::Rows { result, columns })
}

fn act(place: &Place, name: &str, arguments: &Map<String, Value>) -> Result<Reaction> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    match name {
        "run" => {
            running::check(text("text"))?;
            Ok(run_again(place, text("text").trim()))
        }
        "explain" => {
            running::check(text("text"))?;
            let target = Target::new().with("q", text("text").trim()).with("explain", "true");
            Ok(Reaction::default().then(going(target)))
        }
        "in" => Ok(Reaction::default().then(going(Target::new().with("in", text("project"))))),
        "complete" => {
            let written = text("text");
            let cursor = arguments.get("cursor").and_then(Value::as_u64).unwrap_or_default() as usize;
            let chosen = place.data::<Option<String>>("/within").flatten();
            let options = Options { project: chosen.filter(|project| !project.is_empty()) };
            let found = sql::complete(written, code_points(written, cursor), &options)?;
            let found: Vec<_> = found.iter().map(|one| completion(written, one)).collect();
            Ok(Reaction::default().put("/completions", found))
        }
        _ => Err(Error::not_found(format!("there is no action '{name}'"))),
    }
}

/// Another query is another place; the same one again is the same place, whose result is forgotten.
fn run_again(place: &Place, query: &str) -> Reaction {
    let same = place.param("q").map(str::trim) == Some(query) && place.param("explain").is_none();
    if same {
        let again = Action::new().set(Map::new()).reopen(true);
        return Reaction::default().put("/ran", "").then(again);
    }
    Reaction::default().then(going(Target::new().with("q", query).with("explain", Value::Null)))
}

fn completion(written: &str, one: &Suggestion) -> Value {
    let kind = match one.kind {
        SuggestionKind::Table => "table",
        SuggestionKind::Column => "column",
        SuggestionKind::Ref => "ref",
        SuggestionKind::Function => "function",
        SuggestionKind::Keyword => "keyword",
    };
    let at = |place: u32| code_units(written, place as usize);
    json!({ "text": one.text, "kind": kind, "detail": one.detail, "from": at(one.from), "to": at(one.to) })
}

/// Pages count UTF-16 code units, queries count characters.
fn code_points(text: &str, units: usize) -> u32 {
    let mut seen = 0;
    let before = text.chars().take_while(|c| {
        seen += c.len_utf16();
        seen <= units
    });
    before.count() as u32
}

fn code_units(text: &str, points: usize) -> usize {
    text.chars().take(points).map(char::len_utf16).sum()
}

/// Project and name of what is kept, for a command on it.
fn of(action: Action, project: Option<&str>) -> Action {
    match project {
        Some(project) => action.with("project", project),
        None => action,
    }
}

impl Saved {
    /// Where it is seen and runs.
    fn target(&self) -> Target {
        target(&self.query, self.project.as_deref())
    }
}

fn target(query: &str, project: Option<&str>) -> Target {
    let target = Target::new().with("q", query).with("explain", Value::Null);
    target.with("in", project.map_or(Value::Null, Value::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_as_the_other_side_counts() {
        let text = "a😀b";
        assert_eq!(code_points(text, 3), 2);
        assert_eq!(code_points(text, 99), 3);
        assert_eq!(code_units(text, 2), 3);
        let one =
            Suggestion { text: "b".into(), kind: SuggestionKind::Column, detail: "BIGINT".into(), from: 2, to: 3 };
        let shown = completion(text, &one);
        assert_eq!((shown["from"].as_u64(), shown["to"].as_u64()), (Some(3), Some(4)));
    }

    #[test]
    fn the_only_project_is_meant_and_a_named_one_before_it() {
        let only = ["birds".to_owned()];
        assert_eq!(project(&Place::at(""), &only).as_deref(), Some("birds"));
        assert_eq!(project(&Place::at("").with("in", "cars"), &only).as_deref(), Some("cars"));
        assert_eq!(project(&Place::at("cars/x"), &only).as_deref(), Some("cars"));
        assert_eq!(project(&Place::at(""), &["a".into(), "b".into()]), None);
    }

    #[test]
    fn a_query_that_ran_is_not_run_again() {
        let place = |data: Value| {
            let mut place = Place::at("").with("q", "select 1");
            for (key, value) in data.as_object().unwrap() {
                place = place.holding(key, value.clone());
            }
            place
        };
        let ran =
            json!({"ran": "select 1", "ran-in": "birds", "result": "r1", "columns": [{"name": "a", "type": "BIGINT"}]});
        assert!(
            matches!(known(&place(ran.clone()), "select 1", Some("birds")), Some(Outcome::Rows { result, .. }) if result == "r1")
        );
        assert!(
            known(&place(ran.clone()), "select 1", Some("cars")).is_none(),
            "in another project it is another query"
        );
        assert!(known(&place(ran.clone()), "select 2", Some("birds")).is_none());
        assert!(known(&place(json!({})), "select 1", None).is_none());
        let nowhere = json!({"ran": "select 1", "ran-in": null, "result": "r1", "columns": []});
        assert!(known(&place(nowhere), "select 1", None).is_some());
    }

    #[test]
    fn what_is_being_written_stays_when_the_screen_is_drawn_anew() {
        let place = Place::at("").holding("q", "select 1, 2").holding("of", "select 1");
        assert_eq!(text(&place, "select 1"), "select 1, 2");
        assert_eq!(text(&place, "select 3"), "select 3", "a link to another query shows that one");
    }

    #[test]
    fn the_same_query_runs_again_where_it_is_and_another_has_a_link_of_its_own() {
        let place = Place::at("").with("q", "select 1");
        let again = format!("{:?}", run_again(&place, "select 1"));
        assert!(again.contains("reopen: Some(true)"), "{again}");
        let other = format!("{:?}", run_again(&place, "select 2"));
        assert!(other.contains("select 2") && other.contains("reopen: None"), "{other}");
    }
}
