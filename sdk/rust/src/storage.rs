//! `kamld:storage`: assets, refs, objects and history, with pages turned for you.
//!
//! The modules are the interfaces of the contract, function by function; their documentation is that of
//! `wit/storage`. A plug-in declares in `plugin.toml` each one that it uses.

use crate::{Address, Result, view};

pub use crate::bindings::imports::kamld::storage::{
    activity, assets, batch, collection, history, objects, refs, space, types,
};

/// Every object below a path (all of them when it has none), page by page.
///
/// ```no_run
/// let address = "birds/strikes@v1/2019/".parse()?;
/// for object in kamld_sdk::storage::walk(&address) {
///     println!("{}", object?.path);
/// }
/// # Ok::<(), kamld_sdk::Error>(())
/// ```
pub fn walk(address: &Address) -> impl Iterator<Item = Result<types::Object>> {
    Pages::new(address, true, 1000).filter_map(object)
}

/// The objects that lie directly in a folder, without the folders beside them.
///
/// ```no_run
/// let address = "birds/strikes".parse()?;
/// let readme = kamld_sdk::storage::files(&address).find(|file| file.as_ref().is_ok_and(|file| file.path == "README.md"));
/// # Ok::<(), kamld_sdk::Error>(())
/// ```
pub fn files(address: &Address) -> impl Iterator<Item = Result<types::Object>> {
    folder(address).filter_map(object)
}

fn object(entry: Result<types::Entry>) -> Option<Result<types::Object>> {
    match entry {
        Ok(types::Entry::Object(object)) => Some(Ok(object)),
        Ok(types::Entry::Folder(_)) => None,
        Err(error) => Some(Err(error)),
    }
}

/// What lies directly in a folder: objects, and the folders inside it.
///
/// ```no_run
/// let address = "birds/strikes".parse()?;
/// for entry in kamld_sdk::storage::folder(&address) {
///     let entry = entry?;
/// }
/// # Ok::<(), kamld_sdk::Error>(())
/// ```
pub fn folder(address: &Address) -> impl Iterator<Item = Result<types::Entry>> {
    Pages::new(address, false, 1000)
}

struct Pages {
    address: Address,
    options: objects::ListOptions,
    ready: std::vec::IntoIter<types::Entry>,
    done: bool,
}

impl Pages {
    fn new(address: &Address, recursive: bool, limit: u32) -> Self {
        let prefix = address.path.clone().unwrap_or_default();
        let options = objects::ListOptions { prefix, recursive, after: None, limit };
        Self { address: address.clone(), options, ready: Vec::new().into_iter(), done: false }
    }
}

impl Iterator for Pages {
    type Item = Result<types::Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.ready.next() {
                return Some(Ok(entry));
            }
            if self.done {
                return None;
            }
            let Address { project, asset, at, .. } = &self.address;
            match objects::list(project, asset, at.as_deref(), &self.options) {
                Ok(page) => {
                    self.done = page.next.is_none();
                    self.options.after = page.next;
                    self.ready = page.entries.into_iter();
                }
                Err(error) => {
                    self.done = true;
                    return Some(Err(error.into()));
                }
            }
        }
    }
}

impl From<&types::Commit> for view::Commit {
    fn from(commit: &types::Commit) -> Self {
        let types::Commit { id, message, author, created, objects, size, .. } = commit;
        view::Commit::new(id, message, author, *created as i64, *objects, *size)
    }
}

impl From<&types::Change> for view::Change {
    fn from(change: &types::Change) -> Self {
        let kind = match change.kind {
            types::ChangeKind::Added => view::ChangeKind::Added,
            types::ChangeKind::Modified => view::ChangeKind::Modified,
            types::ChangeKind::Removed => view::ChangeKind::Removed,
        };
        let mut shown = view::Change::new(&change.path, kind);
        shown.before = change.before.as_ref().map(|object| object.size);
        shown.after = change.after.as_ref().map(|object| object.size);
        shown
    }
}
