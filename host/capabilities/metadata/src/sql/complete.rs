//! What could stand where someone is writing: keywords, assets, paths, refs, columns, functions.
//!
//! Must not live here: anything that fails. A text that is not finished is the rule, so what cannot be found out is
//! left away. Invariant: only what the caller may see is suggested.

use super::{
    engine::Engine,
    keywords,
    names::{Names, plain},
    objects::{Access, Objects},
    spelling, statement, tables, values,
};
use crate::Column;
use kamld_types::{AssetId, Problem, RefName};
use serde::{Deserialize, Serialize};

/// What a suggestion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SuggestionKind {
    /// An asset, or an object of one.
    Table,
    Column,
    /// A branch or a version.
    Ref,
    Function,
    Keyword,
}

/// One thing that could stand there, instead of the characters (Unicode code points) `from..to` of the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    pub text: String,
    pub kind: SuggestionKind,
    /// A few words beside it; may be empty.
    pub detail: String,
    pub from: usize,
    pub to: usize,
}

const MOST: usize = 100;

/// Suggestions in bytes of the text, as they are found.
struct Offers<'a> {
    text: &'a str,
    from: usize,
    to: usize,
    found: Vec<Suggestion>,
}

impl Offers<'_> {
    fn add(&mut self, kind: SuggestionKind, text: String, detail: impl Into<String>) {
        if self.found.len() < MOST && !self.found.iter().any(|known| known.kind == kind && known.text == text) {
            let (from, to) = (characters(self.text, self.from), characters(self.text, self.to));
            self.found.push(Suggestion { text, kind, detail: detail.into(), from, to });
        }
    }
}

fn characters(text: &str, byte: usize) -> usize {
    text[..byte].chars().count()
}

/// `cursor` counts characters; behind the end is the end.
pub(crate) async fn complete(
    engine: &Engine,
    objects: &dyn Objects,
    access: &dyn Access,
    project: Option<&str>,
    text: &str,
    cursor: usize,
) -> Result<Vec<Suggestion>, Problem> {
    let cursor = text.char_indices().nth(cursor).map_or(text.len(), |(at, _)| at);
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
    let mut offers = Offers { text, from: cursor, to: cursor, found: Vec::new() };
    // Within quotes behind `asset.`: a path.
    if let Some((asset, start)) = open_path(before) {
        offers.from = start;
        // Editors close a quote as soon as it is opened.
        offers.to += usize::from(text[cursor..].starts_with('"'));
        paths(&names, asset, &before[start + 1..], &mut offers).await;
        return Ok(offers.found);
    }
    let word = last_name(before);
    let start = before.len() - word.len();
    offers.from = start;
    let last = before[..start].split_whitespace().next_back().unwrap_or("").to_lowercase();
    let names_table = matches!(last.as_str(), "from" | "join" | "describe");
    if let Some((asset, typed)) = word.split_once('.')
        && names_table
    {
        offers.from += asset.len() + 1;
        paths(&names, asset, typed, &mut offers).await;
        return Ok(offers.found);
    }
    if let (Some((asset, typed)), Some(project)) = (word.split_once('@'), only.as_deref()) {
        if let Ok(asset) = AssetId::new(project, asset)
            && access.may_see(&asset.to_string())
        {
            for at in objects.refs(&asset).await.unwrap_or_default() {
                if at.starts_with(typed) {
                    offers.add(SuggestionKind::Ref, format!("{}@{at}", asset.name), "");
                }
            }
        }
        return Ok(offers.found);
    }
    let typed = word.to_lowercase();
    let fits = |name: &str| name.to_lowercase().starts_with(&typed);
    if names_table {
        if let Some(project) = only.as_deref() {
            for asset in objects.assets(project).await.unwrap_or_default() {
                if fits(&asset) && access.may_see(&format!("{project}/{asset}")) {
                    offers.add(SuggestionKind::Table, plain(&asset), "asset");
                }
            }
        }
        return Ok(offers.found);
    }
    for column in columns(engine, &names, text, start, cursor).await {
        if fits(&column.name) {
            offers.add(SuggestionKind::Column, plain(&column.name), column.r#type);
        }
    }
    for phrase in keywords::PHRASES.iter().filter(|phrase| fits(phrase)) {
        offers.add(SuggestionKind::Keyword, (*phrase).into(), "");
    }
    if !typed.is_empty()
        && let Ok(state) = engine.session("kamld", Vec::new(), Default::default())
    {
        let scalars = state.scalar_functions().keys().map(|name| (name, ""));
        let aggregates = state.aggregate_functions().keys().map(|name| (name, "over many rows"));
        let mut functions: Vec<_> = scalars.chain(aggregates).filter(|(name, _)| fits(name)).collect();
        functions.sort_unstable();
        for (name, detail) in functions {
            offers.add(SuggestionKind::Function, format!("{name}("), detail);
        }
    }
    Ok(offers.found)
}

/// The objects of an asset whose path has what was typed in it.
async fn paths(names: &Names<'_>, asset: &str, typed: &str, offers: &mut Offers<'_>) {
    let (asset, at) = split_ref(asset);
    let typed = typed.to_lowercase();
    if let Some(asset) = names.project.and_then(|project| AssetId::new(project, asset).ok())
        && names.access.may_see(&asset.to_string())
        && let Ok(snapshot) = names.objects.snapshot(&asset, at.as_ref()).await
    {
        for path in names.visible_paths(&asset, snapshot.as_ref()).await {
            if path.to_lowercase().contains(&typed) {
                offers.add(SuggestionKind::Table, format!("\"{}\"", path.replace('"', "\"\"")), "object");
            }
        }
    }
}

/// The name, perhaps with a ref and behind other names, with which a text ends.
fn last_name(text: &str) -> &str {
    text.rsplit(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '@' | '-' | '.'))).next().unwrap_or(text)
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
        None => last_name(head),
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
async fn columns(engine: &Engine, names: &Names<'_>, text: &str, start: usize, cursor: usize) -> Vec<Column> {
    // With something plain in the place of what is being written, most texts can be parsed.
    let whole = format!("{}x{}", &text[..start], &text[cursor..]);
    // In capitals of ASCII only: others may have another length, and then the place is another.
    let Some(from) = whole.to_ascii_lowercase().find("from ") else { return Vec::new() };
    let tries = [whole.clone(), format!("select * {}", whole[from..].split_inclusive('"').take(4).collect::<String>())];
    for text in tries {
        let Ok(source) = spelling::fold(&text) else { continue };
        let Ok(parsed) = statement::parse(&source) else { continue };
        let mut columns = Vec::new();
        for named in &parsed.tables {
            if let Ok(found) = names.find(named).await
                && let Ok(opened) = tables::open(engine, found).await
            {
                columns.extend(values::columns(&opened.table.schema()));
            }
        }
        if !columns.is_empty() {
            return columns;
        }
    }
    Vec::new()
}
