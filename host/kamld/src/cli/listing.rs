//! What an asset holds, as the server lists it.
//!
//! Lives here: pages of the listing, and the comparison with local files. Must not live here: moving bytes.

use super::{
    client::Client,
    failure::{Result, Stop},
};
use futures::{StreamExt, TryStreamExt, stream};
use kamld_types::{Hash, ObjectPath};
use reqwest::{Method, header};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};

/// One object of a listing; its path is checked, whatever the server says.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    pub path: ObjectPath,
    pub size: u64,
    pub hash: Hash,
    #[serde(default)]
    pub modified: Option<i64>,
}

#[derive(Deserialize)]
struct Page {
    objects: Vec<Entry>,
    #[serde(default)]
    next: Option<String>,
}

const PAGE: u32 = 1000;
/// Up to so many paths are asked for one by one: the listing of a large asset costs more.
const FEW: usize = 64;

/// All objects below `prefix`, in pages.
pub async fn below(
    client: &Client,
    project: &str,
    asset: &str,
    prefix: &str,
    mut take: impl FnMut(Entry),
) -> Result<()> {
    let mut after: Option<String> = None;
    loop {
        let page = page(client, project, asset, prefix, after.as_deref(), PAGE).await?;
        page.objects.into_iter().for_each(&mut take);
        match page.next {
            // A page that leads back to itself would never end.
            Some(next) if after.as_ref() != Some(&next) => after = Some(next),
            _ => return Ok(()),
        }
    }
}

async fn page(
    client: &Client,
    project: &str,
    asset: &str,
    prefix: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Page> {
    let limit = limit.to_string();
    let mut query = vec![("limit", limit.as_str())];
    if !prefix.is_empty() {
        query.push(("prefix", prefix));
    }
    query.extend(after.map(|after| ("after", after)));
    client.json(client.get_with(&["listing", project, asset], &query)).await
}

/// What is stored under some paths.
#[derive(Debug, Default)]
pub struct Known {
    by_path: HashMap<String, (u64, Hash)>,
}

impl Known {
    pub fn has_size(&self, path: &ObjectPath, size: u64) -> bool {
        self.by_path.get(path.as_str()).is_some_and(|(stored, _)| *stored == size)
    }

    /// Whether the same bytes are stored there; they are hashed only when the size is the same.
    pub fn same(&self, path: &ObjectPath, size: u64, hash: impl FnOnce() -> Hash) -> bool {
        self.by_path.get(path.as_str()).is_some_and(|(stored, stored_hash)| *stored == size && *stored_hash == hash())
    }
}

/// Asks for the given paths. Fails when there is no such asset, even without any path.
pub async fn known(client: &Client, project: &str, asset: &str, paths: &[&str]) -> Result<Known> {
    page(client, project, asset, "", None, 1).await?;
    let mut known = Known::default();
    if paths.len() <= FEW {
        let asked = stream::iter(paths.iter().copied()).map(|path| async move {
            let found = head(client, project, asset, path).await?;
            Ok::<_, Stop>(found.map(|found| (path.to_owned(), found)))
        });
        let found: Vec<Option<(String, (u64, Hash))>> = asked.buffer_unordered(8).try_collect().await?;
        known.by_path.extend(found.into_iter().flatten());
        return Ok(known);
    }
    let wanted: HashSet<&str> = paths.iter().copied().collect();
    below(client, project, asset, common_folder(paths), |entry| {
        if wanted.contains(entry.path.as_str()) {
            known.by_path.insert(entry.path.into(), (entry.size, entry.hash));
        }
    })
    .await?;
    Ok(known)
}

/// Size and hash of one object; none when it is not there.
pub async fn head(client: &Client, project: &str, asset: &str, path: &str) -> Result<Option<(u64, Hash)>> {
    let mut segments = vec!["objects", project, asset];
    segments.extend(path.split('/'));
    let response = client.raw(client.request(Method::HEAD, client.url(&segments))).await?;
    if response.status() == reqwest::StatusCode::NOT_FOUND {
        return Ok(None);
    }
    if !response.status().is_success() {
        return Err(client.refused(response).await);
    }
    let text = |name| response.headers().get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    let hash = text(header::ETAG).and_then(|tag| tag.trim_matches('"').parse().ok());
    let size = text(header::CONTENT_LENGTH).and_then(|size| size.parse().ok());
    Ok(size.zip(hash))
}

/// The longest folder that all paths share, with its `/`.
fn common_folder<'a>(paths: &[&'a str]) -> &'a str {
    let Some((first, rest)) = paths.split_first() else { return "" };
    let mut end = first.rfind('/').map_or(0, |slash| slash + 1);
    for path in rest {
        while !path.starts_with(&first[..end]) {
            end = first[..end - 1].rfind('/').map_or(0, |slash| slash + 1);
        }
    }
    &first[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_folder_that_all_share_is_listed() {
        for (paths, folder) in [
            (&["a/b/c", "a/b/d"][..], "a/b/"),
            (&["a/b/c", "a/bc/d"], "a/"),
            (&["a/b", "c"], ""),
            (&["鳥/a", "鳥/b"], "鳥/"),
            (&[], ""),
        ] {
            assert_eq!(common_folder(paths), folder);
        }
    }
}
