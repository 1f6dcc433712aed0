//! What a plug-in remembers between calls: JSON values in its private key-value space, changed without losing
//! what somebody else wrote meanwhile.
//!
//! Lives here: reading and changing whole values, and a space in memory for tests. Must not live here: bulk
//! data, which belongs into an asset. A plug-in that uses [`Host`] declares `kamld:metadata/kv`.
//! Invariant: a change is made on the value that it was decided on, or not at all.

use crate::{
    Error, Kind, Result,
    metadata::kv::{self, Item},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{cell::RefCell, collections::BTreeMap};

/// How often a change is tried again when others write the same key at the same moment.
const TRIES: usize = 8;
/// Keys asked for at once; the host answers no more.
const PAGE: u32 = 1000;

/// A space of keys: [`Host`] in a plug-in, [`Memory`] in its tests. The functions are those of `kamld:metadata/kv`.
pub trait Keys {
    /// What a key holds, with its revision.
    fn get(&self, key: &str) -> Result<Option<Item>>;
    /// `expected` is the revision last seen, 0 for "not there yet", none to overwrite; `conflict` when it is another.
    fn put(&self, key: &str, value: &[u8], expected: Option<u64>) -> Result<u64>;
    /// Whether it was there.
    fn remove(&self, key: &str) -> Result<bool>;
    /// Keys with this prefix behind `after`, in order.
    fn list(&self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>>;
}

/// The space that the host keeps for this plug-in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Host;

impl Keys for Host {
    fn get(&self, key: &str) -> Result<Option<Item>> {
        Ok(kv::get(key)?)
    }

    fn put(&self, key: &str, value: &[u8], expected: Option<u64>) -> Result<u64> {
        Ok(kv::put(key, value, expected)?)
    }

    fn remove(&self, key: &str) -> Result<bool> {
        Ok(kv::remove(key, None)?)
    }

    fn list(&self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>> {
        Ok(kv::list(prefix, after, limit)?)
    }
}

/// A space in memory, for the tests of a plug-in.
///
/// ```
/// use kamld_sdk::kept::{self, Memory};
/// let keys = Memory::default();
/// kept::update(&keys, "seen/anna", |seen: &mut Vec<String>| seen.push("strikes".into()))?;
/// assert_eq!(kept::read::<Vec<String>>(&keys, "seen/anna")?.unwrap(), ["strikes"]);
/// # Ok::<(), kamld_sdk::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Memory {
    items: RefCell<BTreeMap<String, (Vec<u8>, u64)>>,
    last: RefCell<u64>,
}

impl Keys for Memory {
    fn get(&self, key: &str) -> Result<Option<Item>> {
        Ok(self.items.borrow().get(key).map(|(value, revision)| Item { value: value.clone(), revision: *revision }))
    }

    fn put(&self, key: &str, value: &[u8], expected: Option<u64>) -> Result<u64> {
        let mut items = self.items.borrow_mut();
        let found = items.get(key).map_or(0, |(_, revision)| *revision);
        if expected.is_some_and(|expected| expected != found) {
            return Err(Error::conflict(format!("key '{key}' is at revision {found}")));
        }
        let mut last = self.last.borrow_mut();
        *last += 1;
        items.insert(key.to_owned(), (value.to_vec(), *last));
        Ok(*last)
    }

    fn remove(&self, key: &str) -> Result<bool> {
        Ok(self.items.borrow_mut().remove(key).is_some())
    }

    fn list(&self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>> {
        let items = self.items.borrow();
        let behind =
            items.keys().filter(|key| key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after));
        Ok(behind.take(limit as usize).cloned().collect())
    }
}

/// The value of a key; none when nothing is there. `corrupt` when it is not of this shape.
pub fn read<T: DeserializeOwned>(keys: &impl Keys, key: &str) -> Result<Option<T>> {
    keys.get(key)?.map(|item| parse(key, &item.value)).transpose()
}

/// Puts a value where nothing is yet; `already-exists` otherwise.
///
/// ```
/// use kamld_sdk::{Kind, kept::{self, Memory}};
/// let keys = Memory::default();
/// kept::create(&keys, "saved/by-year", &"select 1")?;
/// assert_eq!(kept::create(&keys, "saved/by-year", &"select 2").unwrap_err().kind(), Kind::AlreadyExists);
/// # Ok::<(), kamld_sdk::Error>(())
/// ```
pub fn create<T: Serialize>(keys: &impl Keys, key: &str, value: &T) -> Result<()> {
    match keys.put(key, &serde_json::to_vec(value)?, Some(0)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == Kind::Conflict => {
            Err(Error::already_exists(format!("there is a value under '{key}' already")))
        }
        Err(error) => Err(error),
    }
}

/// Puts a value in place of whatever is there.
pub fn write<T: Serialize>(keys: &impl Keys, key: &str, value: &T) -> Result<()> {
    keys.put(key, &serde_json::to_vec(value)?, None).map(|_| ())
}

/// Changes a value, which begins as its default, and answers what it is now. When somebody else changed it
/// meanwhile, `change` is called again on what they left; so it may be called more than once.
///
/// ```no_run
/// use kamld_sdk::kept::{self, Host};
/// let runs = kept::update(&Host, "runs", |runs: &mut u64| *runs += 1)?;
/// println!("this is run {runs}");
/// # Ok::<(), kamld_sdk::Error>(())
/// ```
pub fn update<T>(keys: &impl Keys, key: &str, mut change: impl FnMut(&mut T)) -> Result<T>
where
    T: Default + Serialize + DeserializeOwned,
{
    for _ in 0..TRIES {
        let (mut value, revision) = match keys.get(key)? {
            Some(item) => (parse(key, &item.value)?, item.revision),
            None => (T::default(), 0),
        };
        change(&mut value);
        match keys.put(key, &serde_json::to_vec(&value)?, Some(revision)) {
            Ok(_) => return Ok(value),
            Err(error) if error.kind() == Kind::Conflict => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::conflict(format!("others changed '{key}' {TRIES} times while it was to be changed"))
        .help("nothing was changed; try again"))
}

/// Every key with a prefix, page by page, in order.
pub fn keys_below(keys: &impl Keys, prefix: &str) -> Result<Vec<String>> {
    let mut all: Vec<String> = Vec::new();
    loop {
        let page = keys.list(prefix, all.last().map(String::as_str), PAGE)?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

fn parse<T: DeserializeOwned>(key: &str, value: &[u8]) -> Result<T> {
    serde_json::from_slice(value).map_err(|error| {
        Error::corrupt(format!("what is kept under '{key}' cannot be read: {error}"))
            .help("it may have been written by a newer version of the plug-in")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// A space where somebody else writes first, as often as it is told.
    struct Busy {
        inner: Memory,
        others: Cell<usize>,
    }

    impl Keys for Busy {
        fn get(&self, key: &str) -> Result<Option<Item>> {
            self.inner.get(key)
        }

        fn put(&self, key: &str, value: &[u8], expected: Option<u64>) -> Result<u64> {
            if self.others.get() > 0 {
                self.others.set(self.others.get() - 1);
                update(&self.inner, key, |list: &mut Vec<u32>| list.push(0))?;
            }
            self.inner.put(key, value, expected)
        }

        fn remove(&self, key: &str) -> Result<bool> {
            self.inner.remove(key)
        }

        fn list(&self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>> {
            self.inner.list(prefix, after, limit)
        }
    }

    #[test]
    fn what_others_wrote_meanwhile_is_kept() {
        let keys = Busy { inner: Memory::default(), others: Cell::new(3) };
        let now = update(&keys, "list", |list: &mut Vec<u32>| list.push(1)).unwrap();
        assert_eq!(now, [0, 0, 0, 1]);
        assert_eq!(read::<Vec<u32>>(&keys, "list").unwrap().unwrap(), now);
    }

    #[test]
    fn a_key_that_never_rests_is_an_error_and_not_a_loop() {
        let keys = Busy { inner: Memory::default(), others: Cell::new(usize::MAX) };
        let error = update(&keys, "list", |list: &mut Vec<u32>| list.push(1)).unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict);
        assert!(!read::<Vec<u32>>(&keys, "list").unwrap().unwrap().contains(&1), "nothing of it was written");
    }

    #[test]
    fn a_value_of_another_shape_is_said_and_left_alone() {
        let keys = Memory::default();
        write(&keys, "list", &"text").unwrap();
        assert_eq!(update(&keys, "list", |list: &mut Vec<u32>| list.push(1)).unwrap_err().kind(), Kind::Corrupt);
        assert_eq!(read::<String>(&keys, "list").unwrap().unwrap(), "text");
    }

    #[test]
    fn all_keys_of_a_prefix_are_found_over_pages() {
        let keys = Memory::default();
        for n in 0..2 * PAGE + 1 {
            write(&keys, &format!("a/{n:05}"), &n).unwrap();
        }
        write(&keys, "b/1", &1).unwrap();
        assert_eq!(keys_below(&keys, "a/").unwrap().len(), 2 * PAGE as usize + 1);
    }
}
