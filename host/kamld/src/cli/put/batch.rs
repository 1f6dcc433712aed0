//! Many small files in one request: groups of them, and the tar that carries a group.
//!
//! Lives here: grouping, reading, packing. Must not live here: HTTP.
//! Invariant: a file in the tar is the file as it was at one moment, or it is not in the tar.

use super::sources::{Item, Seen};
use bytes::Bytes;
use kamld_types::{Hash, Problem};
use sha2::{Digest, Sha256};
use std::{fs::File, io::Read, ops::Range};

/// Files below this go in batches: above it, a request of its own costs less than a tenth of the transfer.
pub const SMALL: u64 = 128 * 1024;
/// One batch is held in memory on both sides, twice for two in flight.
const BYTES: u64 = 8 * 1024 * 1024;
const FILES: usize = 1000;

/// Groups of neighbours in the order of the paths, each fit for one request.
pub fn groups(items: &[Item]) -> Vec<Range<usize>> {
    let mut groups = Vec::new();
    let mut start = 0;
    let mut bytes = 0;
    for (place, item) in items.iter().enumerate() {
        if place > start && (bytes + item.seen.size > BYTES || place - start >= FILES) {
            groups.push(start..place);
            (start, bytes) = (place, 0);
        }
        bytes += item.seen.size;
    }
    if start < items.len() {
        groups.push(start..items.len());
    }
    groups
}

/// A file's bytes as they were at one moment.
pub struct Content {
    pub item: Item,
    pub bytes: Vec<u8>,
}

impl Content {
    pub fn hash(&self) -> Hash {
        Hash(Sha256::digest(&self.bytes).into())
    }
}

/// Reads a small file whole.
pub fn read(item: &Item) -> Result<Content, Problem> {
    let cannot = |e: std::io::Error| Problem::invalid(format!("it cannot be read: {e}"));
    let mut file = File::open(&item.source).map_err(cannot)?;
    let before = Seen::of(&file.metadata().map_err(cannot)?);
    // One more than it had tells whether it grew, and a file that never ends does not fill the memory.
    let mut bytes = Vec::with_capacity(item.seen.size as usize + 1);
    (&mut file).take(item.seen.size + 1).read_to_end(&mut bytes).map_err(cannot)?;
    let after = Seen::of(&file.metadata().map_err(cannot)?);
    if before != item.seen || after != item.seen || bytes.len() as u64 != item.seen.size {
        return Err(changed());
    }
    Ok(Content { item: item.clone(), bytes })
}

/// The problem of a file that somebody writes to.
pub fn changed() -> Problem {
    Problem::conflict("it changed while it was read").help("put it again once nobody writes to it; all others are kept")
}

/// Packs files into a tar.
pub fn pack(contents: &[Content]) -> Result<Bytes, Problem> {
    let cannot = |e: std::io::Error| Problem::internal(format!("a batch cannot be packed: {e}"));
    let room: usize = contents.iter().map(|content| content.bytes.len() + 1536).sum();
    let mut tar = tar::Builder::new(Vec::with_capacity(room + 1024));
    for content in contents {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.bytes.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mtime(u64::try_from(content.item.seen.modified / 1000).unwrap_or(0));
        tar.append_data(&mut header, content.item.path.as_str(), content.bytes.as_slice()).map_err(cannot)?;
    }
    tar.into_inner().map(Bytes::from).map_err(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kamld_types::ObjectPath;
    use std::fs;

    fn item(folder: &std::path::Path, path: &str, bytes: &[u8]) -> Item {
        let source = folder.join(path.replace('/', "_").chars().take(40).collect::<String>());
        fs::write(&source, bytes).unwrap();
        let seen = Seen::of(&fs::metadata(&source).unwrap());
        Item { source, path: ObjectPath::new(path).unwrap(), seen }
    }

    #[test]
    fn a_tar_keeps_long_and_foreign_names_and_empty_files() {
        let folder = tempfile::tempdir().unwrap();
        let long = format!("{}/{}", "x".repeat(150), "y".repeat(150));
        let items = [
            item(folder.path(), "a b.csv", b"1,2\n"),
            item(folder.path(), "empty", b""),
            item(folder.path(), "鳥/ptáci.txt", &[7; 70_000]),
            item(folder.path(), &long, b"z"),
        ];
        let contents: Vec<Content> = items.iter().map(|item| read(item).unwrap()).collect();
        let packed = pack(&contents).unwrap();
        let mut archive = tar::Archive::new(packed.as_ref());
        let back: Vec<(String, Vec<u8>, u64)> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).unwrap();
                (entry.path().unwrap().to_str().unwrap().to_owned(), bytes, entry.header().mtime().unwrap())
            })
            .collect();
        let expected: Vec<(String, Vec<u8>, u64)> = contents
            .iter()
            .map(|c| (c.item.path.to_string(), c.bytes.clone(), (c.item.seen.modified / 1000) as u64))
            .collect();
        assert_eq!(back, expected);
    }

    #[test]
    fn groups_stay_below_both_limits_and_cover_everything() {
        let folder = tempfile::tempdir().unwrap();
        let small = item(folder.path(), "a", b"x");
        let mut large = item(folder.path(), "b", b"x");
        large.seen.size = 100_000;
        for (items, sizes) in [
            (vec![], vec![]),
            (vec![small.clone(); 2500], vec![1000, 1000, 500]),
            (vec![large.clone(); 200], vec![83, 83, 34]),
        ] {
            let groups = groups(&items);
            assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), sizes);
            assert!(
                groups.iter().map(|g| items[g.clone()].iter().map(|i| i.seen.size).sum::<u64>()).all(|b| b <= BYTES)
            );
        }
    }

    #[test]
    fn a_file_that_changed_is_not_read_as_what_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let item = item(folder.path(), "a", b"before");
        fs::write(&item.source, b"before and after").unwrap();
        assert_eq!(read(&item).err().unwrap().kind, kamld_types::Kind::Conflict);
        fs::remove_file(&item.source).unwrap();
        assert_eq!(read(&item).err().unwrap().kind, kamld_types::Kind::Invalid);
    }
}
