//! Runs one query on one state of the index: total, facets, the page of hits with highlights, a suggestion.
//!
//! Must not live here: decisions about who may see what; they come in as a set.
//! Invariant: whether mistakes are forgiven depends on the whole answer and never on the page, so that pages fit.

use super::{
    Answer, Hit, HitKind, Request,
    facet::Facets,
    folder::Opened,
    highlight::Matchers,
    plan::{LEVELS, Plan, Planner},
    query::{Part, What, parse},
    suggest::suggest,
    visible::Visible,
    words::Splitter,
};
use tantivy::{
    DocAddress, Order, Searcher, TantivyDocument,
    collector::TopDocs,
    query::Query,
    schema::{Field, Value},
};

/// With fewer hits than this, words also forgive typing mistakes; what fits exactly still comes first.
const FEW: u64 = 5;

/// Of more hits than this only the nearest are scored: those with every word in a name or tag, then those with
/// every word in columns and summaries, and only then the rest. The order is that of the tiers all the same.
const MANY: u64 = 20_000;

pub(super) fn find(
    opened: &Opened,
    searcher: &Searcher,
    visible: &Visible,
    request: &Request,
) -> tantivy::Result<Answer> {
    let mut splitter = Splitter::new();
    let parts = parse(&request.query, &mut splitter);
    let project = request.project.as_deref();
    let mut planner = Planner { searcher, fields: &opened.fields, visible, project, forgiving: false };
    let mut plan = planner.plan(&parts, &mut splitter)?;
    let (mut total, mut facets) = searcher.search(&plan.found, &Facets(&opened.tables))?;
    let as_given = total;
    if total < FEW && parts.iter().any(|part| matches!(part.what, What::Word(_)) && !part.without) {
        planner.forgiving = true;
        plan = planner.plan(&parts, &mut splitter)?;
        (total, facets) = searcher.search(&plan.found, &Facets(&opened.tables))?;
        planner.forgiving = false;
    }
    let suggestion = if as_given == 0 { suggest(&planner, &parts, &mut splitter)? } else { None };
    let hits = if request.limit == 0 || u64::from(request.start) >= total {
        Vec::new()
    } else {
        let page = page(searcher, &plan, total, request)?;
        let mut shown = Vec::with_capacity(page.len());
        for (score, address) in page {
            shown.extend(hit(opened, searcher, &plan.matchers, &parts, score, address, &mut splitter)?);
        }
        shown
    };
    Ok(Answer { hits, total, facets, suggestion })
}

type Scored = Vec<(f32, DocAddress)>;

fn page(searcher: &Searcher, plan: &Plan, total: u64, request: &Request) -> tantivy::Result<Scored> {
    let (start, limit) = (request.start as usize, request.limit as usize);
    if !plan.ranks() {
        // The latest first.
        let top = TopDocs::with_limit(limit).and_offset(start);
        let latest = searcher.search(&plan.found, &top.order_by_fast_field::<u64>("modified", Order::Desc))?;
        return Ok(latest.into_iter().map(|(_, address)| (0.0, address)).collect());
    }
    // To find a phrase is dear, and each level would find it again.
    if total <= MANY || plan.has_phrase {
        return searcher.search(&plan.ranked(), &TopDocs::with_limit(limit).and_offset(start).order_by_score());
    }
    let mut page = Scored::new();
    let mut before = 0;
    for level in 0..LEVELS {
        let (counted, scored) = plan.at_level(level);
        let here = counted.count(searcher)?;
        let skip = start.saturating_sub(before);
        let left = limit - page.len();
        if skip < here && left > 0 {
            let top = TopDocs::with_limit(left).and_offset(skip);
            page.extend(searcher.search(&scored, &top.order_by_score())?);
        }
        before += here;
        if before >= start + limit {
            break;
        }
    }
    Ok(page)
}

fn texts(document: &TantivyDocument, field: Field) -> Vec<String> {
    document.get_all(field).filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

fn hit(
    opened: &Opened,
    searcher: &Searcher,
    matchers: &Matchers,
    parts: &[Part],
    score: f32,
    address: DocAddress,
    splitter: &mut Splitter,
) -> tantivy::Result<Option<Hit>> {
    let fields = &opened.fields;
    let document: TantivyDocument = searcher.doc(address)?;
    let first = |field| document.get_first(field).and_then(|value| value.as_str()).unwrap_or_default();
    let number = |field| document.get_first(field).and_then(|value| value.as_u64()).unwrap_or_default();
    let mut key = first(fields.key).splitn(3, '/');
    let (Some(project), Some(asset)) = (key.next(), key.next()) else { return Ok(None) };
    let path = key.next().unwrap_or_default();
    let (tags, columns) = (texts(&document, fields.tag), texts(&document, fields.columns));

    let highlights = [
        ("name", matchers.name(if path.is_empty() { asset } else { path }, splitter)),
        ("tags", matchers.items(&tags, &matchers.tags, splitter)),
        ("columns", matchers.items(&columns, &matchers.columns, splitter)),
        ("summary", matchers.whole(first(fields.summary), splitter)),
        ("text", matchers.piece(first(fields.text), splitter)),
    ];
    let column = asked_column(parts, &columns, splitter);
    let kind = match (&column, path) {
        (Some(_), _) => HitKind::Column,
        (None, "") => HitKind::Asset,
        (None, _) => HitKind::Object,
    };
    Ok(Some(Hit {
        kind,
        project: project.to_owned(),
        asset: asset.to_owned(),
        path: path.to_owned(),
        column: column.unwrap_or_default(),
        summary: first(fields.summary).to_owned(),
        tags,
        size: number(fields.size),
        modified: number(fields.modified),
        score,
        highlights: highlights.into_iter().filter_map(|(field, piece)| Some((field.to_owned(), piece?))).collect(),
    }))
}

/// The column that `column:` asked for, by its own spelling.
fn asked_column(parts: &[Part], columns: &[String], splitter: &mut Splitter) -> Option<String> {
    let asked = parts.iter().find_map(|part| match &part.what {
        What::Column(text) if !part.without => Some(text),
        _ => None,
    })?;
    let lower: Vec<_> = columns.iter().map(|column| column.to_lowercase()).collect();
    let words = splitter.words(asked);
    let place = lower
        .iter()
        .position(|column| column == asked)
        .or_else(|| lower.iter().position(|column| column.starts_with(asked.as_str())))
        .or_else(|| {
            lower.iter().position(|column| {
                let own = splitter.words(column);
                words.iter().all(|word| own.contains(word))
            })
        })?;
    columns.get(place).cloned()
}
