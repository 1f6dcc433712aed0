//! `branch create|list|remove` and `version create|list`.

use crate::shape::{self, Branch, Version};
use kamld_sdk::{
    Args, Outcome, Result,
    storage::refs,
    view::{self, Tone, View},
};

pub fn create_branch(args: &Args) -> Result<Outcome> {
    let id = args.asset("asset")?;
    let branch = refs::create_branch(&id.project, &id.asset, args.need_text("name")?, args.text("from")?)?;
    let view = View::new()
        .show(view::text(format!("branch {} is there", branch.name)).tone(Tone::Good))
        .show(view::hint("put files into it").command(format!("kamld put FILE... {id}@{}", branch.name)));
    Ok(Outcome::new(&Branch::from(branch))?.view(view))
}

pub fn branches(args: &Args) -> Result<Outcome> {
    let id = args.asset("asset")?;
    shape::branches(refs::branches(&id.project, &id.asset)?.into_iter().map(Into::into).collect())
}

pub fn remove_branch(args: &Args) -> Result<Outcome> {
    let id = args.asset("asset")?;
    let name = args.need_text("name")?;
    refs::remove_branch(&id.project, &id.asset, name, args.flag("force"))?;
    let view = view::text(format!("branch {name} of {id} is removed")).tone(Tone::Good);
    Ok(Outcome::new(&serde_json::json!({ "removed": name }))?.view(view))
}

pub fn create_version(args: &Args) -> Result<Outcome> {
    let id = args.asset("asset")?;
    let (name, message) = (args.need_text("name")?, args.text("message")?.unwrap_or_default());
    let version = Version::from(refs::create_version(&id.project, &id.asset, name, args.text("ref")?, message)?);
    let said = format!("version {name} of {id} is commit {}", shape::short(&version.commit));
    let view = View::new()
        .show(view::text(said).tone(Tone::Good))
        .show(view::hint("it is an address of its own now").command(format!("kamld ls {id}@{name}")));
    Ok(Outcome::new(&version)?.view(view))
}

pub fn versions(args: &Args) -> Result<Outcome> {
    let id = args.asset("asset")?;
    let versions = refs::versions(&id.project, &id.asset)?.into_iter().map(Into::into).collect();
    shape::versions(&id.to_string(), versions)
}
