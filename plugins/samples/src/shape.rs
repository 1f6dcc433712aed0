//! Data and views of the answers. Pure: no call to the host.

use crate::contents::Sample;
use kamld_sdk::{
    Outcome, Result, Schema, format, row, schema,
    view::{self, Align, Column, Rows, Tone, ValueType, View},
};
use serde_json::json;

/// What became of one sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Added,
    /// It was there already.
    Kept,
    /// Its place is taken by something else, in words.
    Left(String),
}

pub fn list_schema() -> Schema {
    let sample = schema::object([
        ("asset", schema::text()),
        ("summary", schema::text()),
        ("objects", schema::integer()),
        ("size", schema::integer().says("bytes")),
        ("tags", schema::list(schema::text())),
    ]);
    schema::object([("samples", schema::list(sample))])
}

pub fn added_schema() -> Schema {
    let sample = schema::object([
        ("asset", schema::text().says("PROJECT/ASSET")),
        ("state", schema::one_of(["added", "kept", "left"])),
        ("reason", schema::nullable(schema::text())),
    ]);
    schema::object([("project", schema::text()), ("samples", schema::list(sample))])
}

pub fn listed(samples: &[Sample]) -> Result<Outcome> {
    let mut rows = Rows::new([
        Column::new("asset", "Sample"),
        Column::new("summary", "Summary"),
        Column::new("objects", "Files").r#type(ValueType::Count).align(Align::End),
        Column::new("size", "Size").r#type(ValueType::Bytes).align(Align::End),
        Column::new("tags", "Tags").r#type(ValueType::Tags),
    ]);
    for sample in samples {
        rows.push(row![sample.asset, sample.summary, sample.files.len(), sample.size(), sample.tags]);
    }
    let data: Vec<_> = samples
        .iter()
        .map(|sample| {
            json!({
                "asset": sample.asset,
                "summary": sample.summary,
                "objects": sample.files.len(),
                "size": sample.size(),
                "tags": sample.tags,
            })
        })
        .collect();
    let view = View::new().show(rows).show(view::hint("add them to a project").command("kamld sample add"));
    Ok(Outcome::new(&json!({ "samples": data }))?.view(view))
}

/// What came of it, in one sentence: for the answer, and for those who watch the task.
pub fn said(project: &str, fates: &[(&Sample, Fate)]) -> String {
    let count = |wanted: &Fate| fates.iter().filter(|(_, fate)| fate == wanted).count() as u64;
    let (new, kept) = (count(&Fate::Added), count(&Fate::Kept));
    match (new, kept) {
        (0, _) => format!("nothing was added to {project}"),
        (_, 0) => format!("added {} to project {project}", format::counted(new, "sample", "samples")),
        _ => format!("added {} to project {project}; {kept} there already", format::counted(new, "sample", "samples")),
    }
}

/// `sql` says whether the host can query.
pub fn added(project: &str, fates: &[(&Sample, Fate)], sql: bool) -> Result<Outcome> {
    let data: Vec<_> = fates
        .iter()
        .map(|(sample, fate)| {
            let (state, reason) = match fate {
                Fate::Added => ("added", None),
                Fate::Kept => ("kept", None),
                Fate::Left(reason) => ("left", Some(reason)),
            };
            json!({ "asset": format!("{project}/{}", sample.asset), "state": state, "reason": reason })
        })
        .collect();
    let new = fates.iter().any(|(_, fate)| *fate == Fate::Added);
    let tone = if new { Tone::Good } else { Tone::Normal };
    let mut view = View::new().show(view::text(said(project, fates)).tone(tone));
    for (sample, fate) in fates {
        if let Fate::Left(reason) = fate {
            view = view.show(view::text(format!("{project}/{}: {reason}", sample.asset)).tone(Tone::Warning));
        }
    }
    let query = format!("kamld sql 'select * from birds.\"birdstrikes.csv\" limit 10' --project {project}");
    let view = view
        .show(view::hint("look around").command(format!("kamld ls {project}")))
        .show(view::hint("look into one").command(format!("kamld preview {project}/birds/birdstrikes.csv")))
        .show_some(sql.then(|| view::hint("query one").command(query)));
    Ok(Outcome::new(&json!({ "project": project, "samples": data }))?.view(view))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contents::SAMPLES;
    use kamld_sdk::schema::check;

    #[test]
    fn every_answer_has_the_declared_shape() {
        check(&list_schema().into(), listed(SAMPLES).unwrap().data()).unwrap();
        let fates = [
            (&SAMPLES[0], Fate::Added),
            (&SAMPLES[1], Fate::Kept),
            (&SAMPLES[2], Fate::Left("it holds other things".into())),
        ];
        for sql in [true, false] {
            let outcome = added("sample", &fates, sql).unwrap();
            check(&added_schema().into(), outcome.data()).unwrap();
            let shows = |text: &str| outcome.nodes().iter().any(|node| node.props.contains(text));
            assert!(shows("it holds other things") && shows("added 1 sample to project sample; 1 there already"));
            assert_eq!(shows("kamld sql"), sql, "a host without SQL is not asked to query");
        }
    }
}
