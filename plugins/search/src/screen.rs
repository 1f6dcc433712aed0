//! The screen of what the one box found: hits, what narrows them, pages.
//!
//! Params: `q` the words, `in` the only project, `tag` (several, with spaces between), `format`, `kind` and `project` as
//! chosen beside the hits, `start` the first hit. Everything but `draw` is pure.

use kamld_sdk::{
    HasSurfaces, Offer, Place, Result, Screen, Slot, Surfaces, format,
    metadata::search::{self, Answer, Facet, Hit, HitKind, Request},
    view::{
        self, FacetValue, Fragment, FragmentPart, Gap, Icon, Item, MenuItem, Node, Side, Target, Tone, View, Weight,
        at, going,
    },
};
use serde_json::Value;

/// Hits on one page.
const PAGE: u32 = 20;
/// What can be chosen beside the hits, by the names of the index, which are those of the params too.
const FIELDS: [(&str, &str); 4] = [("kind", "Kind"), ("format", "Format"), ("project", "Project"), ("tag", "Tags")];
/// Texts to begin with, and what each of them finds.
const EXAMPLES: [(&str, &str); 7] = [
    ("wind turbine", "Words, found by their beginning and in spite of a typing error"),
    ("\"wind turbine\"", "Words in quotes, just as they stand"),
    ("tag:raw", "What has the tag raw"),
    ("format:csv", "Files of a format"),
    ("project:sample", "What is in a project"),
    ("column:name", "Tables with a column of that name"),
    ("turbine -draft", "Without a word: put a minus in front"),
];

impl HasSurfaces for crate::Plugin {
    fn surfaces() -> Surfaces {
        Surfaces::new().on(Offer::new("search", Slot::Box, "Search").icon(Icon::Search).order(10), draw)
    }
}

fn draw(place: &Place) -> Result<Screen> {
    let asked = Asked::new(place);
    let query = asked.query();
    if query.is_empty() {
        return Ok(begin().into());
    }
    let project = asked.within.clone();
    let answer = search::find(&Request { query, project, start: asked.start, limit: PAGE })?;
    Ok(screen(&asked, &answer))
}

/// What the link asks for.
#[derive(Clone, Debug, Default)]
struct Asked {
    q: String,
    within: Option<String>,
    /// Field and value, as chosen beside the hits.
    chosen: Vec<(&'static str, String)>,
    start: u32,
}

impl Asked {
    fn new(place: &Place) -> Self {
        let text = |name: &str| place.param(name).unwrap_or_default().trim().to_owned();
        let values = |(field, _): &(&'static str, &str)| {
            let field = *field;
            let values: Vec<_> = text(field).split_whitespace().map(|value| (field, value.to_owned())).collect();
            values
        };
        Self {
            q: text("q"),
            within: Some(text("in")).filter(|project| !project.is_empty()),
            chosen: FIELDS.iter().flat_map(values).collect(),
            start: text("start").parse().unwrap_or(0),
        }
    }

    /// As the index wants it: what was chosen stands behind the words.
    fn query(&self) -> String {
        let chosen = self.chosen.iter().map(|(field, value)| format!("{field}:{value}"));
        [self.q.clone()].into_iter().chain(chosen).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }

    fn is_chosen(&self, field: &str, value: &str) -> bool {
        self.chosen.iter().any(|(of, is)| *of == field && is == value)
    }

    /// Whether the words themselves say it, such as `tag:raw` typed in the box.
    fn is_typed(&self, field: &str, value: &str) -> bool {
        self.q.split_whitespace().any(|word| word.eq_ignore_ascii_case(&format!("{field}:{value}")))
    }

    /// The same search with a value chosen that was not, or the other way round; from the first hit.
    fn turned(&self, field: &str, value: &str) -> Target {
        let target = Target::new().with("start", Value::Null);
        if self.is_typed(field, value) {
            let words =
                self.q.split_whitespace().filter(|word| !word.eq_ignore_ascii_case(&format!("{field}:{value}")));
            return target.with("q", words.collect::<Vec<_>>().join(" "));
        }
        let mut now: Vec<&str> =
            self.chosen.iter().filter(|(of, _)| *of == field).map(|(_, value)| value.as_str()).collect();
        match now.iter().position(|is| *is == value) {
            Some(place) => {
                now.remove(place);
            }
            // A file has one format and is in one project, but may have several tags.
            None if field != "tag" => now = vec![value],
            None => now.push(value),
        }
        if now.is_empty() { target.with(field, Value::Null) } else { target.with(field, now.join(" ")) }
    }

    /// The same words without anything that narrows them.
    fn everything(&self) -> Target {
        let target = Target::new().with("start", Value::Null).with("in", Value::Null);
        FIELDS.iter().fold(target, |target, (field, _)| target.with(field, Value::Null))
    }

    fn narrowed(&self) -> bool {
        self.within.is_some() || !self.chosen.is_empty()
    }
}

/// Where nothing is typed yet: what can be.
fn begin() -> View {
    let items = EXAMPLES
        .iter()
        .map(|(text, says)| Item::new(*text).note(*says).icon(Icon::Search).open(Target::new().with("q", *text)));
    View::new()
        .show(view::heading("Find assets, files, columns and text inside files").level(2))
        .show(view::text("Type into the box above. These all work, also together:").tone(Tone::Muted))
        .show(view::list(items).label("Examples"))
}

fn screen(asked: &Asked, answer: &Answer) -> Screen {
    if answer.hits.is_empty() {
        return nothing(asked, answer).into();
    }
    let found = Node::from(view::stack())
        .with([Some(counted(asked, answer)), Some(hits(answer)), pages(asked, answer)].into_iter().flatten());
    let beside: Vec<_> = answer.facets.iter().filter_map(|facet| shown(asked, facet)).collect();
    let within = within(asked);
    if beside.is_empty() {
        return View::new().show_some(within).show(found).into();
    }
    let beside = Node::from(view::facets(beside)).named("facets");
    let both = Node::from(view::split().side(Side::End)).with([found.named("found"), beside]);
    View::new().show_some(within).show(both).into()
}

fn within(asked: &Asked) -> Option<Node> {
    let project = asked.within.as_ref()?;
    let everywhere =
        view::button("Search everywhere", going(Target::new().with("in", Value::Null).with("start", Value::Null)));
    let said = view::text(format!("Only in project {project}.")).tone(Tone::Muted);
    Some(Node::from(view::row().gap(Gap::Small)).with([said.into(), Node::from(everywhere.weight(Weight::Quiet))]))
}

fn counted(asked: &Asked, answer: &Answer) -> Node {
    let first = u64::from(asked.start) + 1;
    let last = u64::from(asked.start) + answer.hits.len() as u64;
    let text = match answer.total {
        total if total <= u64::from(PAGE) && asked.start == 0 => format::counted(total, "thing found", "things found"),
        total => format!("{} to {} of {}", format::count(first), format::count(last), format::count(total)),
    };
    view::text(text).tone(Tone::Muted).into()
}

fn hits(answer: &Answer) -> Node {
    Node::from(view::hits(answer.hits.iter().map(hit), answer.total)).named("hits")
}

fn hit(hit: &Hit) -> view::Hit {
    let Hit { project, asset, path, column, summary, tags, highlights, .. } = hit;
    let whole = format!("{project}/{asset}");
    let file = path.rsplit('/').next().unwrap_or(path);
    let (title, address, kind) = match hit.kind {
        HitKind::Asset => (asset.as_str(), whole, "asset"),
        HitKind::Object => (file, format!("{whole}/{path}"), "object"),
        HitKind::Column => (column.as_str(), format!("{whole}/{path}"), "column"),
    };
    let fragments = highlights.iter().map(|(field, parts)| {
        Fragment::new(field, parts.iter().map(|part| FragmentPart::new(&part.text, part.matched)))
    });
    let target = at(address.as_str());
    view::Hit::new(title, address, kind).summary(summary).tags(tags.clone()).fragments(fragments).open(target)
}

fn shown(asked: &Asked, facet: &Facet) -> Option<view::Facet> {
    let (field, title) = *FIELDS.iter().find(|(field, _)| *field == facet.field)?;
    let mut values: Vec<(String, u64)> = facet.values.clone();
    // What is chosen can always be given up again, even when it is not among the most frequent.
    for (of, value) in &asked.chosen {
        if *of == field && values.iter().all(|(known, _)| known != value) {
            values.push((value.clone(), 0));
        }
    }
    let values = values.iter().map(|(value, count)| {
        let chosen = asked.is_chosen(field, value) || asked.is_typed(field, value);
        FacetValue::new(value, *count).chosen(chosen).action(going(asked.turned(field, value)))
    });
    let values: Vec<_> = values.collect();
    (!values.is_empty()).then(|| view::Facet::new(title, values))
}

fn pages(asked: &Asked, answer: &Answer) -> Option<Node> {
    let seen = u64::from(asked.start) + answer.hits.len() as u64;
    let to = |start: u64| match start {
        0 => going(Target::new().with("start", Value::Null)),
        start => going(Target::new().with("start", start.to_string())),
    };
    let back = (asked.start > 0).then(|| {
        let start = u64::from(asked.start.saturating_sub(PAGE));
        view::button("Better ones", to(start)).icon(Icon::ChevronLeft).weight(Weight::Quiet)
    });
    let next = (seen < answer.total).then(|| view::button("More", to(seen)).icon(Icon::ChevronRight));
    let buttons: Vec<_> = back.into_iter().chain(next).collect();
    (!buttons.is_empty()).then(|| Node::from(view::row().gap(Gap::Small)).with(buttons))
}

fn nothing(asked: &Asked, answer: &Answer) -> View {
    let mut actions = Vec::new();
    if let Some(suggestion) = &answer.suggestion {
        let target = Target::new().with("q", suggestion.as_str()).with("start", Value::Null);
        actions.push(MenuItem::new(format!("Did you mean: {suggestion}"), going(target)).icon(Icon::Search));
    }
    if asked.narrowed() {
        actions.push(MenuItem::new("Search everywhere", going(asked.everything())).icon(Icon::Filter));
    }
    let (title, text) = if asked.start > 0 {
        actions.push(MenuItem::new("Back to the first", going(Target::new().with("start", Value::Null))));
        ("There are no more".to_owned(), "All that was found is on the pages before.")
    } else if asked.narrowed() {
        (format!("Nothing fits “{}” here", asked.query()), "What was chosen beside may be too narrow.")
    } else {
        (
            format!("Nothing fits “{}”", asked.query()),
            "Fewer words find more. A file is found once its upload has ended.",
        )
    };
    actions.push(MenuItem::new("Look through all data", going(at(""))).icon(Icon::Database));
    let empty = view::empty(title).text(text).icon(Icon::Search).actions(actions);
    let help = view::details("What can be typed").open(true).show(view::list(
        EXAMPLES.iter().map(|(text, says)| Item::new(*text).note(*says).open(Target::new().with("q", *text))),
    ));
    View::new().show(empty).show(help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kamld_sdk::metadata::search::Fragment as Piece;

    fn found(count: usize, total: u64) -> Answer {
        let one = Hit {
            kind: HitKind::Column,
            project: "birds".into(),
            asset: "strikes".into(),
            path: "2019/may.csv".into(),
            column: "species".into(),
            summary: "CSV".into(),
            tags: vec!["raw".into()],
            size: 9,
            modified: 1,
            score: 1.5,
            highlights: vec![("column".into(), vec![Piece { text: "species".into(), matched: true }])],
        };
        let facets = vec![
            Facet { field: "tag".into(), values: vec![("raw".into(), 3), ("faa".into(), 1)] },
            Facet { field: "format".into(), values: vec![] },
        ];
        Answer { hits: vec![one; count], total, facets, suggestion: None }
    }

    fn asked(params: &[(&str, &str)]) -> Asked {
        let place = params.iter().fold(Place::at(""), |place, (name, value)| place.with(name, value));
        Asked::new(&place)
    }

    fn text(screen: &Screen) -> String {
        screen.nodes().into_iter().map(|node| format!("{} {}\n", node.kind, node.props)).collect()
    }

    #[test]
    fn what_is_chosen_stands_behind_the_words() {
        let asked = asked(&[("q", "wind"), ("tag", "raw faa"), ("format", "csv"), ("in", "birds")]);
        assert_eq!(asked.query(), "wind format:csv tag:raw tag:faa");
        assert_eq!(asked.within.as_deref(), Some("birds"));
    }

    #[test]
    fn choosing_turns_a_value_on_and_off() {
        let turned = |asked: &Asked, field, value| asked.turned(field, value).params.unwrap();
        assert_eq!(turned(&asked(&[("q", "wind")]), "tag", "raw")["tag"], "raw");
        assert_eq!(turned(&asked(&[("tag", "raw")]), "tag", "faa")["tag"], "raw faa");
        assert_eq!(turned(&asked(&[("tag", "raw")]), "tag", "raw")["tag"], Value::Null);
        assert_eq!(turned(&asked(&[("format", "csv")]), "format", "json")["format"], "json");
        assert_eq!(turned(&asked(&[("q", "wind TAG:raw")]), "tag", "raw")["q"], "wind");
        assert_eq!(turned(&asked(&[("start", "40")]), "tag", "raw")["start"], Value::Null);
    }

    #[test]
    fn hits_lead_to_their_places_and_facets_narrow() {
        let text = text(&screen(&asked(&[("q", "species"), ("tag", "raw")]), &found(2, 2)));
        assert!(text.contains(r#""open":{"address":"birds/strikes/2019/may.csv"}"#), "{text}");
        assert!(text.contains(r#""chosen":true"#) && text.contains("2 things found"), "{text}");
        assert!(!text.contains(r#""field":"Format""#), "a facet without values is not shown");
    }

    #[test]
    fn pages_go_both_ways() {
        let text = text(&screen(&asked(&[("q", "x"), ("start", "20")]), &found(20, 50)));
        assert!(
            text.contains("21 to 40 of 50") && text.contains(r#""start":"40""#) && text.contains(r#""start":null"#)
        );
    }

    #[test]
    fn nobody_is_left_before_nothing() {
        let none = Answer { suggestion: Some("wind".into()), ..found(0, 0) };
        let text = text(&screen(&asked(&[("q", "wnd"), ("in", "birds")]), &none));
        assert!(text.contains("Did you mean: wind") && text.contains("Search everywhere"), "{text}");
        assert!(self::text(&begin().into()).contains("column:name"));
    }
}
