//! `sql`: runs a query and hands its rows over.
//!
//! Invariant: once a query runs, nothing that is remembered about it can make it fail.

use crate::{history, shape};
use kamld_sdk::{
    Args, Error, Outcome, Result, context,
    kept::Host,
    metadata::{
        projects,
        sql::{self, Options},
    },
};
use std::time::{SystemTime, UNIX_EPOCH};

pub fn sql(args: &Args) -> Result<Outcome> {
    let text = args.need_text("query")?;
    check(text)?;
    query(text, project(args)?, args.flag("explain"))
}

pub fn check(text: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::invalid("the query is empty").help("such as: select * from strikes.\"2019.csv\" limit 10"));
    }
    Ok(())
}

pub fn query(text: &str, project: Option<String>, explain: bool) -> Result<Outcome> {
    let options = Options { project };
    if explain {
        return shape::explained(&sql::explain(text, &options)?);
    }
    let query = sql::run(text, &options)?;
    let outcome = shape::running(query.columns(), &query.hand_over()?)?;
    // A full space, a narrow grant, a host that is stopping: the rows are worth more than the history.
    let _ = history::remember(&Host, &context().person, options.project.as_deref(), text, now());
    Ok(outcome)
}

/// The project named by option or by the call, else the only one there is. None leaves it to the query,
/// which may name the project of every table itself.
pub fn project(args: &Args) -> Result<Option<String>> {
    if let Some(project) = args.text("project")? {
        return Ok(Some(project.to_owned()));
    }
    if let Some(project) = context().project {
        return Ok(Some(project));
    }
    let mut all = projects::list()?;
    Ok(if all.len() == 1 { all.pop().map(|project| project.name) } else { None })
}

/// Milliseconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
