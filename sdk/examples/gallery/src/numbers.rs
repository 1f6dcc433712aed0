//! The rows of the large table: numbers with what can be said of them, made when they are asked for.
//!
//! Must not live here: the table itself (`tables`). Invariant: a page costs what is in it, however long
//! the table is.

use kamld_sdk::{Error, Result, RowPage, Window};
use serde_json::{Map, Value, json};

/// What the name of the source starts with; behind it is how many numbers there are. Another number is another name,
/// so that the page asks again.
pub const SOURCE: &str = "numbers-";
/// Far more than a view may hold, and still counted in no time.
const MOST: u64 = 10_000;

/// The part of the table that is to be seen.
pub fn page(source: &str, window: &Window) -> Result<RowPage> {
    let most = source.strip_prefix(SOURCE).and_then(|most| most.parse::<u64>().ok()).filter(|most| *most <= MOST);
    let most = most.ok_or_else(|| Error::not_found(format!("there are no rows '{source}'")))?;
    let mut found: Vec<u64> = (1..=most).filter(|number| fits(*number, window.filter.trim())).collect();
    // The last key is the least important one, and a stable order keeps what the others made.
    for (key, descending) in window.sort.iter().rev() {
        let place: fn(u64) -> u64 = match key.as_str() {
            "number" | "square" => |number| number,
            "prime" => |number| is_prime(number).into(),
            _ => return Err(Error::invalid(format!("the numbers have no order by '{key}'"))),
        };
        found.sort_by_cached_key(|number| if *descending { u64::MAX - place(*number) } else { place(*number) });
    }
    let total = found.len() as u64;
    let start = usize::try_from(window.start).unwrap_or(usize::MAX);
    let rows = found.into_iter().skip(start).take(window.count as usize).map(row).collect();
    Ok(RowPage { rows, total: Some(total) })
}

/// A filter is the digits that a number holds, or one of two words.
fn fits(number: u64, filter: &str) -> bool {
    match filter {
        "" => true,
        "prime" => is_prime(number),
        "even" => number.is_multiple_of(2),
        digits => number.to_string().contains(digits),
    }
}

fn row(number: u64) -> Map<String, Value> {
    let factors = factors(number);
    let prime = is_prime(number);
    let mut row = Map::new();
    row.insert("number".into(), number.into());
    row.insert("square".into(), (number * number).into());
    row.insert("prime".into(), prime.into());
    let words: Vec<String> = factors.iter().map(u64::to_string).collect();
    row.insert("factors".into(), json!(words));
    // Only where there is something to explain: a row without this value is not offered the entry that names it.
    if !prime && number > 1 {
        row.insert("why".into(), format!("{number} is {}", words.join(" × ")).into());
    }
    row
}

fn factors(mut number: u64) -> Vec<u64> {
    let mut found = Vec::new();
    let mut by = 2;
    while by * by <= number {
        while number.is_multiple_of(by) {
            found.push(by);
            number /= by;
        }
        by += 1;
    }
    if number > 1 {
        found.push(number);
    }
    found
}

fn is_prime(number: u64) -> bool {
    number > 1 && (2..).take_while(|by| by * by <= number).all(|by| !number.is_multiple_of(by))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(start: u64, count: u32, sort: &[(&str, bool)], filter: &str) -> Window {
        let sort = sort.iter().map(|(key, descending)| ((*key).to_owned(), *descending)).collect();
        Window { start, count, sort, filter: filter.into() }
    }

    fn seen(start: u64, count: u32, sort: &[(&str, bool)], filter: &str) -> (Vec<u64>, Option<u64>) {
        let page = page("numbers-10000", &window(start, count, sort, filter)).unwrap();
        (page.rows.iter().map(|row| row["number"].as_u64().unwrap()).collect(), page.total)
    }

    #[test]
    fn a_window_is_a_part_of_all_rows_in_the_order_that_is_asked_for() {
        assert_eq!(seen(0, 3, &[], ""), (vec![1, 2, 3], Some(10_000)));
        assert_eq!(seen(9_998, 200, &[], ""), (vec![9_999, 10_000], Some(10_000)));
        assert_eq!(seen(0, 2, &[("square", true)], ""), (vec![10_000, 9_999], Some(10_000)));
        assert_eq!(seen(0, 3, &[("prime", true), ("number", false)], "").0, [2, 3, 5]);
        assert_eq!(seen(0, 3, &[("prime", false), ("number", true)], "").0, [10_000, 9_999, 9_998]);
    }

    #[test]
    fn a_filter_narrows_by_digits_or_by_a_word() {
        assert_eq!(seen(0, 3, &[], "999"), (vec![999, 1999, 2999], Some(19)));
        assert_eq!(seen(0, 4, &[], "prime"), (vec![2, 3, 5, 7], Some(1_229)));
        assert_eq!(seen(0, 4, &[], "nothing like it"), (vec![], Some(0)));
    }

    #[test]
    fn only_what_is_no_prime_is_explained() {
        let page = page("numbers-12", &window(10, 2, &[], "")).unwrap();
        assert_eq!((page.rows[0].get("why"), &page.rows[1]["why"]), (None, &json!("12 is 2 × 2 × 3")));
    }

    #[test]
    fn what_is_not_there_is_said() {
        for source in ["numbers-", "numbers-99999999", "letters"] {
            assert!(page(source, &window(0, 1, &[], "")).is_err(), "{source}");
        }
        assert!(page("numbers-0", &window(0, 1, &[], "")).unwrap().rows.is_empty());
    }
}
