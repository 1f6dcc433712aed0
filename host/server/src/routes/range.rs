//! Ranges and conditions of reading (RFC 9110).
//!
//! Lives here: pure functions over headers. Must not live here: objects.
//! Invariant: what cannot be understood is answered in full, as the standard has it; only a range that lies wholly
//! behind the end is refused.

use http::{HeaderMap, header};
use std::ops::Range;

#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    Whole,
    Part(Range<u64>),
    /// Wholly behind the end.
    Unsatisfiable,
}

/// What a GET wants of `size` bytes with this strong entity tag (quotes included).
pub fn wanted(headers: &HeaderMap, size: u64, etag: &str) -> Wanted {
    let Some(text) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else { return Wanted::Whole };
    // A date or a weak tag proves nothing about bytes.
    if headers.get(header::IF_RANGE).is_some_and(|value| value.as_bytes() != etag.as_bytes()) {
        return Wanted::Whole;
    }
    parse(text, size).unwrap_or(Wanted::Whole)
}

fn parse(text: &str, size: u64) -> Option<Wanted> {
    let (unit, spec) = text.split_once('=')?;
    // Several ranges may be answered in full, and nobody needs them of a data file.
    if !unit.trim().eq_ignore_ascii_case("bytes") || spec.contains(',') {
        return None;
    }
    let (first, last) = spec.trim().split_once('-')?;
    let range = match (first, last) {
        ("", suffix) => match number(suffix)? {
            0 => return Some(Wanted::Unsatisfiable),
            suffix => size.saturating_sub(suffix)..size,
        },
        (first, "") => number(first)?..size,
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(size)
        }
    };
    Some(if range.start >= size { Wanted::Unsatisfiable } else { Wanted::Part(range) })
}

/// Digits only; more than 64 bits is as good as the end.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// Whether the client has these bytes already.
pub fn unchanged(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str, size: u64) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, text.parse().unwrap());
        wanted(&headers, size, "\"x\"")
    }

    #[test]
    fn one_range_is_cut_to_the_size() {
        for (text, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=2-4", 2..5),
            ("bytes=8-", 8..10),
            ("bytes=-3", 7..10),
            ("bytes=-99", 0..10),
            ("bytes=5-99999999999999999999999", 5..10),
            ("BYTES= 1-2", 1..3),
        ] {
            assert_eq!(range(text, 10), Wanted::Part(part), "{text}");
        }
    }

    #[test]
    fn a_range_behind_the_end_is_refused_and_nonsense_is_answered_in_full() {
        for text in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(range(text, 10), Wanted::Unsatisfiable, "{text}");
        }
        assert_eq!(range("bytes=0-0", 0), Wanted::Unsatisfiable);
        for text in ["bytes=4-2", "bytes=a-b", "bytes=--1", "bytes=-", "lines=1-2", "bytes=0-1,3-4", "bytes=+1-2", "x"]
        {
            assert_eq!(range(text, 10), Wanted::Whole, "{text}");
        }
    }
}
