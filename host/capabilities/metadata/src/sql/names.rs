//! What the name of a table means: a project, an asset, a ref and the objects that a path or pattern stands for.
//!
//! Must not live here: bytes. Invariants: a named object is admitted before anything is asked of storage; whoever may
//! not see a thing is not told by a guess that it is there.

use super::{
    guess,
    objects::{Access, Entry, Objects, Snapshot},
    statement::Named,
};
use kamld_types::{AssetId, Kind, ObjectPath, Problem, ProjectName, RefName};
use std::sync::Arc;

/// Objects that one table may be made of: a pattern that takes more is probably a slip.
const MAX_OBJECTS: usize = 10_000;
/// Objects that are looked through for a guess.
const MAX_GUESSES: usize = 2_000;
const PAGE: usize = 1_000;

/// The objects of one table.
#[derive(Clone)]
pub(crate) struct Found {
    pub asset: AssetId,
    pub at: Option<RefName>,
    pub snapshot: Arc<dyn Snapshot>,
    pub entries: Vec<Entry>,
    /// What errors call an object, where not by its address.
    pub called: Option<String>,
}

impl Found {
    pub(crate) fn address(&self, entry: &Entry) -> String {
        if let Some(called) = &self.called {
            return called.clone();
        }
        match &self.at {
            Some(at) => format!("{}@{at}/{}", self.asset, entry.path),
            None => format!("{}/{}", self.asset, entry.path),
        }
    }
}

/// Looks names up for one caller.
pub(crate) struct Names<'a> {
    pub objects: &'a dyn Objects,
    pub access: &'a dyn Access,
    /// Where assets without a project are.
    pub project: Option<&'a str>,
}

impl Names<'_> {
    pub(crate) async fn find(&self, named: &Named) -> Result<Found, Problem> {
        self.look_up(&named.parts).await.map_err(|problem| problem.at(named.at.line, named.at.column))
    }

    /// The names of the assets that the caller sees.
    async fn assets(&self, project: &str) -> Vec<String> {
        let assets = self.objects.assets(project).await.unwrap_or_default();
        self.visible(assets, |asset| format!("{project}/{asset}"))
    }

    pub(crate) async fn visible_projects(&self) -> Result<Vec<String>, Problem> {
        let projects = self.objects.projects().await?;
        Ok(self.visible(projects, str::to_owned))
    }

    /// Those of the names whose resources the caller may see.
    fn visible(&self, names: Vec<String>, resource: impl Fn(&str) -> String) -> Vec<String> {
        let resources: Vec<String> = names.iter().map(|name| resource(name)).collect();
        let seen = self.access.visible(&resources);
        names.into_iter().zip(seen).filter_map(|(name, seen)| seen.then_some(name)).collect()
    }

    async fn look_up(&self, parts: &[String]) -> Result<Found, Problem> {
        let (project, asset, path) = match parts {
            [path] => return Err(self.single(path).await),
            [asset, path] => (None, asset, path),
            [project, asset, path] => (Some(project.as_str()), asset, path),
            _ => {
                return Err(Problem::invalid(format!("'{}' has too many parts for a table", parts.join(".")))
                    .help("name an object as asset.\"path\" or project.asset.\"path\""));
            }
        };
        let project = match project.or(self.project) {
            Some(project) => ProjectName::new(project)?,
            None => return Err(self.no_project(asset, path).await),
        };
        let (name, at) = match asset.split_once('@') {
            Some((name, at)) => (name, Some(RefName::new(at)?)),
            None => (asset.as_str(), None),
        };
        let asset = match AssetId::new(project.as_str(), name) {
            Ok(asset) => asset,
            Err(problem) => return Err(self.guess_asset(project.as_str(), name, problem).await),
        };
        if path.contains(['*', '?']) {
            return self.pattern(asset, at, path).await;
        }
        let path = ObjectPath::new(path.as_str())?;
        self.access.may_read(&asset, path.as_str())?;
        let snapshot = self.snapshot(&asset, at.as_ref()).await?;
        match snapshot.stat(&path).await? {
            Some(entry) => Ok(Found { asset, at, snapshot, entries: vec![entry], called: None }),
            None => Err(self.guess_path(&asset, at.as_ref(), snapshot.as_ref(), path.as_str()).await),
        }
    }

    async fn snapshot(&self, asset: &AssetId, at: Option<&RefName>) -> Result<Arc<dyn Snapshot>, Problem> {
        let problem = match self.objects.snapshot(asset, at).await {
            Ok(snapshot) => return Ok(snapshot),
            Err(problem) => problem,
        };
        if problem.kind != Kind::NotFound {
            return Err(problem);
        }
        let assets = self.objects.assets(asset.project.as_str()).await.unwrap_or_default();
        match at {
            Some(at) if assets.iter().any(|known| known == asset.name.as_str()) => {
                let refs = self.objects.refs(asset).await.unwrap_or_default();
                let refs: Vec<&str> = refs.iter().map(String::as_str).collect();
                let help =
                    guess::help(at.as_str(), "its branches and versions", &refs, |at| format!("{}@{at}", asset.name));
                Err(with_help(
                    Problem::not_found(format!("asset {asset} has no branch, version or commit '{at}'")),
                    help,
                ))
            }
            _ => {
                let problem =
                    Problem::not_found(format!("there is no asset '{}' in project {}", asset.name, asset.project));
                Err(self.guess_asset(asset.project.as_str(), asset.name.as_str(), problem).await)
            }
        }
    }

    async fn guess_asset(&self, project: &str, wanted: &str, problem: Problem) -> Problem {
        let projects = self.visible_projects().await.unwrap_or_default();
        if !projects.iter().any(|known| known == project) {
            let projects: Vec<&str> = projects.iter().map(String::as_str).collect();
            let help = guess::help(project, "there are", &projects, str::to_owned);
            return with_help(Problem::not_found(format!("there is no project '{project}'")), help);
        }
        let assets = self.assets(project).await;
        let names: Vec<&str> = assets.iter().map(String::as_str).collect();
        if guess::nearest(wanted, names.iter().copied()).is_none() && projects.iter().any(|known| known == wanted) {
            return problem.help(format!("'{wanted}' is a project: name an object in it as {wanted}.asset.\"path\""));
        }
        let help = guess::help(wanted, "its assets", &names, plain);
        if help.is_none() { problem.help("kamld ls shows what there is") } else { with_help(problem, help) }
    }

    async fn guess_path(
        &self,
        asset: &AssetId,
        at: Option<&RefName>,
        snapshot: &dyn Snapshot,
        wanted: &str,
    ) -> Problem {
        let paths = self.visible_paths(asset, snapshot).await;
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let name = match at {
            Some(at) => format!("{}@{at}", plain(asset.name.as_str())),
            None => plain(asset.name.as_str()),
        };
        let help = guess::help(wanted, "there are", &paths, |path| format!("{name}.\"{path}\""));
        with_help(Problem::not_found(format!("asset {asset} has no object '{wanted}'")), help)
    }

    pub(crate) async fn visible_paths(&self, asset: &AssetId, snapshot: &dyn Snapshot) -> Vec<String> {
        let entries = snapshot.list("", None, MAX_GUESSES).await.unwrap_or_default();
        let paths = entries.into_iter().map(|entry| String::from(entry.path)).collect();
        self.visible(paths, |path| format!("{asset}/{path}"))
    }

    /// `from strikes`: an asset is no table, and what the person wrote may be an address.
    async fn single(&self, name: &str) -> Problem {
        let problem = Problem::not_found(format!("there is no table '{name}'"));
        let form = "name an object as asset.\"path\", such as strikes.\"2019.csv\"";
        let Some(project) = self.project else { return problem.help(form) };
        let assets = self.assets(project).await;
        if let Some((asset, path)) = name.split_once('/') {
            let path = path.trim_start_matches('/');
            let written = match path.strip_prefix(&format!("{asset}/")) {
                Some(rest) => rest,
                None => path,
            };
            if assets.iter().any(|known| known == asset) {
                return problem.help(format!("did you mean {}.\"{written}\"?", plain(asset)));
            }
            if let Some((inner, path)) = path.split_once('/')
                && self.access.may_see(&format!("{asset}/{inner}"))
                && self.objects.assets(asset).await.unwrap_or_default().iter().any(|known| known == inner)
            {
                return problem.help(format!("did you mean {}.{}.\"{path}\"?", plain(asset), plain(inner)));
            }
            return problem.help(format!("only objects of assets are tables: {form}"));
        }
        let (wanted, at) = match name.split_once('@') {
            Some((wanted, at)) => (wanted, RefName::new(at).ok()),
            None => (name, None),
        };
        if let Some(near) = guess::nearest(wanted, assets.iter().map(String::as_str)) {
            let path = match AssetId::new(project, near) {
                Ok(asset) => match self.objects.snapshot(&asset, at.as_ref()).await {
                    Ok(snapshot) => self.visible_paths(&asset, snapshot.as_ref()).await.into_iter().next(),
                    Err(_) => None,
                },
                Err(_) => None,
            };
            let path = path.unwrap_or_else(|| "data.csv".into());
            return problem
                .help(format!("'{near}' is an asset, and its objects are the tables: {}.\"{path}\"", plain(near)));
        }
        problem.help(form)
    }

    async fn no_project(&self, asset: &str, path: &str) -> Problem {
        let projects = match self.visible_projects().await {
            Ok(projects) => projects,
            Err(problem) => return problem,
        };
        if projects.is_empty() {
            return Problem::not_found("there is no project that you can see")
                .help("kamld project create NAME makes one");
        }
        Problem::invalid(format!("'{asset}' could be in any of {} projects", projects.len())).help(format!(
            "say which with --project, or name the table as project.asset.\"path\": {}.{}.\"{path}\"",
            plain(&projects[0]),
            plain(asset)
        ))
    }

    async fn pattern(&self, asset: AssetId, at: Option<RefName>, pattern: &str) -> Result<Found, Problem> {
        let snapshot = self.snapshot(&asset, at.as_ref()).await?;
        let start = pattern.find(['*', '?']).unwrap_or(pattern.len());
        let prefix = &pattern[..start];
        let mut entries: Vec<Entry> = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = snapshot.list(prefix, after.as_deref(), PAGE).await?;
            after = page.last().map(|entry| entry.path.to_string());
            let full = page.len() == PAGE;
            entries.extend(page.into_iter().filter(|entry| matches(pattern, entry.path.as_str())));
            if entries.len() > MAX_OBJECTS {
                return Err(Problem::limit(format!("'{pattern}' stands for more than {MAX_OBJECTS} objects"))
                    .help("narrow the pattern"));
            }
            if !full {
                break;
            }
        }
        let paths: Vec<String> = entries.iter().map(|entry| entry.path.to_string()).collect();
        self.access.may_read_all(&asset, pattern, &paths)?;
        if entries.is_empty() {
            self.access.may_read(&asset, pattern)?;
            let mut problem = self.guess_path(&asset, at.as_ref(), snapshot.as_ref(), pattern).await;
            problem.message = format!("no object of asset {asset} is named like '{pattern}'");
            return Err(problem);
        }
        Ok(Found { asset, at, snapshot, entries, called: None })
    }
}

fn with_help(mut problem: Problem, help: Option<String>) -> Problem {
    problem.help = help.or(problem.help);
    problem
}

/// A name as it is written in SQL.
pub(crate) fn plain(name: &str) -> String {
    let mut bytes = name.bytes();
    let simple = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if simple { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// `*` and `?` stay within one part of a path, `**` stands for any parts.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    // reachable[n]: the parts of the pattern so far can stand for the first n parts of the path.
    let mut reachable = vec![false; path.len() + 1];
    reachable[0] = true;
    for part in pattern {
        let mut next = vec![false; path.len() + 1];
        if part == "**" {
            let mut any = false;
            for (place, reached) in reachable.iter().enumerate() {
                any |= reached;
                next[place] = any;
            }
        } else {
            for (place, given) in path.iter().enumerate() {
                next[place + 1] = reachable[place] && matches_part(part, given);
            }
        }
        reachable = next;
    }
    reachable[path.len()]
}

fn matches_part(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == text[t]) {
            (p, t) = (p + 1, t + 1);
        } else if let Some((at, from)) = star {
            (p, t) = (at + 1, from + 1);
            star = Some((at, from + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stay_within_a_part_and_double_stars_do_not() {
        for (pattern, path, expected) in [
            ("2019/*.csv", "2019/jan.csv", true),
            ("2019/*.csv", "2019/a/jan.csv", false),
            ("**/*.csv", "a/b/c.csv", true),
            ("**/*.csv", "c.csv", true),
            ("2019/**", "2019/a/b", true),
            ("20??/x*y*.csv", "2019/x1y2.csv", true),
            ("*", "a/b", false),
            ("**", "a/b", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
