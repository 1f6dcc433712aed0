//! Projects, assets and objects by name, for the palette of the page.

use async_trait::async_trait;
use kamld_metadata::{Projects, Search, search};
use kamld_policy::Rights;
use kamld_server::parts::{Finder, Found};
use kamld_types::problem::Result;
use std::sync::Arc;

pub struct NameFinder {
    pub projects: Arc<dyn Projects>,
    pub search: Arc<Search>,
}

#[async_trait]
impl Finder for NameFinder {
    async fn by_name(&self, rights: &Rights, text: &str, most: usize) -> Result<Vec<Found>> {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        let fits = |name: &str, title: &str| {
            let (name, title) = (name.to_lowercase(), title.to_lowercase());
            words.iter().all(|word| name.contains(word) || title.contains(word))
        };
        let projects = self.projects.list().await?;
        let mut found: Vec<Found> = projects
            .into_iter()
            .filter(|project| rights.in_project(project.name.as_str()).is_some())
            .filter(|project| fits(project.name.as_str(), &project.title))
            .map(|project| Found {
                title: if project.title.is_empty() { project.name.to_string() } else { project.title },
                note: format!("project {}", project.name),
                address: project.name.to_string(),
            })
            .take(most)
            .collect();
        if words.is_empty() || found.len() >= most {
            return Ok(found);
        }
        // The words of a person, not of the language of queries.
        let plain: String = text.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
        let query = search::Request { query: plain, project: None, start: 0, limit: (most - found.len()) as u32 };
        let may_see = |project: &str, _: &str| rights.in_project(project).is_some();
        let answer = self.search.find(query, &may_see).await?;
        found.extend(answer.hits.into_iter().map(|hit| {
            let asset = format!("{}/{}", hit.project, hit.asset);
            match hit.path.is_empty() {
                true => Found { title: hit.asset, note: format!("in project {}", hit.project), address: asset },
                false => {
                    Found { address: format!("{asset}/{}", hit.path), note: format!("in {asset}"), title: hit.path }
                }
            }
        }));
        Ok(found)
    }
}
