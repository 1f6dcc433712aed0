//! From what the person named to a list of files, each with the path it will have in the asset.
//!
//! Lives here: targets, the walk through folders. Must not live here: reading bytes, HTTP.
//! Invariants: nothing is skipped silently; no two files get one path; a link inside a folder is never followed.

use kamld_types::{Address, AssetId, BranchName, ObjectPath, Problem};
use std::{
    collections::BTreeMap,
    fs::{self, Metadata},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// Where to put: `PROJECT/ASSET[@BRANCH][/PATH]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub asset: AssetId,
    pub branch: Option<BranchName>,
    /// As written; a `/` at its end says that it is a folder.
    pub path: Option<String>,
}

impl Target {
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let address: Address = text.parse()?;
        let branch = address
            .at
            .map(|at| BranchName::new(at.as_str()))
            .transpose()
            .map_err(|problem| problem.help("files go to a branch; a version or a commit never changes"))?;
        Ok(Self { asset: address.asset, branch, path: address.path })
    }

    /// `ASSET[@BRANCH]`, one segment of a route.
    pub fn asset_segment(&self) -> String {
        match &self.branch {
            Some(branch) => format!("{}@{branch}", self.asset.name),
            None => self.asset.name.to_string(),
        }
    }

    /// The address of one object in it.
    pub fn object(&self, path: &ObjectPath) -> String {
        format!("{}/{}/{path}", self.asset.project, self.asset_segment())
    }
}

/// A file's size and time, to notice that it changes while it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub size: u64,
    /// Milliseconds since 1970; 0 where the file system has none.
    pub modified: i64,
    /// The same in nanoseconds, for the comparison.
    nanos: u128,
}

impl Seen {
    pub fn of(metadata: &Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        let modified = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        Self { size: metadata.len(), modified, nanos: since.as_nanos() }
    }
}

/// One file to put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub source: PathBuf,
    pub path: ObjectPath,
    pub seen: Seen,
}

/// What is no file, or cannot be one in an asset, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    pub source: PathBuf,
    pub why: String,
}

/// What to put, in the order of the paths.
#[derive(Debug, Default)]
pub struct Plan {
    pub items: Vec<Item>,
    /// Links and special files.
    pub skipped: Vec<Skipped>,
    /// What should have been put and cannot.
    pub failed: Vec<(PathBuf, Problem)>,
}

/// Walks all sources. A source that is not there is an error before anything is sent.
pub fn plan(sources: &[PathBuf], target: &Target) -> Result<Plan, Problem> {
    let mut walk = Walk { plan: Plan::default(), taken: BTreeMap::new() };
    let folder = match target.path.as_deref() {
        None => String::new(),
        Some(path) => format!("{}/", path.trim_end_matches('/')),
    };
    for source in sources {
        let metadata = fs::metadata(source).map_err(|error| {
            let problem = match error.kind() {
                std::io::ErrorKind::NotFound => Problem::not_found(format!("there is no file '{}'", source.display())),
                _ => Problem::invalid(format!("'{}' cannot be read: {error}", source.display())),
            };
            problem.help("nothing was sent yet")
        })?;
        if metadata.is_dir() {
            let name = if contents_only(source) { None } else { source.file_name() };
            let prefix = match name.map(|name| name.to_str()) {
                None => folder.clone(),
                Some(Some(name)) => format!("{folder}{name}/"),
                Some(None) => {
                    walk.fail(source.clone(), Problem::invalid("its name is not UTF-8"));
                    continue;
                }
            };
            walk.folder(source, &prefix)?;
        } else {
            // One file and a path without '/' at its end: the path is the file's new name.
            let renamed = target.path.as_deref().filter(|path| sources.len() == 1 && !path.ends_with('/'));
            match (renamed, source.file_name().and_then(|name| name.to_str())) {
                (Some(path), _) => walk.file(source.clone(), &metadata, path.to_owned())?,
                (None, Some(name)) => walk.file(source.clone(), &metadata, format!("{folder}{name}"))?,
                (None, None) => walk.fail(source.clone(), Problem::invalid("its name is not UTF-8")),
            }
        }
    }
    walk.plan.items.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(walk.plan)
}

/// `data/`, `.` and `..` mean what is in the folder; `data` means the folder.
fn contents_only(source: &Path) -> bool {
    let text = source.to_string_lossy();
    text.ends_with(['/', std::path::MAIN_SEPARATOR])
        || text.ends_with("/.")
        || text == "."
        || source.file_name().is_none()
}

struct Walk {
    plan: Plan,
    taken: BTreeMap<ObjectPath, PathBuf>,
}

impl Walk {
    fn fail(&mut self, source: PathBuf, problem: Problem) {
        self.plan.failed.push((source, problem));
    }

    fn folder(&mut self, start: &Path, prefix: &str) -> Result<(), Problem> {
        // A stack of its own: a deep tree must not end ours.
        let mut open = vec![(start.to_owned(), prefix.to_owned())];
        while let Some((folder, prefix)) = open.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.fail(folder, Problem::invalid(format!("the folder cannot be read: {error}")));
                    continue;
                }
            };
            for entry in entries {
                let (source, metadata) = match entry.and_then(|entry| Ok((entry.path(), entry.metadata()?))) {
                    Ok(entry) => entry,
                    Err(error) => {
                        self.fail(folder.clone(), Problem::invalid(format!("an entry cannot be read: {error}")));
                        continue;
                    }
                };
                let Some(name) = source.file_name().and_then(|name| name.to_str()) else {
                    self.fail(source, Problem::invalid("its name is not UTF-8"));
                    continue;
                };
                let path = format!("{prefix}{name}");
                if metadata.is_symlink() {
                    self.plan.skipped.push(Skipped { source, why: "a link is not followed".into() });
                } else if metadata.is_dir() {
                    open.push((source, format!("{path}/")));
                } else {
                    self.file(source, &metadata, path)?;
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, source: PathBuf, metadata: &Metadata, path: String) -> Result<(), Problem> {
        if !metadata.is_file() {
            self.plan.skipped.push(Skipped { source, why: "neither a file nor a folder".into() });
            return Ok(());
        }
        let path = match ObjectPath::new(path) {
            Ok(path) => path,
            Err(problem) => {
                self.fail(source, problem);
                return Ok(());
            }
        };
        if let Some(other) = self.taken.insert(path.clone(), source.clone()) {
            let both = format!("'{}' and '{}' would both become '{path}'", other.display(), source.display());
            return Err(
                Problem::invalid(both).help("nothing was sent yet: put them one after the other into two folders")
            );
        }
        self.plan.items.push(Item { source, path, seen: Seen::of(metadata) });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("data/deep/er")).unwrap();
        for file in ["data/a.csv", "data/b c.csv", "data/deep/er/鳥.txt", "a.csv"] {
            fs::write(folder.path().join(file), "x").unwrap();
        }
        folder
    }

    fn paths(folder: &Path, sources: &[&str], target: &str) -> Vec<String> {
        let sources: Vec<PathBuf> =
            sources.iter().map(|s| PathBuf::from(format!("{}/{s}", folder.display()))).collect();
        let plan = plan(&sources, &Target::parse(target).unwrap()).unwrap();
        assert!(plan.failed.is_empty() && plan.skipped.is_empty(), "{plan:?}");
        plan.items.iter().map(|item| item.path.to_string()).collect()
    }

    #[test]
    fn a_target_is_an_asset_perhaps_a_branch_perhaps_a_path() {
        let target = Target::parse("birds/strikes@try/2019/").unwrap();
        assert_eq!(target.asset_segment(), "strikes@try");
        assert_eq!(target.path.as_deref(), Some("2019/"));
        assert_eq!(target.object(&ObjectPath::new("2019/a.csv").unwrap()), "birds/strikes@try/2019/a.csv");
        assert!(Target::parse("birds").is_err());
        let problem = Target::parse("birds/strikes@deadbeef").unwrap_err();
        assert!(problem.help.unwrap().contains("never changes"));
    }

    #[test]
    fn one_file_may_be_renamed_and_many_go_into_a_folder() {
        let folder = tree();
        assert_eq!(paths(folder.path(), &["a.csv"], "b/s"), ["a.csv"]);
        assert_eq!(paths(folder.path(), &["a.csv"], "b/s/2019.csv"), ["2019.csv"]);
        assert_eq!(paths(folder.path(), &["a.csv"], "b/s/raw/"), ["raw/a.csv"]);
        assert_eq!(paths(folder.path(), &["a.csv", "data/b c.csv"], "b/s/raw"), ["raw/a.csv", "raw/b c.csv"]);
    }

    #[test]
    fn a_folder_keeps_its_name_unless_its_contents_are_meant() {
        let folder = tree();
        assert_eq!(paths(folder.path(), &["data"], "b/s"), ["data/a.csv", "data/b c.csv", "data/deep/er/鳥.txt"]);
        for contents in ["data/", "data/."] {
            assert_eq!(paths(folder.path(), &[contents], "b/s/x"), ["x/a.csv", "x/b c.csv", "x/deep/er/鳥.txt"]);
        }
    }

    #[test]
    fn two_files_never_become_one() {
        let folder = tree();
        let sources = ["a.csv", "data/a.csv"].map(|s| folder.path().join(s));
        let problem = plan(&sources, &Target::parse("b/s").unwrap()).unwrap_err();
        assert!(problem.message.contains("would both become 'a.csv'"), "{}", problem.message);
    }

    #[test]
    fn what_is_missing_stops_before_anything_is_sent() {
        let problem = plan(&["/no/such/file".into()], &Target::parse("b/s").unwrap()).unwrap_err();
        assert_eq!(problem.kind, kamld_types::Kind::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_special_files_are_reported_and_odd_names_fail_alone() {
        use std::os::unix::{ffi::OsStrExt, fs::symlink, net::UnixListener};
        let folder = tree();
        let data = folder.path().join("data");
        symlink("/etc", data.join("link")).unwrap();
        let _socket = UnixListener::bind(data.join("socket")).unwrap();
        fs::write(data.join("back\\slash"), "x").unwrap();
        fs::write(data.join(std::ffi::OsStr::from_bytes(b"\xff.bin")), "x").unwrap();
        let plan = plan(&[data], &Target::parse("b/s").unwrap()).unwrap();
        assert_eq!((plan.items.len(), plan.skipped.len(), plan.failed.len()), (3, 2, 2), "{plan:?}");
    }
}
