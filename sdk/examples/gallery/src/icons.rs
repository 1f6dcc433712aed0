//! The icons of the page, which the catalogue names but which a plug-in cannot list by itself.

use kamld_sdk::view::Icon;

/// All of them; a test holds this list against the catalogue.
#[rustfmt::skip]
pub const ALL: [Icon; 63] = [
    Icon::Add, Icon::Asset, Icon::Audio, Icon::Branch, Icon::Chart, Icon::Check, Icon::ChevronDown,
    Icon::ChevronLeft, Icon::ChevronRight, Icon::Close, Icon::Code, Icon::Column, Icon::Commit, Icon::Copy,
    Icon::Database, Icon::Delete, Icon::Download, Icon::Edit, Icon::Error, Icon::File, Icon::Filter, Icon::Folder,
    Icon::Help, Icon::History, Icon::Home, Icon::Image, Icon::Info, Icon::Keyboard, Icon::Link, Icon::List,
    Icon::Menu, Icon::Model, Icon::More, Icon::Moon, Icon::Pause, Icon::Play, Icon::Plugin, Icon::Project,
    Icon::Query, Icon::Redo, Icon::Refresh, Icon::Restore, Icon::Retry, Icon::Rows, Icon::Save, Icon::Search,
    Icon::Settings, Icon::Shield, Icon::SortDown, Icon::SortUp, Icon::Split, Icon::Star, Icon::Stop, Icon::Sun,
    Icon::Table, Icon::Tag, Icon::Task, Icon::Text, Icon::Undo, Icon::Upload, Icon::User, Icon::Version,
    Icon::Warning,
];

/// What the catalogue calls it.
pub fn name(icon: Icon) -> String {
    serde_json::to_value(icon).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}
