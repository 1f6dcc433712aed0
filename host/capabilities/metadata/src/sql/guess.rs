//! What a person probably meant.
//!
//! Invariant: a guess is something that exists; without a near one there is none.

/// The nearest of the candidates, unless all are far.
pub(crate) fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    let score = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        // Someone who types the name of a file without its folder or ending means that file.
        let inside = wanted.chars().count() >= 3 && candidate.contains(&wanted);
        let near = strsim::damerau_levenshtein(&wanted, &candidate) <= 2.max(wanted.chars().count() / 4);
        let likeness = strsim::jaro_winkler(&wanted, &candidate);
        match (near, inside) {
            (true, _) => likeness + 1.0,
            (false, true) => likeness + 0.5,
            (false, false) => likeness,
        }
    };
    candidates
        .into_iter()
        .map(|candidate| (score(candidate), candidate))
        .filter(|(score, _)| *score > 0.84)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// `did you mean 'x'?`, or the first few of what there is.
pub(crate) fn help<'a>(
    wanted: &str,
    what: &str,
    candidates: &[&'a str],
    show: impl Fn(&'a str) -> String,
) -> Option<String> {
    if let Some(near) = nearest(wanted, candidates.iter().copied()) {
        return Some(format!("did you mean {}?", show(near)));
    }
    if candidates.is_empty() {
        return None;
    }
    let mut shown: Vec<String> = candidates.iter().take(8).map(|name| show(name)).collect();
    if candidates.len() > shown.len() {
        shown.push(format!("and {} more", candidates.len() - shown.len()));
    }
    Some(format!("{what}: {}", shown.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_guessed_and_nonsense_is_not() {
        let names = ["species", "cost", "2019/january.csv"];
        assert_eq!(nearest("specis", names), Some("species"));
        assert_eq!(nearest("SPECIES", names), Some("species"));
        assert_eq!(nearest("january.csv", names), Some("2019/january.csv"));
        assert_eq!(nearest("zzzz", names), None);
    }
}
