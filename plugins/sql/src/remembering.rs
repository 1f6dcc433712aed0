//! The commands `query ...`: what a person keeps, and what ran.
//!
//! Must not live here: keys and limits (`saved`, `history`), data and views (`shape`). Invariant: the person is the
//! one who calls, as the host says; no argument can name another.

use crate::{
    history::{self as past, MOST},
    running,
    saved::{self, Saved},
    shape,
};
use kamld_sdk::{Args, Error, Outcome, Result, context, kept::Host, metadata::projects};

pub fn save(args: &Args) -> Result<Outcome> {
    let person = context().person;
    let name = args.need_text("name")?;
    let (project, query) = match args.text("query")? {
        Some(query) => {
            running::check(query)?;
            (running::project(args)?, query.trim().to_owned())
        }
        None => last(&person, args.text("project")?)?,
    };
    if let Some(project) = &project {
        // A project that is mistyped is said now, and not when the query runs.
        projects::get(project)?;
    }
    let wanted = Saved { name: name.to_owned(), project, query, saved: running::now() };
    saved::save(&Host, &person, &wanted, args.flag("replace"))?;
    shape::saved(&wanted)
}

/// The query that ran last, with the project that it ran in.
fn last(person: &str, project: Option<&str>) -> Result<(Option<String>, String)> {
    let newest = past::read(&Host, person, project)?.into_iter().next();
    let (project, past) = newest.ok_or_else(|| {
        Error::not_found("no query of yours ran yet, so there is none to keep")
            .help("put the query behind the name: kamld query save NAME 'select ...'")
    })?;
    Ok((project, past.query))
}

pub fn list(args: &Args) -> Result<Outcome> {
    shape::list(&saved::list(&Host, &context().person, args.text("project")?)?)
}

pub fn run(args: &Args) -> Result<Outcome> {
    let found = find(args)?;
    running::query(&found.query, found.project, args.flag("explain"))
}

pub fn remove(args: &Args) -> Result<Outcome> {
    let found = find(args)?;
    saved::remove(&Host, &context().person, &found)?;
    shape::removed(&found)
}

fn find(args: &Args) -> Result<Saved> {
    let name = args.need_text("name")?;
    let here = running::project(args)?;
    saved::find(&Host, &context().person, name, args.text("project")?, here.as_deref())
}

pub fn history(args: &Args) -> Result<Outcome> {
    let limit = args.integer_within("limit", 1, MOST as i64, 20)? as usize;
    let mut all = past::read(&Host, &context().person, args.text("project")?)?;
    all.truncate(limit);
    shape::history(&all)
}

pub fn forget(args: &Args) -> Result<Outcome> {
    shape::forgotten(past::forget(&Host, &context().person, args.text("project")?)?)
}
