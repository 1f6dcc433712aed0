//! `changes`, `commit`, `log`, `diff` and `restore`.

use crate::shape::{self, Commit};
use kamld_sdk::{
    Address, Args, Error, Outcome, Result, format,
    storage::{history, refs},
    view::{self, Tone, View},
};

pub fn changes(args: &Args) -> Result<Outcome> {
    let address = args.asset("asset")?;
    let Address { project, asset, at, .. } = &address;
    let limit = args.integer_within("limit", 1, 1000, 200)? as u32;
    let page = history::changes(project, asset, at.as_deref(), args.text("after")?, limit)?;
    let hint = if page.changes.is_empty() {
        view::hint("put files to change something").command(format!("kamld put FILE... {address}"))
    } else {
        view::hint("make them part of the history").command(format!("kamld commit {address} -m MESSAGE"))
    };
    let none = format!("nothing has changed in {address} since its last commit");
    shape::changes(&address.to_string(), page, &none, Some(hint))
}

pub fn commit(args: &Args) -> Result<Outcome> {
    let address = args.asset("asset")?;
    let Address { project, asset, at, .. } = &address;
    let properties = shape::properties(&args.texts("property")?)?;
    let message = args.need_text("message")?.trim();
    if message.is_empty() {
        return Err(Error::invalid("the message is empty, and nothing was committed")
            .help("say in a sentence what changed and why: -m 'strikes of 2019'"));
    }
    let commit = Commit::new(history::commit(project, asset, at.as_deref(), message, &properties)?, Vec::new());
    let said = format!("committed {} as {}", format::counted(commit.objects, "object", "objects"), commit.short());
    let view = View::new().show(view::text(said).tone(Tone::Good)).show(
        view::hint("give it a name that never moves")
            .command(format!("kamld version create {project}/{asset} NAME --ref {}", commit.short())),
    );
    Ok(Outcome::new(&commit)?.view(view))
}

pub fn log(args: &Args) -> Result<Outcome> {
    let address = args.asset("asset")?;
    let Address { project, asset, at, .. } = &address;
    let limit = args.integer_within("limit", 1, 1000, 20)? as u32;
    let commits = refs::log(project, asset, at.as_deref(), limit)?;
    let names = shape::Names::new(&refs::branches(project, asset)?, &refs::versions(project, asset)?);
    let next = (commits.len() == limit as usize).then(|| commits.last()?.parents.first().cloned()).flatten();
    let commits = commits.into_iter().map(|commit| {
        let names = names.of(&commit.id);
        Commit::new(commit, names)
    });
    shape::log(&address, commits.collect(), next)
}

pub fn diff(args: &Args) -> Result<Outcome> {
    let Address { project, asset, .. } = args.asset("asset")?;
    let (from, to) = (args.need_text("from")?, args.need_text("to")?);
    let limit = args.integer_within("limit", 1, 1000, 200)? as u32;
    let page = history::diff(&project, &asset, from, to, args.text("after")?, limit)?;
    let none = format!("{from} and {to} of {project}/{asset} are the same");
    shape::changes(&format!("{project}/{asset}"), page, &none, None)
}

pub fn restore(args: &Args) -> Result<Outcome> {
    let address = args.asset("asset")?;
    let Address { project, asset, at, .. } = &address;
    let to = args.text("ref")?;
    let changed = history::restore(project, asset, at.as_deref(), to, &args.texts("path")?)?;
    let state = to.unwrap_or("the last commit");
    let view = if changed == 0 {
        View::from(view::text(format!("{address} is as it was at {state} already; nothing was changed")))
    } else {
        let said = format!("set {} back to {state}", format::counted(changed, "object", "objects"));
        let done = View::new().show(view::text(said).tone(Tone::Good));
        done.show_some(to.map(|_| {
            view::hint("make the return part of the history").command(format!("kamld commit {address} -m MESSAGE"))
        }))
    };
    Ok(Outcome::new(&serde_json::json!({ "asset": address.to_string(), "changed": changed }))?.view(view))
}
