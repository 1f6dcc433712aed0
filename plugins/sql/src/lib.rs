//! The command `sql`: a query over objects in place.
//!
//! Must not live here: planning, formatting rows. Invariant: no row passes through this plug-in.

use kamld_sdk::{
    Arg, Args, Command, Commands, Error, HasCommands, Outcome, Result, Schema, context,
    metadata::{
        projects,
        sql::{self, Options},
        types::Column,
    },
    schema,
    view::{self, View},
};
use serde_json::json;

struct Plugin;

kamld_sdk::plugin! { commands: Plugin }

impl HasCommands for Plugin {
    fn commands() -> Commands {
        Commands::new().on(
            Command::new(["sql"])
                .summary("Query files in place")
                .about(
                    "A table is ASSET.\"PATH\", at a ref ASSET@REF.\"PATH\", of another project PROJECT.ASSET.\"PATH\".\n\
                     A path may hold *, ** and ?. CSV, TSV, JSON, JSON Lines, Parquet and Arrow are tables.",
                )
                .arg(Arg::positional("query").required().help("one SQL query"))
                .arg(Arg::option("project").project().help("where assets are looked up; else the only project"))
                .flag("explain", "show how the query would run instead of running it")
                .example("sql 'select species, count(*) from strikes.\"2019.csv\" group by 1'", "rows on the terminal")
                .example("sql 'select * from strikes@v1.\"2019/*.csv\"' --format csv", "many files, as of version v1")
                .output(output()),
            run,
        )
    }
}

fn output() -> Schema {
    let column = schema::object([("name", schema::text()), ("type", schema::text()), ("nullable", schema::boolean())]);
    schema::object([
        ("columns", schema::list(column)),
        ("result", schema::nullable(schema::text().says("GET /api/v1/results/ID streams the rows, once"))),
        ("plan", schema::nullable(schema::text().says("with --explain: how the query would run"))),
    ])
}

fn run(args: &Args) -> Result<Outcome> {
    let text = args.need_text("query")?;
    if text.trim().is_empty() {
        return Err(Error::invalid("the query is empty").help("such as: select * from strikes.\"2019.csv\" limit 10"));
    }
    let options = Options { project: project(args)? };
    if args.flag("explain") {
        return explained(&sql::explain(text, &options)?);
    }
    let query = sql::run(text, &options)?;
    running(query.columns(), &query.hand_over()?)
}

/// The project named by option or by the call, else the only one there is. None leaves it to the query,
/// which may name the project of every table itself.
fn project(args: &Args) -> Result<Option<String>> {
    if let Some(project) = args.text("project")? {
        return Ok(Some(project.to_owned()));
    }
    if let Some(project) = context().project {
        return Ok(Some(project));
    }
    let mut all = projects::list()?;
    Ok(if all.len() == 1 { all.pop().map(|project| project.name) } else { None })
}

fn explained(plan: &str) -> Result<Outcome> {
    let data = json!({ "columns": [], "result": null, "plan": plan });
    Ok(Outcome::new(&data)?.view(view::code(plan).language("text")))
}

fn running(columns: Vec<Column>, result: &str) -> Result<Outcome> {
    let shown = columns.iter().map(|column| view::RowColumn::new(&column.name, &column.type_));
    let view = View::from(view::rows(result, shown));
    let columns: Vec<_> = columns
        .iter()
        .map(|column| json!({ "name": column.name, "type": column.type_, "nullable": column.nullable }))
        .collect();
    Ok(Outcome::new(&json!({ "columns": columns, "result": result, "plan": null }))?.view(view))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kamld_sdk::schema::check;

    #[test]
    fn every_answer_has_the_declared_shape() {
        let columns = vec![Column { name: "species".into(), type_: "VARCHAR".into(), nullable: true }];
        check(&output().into(), running(columns, "r1").unwrap().data()).unwrap();
        check(&output().into(), explained("scan").unwrap().data()).unwrap();
    }

    #[test]
    fn the_view_points_at_the_rows_and_holds_none() {
        let columns = vec![Column { name: "species".into(), type_: "VARCHAR".into(), nullable: true }];
        let nodes = running(columns, "r1").unwrap().nodes();
        assert_eq!(nodes.len(), 1);
        assert_eq!(nodes[0].kind, "rows");
        assert_eq!(nodes[0].props, r#"{"result":"r1","columns":[{"name":"species","type":"VARCHAR"}]}"#);
    }
}
