//! Data and views of the answers. Pure: no call to the host.

use crate::{history::Past, saved::Saved};
use kamld_sdk::{
    Outcome, Result, Schema, format,
    metadata::types::Column as SqlColumn,
    row, schema,
    view::{self, Column, Rows, Tone, ValueType, View},
};
use serde_json::{Value, json};

pub fn result_schema() -> Schema {
    let column = schema::object([("name", schema::text()), ("type", schema::text()), ("nullable", schema::boolean())]);
    schema::object([
        ("columns", schema::list(column)),
        ("result", schema::nullable(schema::text().says("GET /api/v1/results/ID streams the rows, once"))),
        ("plan", schema::nullable(schema::text().says("with --explain: how the query would run"))),
    ])
}

pub fn kept_schema() -> Schema {
    schema::object([
        ("name", schema::text()),
        ("project", schema::nullable(schema::text().says("where its assets are looked up"))),
        ("query", schema::text()),
        ("saved", schema::time()),
    ])
}

pub fn list_schema() -> Schema {
    schema::object([("queries", schema::list(kept_schema()))])
}

pub fn history_schema() -> Schema {
    let past = schema::object([
        ("project", schema::nullable(schema::text().says("where its assets were looked up"))),
        ("query", schema::text()),
        ("ran", schema::time()),
        ("times", schema::integer().says("how often it ran")),
    ]);
    schema::object([("queries", schema::list(past).says("the newest first"))])
}

pub fn forgotten_schema() -> Schema {
    schema::object([("forgotten", schema::integer().says("queries"))])
}

pub fn explained(plan: &str) -> Result<Outcome> {
    let data = json!({ "columns": [], "result": null, "plan": plan });
    Ok(Outcome::new(&data)?.view(view::code(plan).language("text")))
}

pub fn running(columns: Vec<SqlColumn>, result: &str) -> Result<Outcome> {
    let shown = columns.iter().map(|column| view::RowColumn::new(&column.name, &column.type_));
    let view = View::from(view::rows(result, shown));
    let columns: Vec<_> = columns
        .iter()
        .map(|column| json!({ "name": column.name, "type": column.type_, "nullable": column.nullable }))
        .collect();
    Ok(Outcome::new(&json!({ "columns": columns, "result": result, "plan": null }))?.view(view))
}

pub fn saved(saved: &Saved) -> Result<Outcome> {
    let view = View::new()
        .show(view::text(format!("the query is kept as {}{}", saved.name, of(saved))).tone(Tone::Good))
        .show(view::code(&saved.query).language("sql"))
        .show(view::hint("run it").command(format!("kamld query run {}", saved.name)));
    Ok(Outcome::new(saved)?.view(view))
}

pub fn removed(saved: &Saved) -> Result<Outcome> {
    let view = View::new()
        .show(view::text(format!("the query {}{} is kept no longer; it was:", saved.name, of(saved))).tone(Tone::Good))
        .show(view::code(&saved.query).language("sql"));
    Ok(Outcome::new(saved)?.view(view))
}

fn of(saved: &Saved) -> String {
    saved.project.as_ref().map_or_else(String::new, |project| format!(" in {project}"))
}

pub fn list(queries: &[Saved]) -> Result<Outcome> {
    let view = if queries.is_empty() {
        View::new()
            .show(view::text("you keep no query yet").tone(Tone::Muted))
            .show(view::hint("keep the one that ran last").command("kamld query save NAME"))
    } else {
        let mut rows = Rows::new([
            Column::new("name", "Name"),
            Column::new("project", "Project"),
            Column::new("query", "Query"),
            Column::new("saved", "Saved").r#type(ValueType::Time),
        ]);
        for one in queries {
            rows.push(row![one.name, one.project, line(&one.query), one.saved]);
        }
        View::new().show(rows).show(view::hint("run one").command(format!("kamld query run {}", queries[0].name)))
    };
    Ok(Outcome::new(&json!({ "queries": queries }))?.view(view))
}

pub fn history(past: &[(Option<String>, Past)]) -> Result<Outcome> {
    let data: Vec<Value> = past
        .iter()
        .map(|(project, past)| json!({ "project": project, "query": past.query, "ran": past.ran, "times": past.times }))
        .collect();
    let view = if past.is_empty() {
        View::new()
            .show(view::text("no query ran yet").tone(Tone::Muted))
            .show(view::hint("such as").command("kamld sql 'select * from ASSET.\"PATH\" limit 10'"))
    } else {
        let mut rows = Rows::new([
            Column::new("ran", "Ran").r#type(ValueType::Time),
            Column::new("project", "Project"),
            Column::new("query", "Query"),
            Column::new("times", "Times").r#type(ValueType::Count),
        ]);
        for (project, past) in past {
            rows.push(row![past.ran, project, line(&past.query), past.times]);
        }
        View::new().show(rows).show(view::hint("keep the newest").command("kamld query save NAME"))
    };
    Ok(Outcome::new(&json!({ "queries": data }))?.view(view))
}

pub fn forgotten(queries: u64) -> Result<Outcome> {
    let said = match queries {
        0 => "there was nothing to forget".to_owned(),
        queries => format!("{} forgotten", format::counted(queries, "query is", "queries are")),
    };
    Ok(Outcome::new(&json!({ "forgotten": queries }))?.view(view::text(said).tone(Tone::Good)))
}

/// A query on one line of a table; the data has all of it.
fn line(query: &str) -> String {
    query.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kamld_sdk::schema::check;

    fn one() -> Saved {
        Saved {
            name: "by-state".into(),
            project: Some("birds".into()),
            query: "select state,\n  count(*)\nfrom strikes.\"2019.csv\"".into(),
            saved: 1,
        }
    }

    fn columns() -> Vec<SqlColumn> {
        vec![SqlColumn { name: "species".into(), type_: "VARCHAR".into(), nullable: true }]
    }

    #[test]
    fn every_answer_has_the_declared_shape() {
        check(&result_schema().into(), running(columns(), "r1").unwrap().data()).unwrap();
        check(&result_schema().into(), explained("scan").unwrap().data()).unwrap();
        let nowhere = Saved { project: None, ..one() };
        for saved in [saved(&one()), saved(&nowhere), removed(&one())] {
            check(&kept_schema().into(), saved.unwrap().data()).unwrap();
        }
        for queries in [&[][..], &[one(), nowhere]] {
            check(&list_schema().into(), list(queries).unwrap().data()).unwrap();
        }
        let past = Past { query: "select 1".into(), ran: 1, times: 2 };
        for past in [&[][..], &[(None, past.clone()), (Some("birds".into()), past)]] {
            check(&history_schema().into(), history(past).unwrap().data()).unwrap();
        }
        for queries in [0, 1, 7] {
            check(&forgotten_schema().into(), forgotten(queries).unwrap().data()).unwrap();
        }
    }

    #[test]
    fn the_view_points_at_the_rows_and_holds_none() {
        let nodes = running(columns(), "r1").unwrap().nodes();
        assert_eq!(nodes.len(), 1);
        assert_eq!(nodes[0].kind, "rows");
        assert_eq!(nodes[0].props, r#"{"result":"r1","columns":[{"name":"species","type":"VARCHAR"}]}"#);
    }

    #[test]
    fn a_query_of_many_lines_is_one_line_of_a_table_and_whole_in_the_data() {
        let outcome = list(&[one()]).unwrap();
        let table = outcome.nodes().into_iter().find(|node| node.kind == "table").unwrap();
        assert!(table.props.contains("select state, count(*) from strikes"), "{}", table.props);
        assert_eq!(outcome.data()["queries"][0]["query"], one().query);
    }

    #[test]
    fn words_for_one_and_for_many() {
        let said = |queries| forgotten(queries).unwrap().nodes()[0].props.clone();
        assert!(said(1).contains("1 query is forgotten") && said(2).contains("2 queries are forgotten"));
    }
}
