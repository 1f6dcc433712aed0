//! Data and view of an answer. Pure: no call to the host.

use kamld_sdk::{
    Outcome, Result, Schema, format,
    metadata::search::{Answer, Hit, HitKind},
    schema,
    view::{self, Tone, View},
};
use serde_json::{Value, json};

pub fn schema() -> Schema {
    let part = schema::object([("text", schema::text()), ("matched", schema::boolean())]);
    let highlight = schema::object([("field", schema::text()), ("parts", schema::list(part))]);
    let hit = schema::object([
        ("kind", schema::one_of(["asset", "object", "column"])),
        ("address", schema::text()),
        ("column", schema::nullable(schema::text())),
        ("summary", schema::text()),
        ("tags", schema::list(schema::text())),
        ("size", schema::integer().says("bytes")),
        ("modified", schema::time()),
        ("score", schema::number()),
        ("highlights", schema::list(highlight)),
    ]);
    let value = schema::object([("value", schema::text()), ("count", schema::integer())]);
    let facet = schema::object([("field", schema::text()), ("values", schema::list(value))]);
    schema::object([
        ("query", schema::text()),
        ("total", schema::integer()),
        ("hits", schema::list(hit)),
        ("facets", schema::list(facet)),
        ("suggestion", schema::nullable(schema::text())),
    ])
}

pub fn answer(query: &str, project: Option<&str>, start: u32, answer: Answer) -> Result<Outcome> {
    let data = json!({
        "query": query,
        "total": answer.total,
        "hits": answer.hits.iter().map(hit).collect::<Vec<_>>(),
        "facets": answer.facets.iter().map(|facet| json!({
            "field": facet.field,
            "values": facet.values.iter().map(|(value, count)| json!({ "value": value, "count": count })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "suggestion": answer.suggestion,
    });
    Ok(Outcome::new(&data)?.view(view(query, project, start, &answer)))
}

fn address(hit: &Hit) -> String {
    let Hit { project, asset, path, .. } = hit;
    if path.is_empty() { format!("{project}/{asset}") } else { format!("{project}/{asset}/{path}") }
}

fn kind(hit: &Hit) -> &'static str {
    match hit.kind {
        HitKind::Asset => "asset",
        HitKind::Object => "object",
        HitKind::Column => "column",
    }
}

fn hit(hit: &Hit) -> Value {
    let highlights = hit.highlights.iter().map(|(field, parts)| {
        let parts: Vec<_> = parts.iter().map(|part| json!({ "text": part.text, "matched": part.matched })).collect();
        json!({ "field": field, "parts": parts })
    });
    json!({
        "kind": kind(hit),
        "address": address(hit),
        "column": (!hit.column.is_empty()).then_some(&hit.column),
        "summary": hit.summary,
        "tags": hit.tags,
        "size": hit.size,
        "modified": hit.modified,
        "score": hit.score,
        "highlights": highlights.collect::<Vec<_>>(),
    })
}

fn view(query: &str, project: Option<&str>, start: u32, answer: &Answer) -> View {
    let within = project.map(|project| format!(" --project {project}")).unwrap_or_default();
    let suggestion = answer.suggestion.as_ref().map(|suggestion| {
        view::hint("did you mean").command(format!("kamld search '{}'{within}", suggestion.replace('\'', "'\\''")))
    });
    if answer.hits.is_empty() {
        let said = match project {
            Some(project) => format!("nothing in project {project} fits '{query}'"),
            None => format!("nothing fits '{query}'"),
        };
        let wider =
            project.is_none().then(|| view::hint("fewer words find more; kamld tag list shows the tags in use"));
        let all = project.map(|_| view::hint("look everywhere").command(format!("kamld search '{query}'")));
        return View::new()
            .show(view::text(said).tone(Tone::Muted))
            .show_some(suggestion)
            .show_some(all)
            .show_some(wider);
    }
    let hits = answer.hits.iter().map(|hit| {
        let title = match hit.kind {
            HitKind::Column => hit.column.clone(),
            HitKind::Object => hit.path.rsplit('/').next().unwrap_or(&hit.path).to_owned(),
            HitKind::Asset => hit.asset.clone(),
        };
        let fragments = hit.highlights.iter().map(|(field, parts)| {
            view::Fragment::new(field, parts.iter().map(|part| view::FragmentPart::new(&part.text, part.matched)))
        });
        view::Hit::new(title, address(hit), kind(hit)).summary(&hit.summary).tags(hit.tags.clone()).fragments(fragments)
    });
    let facets = answer.facets.iter().filter(|facet| !facet.values.is_empty()).map(|facet| {
        let values = facet.values.iter().map(|(value, count)| view::FacetValue::new(value, *count));
        view::Facet::new(&facet.field, values)
    });
    let facets: Vec<_> = facets.collect();
    let seen = u64::from(start) + answer.hits.len() as u64;
    let more = (seen < answer.total).then(|| {
        let left = format::counted(answer.total - seen, "more is there", "more are there");
        view::hint(left).command(format!("kamld search '{query}'{within} --start {seen}"))
    });
    View::new()
        .show(view::hits(hits, answer.total))
        .show_some((!facets.is_empty()).then(|| view::facets(facets)))
        .show_some(suggestion)
        .show_some(more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kamld_sdk::{
        metadata::search::{Facet, Fragment},
        schema::check,
    };

    fn found() -> Answer {
        let hit = |kind, path: &str, column: &str| Hit {
            kind,
            project: "birds".into(),
            asset: "strikes".into(),
            path: path.into(),
            column: column.into(),
            summary: "CSV".into(),
            tags: vec!["raw".into()],
            size: 9,
            modified: 1,
            score: 1.5,
            highlights: vec![("text".into(), vec![Fragment { text: "wind".into(), matched: true }])],
        };
        Answer {
            hits: vec![
                hit(HitKind::Asset, "", ""),
                hit(HitKind::Object, "2019/may.csv", ""),
                hit(HitKind::Column, "2019/may.csv", "species"),
            ],
            total: 5,
            facets: vec![Facet { field: "tag".into(), values: vec![("raw".into(), 3)] }],
            suggestion: None,
        }
    }

    fn nothing(suggestion: Option<&str>) -> Answer {
        Answer { hits: vec![], total: 0, facets: vec![], suggestion: suggestion.map(Into::into) }
    }

    #[test]
    fn every_answer_has_the_declared_shape() {
        for given in [found(), nothing(None), nothing(Some("wind"))] {
            check(&schema().into(), answer("wnd", None, 0, given).unwrap().data()).unwrap();
        }
    }

    #[test]
    fn hits_are_titled_by_what_they_are() {
        let nodes = answer("x", None, 0, found()).unwrap().nodes();
        let hits: Value = serde_json::from_str(&nodes.iter().find(|node| node.kind == "hits").unwrap().props).unwrap();
        let titles: Vec<_> =
            hits["items"].as_array().unwrap().iter().map(|hit| hit["title"].as_str().unwrap()).collect();
        assert_eq!(titles, ["strikes", "may.csv", "species"]);
    }

    #[test]
    fn what_was_meant_is_one_command_away() {
        let nodes = answer("wnd", Some("birds"), 0, nothing(Some("wind"))).unwrap().nodes();
        assert!(nodes.iter().any(|node| node.props.contains("kamld search 'wind' --project birds")));
    }

    #[test]
    fn the_next_page_is_one_command_away() {
        let nodes = answer("x", None, 0, found()).unwrap().nodes();
        assert!(nodes.iter().any(|node| node.props.contains("--start 3")));
    }
}
