//! What the `tag` commands answer.

use kamld_sdk::{
    Outcome, Result, Schema, row, schema,
    view::{self, Align, Column, Rows, Tone, ValueType, View},
};
use serde_json::json;

pub fn schema() -> Schema {
    schema::object([("subject", schema::text()), ("tags", schema::list(schema::text()).says("all that it has now"))])
}

pub fn list_schema() -> Schema {
    let tag = schema::object([("tag", schema::text()), ("count", schema::integer())]);
    schema::object([("tags", schema::list(tag))])
}

pub fn answer(subject: &str, tags: &[String]) -> Result<Outcome> {
    let says = match tags {
        [] => format!("{subject} has no tags now"),
        tags => format!("{subject} is tagged {}", tags.join(", ")),
    };
    Ok(Outcome::new(&json!({ "subject": subject, "tags": tags }))?.view(view::text(says).tone(Tone::Good)))
}

pub fn listed(tags: &[(String, u64)]) -> Result<Outcome> {
    let list: Vec<_> = tags.iter().map(|(tag, count)| json!({ "tag": tag, "count": count })).collect();
    let data = json!({ "tags": list });
    let Some((first, _)) = tags.first() else {
        let view = View::new()
            .show(view::text("no tags are in use").tone(Tone::Muted))
            .show(view::hint("tags make things findable").command("kamld tag add PROJECT/ASSET WORD"));
        return Ok(Outcome::new(&data)?.view(view));
    };
    let mut rows =
        Rows::new([Column::new("tag", "Tag"), Column::new("count", "Used").r#type(ValueType::Count).align(Align::End)]);
    for (tag, count) in tags {
        rows.push(row![tag, count]);
    }
    let view =
        View::new().show(rows).show(view::hint("find what has one").command(format!("kamld search tag:{first}")));
    Ok(Outcome::new(&data)?.view(view))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kamld_sdk::schema::check;

    #[test]
    fn every_answer_has_the_declared_shape() {
        check(&schema().into(), answer("birds/strikes", &["raw".into()]).unwrap().data()).unwrap();
        check(&schema().into(), answer("birds/strikes", &[]).unwrap().data()).unwrap();
        for tags in [vec![], vec![("raw".to_owned(), 3)]] {
            check(&list_schema().into(), listed(&tags).unwrap().data()).unwrap();
        }
    }
}
