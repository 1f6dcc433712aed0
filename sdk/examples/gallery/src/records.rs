//! The rest of the family Tables: what was found (`hits`, `facets`) and what happened (`changes`, `commits`).
//!
//! All of it is real: a search of this server, and the history of a dataset.

use crate::{
    buttons::copying,
    found::Found,
    screen::{Family, missing},
    tables::without,
};
use kamld_sdk::{
    Place,
    metadata::search::{Answer, Facet, Hit, HitKind},
    storage::types::{Change, ChangeKind, Commit},
    view::{
        self, FacetValue, Fragment, FragmentPart, Icon, Section, Side, Target, Validation, Weight, at, data_at, going,
    },
};

pub fn kinds(place: &Place, found: &Found) -> Vec<Section> {
    vec![searched(found), changes(place, found), commits(found)]
}

fn searched(found: &Found) -> Section {
    let look = going(Family::Tables.target().with("q", data_at("/search")));
    let form = view::form(look, "Look").show(
        view::input("Words to look for", "/search").placeholder("such as wind").check(Validation::new().required(true)),
    );
    let section = view::section("hits, facets")
        .note(
            "What a search found, with the pieces that matched, and beside it how that divides. Choosing a value \
            narrows the search.",
        )
        .show(form);
    match &found.answer {
        Some((words, answer)) if !answer.hits.is_empty() => {
            let facets = answer.facets.iter().filter(|facet| !facet.values.is_empty());
            let facets = view::facets(facets.map(|facet| divided(words, facet)));
            section.show(view::split().side(Side::End).show(hits(answer)).show(facets))
        }
        Some((words, _)) => section.show(view::empty(format!("Nothing fits {words}")).icon(Icon::Search)),
        None => section,
    }
}

fn hits(answer: &Answer) -> view::Hits {
    view::hits(answer.hits.iter().map(hit), answer.total)
}

fn hit(hit: &Hit) -> view::Hit {
    let asset = format!("{}/{}", hit.project, hit.asset);
    let address = if hit.path.is_empty() { asset } else { format!("{asset}/{}", hit.path) };
    let (kind, title) = match hit.kind {
        HitKind::Asset => ("asset", hit.asset.as_str()),
        HitKind::Object => ("object", hit.path.rsplit('/').next().unwrap_or_default()),
        HitKind::Column => ("column", hit.column.as_str()),
    };
    let fragments = hit.highlights.iter().map(|(field, parts)| {
        Fragment::new(field, parts.iter().map(|part| FragmentPart::new(&part.text, part.matched)))
    });
    view::Hit::new(title, &address, kind)
        .summary(&hit.summary)
        .tags(hit.tags.iter().map(String::as_str))
        .fragments(fragments)
        .open(at(address))
}

/// A value is chosen while the words name it, such as `tag:raw`; choosing it adds or takes away that word.
fn divided(words: &str, facet: &Facet) -> view::Facet {
    let value = |(value, count): &(String, u64)| {
        let word = format!("{}:{value}", facet.field);
        let chosen = words.split_whitespace().any(|other| other == word);
        let rest = words.split_whitespace().filter(|other| *other != word);
        let now: Vec<&str> = if chosen { rest.collect() } else { rest.chain([word.as_str()]).collect() };
        FacetValue::new(value, *count).chosen(chosen).action(going(searching(&now.join(" "))))
    };
    view::Facet::new(&facet.field, facet.values.iter().map(value))
}

fn searching(words: &str) -> Target {
    if words.is_empty() { without("q") } else { Family::Tables.target().with("q", words) }
}

fn changes(place: &Place, found: &Found) -> Section {
    let section = view::section("changes").note("Objects that were added, modified or removed.");
    let (Some(dataset), Some(page)) = (&found.dataset, &found.changes) else {
        return section.show(missing("dataset"));
    };
    let shown = view::changes(page.changes.iter().map(|change| changed(dataset, change)));
    let section = section.show(view::text(format!("Since the last commit of {dataset}:")));
    let first = place.param("after").map(|_| {
        view::button("Back to the first", going(without("after"))).icon(Icon::ChevronLeft).weight(Weight::Quiet)
    });
    let section = match &page.next {
        Some(next) => {
            let more = going(Family::Tables.target().with("after", next.as_str()));
            section.show(shown.next(next)).show(view::button("More changes", more).weight(Weight::Quiet))
        }
        None => section.show(shown),
    };
    match first {
        Some(first) => section.show(first),
        None => section,
    }
}

fn changed(dataset: &str, change: &Change) -> view::Change {
    let address = format!("{dataset}/{}", change.path);
    let shown = view::Change::from(change).actions([copying(&address)]);
    // What was removed is nowhere to be opened.
    if change.kind == ChangeKind::Removed { shown } else { shown.action(going(at(address))) }
}

fn commits(found: &Found) -> Section {
    let section = view::section("commits").note("A history, newest first, with the branches and versions in it.");
    let Some(dataset) = &found.dataset else { return section.show(missing("dataset")) };
    if found.commits.is_empty() {
        return section.show(view::empty(format!("Nothing of {dataset} is committed yet")).icon(Icon::Commit));
    }
    section.show(view::commits(found.commits.iter().map(|commit| committed(dataset, commit, &found.names))))
}

fn committed(dataset: &str, commit: &Commit, names: &[(String, String)]) -> view::Commit {
    let names = names.iter().filter(|(_, of)| *of == commit.id).map(|(name, _)| name.as_str());
    let address = format!("{dataset}@{}", commit.id);
    view::Commit::from(commit).names(names).actions([copying(&address)]).action(going(at(address)))
}
