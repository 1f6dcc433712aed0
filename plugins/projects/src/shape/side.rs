//! The projects at the side of every screen. Pure.

use super::Project;
use kamld_sdk::view::{self, Action, Icon, Item, MenuItem, Target, Tone, View, Weight, at, run};

/// More than a person looks through: the palette finds the others.
const MOST: usize = 200;

pub fn view(projects: &[Project], current: Option<&str>) -> View {
    if projects.is_empty() {
        return View::new()
            .show(view::text("No project yet").tone(Tone::Muted))
            .show(view::button("New project", create()).icon(Icon::Add))
            .show(view::button("Add sample data", sample()).weight(Weight::Quiet));
    }
    // The one that is open is always shown.
    let shown = |(place, project): &(usize, &Project)| *place < MOST || current == Some(project.name.as_str());
    let items = projects.iter().enumerate().filter(shown).map(|(_, project)| item(project, current));
    let rest = (projects.len() > MOST)
        .then(|| view::text(format!("The first {MOST} of {}; search finds the others", projects.len())));
    View::new()
        .show(view::list(items).label("Projects"))
        .show_some(rest.map(|text| text.tone(Tone::Muted)))
        .show(view::button("New project", create()).icon(Icon::Add).weight(Weight::Quiet))
}

fn item(project: &Project, current: Option<&str>) -> Item {
    let Project { name, right, .. } = project;
    let item = Item::new(project.title()).open(at(name)).current(current == Some(name.as_str()));
    if *right != "owner" {
        return item;
    }
    let remove = run("project remove").with("name", name.as_str()).done("Project {removed} is removed");
    // Whoever stands in it would stand in nothing.
    let remove = if current == Some(name.as_str()) { remove.then(Target::new().address("")) } else { remove };
    item.actions([
        MenuItem::new("Copy name", Action::new().copy(name)).icon(Icon::Copy),
        MenuItem::new("Remove…", remove).icon(Icon::Delete).tone(Tone::Bad),
    ])
}

/// Creates a project and goes there. Right after, it is empty, so that taking it away loses nothing.
pub fn create() -> Action {
    run("project create")
        .ask(["name", "title"])
        .done("Project {name} is there")
        .then(at("{name}"))
        .taken_back_by(run("project remove").with("name", "{name}"))
}

/// Another plug-in's command: its form, which says so, is the question that the page asks anyway.
pub fn sample() -> Action {
    run("sample add").ask(["project"]).then(at("{project}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(name: &str, title: &str, right: &'static str) -> Project {
        Project { name: name.into(), title: title.into(), created: 1, owner: "me".into(), right }
    }

    #[test]
    fn the_open_project_is_marked_and_each_leads_to_its_own() {
        let projects = [project("birds", "Bird strikes", "owner"), project("cars", "", "viewer")];
        let view = view(&projects, Some("cars"));
        let items = &view.nodes()[0].props["items"];
        assert_eq!(items[0]["title"], "Bird strikes");
        assert_eq!(items[0]["open"], serde_json::json!({ "address": "birds" }), "the area stays as it is");
        assert_eq!((items[0]["current"].as_bool(), items[1]["current"].as_bool()), (Some(false), Some(true)));
        assert_eq!(items[1]["title"], "cars");
        assert!(items[1].get("actions").is_none(), "who may only look is not asked to remove");
    }

    #[test]
    fn a_new_project_is_opened_and_can_be_taken_back() {
        let action = serde_json::to_value(create()).unwrap();
        assert_eq!(action["then"]["address"], "{name}");
        assert_eq!(action["undo"]["run"], serde_json::json!(["project", "remove"]));
    }

    #[test]
    fn without_a_project_there_is_a_way_on() {
        let kinds: Vec<_> = view(&[], None).nodes().iter().map(|node| node.kind.clone()).collect();
        assert_eq!(kinds, ["text", "button", "button"]);
    }

    #[test]
    fn of_very_many_the_open_one_is_shown() {
        let projects: Vec<_> = (0..300).map(|n| project(&format!("p{n}"), "", "viewer")).collect();
        let view = view(&projects, Some("p299"));
        assert_eq!(view.nodes()[0].props["items"].as_array().unwrap().len(), MOST + 1);
        assert!(view.nodes()[1].props["text"].as_str().unwrap().contains("of 300"));
    }
}
