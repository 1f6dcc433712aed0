//! The screen around the parts: its title, the six families to choose from, and the one that is chosen.
//!
//! The param `section` says which family, so that a link opens exactly that one; only its parts are drawn. Must not
//! live here: the parts. Invariant: each kind of the catalogue has a section of its own that names it.

use crate::{
    content,
    found::{self, Found},
    inputs, layout,
    model::Model,
    notes, tables, text,
};
use kamld_sdk::{
    Place, Result, Screen,
    view::{self, Action, Gap, Icon, MenuItem, Node, Section, Target, Tone, View, run},
};
use serde_json::Map;

/// Kinds that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Layout,
    Text,
    Tables,
    Content,
    Inputs,
    Notes,
}

impl Family {
    pub const ALL: [Self; 6] = [Self::Layout, Self::Text, Self::Tables, Self::Content, Self::Inputs, Self::Notes];

    /// The one of the link; the first where it names none.
    pub fn of(word: Option<&str>) -> Self {
        Self::ALL.into_iter().find(|family| Some(family.word()) == word).unwrap_or(Self::Layout)
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Layout => "layout",
            Self::Text => "text",
            Self::Tables => "tables",
            Self::Content => "content",
            Self::Inputs => "inputs",
            Self::Notes => "notes",
        }
    }

    fn title(self) -> (&'static str, Icon, &'static str) {
        match self {
            Self::Layout => ("Layout", Icon::Split, "How the parts of a screen stand to each other."),
            Self::Text => ("Text", Icon::Text, "What is read: words, facts, lists and links."),
            Self::Tables => ("Tables", Icon::Table, "Rows, what was found, and what happened."),
            Self::Content => ("Content", Icon::Image, "Pictures, sound, bytes, and numbers that are drawn."),
            Self::Inputs => ("Inputs", Icon::Edit, "What a person types, chooses and presses."),
            Self::Notes => ("Notes", Icon::Info, "What the screen says by itself."),
        }
    }

    /// Where it is shown.
    pub fn target(self) -> Target {
        Target::new().with("section", self.word())
    }

    fn kinds(self, place: &Place, model: &Model, found: &Found) -> Vec<Section> {
        match self {
            Self::Layout => layout::kinds(),
            Self::Text => text::kinds(model, found),
            Self::Tables => tables::kinds(place, model, found),
            Self::Content => content::kinds(found),
            Self::Inputs => inputs::kinds(model, found),
            Self::Notes => notes::kinds(model, found),
        }
    }
}

pub fn draw(place: &Place) -> Result<Screen> {
    let family = Family::of(place.param("section"));
    let model = Model::of(place);
    let found = found::look(family, place, &model);
    Ok(screen(family, place, model, &found))
}

/// Pure: what was found is all that it knows of the server.
pub fn screen(family: Family, place: &Place, mut model: Model, found: &Found) -> Screen {
    if let Some(query) = &found.query {
        (model.result, model.columns) = (query.result.clone(), query.columns.clone());
    }
    if model.dataset.is_empty() {
        model.dataset = found.dataset.clone().unwrap_or_default();
    }
    let (title, _, note) = family.title();
    let kinds = family.kinds(place, &model, found).into_iter().map(|kind| {
        let name = name(&kind.title);
        Node::from(kind).named(&name)
    });
    // Further from each other than what is inside of each.
    let kinds = Node::from(view::stack().gap(Gap::Large)).with(kinds).named("kinds");
    let troubles = found.troubles.iter().map(|trouble| view::callout(trouble).tone(Tone::Warning));
    let view = View::new()
        .show(view::heading("Gallery").level(1))
        .show(view::text(
            "Every kind of part that a screen can be made of. The title of each is what a plug-in calls it; the \
             sentence under it says when it is the right one.",
        ))
        .show(Node::from(families(family)).named("families"))
        .show(Node::from(view::stack().gap(Gap::Small)).with(troubles).named("troubles"))
        .show(Node::from(view::section(format!("The family {title}")).note(note)).with([kinds]).named("family"));
    model.beside(view.into())
}

/// What the kinds of a family are below in the ids of the screen, for what must name one.
pub const SHOWN: &str = "family.kinds";

/// The name of a section among its siblings: its title as one word, since ids of a page may hold no spaces.
pub fn name(title: &str) -> String {
    let words = title.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

fn families(now: Family) -> view::Row {
    Family::ALL.into_iter().fold(view::row().gap(Gap::Large), |row, family| {
        let (title, icon, _) = family.title();
        row.show(view::link(title, family.target()).icon(icon).current(family == now))
    })
}

/// The same screen drawn anew, with the data as it is then.
pub fn again() -> Action {
    Action::new().set(Map::new()).reopen(true)
}

/// What to say where an example needs something that is not there, and the way to it.
pub fn missing(what: &str) -> view::Empty {
    let add = run("sample add").ask(["project"]).done("The sample data is in the project {project}");
    view::empty(format!("No {what} here yet"))
        .text("The sample data of KAML-D has datasets with pictures, tables and texts. You can also upload your own.")
        .icon(Icon::Asset)
        .actions([MenuItem::new("Add the sample data", add).icon(Icon::Add)])
}
