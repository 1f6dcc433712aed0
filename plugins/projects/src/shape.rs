//! What the commands answer, as data and as a view. Pure, and so is what is below it: no call to the host.

pub mod home;
pub mod side;

use kamld_sdk::{
    Outcome, Result, Schema,
    metadata::projects,
    row, schema,
    view::{self, Column, Rows, Tone, ValueType, View},
};
use serde::Serialize;

/// A project, as every command of this plug-in answers it.
#[derive(Clone, Debug, Serialize)]
pub struct Project {
    pub name: String,
    pub title: String,
    pub created: u64,
    pub owner: String,
    pub right: &'static str,
}

impl Project {
    pub fn schema() -> Schema {
        schema::object([
            ("name", schema::text()),
            ("title", schema::text().says("empty when it has none")),
            ("created", schema::time()),
            ("owner", schema::text()),
            ("right", schema::one_of(["viewer", "editor", "owner"]).says("what you may do in it")),
        ])
    }
}

impl Project {
    /// What people call it.
    pub fn title(&self) -> &str {
        if self.title.is_empty() { &self.name } else { &self.title }
    }
}

impl From<projects::Project> for Project {
    fn from(project: projects::Project) -> Self {
        let right = match project.right {
            projects::Right::Viewer => "viewer",
            projects::Right::Editor => "editor",
            projects::Right::Owner => "owner",
        };
        let projects::Project { name, title, created, owner, .. } = project;
        Self { name, title, created, owner, right }
    }
}

pub fn created(project: &Project) -> Result<Outcome> {
    let Project { name, .. } = project;
    let view = View::new()
        .show(view::text(format!("project {name} is there")).tone(Tone::Good))
        .show(view::hint("next, create an asset in it").command(format!("kamld asset create {name}/ASSET")));
    Ok(Outcome::new(project)?.view(view))
}

pub fn listed(projects: &[Project]) -> Result<Outcome> {
    let data = serde_json::json!({ "projects": projects });
    if projects.is_empty() {
        let view = View::new()
            .show(view::text("you have no project yet").tone(Tone::Muted))
            .show(view::hint("a project is a place for people and assets").command("kamld project create NAME"))
            .show(view::hint("or look at real sample data").command("kamld sample add"));
        return Ok(Outcome::new(&data)?.view(view));
    }
    let mut rows = Rows::new([
        Column::new("name", "Name"),
        Column::new("title", "Title"),
        Column::new("created", "Created").r#type(ValueType::Time),
        Column::new("owner", "Owner"),
        Column::new("right", "You are"),
    ]);
    for project in projects {
        let Project { name, title, created, owner, right } = project;
        rows.push(row![name, title, created, owner, right]);
    }
    Ok(Outcome::new(&data)?.view(view::Node::from(rows)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kamld_sdk::schema::check;

    fn project() -> Project {
        Project { name: "birds".into(), title: String::new(), created: 7, owner: "me".into(), right: "owner" }
    }

    #[test]
    fn what_is_answered_has_the_declared_shape() {
        check(&Project::schema().into(), created(&project()).unwrap().data()).unwrap();
        let list = schema::object([("projects", schema::list(Project::schema()))]).into();
        for projects in [vec![], vec![project()]] {
            check(&list, listed(&projects).unwrap().data()).unwrap();
        }
    }

    #[test]
    fn nobody_is_left_before_an_empty_list() {
        let nodes = listed(&[]).unwrap().nodes();
        assert!(nodes.iter().any(|node| node.kind == "hint" && node.props.contains("kamld project create")));
    }
}
