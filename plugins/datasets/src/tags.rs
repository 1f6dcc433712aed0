//! `tag add`, `tag remove` and `tag list`.

use crate::shape;
use kamld_sdk::{Address, Args, Error, Outcome, Result, metadata::catalog};

pub fn add(args: &Args) -> Result<Outcome> {
    let subject = subject(args)?;
    let document = catalog::add_tags(&subject, &args.texts("tag")?)?;
    shape::tags::answer(&subject, &document.tags)
}

pub fn remove(args: &Args) -> Result<Outcome> {
    let subject = subject(args)?;
    let document = catalog::remove_tags(&subject, &args.texts("tag")?)?;
    shape::tags::answer(&subject, &document.tags)
}

pub fn list(args: &Args) -> Result<Outcome> {
    let project = args.text("project")?;
    shape::tags::listed(&catalog::tags(project)?)
}

/// What the catalogue calls the thing at an address; that it is there, the catalogue checks itself.
fn subject(args: &Args) -> Result<String> {
    let address = args.need_address("address")?;
    if address.at.is_some() {
        let plain = Address { at: None, ..address.clone() };
        return Err(Error::invalid(format!(
            "'{address}' names a ref, and tags are not kept by ref; nothing was changed"
        ))
        .help(format!("leave the ref away: {plain}")));
    }
    if address.is_folder() {
        return Err(Error::invalid(format!("'{address}' is a folder, and folders have no tags; nothing was changed"))
            .help("tag the asset, or the objects one by one"));
    }
    Ok(address.subject())
}
