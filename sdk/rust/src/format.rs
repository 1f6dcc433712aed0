//! Numbers and times as people read them.
//!
//! For sentences and facts; the cells of a table stay numbers, and the client formats them by column type.

/// A size, in powers of 1,000.
///
/// ```
/// use kamld_sdk::format::bytes;
/// assert_eq!(bytes(0), "0 B");
/// assert_eq!(bytes(999), "999 B");
/// assert_eq!(bytes(1_223_329), "1.2 MB");
/// assert_eq!(bytes(999_999), "1 MB");
/// assert_eq!(bytes(520_000_000), "520 MB");
/// ```
pub fn bytes(size: u64) -> String {
    if size < 1000 {
        return format!("{size} B");
    }
    let mut value = size as f64;
    for unit in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        value /= 1000.0;
        // What would be rounded to 1,000 belongs to the next unit.
        if value < 999.5 || unit == "EB" {
            let text = if value < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") };
            return format!("{} {unit}", text.strip_suffix(".0").unwrap_or(&text));
        }
    }
    unreachable!("the last unit takes every size")
}

/// A number with a comma at each thousand.
///
/// ```
/// use kamld_sdk::format::count;
/// assert_eq!(count(7), "7");
/// assert_eq!(count(3_201), "3,201");
/// assert_eq!(count(1_234_567), "1,234,567");
/// ```
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun, in the plural when it is not one.
///
/// ```
/// use kamld_sdk::format::counted;
/// assert_eq!(counted(1, "object", "objects"), "1 object");
/// assert_eq!(counted(3_201, "row", "rows"), "3,201 rows");
/// ```
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// How long before `now` something was; both in milliseconds since 1970.
///
/// ```
/// use kamld_sdk::format::ago;
/// let now = 1_800_000_000_000;
/// assert_eq!(ago(now - 12_000, now), "just now");
/// assert_eq!(ago(now - 60_000, now), "1 minute ago");
/// assert_eq!(ago(now - 5 * 3_600_000, now), "5 hours ago");
/// assert_eq!(ago(now - 3 * 86_400_000, now), "3 days ago");
/// assert_eq!(ago(now - 90 * 86_400_000, now), "2026-10-17");
/// ```
pub fn ago(then: u64, now: u64) -> String {
    let seconds = now.saturating_sub(then) / 1000;
    let (number, one, many) = match seconds {
        0..60 => return "just now".into(),
        60..3_600 => (seconds / 60, "minute", "minutes"),
        3_600..86_400 => (seconds / 3_600, "hour", "hours"),
        86_400..2_592_000 => (seconds / 86_400, "day", "days"),
        _ => return date(then),
    };
    format!("{} ago", counted(number, one, many))
}

/// The day of a time in milliseconds since 1970, UTC.
///
/// ```
/// use kamld_sdk::format::date;
/// assert_eq!(date(0), "1970-01-01");
/// assert_eq!(date(951_782_400_000), "2000-02-29");
/// ```
pub fn date(time: u64) -> String {
    // Days to year, month and day in the proleptic Gregorian calendar, counted from 0000-03-01.
    let days = time / 86_400_000 + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A time in milliseconds since 1970, to the minute, UTC.
///
/// ```
/// assert_eq!(kamld_sdk::format::time(951_782_400_000 + 75 * 60_000), "2000-02-29 01:15 UTC");
/// ```
pub fn time(time: u64) -> String {
    let minutes = time / 60_000 % 1440;
    format!("{} {:02}:{:02} UTC", date(time), minutes / 60, minutes % 60)
}

/// A part of a whole in percent; something that is not nothing is never 0 %.
///
/// ```
/// use kamld_sdk::format::percent;
/// assert_eq!(percent(0, 100), "0 %");
/// assert_eq!(percent(1, 1_000_000), "less than 1 %");
/// assert_eq!(percent(520, 52_000), "1 %");
/// ```
pub fn percent(part: u64, whole: u64) -> String {
    if part == 0 {
        return "0 %".into();
    }
    if whole == 0 {
        return "100 %".into();
    }
    let percent = part as f64 / whole as f64 * 100.0;
    if percent < 1.0 { "less than 1 %".into() } else { format!("{percent:.0} %") }
}

/// The first `most` characters of a text, with an ellipsis when that is not all.
///
/// ```
/// use kamld_sdk::format::shorten;
/// assert_eq!(shorten("strikes", 10), "strikes");
/// assert_eq!(shorten("before cleaning", 7), "before…");
/// ```
pub fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", start.trim_end())
}

/// At most `most` bytes of a text, cut between two characters.
///
/// ```
/// assert_eq!(kamld_sdk::format::cut("añb", 2), "a");
/// ```
pub fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
