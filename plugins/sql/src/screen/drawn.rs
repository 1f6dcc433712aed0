//! The nodes of the screen. Pure: no call to the host.

use super::{Known, of, target};
use crate::{history::Past, saved::Saved};
use kamld_sdk::{
    Error, Screen, format,
    view::{
        self, Choice, Gap, Icon, Item, MenuItem, Node, RowColumn, TextProblem, Tone, View, Weight, data_at, do_, run,
        typed,
    },
};

/// A query of before is in the link of its line; longer ones would fill the view, and are left to the terminal.
const LONGEST: usize = 4 << 10;
/// Bytes of all queries in links: a view has 256 KiB.
const ALL: usize = 48 << 10;
/// Queries of before that are listed.
const MOST: usize = 30;

/// What became of the query.
#[derive(Debug)]
pub enum Outcome {
    None,
    Rows { result: String, columns: Vec<(String, String)> },
    Plan(String),
    Failed(Error),
}

/// Everything on the screen.
pub struct Drawn {
    /// The query of the link.
    pub query: String,
    /// What stands in the editor.
    pub text: String,
    pub project: Option<String>,
    pub projects: Vec<String>,
    pub outcome: Outcome,
    pub saved: Vec<Saved>,
    pub past: Vec<(Option<String>, Past)>,
    pub now: u64,
}

pub fn screen(drawn: &Drawn) -> Screen {
    let Drawn { query, text, project, outcome, .. } = drawn;
    let mut view = View::new().show(asking(drawn)).show(tools(drawn));
    view = match outcome {
        Outcome::None => view.show(begin(project.as_deref())),
        Outcome::Rows { result, columns } => {
            let columns = columns.iter().map(|(name, kind)| RowColumn::new(name, kind));
            view.show(Node::from(view::rows(result, columns).text(query).chart(true)).named("rows"))
        }
        Outcome::Plan(plan) => view.show(
            view::section("How it would run")
                .note("Nothing was run. Read it from the bottom up.")
                .show(view::code(plan)),
        ),
        Outcome::Failed(error) => view.show(failed(error)),
    };
    view = view.show(kept(drawn)).show_some(past(drawn));
    let screen = Screen::from(view).data("q", text).data("of", query).data("within", project);
    match outcome {
        Outcome::Rows { result, columns } => {
            let columns: Vec<_> =
                columns.iter().map(|(name, kind)| Known { name: name.clone(), r#type: kind.clone() }).collect();
            // Not `within`: the person may have chosen another project since.
            screen.data("ran", query).data("ran-in", project).data("result", result).data("columns", columns)
        }
        _ => screen
            .data("ran", "")
            .data("ran-in", None::<String>)
            .data("result", "")
            .data("columns", Vec::<Known>::new()),
    }
}

fn asking(drawn: &Drawn) -> Node {
    let rows = drawn.text.lines().count().clamp(3, 16) as u64;
    let editor = view::editor("Query", "/q").language("sql").rows(rows).complete("complete");
    let editor = match &drawn.outcome {
        Outcome::Failed(error) => match error.position() {
            Some((line, column)) => {
                editor.problem(TextProblem::new(line.max(1).into(), column.max(1).into(), error.message()))
            }
            None => editor,
        },
        _ => editor,
    };
    let action = do_("run").with("text", data_at("/q"));
    Node::from(view::form(action, "Run").show(Node::from(editor).named("query"))).named("ask")
}

/// What else can be done with the query, and where its assets are looked up.
fn tools(drawn: &Drawn) -> Node {
    let project = drawn.project.as_deref();
    let save = of(run("query save").with("query", data_at("/q")), project)
        .ask(["name"])
        .done("Kept as {name}")
        .taken_back_by(of(run("query remove").with("name", "{name}"), project));
    let explain = do_("explain").with("text", data_at("/q"));
    let mut tools: Vec<Node> = vec![
        view::button("Keep under a name", save).weight(Weight::Quiet).icon(Icon::Star).into(),
        view::button("How would it run?", explain).weight(Weight::Quiet).icon(Icon::Help).into(),
    ];
    if drawn.projects.len() > 1 {
        let none = drawn.project.is_none().then(|| Choice::new("", "no project chosen"));
        let all = none.into_iter().chain(drawn.projects.iter().map(|name| Choice::new(name, name)));
        let chosen = view::select("Assets without a project are in", "/within", all.take(500))
            .change(do_("in").with("project", typed()));
        tools.push(Node::from(chosen).named("within"));
    }
    Node::from(view::row().gap(Gap::Small)).with(tools).named("tools")
}

fn begin(project: Option<&str>) -> view::Section {
    let lines = [
        ("select * from strikes.\"2019.csv\" limit 10", "A table is a file: asset.\"path\""),
        ("select count(*) from strikes@v1.\"2019/*.csv\"", "At a version, many files as one table"),
        ("select * from birds.strikes.\"2019.csv\"", "Of another project: project.asset.\"path\""),
    ];
    let note = match project {
        Some(project) => {
            format!("Files are tables where they lie. Assets without a project are looked up in {project}.")
        }
        None => "Files are tables where they lie. Name the project in front of the asset.".to_owned(),
    };
    let items = lines.map(|(line, says)| Item::new(line).note(says).icon(Icon::Query));
    view::section("How tables are named").note(note).show(view::list(items).label("Examples"))
}

fn failed(error: &Error) -> view::Callout {
    let place = error.position().map(|(line, column)| format!("Line {line}, column {column}: ")).unwrap_or_default();
    let help = error.help_text().map(|help| format!(". {}", sentence(help))).unwrap_or_default();
    let said = if place.is_empty() { sentence(error.message()) } else { error.message().to_owned() };
    view::callout(format!("{place}{said}{help}")).title("The query did not run").tone(Tone::Bad)
}

fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

fn kept(drawn: &Drawn) -> view::Details {
    let mut left = ALL / 2;
    let items: Vec<_> = drawn
        .saved
        .iter()
        .filter(|saved| fits(&saved.query, &mut left))
        .map(|saved| {
            let Saved { name, project, query, .. } = saved;
            let project = project.as_deref();
            let back = of(run("query save").with("name", name.as_str()).with("query", query.as_str()), project);
            let remove = of(run("query remove").with("name", name.as_str()), project)
                .done(format!("{name} is kept no longer"))
                .taken_back_by(back);
            let item = Item::new(name)
                .note(line(query))
                .icon(Icon::Star)
                .open(saved.target())
                .current(*query == drawn.query)
                .actions([MenuItem::new("Remove", remove).icon(Icon::Delete).tone(Tone::Bad)]);
            match project {
                Some(project) => item.end(project),
                None => item,
            }
        })
        .collect();
    let shown = items.len();
    let details = view::details(format!("Kept queries ({})", drawn.saved.len()))
        .open(drawn.query.is_empty())
        .show(view::list(items).label("Kept queries").empty("You keep no query yet. Only you see what you keep."));
    if shown < drawn.saved.len() { details.show(more()) } else { details }
}

fn past(drawn: &Drawn) -> Option<view::Details> {
    let mut left = ALL / 2;
    let items: Vec<_> = drawn
        .past
        .iter()
        .take(MOST)
        .filter(|(_, past)| fits(&past.query, &mut left))
        .map(|(project, past)| {
            Item::new(line(&past.query))
                .icon(Icon::History)
                .end(format::ago(past.ran, drawn.now))
                .open(target(&past.query, project.as_deref()))
                .current(past.query == drawn.query)
        })
        .collect();
    let shown = items.len();
    let forget = run("query forget")
        .done("{forgotten} queries are forgotten")
        .confirm("The queries that you ran are forgotten for good. Those that you keep under a name stay.");
    (shown > 0).then(|| {
        let details = view::details(format!("Last queries ({})", drawn.past.len()))
            .open(drawn.query.is_empty())
            .show(view::list(items).label("Last queries"));
        let details = if shown < drawn.past.len() { details.show(more()) } else { details };
        details.show(view::button("Forget them", forget).weight(Weight::Quiet).icon(Icon::Delete))
    })
}

fn more() -> view::Hint {
    view::hint("There are more than fit here; all of them:").command("kamld query history --limit 50")
}

fn fits(query: &str, left: &mut usize) -> bool {
    let fits = query.len() <= LONGEST && query.len() <= *left;
    if fits {
        *left -= query.len();
    }
    fits
}

/// A query on one line of a list.
fn line(query: &str) -> String {
    format::shorten(&query.split_whitespace().collect::<Vec<_>>().join(" "), 160)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(outcome: Outcome) -> Drawn {
        Drawn {
            query: "select 1".into(),
            text: "select 1".into(),
            project: Some("birds".into()),
            projects: vec!["birds".into(), "cars".into()],
            outcome,
            saved: vec![Saved {
                name: "by-state".into(),
                project: Some("birds".into()),
                query: "select 2".into(),
                saved: 1,
            }],
            past: vec![(None, Past { query: "select\n  3".into(), ran: 1, times: 1 })],
            now: 2,
        }
    }

    fn text(drawn: &Drawn) -> String {
        screen(drawn).nodes().into_iter().map(|node| format!("{} {} {}\n", node.id, node.kind, node.props)).collect()
    }

    #[test]
    fn the_rows_are_pointed_at_with_a_chart_beside() {
        let rows = Outcome::Rows { result: "r1".into(), columns: vec![("a".into(), "BIGINT".into())] };
        let text = text(&drawn(rows));
        assert!(
            text.contains(
                r#"rows rows {"result":"r1","columns":[{"name":"a","type":"BIGINT"}],"text":"select 1","chart":true}"#
            ),
            "{text}"
        );
    }

    #[test]
    fn an_error_stands_at_its_place_with_the_way_on() {
        let error = Error::invalid("there is no column 'stat'").help("did you mean 'state'?").at(2, 8);
        let text = text(&drawn(Outcome::Failed(error)));
        assert!(text.contains(r#""problem":{"line":2,"column":8,"message":"there is no column 'stat'"}"#), "{text}");
        assert!(text.contains("Line 2, column 8: there is no column 'stat'. Did you mean 'state'?"), "{text}");
        assert!(!text.contains(r#""weight":"primary""#), "the form has the one");
    }

    #[test]
    fn queries_of_before_are_one_step_away() {
        let text = text(&drawn(Outcome::None));
        assert!(text.contains(r#""q":"select 2""#) && text.contains("Kept queries (1)"), "{text}");
        assert!(text.contains(r#""title":"select 3""#) && text.contains("Last queries (1)"), "{text}");
    }

    #[test]
    fn many_long_queries_never_break_the_budget_of_a_view() {
        let mut drawn = drawn(Outcome::Plan("scan".into()));
        let long = |n: usize| format!("select {n} {}", "x".repeat(3000));
        drawn.past = (0..50).map(|n| (None, Past { query: long(n), ran: 1, times: 1 })).collect();
        drawn.saved =
            (0..50).map(|n| Saved { name: format!("q{n}"), project: None, query: long(n), saved: 1 }).collect();
        let text = text(&drawn);
        assert!(text.len() < 150_000, "{}", text.len());
        assert!(text.contains("There are more than fit here"));
    }

    #[test]
    fn one_project_needs_no_choice() {
        let mut one = drawn(Outcome::None);
        one.projects.truncate(1);
        assert!(!text(&one).contains("/within\"") && text(&drawn(Outcome::None)).contains(r#""bind":"/within""#));
    }
}
