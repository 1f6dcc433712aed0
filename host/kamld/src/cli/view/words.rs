//! Sizes, counts and times in the words of people.
//!
//! Lives here: figures to text. Must not live here: layout, colours.

use super::style::Style;
use chrono::{DateTime, Utc};

/// `1.2 MB`: decimal units, as disks are sold and as the rest of the product counts.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if n < 1000 {
        return format!("{n} B");
    }
    let mut value = n as f64;
    let mut unit = "B";
    for next in UNITS {
        // 999,500 would be rounded to "1000 kB": step over to the next unit before that.
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    if value < 99.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// `3,201`.
pub fn count(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if n < 0 {
        text.push('-');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 file`, `124 files`.
pub fn some(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(i64::try_from(n).unwrap_or(i64::MAX)), if n == 1 { one } else { many })
}

/// `0.3 s`, `12 s`, `4 min 10 s`, `2 h 5 min`.
pub fn seconds(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// A time in milliseconds since 1970: relative for a person, RFC 3339 in UTC for a program.
pub fn time(ms: i64, style: &Style) -> String {
    let Some(time) = DateTime::<Utc>::from_timestamp_millis(ms) else { return ms.to_string() };
    if !style.terminal {
        return time.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    }
    let ago = style.now.saturating_sub(ms) / 1000;
    match ago {
        // A clock that is a little ahead of ours is no news.
        -60..60 => "just now".into(),
        60..3600 => format!("{} min ago", ago / 60),
        3600..86_400 => format!("{} h ago", ago / 3600),
        86_400..604_800 if ago < 172_800 => "1 day ago".into(),
        86_400..604_800 => format!("{} days ago", ago / 86_400),
        _ => time.with_timezone(&style.offset).format("%Y-%m-%d %H:%M").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::style::tests::*, *};

    #[test]
    fn sizes_step_over_to_the_next_unit_before_they_read_as_a_thousand() {
        for (n, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (99_949, "99.9 kB"),
            (99_950, "100 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (520_000_000, "520 MB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(n), text, "{n}");
        }
    }

    #[test]
    fn counts_are_grouped_by_thousands() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (-1_234_567, "-1,234,567"),
            (i64::MIN, "-9,223,372,036,854,775,808"),
        ] {
            assert_eq!(count(n), text);
        }
    }

    #[test]
    fn times_are_relative_for_people_and_exact_for_programs() {
        let (person, program) = (terminal(80), pipe());
        for (ago, text) in
            [(5, "just now"), (185, "3 min ago"), (7200, "2 h ago"), (90_000, "1 day ago"), (200_000, "2 days ago")]
        {
            assert_eq!(time(person.now - ago * 1000, &person), text);
        }
        assert_eq!(time(program.now, &program), "2026-11-23T12:00:00Z");
        assert_eq!(time(i64::MAX, &person), i64::MAX.to_string());
    }
}
