//! A tar archive as a list of new objects.
//!
//! Lives here: reading an archive that a stranger wrote. Must not live here: requests, storage.
//! Invariants: only regular files with paths that stay within the asset come out; every body is a slice of the archive,
//! so no claim in a header can take more memory than the archive itself; an archive without its end mark is refused,
//! since it may have been cut between two files.

use crate::parts::{BatchObject, NewObject};
use bytes::Bytes;
use kamld_types::{ObjectPath, Problem, problem::Result};
use std::{collections::BTreeSet, io::Cursor};
use tar::{Archive, EntryType};

/// The key of a PAX record in which a client names the media type of a file.
pub const MEDIA_TYPE: &str = "KAMLD.media-type";
/// Names longer than this cannot be paths; longer ones are cut in messages.
const SHOWN: usize = 120;
const BLOCK: usize = 512;
const SPARSE: &str = "a sparse file";

/// Reads an archive of at most `most` entries.
pub fn read(archive: &Bytes, most: usize) -> Result<Vec<BatchObject>> {
    let mut objects = Vec::new();
    let mut paths = BTreeSet::new();
    let mut end = 0;
    let mut reader = Archive::new(Cursor::new(archive.as_ref()));
    for (place, entry) in reader.entries().map_err(unreadable)?.enumerate() {
        if place == most {
            return Err(Problem::limit(format!("the archive has more than {most} entries"))
                .help("nothing was written; send several smaller archives"));
        }
        let mut entry = entry.map_err(unreadable)?;
        let name = name(&entry.path_bytes())?;
        let kind = entry.header().entry_type();
        let size = entry.size();
        let (start, after) = slice(archive, entry.raw_file_position(), size).ok_or_else(|| cut(&name))?;
        end = after;
        // What every tar program writes beside the files, and what says nothing about them.
        if kind == EntryType::XGlobalHeader {
            continue;
        }
        if kind == EntryType::Directory {
            check_folder(&name)?;
            continue;
        }
        if !matches!(kind, EntryType::Regular | EntryType::Continuous) {
            return Err(not_regular(&name, describe(kind)));
        }
        let path = path(&name)?;
        if !paths.insert(path.clone()) {
            return Err(Problem::invalid(format!("'{name}' is in the archive twice")).help("nothing was written"));
        }
        let (modified, media_type) = facts(&name, &mut entry)?;
        let body = archive.slice(start..start + size as usize);
        objects.push(BatchObject { object: NewObject { path, media_type, modified }, body });
    }
    let mark = archive.get(end..end + BLOCK).is_some_and(|block| block.iter().all(|byte| *byte == 0));
    match mark {
        true if objects.is_empty() => Err(Problem::invalid("the archive has no files").help("nothing was written")),
        true => Ok(objects),
        false => Err(cut("its end")),
    }
}

/// Where a body begins, and where the next header does.
fn slice(archive: &Bytes, start: u64, size: u64) -> Option<(usize, usize)> {
    let padded = size.checked_add(BLOCK as u64 - 1)? / BLOCK as u64 * BLOCK as u64;
    let after = start.checked_add(padded)?;
    (start.checked_add(size)? <= archive.len() as u64).then_some((start as usize, usize::try_from(after).ok()?))
}

fn unreadable(error: std::io::Error) -> Problem {
    Problem::invalid(format!("the body is not a whole tar archive: {error}")).help("nothing was written")
}

fn cut(place: &str) -> Problem {
    Problem::invalid(format!("the archive is cut: {place} is missing"))
        .help("nothing was written; send the archive again")
}

fn shorten(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() { format!("{shown}…") } else { shown }
}

fn name(bytes: &[u8]) -> Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|error| {
        let shown = shorten(&String::from_utf8_lossy(error.as_bytes()));
        Problem::invalid(format!("'{shown}' is not UTF-8")).help("nothing was written; rename the file or its folder")
    })
}

/// `tar c .` writes every name with `./` before it.
fn inner(name: &str) -> &str {
    name.strip_prefix("./").unwrap_or(name)
}

fn path(name: &str) -> Result<ObjectPath> {
    ObjectPath::new(inner(name)).map_err(|problem| problem.help("nothing was written; rename the file or its folder"))
}

fn check_folder(name: &str) -> Result<()> {
    match inner(name).trim_end_matches('/') {
        "" | "." if !name.starts_with('/') => Ok(()),
        folder if name.starts_with('/') => path(&format!("/{folder}")).map(drop),
        folder => path(folder).map(drop),
    }
}

fn not_regular(name: &str, what: &str) -> Problem {
    let help = match what {
        SPARSE => "nothing was written; archive it without --sparse",
        _ => "nothing was written; archive the files that links point to (tar --dereference)",
    };
    Problem::invalid(format!("'{name}' is {what}, not a regular file")).help(help)
}

fn describe(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Symlink | EntryType::Link => "a link",
        EntryType::Char | EntryType::Block => "a device",
        EntryType::Fifo => "a pipe",
        EntryType::GNUSparse => SPARSE,
        _ => "something unknown",
    }
}

/// When it was modified, to the millisecond where the archive says so, and its media type.
fn facts(name: &str, entry: &mut tar::Entry<'_, Cursor<&[u8]>>) -> Result<(Option<i64>, Option<String>)> {
    let mut modified = entry.header().mtime().ok().and_then(|seconds| i64::try_from(seconds).ok()?.checked_mul(1000));
    let mut media = None;
    if let Some(records) = entry.pax_extensions().map_err(unreadable)? {
        for record in records {
            let record = record.map_err(unreadable)?;
            match (record.key(), record.value()) {
                (Ok("mtime"), Ok(value)) => modified = millis(value).or(modified),
                (Ok(MEDIA_TYPE), Ok(value)) => media = super::objects::check_media(value)?,
                // The header calls it a regular file, but its bytes are packed and its name is made up.
                (Ok(key), _) if key.starts_with("GNU.sparse.") => return Err(not_regular(name, SPARSE)),
                _ => {}
            }
        }
    }
    Ok((modified, media))
}

/// `1700000000.123456789` as milliseconds, without the rounding of floating point.
fn millis(text: &str) -> Option<i64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction: String = fraction.chars().chain("000".chars()).take(3).collect();
    let thousandths: i64 = fraction.parse().ok()?;
    let before_1970 = seconds.starts_with('-');
    let whole = seconds.parse::<i64>().ok()?.checked_mul(1000)?;
    whole.checked_add(if before_1970 { -thousandths } else { thousandths })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_milliseconds() {
        assert_eq!(millis("1700000000.123456789"), Some(1_700_000_000_123));
        assert_eq!(millis("1700000000"), Some(1_700_000_000_000));
        assert_eq!(millis("-1.5"), Some(-1500));
        assert_eq!(millis("now"), None);
    }
}
