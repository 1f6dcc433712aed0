//! All plug-ins in a table: what they are, what they bring, what they cost.

use crate::{
    about::{About, Account},
    words,
};
use kamld_sdk::{
    admin::Plugin,
    row,
    view::{self, Align, Column, Icon, MenuItem, Node, Rows, Target, Tone, ValueType, View, cell_of, do_, going},
};
use serde_json::Value;

/// This plug-in, which cannot change itself.
pub const SELF: &str = "kamld/plugins";

pub fn view(plugins: &[Plugin], about: &[Option<About>], accounts: &[Account]) -> View {
    let waiting: Vec<_> =
        plugins.iter().filter(|plugin| plugin.state != "active" && plugin.state != "disabled").collect();
    let trouble = waiting.iter().map(|plugin| trouble(plugin)).collect::<Vec<_>>();
    let mut view = View::new().show(view::text(
        "Every screen and command comes from a plug-in. Each may do only what it is granted, and is stopped where it tries more.",
    ));
    for callout in trouble {
        view = view.show(callout);
    }
    view.show(Node::from(table(plugins, about, accounts)).named("plugins"))
}

fn trouble(plugin: &Plugin) -> view::Callout {
    let why = plugin.problem.as_deref().map(words::sentence).unwrap_or_default();
    let text = match plugin.state.as_str() {
        "waiting for a grant" => format!("{} waits until it is granted something.", plugin.id),
        state => format!("{} is {state}. {why}", plugin.id),
    };
    let look = going(Target::new().with("plugin", plugin.id.as_str()));
    view::callout(text.trim()).tone(Tone::Warning).actions([MenuItem::new("Look at it", look).icon(Icon::Plugin)])
}

fn table(plugins: &[Plugin], about: &[Option<About>], accounts: &[Account]) -> view::Table {
    let number = |key: &str, label: &str, kind| Column::new(key, label).r#type(kind).align(Align::End);
    let mut rows = Rows::new([
        Column::new("title", "Plug-in").open(true),
        Column::new("state", "State"),
        Column::new("brings", "Brings"),
        number("calls", "Calls", ValueType::Count),
        number("cpu", "Time used", ValueType::Duration),
        number("memory", "Most memory", ValueType::Bytes),
        number("denials", "Refused", ValueType::Count),
    ])
    .empty("No plug-in is installed");
    for (n, plugin) in plugins.iter().enumerate() {
        let about = about.get(n).and_then(Option::as_ref);
        let account = accounts.iter().find(|account| account.id == plugin.id).cloned().unwrap_or_default();
        let Account { calls, cpu_ms, peak_memory, denials, .. } = account;
        let title = if plugin.title.is_empty() { &plugin.id } else { &plugin.title };
        let brings = about.map(brings).unwrap_or_default();
        let state = if plugin.state == "disabled" { "off" } else { &plugin.state };
        rows.push(row![title, state, brings, calls, cpu_ms, peak_memory, denials]);
        rows.also("id", plugin.id.as_str());
        rows.lead(Target::new().with("plugin", plugin.id.as_str()));
        // A row offers only what its values allow: this plug-in can neither be switched off nor on by itself.
        if plugin.id != SELF {
            rows.also(if plugin.state == "disabled" { "off" } else { "on" }, plugin.id.as_str());
        }
    }
    view::Table::from(rows).label("Plug-ins").key("id").filter("Narrow down").row_actions([
        MenuItem::new("Switch off", do_("disable").with("id", cell_of("on"))).icon(Icon::Stop),
        MenuItem::new("Switch on", do_("enable").with("id", cell_of("off"))).icon(Icon::Play),
    ])
}

/// Such as `3 commands, screens`.
pub fn brings(about: &About) -> String {
    let one = |export: &String| match words::export(export) {
        Some("commands") if about.commands == 1 => Some("1 command".to_owned()),
        Some("commands") if about.commands > 1 => Some(format!("{} commands", about.commands)),
        word => word.map(str::to_owned),
    };
    // A component names its exports in the order of its build.
    let mut brings: Vec<String> = about.provides.iter().filter_map(one).collect();
    brings.sort_by_key(|words| words.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ').to_owned());
    brings.join(", ")
}

/// The action that turns a plug-in on or off.
pub fn switch(about: &About) -> Option<view::Button> {
    if about.id == SELF {
        return None;
    }
    let (text, name, icon) =
        if about.is_on() { ("Switch off", "disable", Icon::Stop) } else { ("Switch on", "enable", Icon::Play) };
    Some(view::button(text, do_(name).with("id", Value::from(about.id.as_str()))).icon(icon))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::about::tests::search;
    use kamld_sdk::Screen;

    fn plugin(id: &str, state: &str) -> Plugin {
        Plugin { id: id.into(), title: "T".into(), version: "0.1.0".into(), state: state.into(), problem: None }
    }

    #[test]
    fn each_plugin_can_be_switched_but_this_one() {
        let plugins = [plugin("kamld/search", "active"), plugin("a/b", "disabled"), plugin(SELF, "active")];
        let nodes = Screen::from(view(&plugins, &[Some(search())], &[])).nodes();
        let table = &nodes.iter().find(|node| node.kind == "table").unwrap().props;
        assert!(table.contains(r#""on":"kamld/search""#) && table.contains(r#""off":"a/b""#), "{table}");
        assert!(!table.contains(r#""on":"kamld/plugins""#), "{table}");
        assert!(table.contains("1 command, screens"), "{table}");
    }

    #[test]
    fn what_does_not_run_is_said_above_all() {
        let mut broken = plugin("a/b", "quarantined");
        broken.problem = Some("it trapped 5 times".into());
        let nodes = Screen::from(view(&[broken, plugin("c/d", "waiting for a grant")], &[], &[])).nodes();
        let callouts: Vec<_> = nodes.iter().filter(|node| node.kind == "callout").collect();
        assert!(callouts[0].props.contains("a/b is quarantined. It trapped 5 times."));
        assert!(callouts[1].props.contains("c/d waits until it is granted something."));
    }
}
