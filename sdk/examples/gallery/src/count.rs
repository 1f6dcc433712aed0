//! The command `gallery count`: one that only looks, so that its form can be shown and run without any effect.

use kamld_sdk::{Args, Error, Outcome, Result, Schema, format, schema, view};
use serde_json::json;

/// What can be counted.
pub const WHAT: [&str; 3] = ["letters", "words", "lines"];

pub fn schema() -> Schema {
    schema::object([("count", schema::integer()), ("what", schema::one_of(WHAT))])
}

pub fn count(args: &Args) -> Result<Outcome> {
    let text = args.need_text("text")?;
    let what = args.text("what")?.unwrap_or("words");
    let (count, one) = match what {
        "letters" => (text.chars().filter(|letter| letter.is_alphabetic()).count(), "letter"),
        "words" => (text.split_whitespace().count(), "word"),
        "lines" => (text.lines().count(), "line"),
        _ => return Err(Error::invalid(format!("'{what}' cannot be counted")).help("letters, words or lines can")),
    };
    let said = format::counted(count as u64, one, what);
    Ok(Outcome::new(&json!({ "count": count, "what": what }))?.view(view::text(said)))
}
