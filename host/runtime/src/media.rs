//! Which plug-in fits a media type best.
//!
//! Lives here: matching `text/csv` against `text/csv`, `text/*` and `*/*`. Parameters behind `;` do not count.

/// How well a pattern fits; larger is better, none is not at all.
pub fn fit(pattern: &str, media_type: &str) -> Option<u8> {
    let plain = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (pattern, media_type) = (plain(pattern), plain(media_type));
    if pattern == media_type {
        return Some(3);
    }
    match pattern.strip_suffix("/*") {
        Some("*") => Some(1),
        Some(group) if media_type.split('/').next() == Some(group) => Some(2),
        _ => None,
    }
}

/// The best fit of a list, and how early in the list it stands: patterns come most fitting first.
pub fn best(patterns: &[String], media_type: &str) -> Option<(u8, usize)> {
    let fits = patterns.iter().enumerate().filter_map(|(place, pattern)| Some((fit(pattern, media_type)?, place)));
    fits.max_by_key(|(fit, place)| (*fit, usize::MAX - place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_type_goes_before_its_group_and_that_before_anything() {
        assert_eq!(fit("text/csv", "Text/CSV; charset=utf-8"), Some(3));
        assert_eq!(fit("text/*", "text/csv"), Some(2));
        assert_eq!(fit("*/*", "text/csv"), Some(1));
        assert_eq!(fit("image/*", "text/csv"), None);
        let patterns = ["text/*".to_owned(), "text/csv".to_owned()];
        assert_eq!(best(&patterns, "text/csv"), Some((3, 1)));
    }
}
