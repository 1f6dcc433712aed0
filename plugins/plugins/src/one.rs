//! One plug-in: what it is, what it may do and why, its grant to be edited, what it cost, where it was refused.

use crate::{
    about::{About, Account, Allow, Granted, Need},
    audit::{self, Record},
    list::{SELF, brings, switch},
    words,
};
use kamld_sdk::{
    Place, Screen, format, row,
    view::{
        self, Align, Column, Fact, Gap, Icon, MenuItem, Node, Rows, Target, TextProblem, Tone, ValueType, View, Weight,
        data_at, do_, going,
    },
};
use serde_json::Value;

/// The grant as it is being written.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub text: String,
    /// As it is in force: a draft of another one is not shown.
    pub was: String,
    /// Line, column, and what is wrong there.
    pub problem: Option<(u64, u64, String)>,
}

impl Draft {
    /// What the person wrote, as long as nobody changed the grant meanwhile.
    pub fn new(place: &Place, id: &str, grant: &str) -> Self {
        let same = place.data::<String>("/of").as_deref() == Some(id)
            && place.data::<String>("/was").as_deref() == Some(grant);
        let fresh = || Self { text: grant.to_owned(), was: grant.to_owned(), problem: None };
        let Some(text) = place.data::<String>("/grant").filter(|_| same) else { return fresh() };
        let problem = place.data::<Value>("/problem").and_then(|problem| {
            let number = |key: &str| problem[key].as_u64();
            Some((number("line")?.max(1), number("column")?.max(1), problem["message"].as_str()?.to_owned()))
        });
        Self { text, was: grant.to_owned(), problem }
    }
}

pub fn screen(about: &About, account: &Account, refusals: &[Record], draft: &Draft) -> Screen {
    let back = going(Target::new().with("plugin", Value::Null));
    let top = view::row()
        .gap(Gap::Small)
        .show(view::button("All plug-ins", back).weight(Weight::Quiet).icon(Icon::ChevronLeft));
    let top = match switch(about) {
        Some(button) => top.show(button),
        None => top,
    };
    let mut view = View::new()
        .show(top)
        .show(view::heading(if about.title.is_empty() { &about.id } else { &about.title }).level(1))
        .show(view::text(words::sentence(&about.summary)));
    if let Some(problem) = &about.problem {
        let text = format!("It is {}. {}", about.state, words::sentence(problem));
        view = view.show(view::callout(text).tone(Tone::Bad));
    }
    for warning in &about.warnings {
        view = view.show(view::callout(words::sentence(warning)).tone(Tone::Warning));
    }
    let view = view
        .show(Node::from(facts(about)).named("facts"))
        .show(Node::from(may(about)).named("may"))
        .show_some(troubles(about).map(|section| Node::from(section).named("troubles")))
        .show(Node::from(cost(account)).named("cost"))
        .show(Node::from(refused(about, refusals)).named("refused"))
        .show(Node::from(grant(about, draft)).named("grant"))
        .show(Node::from(inside(about)).named("inside"));
    let problem = draft
        .problem
        .as_ref()
        .map(|(line, column, message)| serde_json::json!({ "line": line, "column": column, "message": message }));
    Screen::from(view).data("of", &about.id).data("was", &draft.was).data("grant", &draft.text).data("problem", problem)
}

fn facts(about: &About) -> view::Facts {
    let day = |time: &str| time.get(..10).unwrap_or(time).to_owned();
    let state = if about.is_on() { about.state.clone() } else { "off".to_owned() };
    let previous = match &about.previous {
        Some(digest) => format!("one, to go back to: {}…", short(digest)),
        None => "none".to_owned(),
    };
    view::facts([
        Fact::new("Id", &about.id),
        Fact::new("Version", &about.version),
        Fact::new("State", state),
        Fact::new("Brings", brings(about)),
        Fact::new("Installed", day(&about.installed)),
        Fact::new("Versions kept beside it", previous),
        Fact::new("Licence", &about.licence),
    ])
}

/// What its author has to mend; nothing while there is nothing.
fn troubles(about: &About) -> Option<view::Section> {
    let mut rows = Rows::new([
        Column::new("when", "When").r#type(ValueType::Time),
        Column::new("doing", "What it did"),
        Column::new("message", "What was wrong"),
        Column::new("words", "What it wrote last"),
        Column::new("trace", "Trace"),
    ]);
    for trouble in &about.troubles {
        rows.push(row![
            trouble.at,
            trouble.doing,
            words::sentence(&trouble.message),
            format::shorten(&trouble.words, 300),
            trouble.trace,
        ]);
    }
    let table = view::Table::from(rows).label("What went wrong lately");
    (!about.troubles.is_empty()).then(|| {
        view::section("What went wrong lately").note("For its author. Since the start of the server.").show(table)
    })
}

fn short(digest: &str) -> &str {
    let digest = digest.strip_prefix("sha256:").unwrap_or(digest);
    digest.get(..12).unwrap_or(digest)
}

fn may(about: &About) -> view::Section {
    let mut rows = Rows::new([
        Column::new("what", "What"),
        Column::new("verbs", "May"),
        Column::new("where", "Where"),
        Column::new("why", "Why, in its words"),
        Column::new("granted", "Granted"),
        Column::new("interface", "Interface"),
    ])
    .empty("It asks for nothing.");
    for need in &about.needs {
        let Need { allow, reason, .. } = need;
        let granted = match about.granted(need) {
            Granted::Yes => "yes",
            Granted::InPart => "in part",
            Granted::No => "no",
        };
        let at = resources(allow);
        rows.push(row![
            words::interface(&allow.interface),
            allow.verbs.join(", "),
            at,
            reason,
            granted,
            allow.interface
        ]);
    }
    let mut section = view::section("What it asks for, and may do")
        .note("Whatever is not granted is refused before anything happens.");
    if about.mode.as_deref() == Some("observe") {
        let text = "It is watched: what it asks for is allowed, and what the grant lacks is written down.";
        section = section.show(view::callout(text).tone(Tone::Warning));
    }
    let change = about.id != SELF;
    if !about.has_grant {
        let text = "Nothing is granted to it, so that it can do nothing.";
        let callout = view::callout(text).tone(Tone::Warning);
        section = section.show(if change { callout.actions([ask(about)]) } else { callout });
    } else if !about.refused.is_empty() {
        let lack = |allow: &Allow| format!("{} ({})", words::interface(&allow.interface), allow.verbs.join(", "));
        let lacks: Vec<_> = about.refused.iter().map(lack).collect();
        let text = format!("It asks for more than it is granted everywhere: {}.", lacks.join("; "));
        let callout = view::callout(text);
        section = section.show(if change { callout.actions([ask(about)]) } else { callout });
    }
    let unused: Vec<_> =
        about.needs.iter().filter(|need| !need.imported).map(|need| need.allow.interface.as_str()).collect();
    let section = section.show(view::Table::from(rows).label("What it asks for").key("interface"));
    match unused.is_empty() {
        true => section,
        false => {
            let text = format!("Asked for but not used by its code: {}.", unused.join(", "));
            section.show(view::text(text).tone(Tone::Muted))
        }
    }
}

fn ask(about: &About) -> MenuItem {
    MenuItem::new("Grant what it asks for", grant_needs(about)).icon(Icon::Check)
}

/// Who grants sees what, and what the plug-in brings with it.
fn grant_needs(about: &About) -> view::Action {
    let needs: Vec<_> = about
        .needs
        .iter()
        .map(|need| {
            format!(
                "{} ({}, {})",
                words::interface(&need.allow.interface),
                need.allow.verbs.join(", "),
                resources(&need.allow)
            )
        })
        .collect();
    let needs = if needs.is_empty() { "It asks for nothing but to run".to_owned() } else { needs.join("; ") };
    let brings = match about.declares.as_slice() {
        [] => String::new(),
        declares => format!(" It brings: {}.", format::shorten(&declares.join(", "), 300)),
    };
    let text = format!("{} {} may run from now on. {needs}.{brings}", about.id, about.version);
    do_("grant-needs").with("id", about.id.as_str()).confirm(format::shorten(&text, 1000))
}

fn resources(allow: &Allow) -> String {
    let places = match allow.resources.as_slice() {
        [all] if all == "**" => "everywhere the person may".to_owned(),
        some => some.join(", "),
    };
    if allow.projects.is_empty() { places } else { format!("{places}, in {}", allow.projects.join(", ")) }
}

fn cost(account: &Account) -> view::Section {
    let stat = |label: &str, value: u64, kind| view::stat(label, value).r#type(kind);
    let bad = |label: &str, value: u64| {
        let node = stat(label, value, ValueType::Count);
        if value > 0 { node.tone(Tone::Warning) } else { node }
    };
    let mut stats: Vec<Node> = vec![
        stat("Calls", account.calls, ValueType::Count).into(),
        stat("Processor time", account.cpu_ms, ValueType::Duration).into(),
        stat("Most memory of a call", account.peak_memory, ValueType::Bytes).into(),
        stat("Bytes read and written", account.bytes_in + account.bytes_out, ValueType::Bytes).into(),
        stat("Questions to the host", account.host_calls, ValueType::Count).into(),
        bad("Refused", account.denials).into(),
        bad("Answered with an error", account.errors).into(),
        bad("Crashed or cut off", account.traps + account.timeouts).into(),
    ];
    // Most plug-ins never write that much.
    if account.log_dropped > 0 {
        stats.push(bad("Log lines dropped", account.log_dropped).into());
    }
    view::section("What it cost")
        .note("Since KAML-D started.")
        .show(Node::from(view::grid().cell(view::Size::Small)).with(stats))
}

fn refused(about: &About, refusals: &[Record]) -> view::Section {
    let all = MenuItem::new("The whole audit", going(Target::new().tab("audit").with("plugin", about.id.as_str())))
        .icon(Icon::Shield);
    let section = view::section("Where it was refused").actions([all]);
    if refusals.is_empty() {
        return section.show(view::text("Nothing that it tried was refused lately.").tone(Tone::Muted));
    }
    section.show(audit::table(refusals, false).label("Last refusals"))
}

fn grant(about: &About, draft: &Draft) -> view::Details {
    let title = "Change the grant as text";
    let details = view::details(title).open(draft.problem.is_some() || draft.text != draft.was);
    if about.id == SELF {
        let text = "No plug-in changes its own grant. On a terminal: kamld plugin grant kamld/plugins";
        return details.show(view::text(text)).show(view::code(&draft.text).language("toml"));
    }
    let mut editor = view::editor("Grant", "/grant")
        .language("toml")
        .rows((draft.text.lines().count() as u64 + 1).clamp(8, 30))
        .help(
            "Verbs: read, list, create, modify, delete. Resources: PROJECT/ASSET/PATH with * and **. In force at once.",
        );
    if let Some((line, column, message)) = &draft.problem {
        editor = editor.problem(TextProblem::new(*line, *column, message));
    }
    let put = do_("set-grant").with("id", about.id.as_str()).with("toml", data_at("/grant"));
    let away = do_("take-away").with("id", about.id.as_str()).confirm(format!(
        "{} may do nothing from now on, and what it does now stops. What it asks for can be granted again at any time.",
        about.id
    ));
    let other = Node::from(view::row().gap(Gap::Small)).with([
        view::button("Grant what it asks for", grant_needs(about)).icon(Icon::Check),
        view::button("Take everything away", away).weight(Weight::Danger).icon(Icon::Shield),
    ]);
    details.show(view::form(put, "Put in force").show(editor)).show(other)
}

fn inside(about: &About) -> view::Details {
    let mut rows = Rows::new([Column::new("what", "What"), Column::new("export", "Interface").align(Align::Start)])
        .empty("It exports nothing.");
    for export in &about.provides {
        let what = match about.unknown.contains(export) {
            true => "made for another version of KAML-D: nothing is made of it here",
            false => words::export(export).unwrap_or("part of the base world"),
        };
        rows.push(row![what, export]);
    }
    view::details("What is inside")
        .show(view::facts([Fact::new("Package", &about.digest), Fact::new("Commands", format::count(about.commands))]))
        .show(view::Table::from(rows).label("What it exports"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::about::tests::search;

    fn draft(problem: Option<(u64, u64, String)>) -> Draft {
        Draft { text: "[[grant]]".into(), was: "[[grant]]".into(), problem }
    }

    fn text(screen: &Screen) -> String {
        screen.nodes().into_iter().map(|node| format!("{} {} {}\n", node.id, node.kind, node.props)).collect()
    }

    #[test]
    fn needs_stand_beside_their_reasons_and_what_is_granted() {
        let text = text(&screen(&search(), &Account::default(), &[], &draft(None)));
        assert!(text.contains(r#""what":"Files","#) || text.contains(r#""what":"Files""#), "{text}");
        assert!(text.contains(r#""why":"Asks the index""#) && text.contains(r#""granted":"in part""#), "{text}");
        assert!(text.contains("more than it is granted everywhere: Files (list)"), "{text}");
        assert!(text.contains("not used by its code: kamld:storage/objects"), "{text}");
        assert_eq!(text.matches(r#""weight":"primary""#).count(), 0, "the form has the one");
    }

    #[test]
    fn a_wrong_grant_is_marked_where_it_is_wrong_and_stays_open() {
        let text =
            text(&screen(&search(), &Account::default(), &[], &draft(Some((3, 5, "'red' is not a verb".into())))));
        assert!(text.contains(r#""problem":{"line":3,"column":5,"message":"'red' is not a verb"}"#), "{text}");
        assert!(text.contains(r#"{"summary":"Change the grant as text","open":true}"#), "{text}");
    }

    #[test]
    fn taking_away_asks_first_and_this_plugin_cannot_change_itself() {
        assert!(
            text(&screen(&search(), &Account::default(), &[], &draft(None)))
                .contains(r#""confirm":"kamld/search may do nothing"#)
        );
        let own = About { id: SELF.into(), has_grant: false, ..search() };
        let text = text(&screen(&own, &Account::default(), &[], &draft(None)));
        assert!(!text.contains("set-grant") && !text.contains("grant-needs") && !text.contains("disable"), "{text}");
    }

    #[test]
    fn granting_asks_and_shows_what_is_granted_and_brought() {
        let mut about = search();
        about.declares = vec!["search".into(), "area: Search".into()];
        let text = text(&screen(&about, &Account::default(), &[], &draft(None)));
        for part in [
            "kamld/search 0.1.0 may run",
            "Search (read, everywhere the person may)",
            "It brings: search, area: Search.",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn an_export_that_this_host_does_not_know_is_said_to_be_for_another() {
        let mut about = search();
        about.provides = vec!["kamld:plugin/commands@0.1.0".into(), "kamld:weather/rain@9.0.0".into()];
        about.unknown = vec!["kamld:weather/rain@9.0.0".into()];
        let text = text(&screen(&about, &Account::default(), &[], &draft(None)));
        assert_eq!(text.matches("made for another version of KAML-D").count(), 1, "{text}");
    }

    #[test]
    fn a_draft_stays_until_the_grant_or_the_plugin_is_another() {
        let place = Place::at("").holding("of", "a/b").holding("was", "old").holding("grant", "draft");
        assert_eq!(Draft::new(&place, "a/b", "old").text, "draft");
        assert_eq!(Draft::new(&place, "a/b", "new").text, "new");
        assert_eq!(Draft::new(&place, "c/d", "old").text, "old");
        let wrong = place.holding("problem", serde_json::json!({"line": 2, "column": 1, "message": "no"}));
        assert_eq!(Draft::new(&wrong, "a/b", "old").problem, Some((2, 1, "no".into())));
        assert_eq!(Draft::new(&wrong, "a/b", "new").problem, None);
    }
}
