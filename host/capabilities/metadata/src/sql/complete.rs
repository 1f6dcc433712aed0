//! What could stand where someone is writing: keywords, assets, paths, refs, columns, functions.
//!
//! Must not live here: anything that fails. A text that is not finished is the rule, so what cannot be found out is
//! left away. Invariant: only what the caller may see is suggested.

use super::{
    engine::Engine,
    names::{Names, plain},
    objects::{Access, Objects},
    spelling, statement, tables,
};
use kamld_types::{AssetId, Problem, RefName};
use serde::Serialize;

/// One thing that could stand there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// What to write instead of bytes `start..cursor`.
    pub text: String,
    /// `keyword`, `asset`, `object`, `ref`, `column` or `function`.
    pub kind: &'static str,
    pub start: usize,
}

const KEYWORDS: &[&str] = &[
    "select",
    "from",
    "where",
    "group by",
    "order by",
    "having",
    "limit",
    "offset",
    "join",
    "left join",
    "on",
    "using",
    "union all",
    "distinct",
    "with",
    "as",
    "case",
    "when",
    "then",
    "else",
    "end",
    "and",
    "or",
    "not",
    "in",
    "between",
    "like",
    "is null",
    "is not null",
    "asc",
    "desc",
    "for version as of",
];
const MOST: usize = 100;

pub(crate) async fn complete(
    engine: &Engine,
    objects: &dyn Objects,
    access: &dyn Access,
    project: Option<&str>,
    text: &str,
    cursor: usize,
) -> Result<Vec<Suggestion>, Problem> {
    let cursor = (0..=cursor.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let before = &text[..cursor];
    let names = Names { objects, access, project: None };
    let only = match project {
        Some(project) => Some(project.to_owned()),
        None => match names.visible_projects().await?.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        },
    };
    let names = Names { project: only.as_deref(), ..names };
    let mut found: Vec<Suggestion> = Vec::new();
    // Within quotes behind `asset.`: a path.
    if let Some((asset, start)) = open_path(before) {
        let (asset, at) = split_ref(asset);
        if let Some(asset) = only.as_deref().and_then(|project| AssetId::new(project, asset).ok())
            && let Ok(snapshot) = objects.snapshot(&asset, at.as_ref()).await
        {
            let typed = &before[start + 1..];
            for path in names.visible_paths(&asset, snapshot.as_ref()).await {
                if path.to_lowercase().contains(&typed.to_lowercase()) {
                    found.push(Suggestion { text: format!("\"{path}\""), kind: "object", start });
                }
            }
        }
        found.truncate(MOST);
        return Ok(found);
    }
    let start = before
        .rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '@' | '-' | '.')))
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let word = &before[start..];
    if let (Some((asset, typed)), Some(project)) = (word.split_once('@'), only.as_deref()) {
        if let Ok(asset) = AssetId::new(project, asset)
            && access.may_see(&asset.to_string())
        {
            for at in objects.refs(&asset).await.unwrap_or_default() {
                if at.starts_with(typed) {
                    found.push(Suggestion { text: format!("{}@{at}", asset.name), kind: "ref", start });
                }
            }
        }
        return Ok(found);
    }
    let last = before[..start].split_whitespace().next_back().unwrap_or("").to_lowercase();
    let typed = word.to_lowercase();
    let fits = |name: &str| name.to_lowercase().starts_with(&typed);
    if matches!(last.as_str(), "from" | "join" | "describe") {
        if let Some(project) = only.as_deref() {
            for asset in objects.assets(project).await.unwrap_or_default() {
                if fits(&asset) && access.may_see(&format!("{project}/{asset}")) {
                    found.push(Suggestion { text: plain(&asset), kind: "asset", start });
                }
            }
        }
        found.truncate(MOST);
        return Ok(found);
    }
    for column in columns(engine, &names, text, start, cursor).await {
        if fits(&column) {
            found.push(Suggestion { text: plain(&column), kind: "column", start });
        }
    }
    found.extend(KEYWORDS.iter().filter(|word| fits(word)).map(|word| Suggestion {
        text: (*word).into(),
        kind: "keyword",
        start,
    }));
    if !typed.is_empty()
        && let Ok(state) = engine.session("kamld", Vec::new(), Default::default())
    {
        let mut functions: Vec<&String> =
            state.scalar_functions().keys().chain(state.aggregate_functions().keys()).collect();
        functions.sort_unstable();
        functions.dedup();
        found.extend(functions.into_iter().filter(|name| fits(name)).map(|name| Suggestion {
            text: format!("{name}("),
            kind: "function",
            start,
        }));
    }
    found.truncate(MOST);
    Ok(found)
}

/// `asset."pa|`: the asset as written and where the open quote is.
fn open_path(before: &str) -> Option<(&str, usize)> {
    if before.matches('"').count().is_multiple_of(2) {
        return None;
    }
    let quote = before.rfind('"')?;
    let head = before[..quote].strip_suffix('.')?;
    let asset = match head.strip_suffix('"') {
        Some(quoted) => &quoted[quoted.rfind('"')? + 1..],
        None => {
            &head[head
                .rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '@' | '.')))
                .map_or(0, |at| at + 1)..]
        }
    };
    Some((asset, quote))
}

fn split_ref(asset: &str) -> (&str, Option<RefName>) {
    match asset.split_once('@') {
        Some((asset, at)) => (asset, RefName::new(at).ok()),
        None => (asset, None),
    }
}

/// The columns of the tables that the text names already.
async fn columns(engine: &Engine, names: &Names<'_>, text: &str, start: usize, cursor: usize) -> Vec<String> {
    // With something plain in the place of what is being written, most texts can be parsed.
    let whole = format!("{}x{}", &text[..start], &text[cursor..]);
    let Some(from) = whole.to_lowercase().find("from ") else { return Vec::new() };
    let tries = [whole.clone(), format!("select * {}", whole[from..].split_inclusive('"').take(4).collect::<String>())];
    for text in tries {
        let Ok(source) = spelling::fold(&text) else { continue };
        let Ok(parsed) = statement::parse(&source) else { continue };
        let mut columns = Vec::new();
        for named in &parsed.tables {
            if let Ok(found) = names.find(named).await
                && let Ok(opened) = tables::open(engine, found).await
            {
                columns.extend(opened.table.schema().fields().iter().map(|field| field.name().clone()));
            }
        }
        columns.dedup();
        if !columns.is_empty() {
            return columns;
        }
    }
    Vec::new()
}
