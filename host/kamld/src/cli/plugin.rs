//! `kamld plugin`: what is built, installed, granted and used.
//!
//! Lives here: the questions and the printing. Must not live here: building, checking, deciding.
//! Invariant: nothing is granted but by an option or by a person who has seen the needs and said yes.

use super::{
    client::{Client, octets},
    failure::{Result, Stop},
    local::{Local, PluginBuildArgs},
    output::{Output, aside, ask, can_ask},
    tree::{GrantArgs, InstallArgs, Plugin, RemoveArgs},
    view::{clean, clean_lines, json as drawn},
};
use kamld_types::{Kind, PluginId, Problem};
use reqwest::{Method, RequestBuilder, header};
use serde_json::{Value, json};
use std::{fmt::Write, io::Read, path::PathBuf};

/// The segments of a plug-in's own route.
struct Route {
    space: String,
    name: String,
}

impl Route {
    fn parse(text: &str) -> Result<Self> {
        let id = PluginId::new(text)?;
        let (space, name) = id.as_str().split_once('/').unwrap_or_default();
        Ok(Self { space: space.into(), name: name.into() })
    }

    fn request(&self, client: &Client, method: Method, below: &[&str]) -> RequestBuilder {
        let mut segments = vec!["plugins", self.space.as_str(), self.name.as_str()];
        segments.extend(below);
        client.request(method, client.url(&segments))
    }

    fn id(&self) -> String {
        format!("{}/{}", self.space, self.name)
    }
}

/// The component to install: the file that was named, or what its folder builds to.
pub fn component(local: &dyn Local, args: &InstallArgs) -> Result<PathBuf> {
    if args.path.is_dir() {
        return Ok(local.plugin_build(PluginBuildArgs { folder: args.path.clone(), output: None })?);
    }
    Ok(args.path.clone())
}

pub async fn install(client: &Client, file: PathBuf, args: &InstallArgs, output: &Output) -> Result<()> {
    let bytes = std::fs::read(&file).map_err(|e| {
        let kind = if e.kind() == std::io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Invalid };
        Problem::new(kind, format!("'{}' cannot be read: {e}", file.display()))
            .help("name a component (.wasm) or a folder with plugin.toml; nothing was installed")
    })?;
    let body = bytes::Bytes::from(bytes);
    let post = |query: &[(&str, &str)]| {
        let request = client.request(Method::POST, client.url_with(&["plugins"], query));
        client.json::<Value>(octets(request, "application/wasm", body.clone()))
    };
    // What it would replace is found out, shown and agreed to before anything is changed.
    let plan = post(&[("dry_run", "true")]).await?;
    let replaces = plan.pointer("/replaces/digest").and_then(Value::as_str);
    if replaces.is_some() {
        agree(&plan, args.grant_needs, output)?;
    }
    let send = |grant: bool| {
        let mut query = Vec::new();
        query.extend(replaces.map(|digest| ("replaces", digest)));
        query.extend(grant.then_some(("grant", "needs")));
        post(&query)
    };
    if args.grant_needs {
        return installed(&send(true).await?, output);
    }
    let answer = send(false).await?;
    if !waits(&answer) {
        installed(&answer, output)?;
        return not_granted(&answer, output);
    }
    if output.json {
        return output.data(&answer);
    }
    output.text(&needs(&answer))?;
    let id = answer.get("id").and_then(Value::as_str).unwrap_or("ID").to_owned();
    if can_ask() && ask(&format!("Grant {id} all of this?")) {
        let route = Route::parse(&id)?;
        grant_needs(client, &route, &answer).await?;
        let shown: Value = client.json(route.request(client, Method::GET, &[])).await?;
        return installed(&shown, output);
    }
    let grant = format!("kamld plugin grant {} --from-needs", clean(&id));
    output.text(&format!("{} is installed and does nothing until it is granted what it needs: {grant}\n", clean(&id)))
}

/// Shows what an installation would replace and asks; with `sure` it only shows. Where nobody can be asked and nobody said
/// that they are sure, nothing is replaced.
fn agree(plan: &Value, sure: bool, output: &Output) -> Result<()> {
    // On standard error: with --json the result is for a program.
    aside(replacement(plan).trim_end());
    let id = clean(plan.get("id").and_then(Value::as_str).unwrap_or_default());
    if sure {
        return Ok(());
    }
    if output.json || !can_ask() {
        let problem =
            Problem::conflict(format!("{id} is installed already, and nobody is there to agree that it is replaced"));
        return Err(problem
            .help("nothing was changed; -y replaces it without asking, and grants what it needs")
            .into());
    }
    match ask(&format!("Replace {id}?")) {
        true => Ok(()),
        false => Err(Problem::cancelled("nothing was changed").into()),
    }
}

/// What an installation would replace, in words.
fn replacement(plan: &Value) -> String {
    let text = |path: &str| clean(plan.pointer(path).and_then(Value::as_str).unwrap_or_default()).into_owned();
    let origin = |path: &str| match plan.pointer(path).and_then(Value::as_str) {
        Some("shipped") => "came with kamld",
        _ => "from a file",
    };
    let mut out = format!("this replaces {}\n", text("/id"));
    let _ = writeln!(
        out,
        "  installed: {}, {}, {}, {}",
        text("/replaces/version"),
        text("/replaces/digest"),
        origin("/replaces/origin"),
        text("/replaces/installed")
    );
    let _ = writeln!(out, "  new:       {}, {}, {}", text("/version"), text("/digest"), origin("/origin"));
    let new = plan.pointer("/replaces/new_needs").and_then(Value::as_array).cloned().unwrap_or_default();
    if new.is_empty() {
        out.push_str("  it needs nothing that it did not need before\n");
    } else {
        out.push_str("  it newly needs, and is not granted by being replaced:\n");
        list_needs(&mut out, &new);
    }
    if plan.pointer("/replaces/resets_grant") == Some(&Value::Bool(true)) {
        out.push_str("  it comes from elsewhere than the package before: the grant of that one is taken away\n");
    }
    out
}

/// After an upgrade: what the new package needs and does not have.
fn not_granted(answer: &Value, output: &Output) -> Result<()> {
    let lacks = answer.pointer("/not granted/needs").and_then(Value::as_array).is_some_and(|needs| !needs.is_empty());
    if lacks && !output.json {
        let id = clean(answer.get("id").and_then(Value::as_str).unwrap_or("ID"));
        aside(&format!("it is not granted all that it needs: kamld plugin show {id} says what is missing"));
    }
    Ok(())
}

async fn grant_needs(client: &Client, route: &Route, shown: &Value) -> Result<Value> {
    // The text says what the person saw; a server that can take the needs from the manifest itself does so.
    let segments = ["plugins", route.space.as_str(), route.name.as_str(), "grant"];
    let request = client.request(Method::PUT, client.url_with(&segments, &[("from", "needs")]));
    answer(client, toml(request, all_needs(shown, &route.id()))).await
}

fn waits(answer: &Value) -> bool {
    answer.get("state").and_then(Value::as_str).is_some_and(|state| state.contains("waiting"))
}

fn installed(answer: &Value, output: &Output) -> Result<()> {
    if output.json {
        return output.data(answer);
    }
    let text = |key: &str| clean(answer.get(key).and_then(Value::as_str).unwrap_or_default()).into_owned();
    let line = format!("{} {}", text("id"), text("version"));
    output.text(&format!(
        "installed {}, {}\n",
        line.trim(),
        if text("state").is_empty() { "active".into() } else { text("state") }
    ))
}

fn words_of(value: Option<&Value>) -> String {
    match value {
        Some(Value::Array(items)) => {
            items.iter().filter_map(Value::as_str).map(|i| clean(i).into_owned()).collect::<Vec<_>>().join(", ")
        }
        Some(Value::String(text)) => clean(text).into_owned(),
        _ => String::new(),
    }
}

/// What a plug-in would bring, and its needs in words: what, on what, why; and whether the component imports it at all.
fn needs(answer: &Value) -> String {
    let mut out = String::new();
    let id = words_of(answer.get("id"));
    let id = if id.is_empty() { "this plug-in".to_owned() } else { id };
    let brings =
        [("commands", "commands"), ("surfaces", "on the page"), ("draws", "draws"), ("describes", "describes")];
    let brings: Vec<_> = brings
        .iter()
        .map(|(key, label)| (label, words_of(answer.get(*key))))
        .filter(|(_, brought)| !brought.is_empty())
        .collect();
    if !brings.is_empty() {
        let _ = writeln!(out, "{id} would bring:");
        for (label, brought) in brings {
            let _ = writeln!(out, "  {label}: {brought}");
        }
    }
    match answer.get("needs").and_then(Value::as_array) {
        Some(needs) if !needs.is_empty() => {
            let _ = writeln!(out, "{id} needs:");
            list_needs(&mut out, needs);
        }
        _ => {
            let _ = writeln!(out, "{id} needs nothing, but to be allowed to run");
        }
    }
    out
}

fn list_needs(out: &mut String, needs: &[Value]) {
    for need in needs {
        let _ = write!(out, "  {}", words_of(need.get("interface")));
        let verbs = words_of(need.get("verbs"));
        let on = words_of(need.get("resources").or_else(|| need.get("on")));
        if !verbs.is_empty() {
            let _ = write!(out, ": {verbs}");
        }
        if !on.is_empty() {
            let _ = write!(out, " of {on}");
        }
        if need.get("imported") == Some(&Value::Bool(false)) {
            out.push_str(" (not imported by this component)");
        }
        out.push('\n');
        for line in clean_lines(need.get("reason").and_then(Value::as_str).unwrap_or_default()) {
            let _ = writeln!(out, "      {line}");
        }
    }
}

pub async fn run(client: &Client, command: &Plugin, output: &Output) -> Result<()> {
    let said = |plugin: &str, what: &str, answer: Value| {
        if output.json { output.data(&answer) } else { output.text(&format!("{plugin} {what}\n")) }
    };
    match command {
        Plugin::List => list(&client.json(client.get(&["plugins"])).await?, output),
        Plugin::Ledger => list(&client.json(client.get(&["plugins", "ledger"])).await?, output),
        Plugin::Show(args) => {
            let route = Route::parse(&args.id)?;
            output.value(&client.json(route.request(client, Method::GET, &[])).await?)
        }
        Plugin::Enable(args) => said(&args.id, "is enabled", act(client, &args.id, "enable").await?),
        Plugin::Disable(args) => said(&args.id, "is disabled", act(client, &args.id, "disable").await?),
        Plugin::Rollback(args) => {
            said(&args.id, "is back at the version before", act(client, &args.id, "rollback").await?)
        }
        Plugin::Remove(args) => remove(client, args, output).await,
        Plugin::Grant(args) => grant(client, args, output).await,
        Plugin::Revoke(args) => {
            let route = Route::parse(&args.id)?;
            let now = put_grant(client, &route, "").await?;
            said(&args.id, "may do nothing any more", now)
        }
        Plugin::New(_) | Plugin::Build(_) | Plugin::Check(_) | Plugin::Install(_) => Ok(()),
    }
}

async fn act(client: &Client, id: &str, what: &str) -> Result<Value> {
    answer(client, Route::parse(id)?.request(client, Method::POST, &[what])).await
}

/// The JSON of an answer; an empty one says `{}`.
async fn answer(client: &Client, request: RequestBuilder) -> Result<Value> {
    let body = client.send(request).await?.bytes().await.map_err(|e| client.lost(&e))?;
    Ok(serde_json::from_slice(&body).unwrap_or_else(|_| json!({})))
}

/// `{"plugins": [...]}`, `{"entries": [...]}` or a list itself, as a table.
fn list(answer: &Value, output: &Output) -> Result<()> {
    if output.json {
        return output.data(answer);
    }
    let rows = answer.as_array().or_else(|| answer.as_object().and_then(|o| o.values().find_map(Value::as_array)));
    match rows {
        Some(rows) if rows.is_empty() => output.text("no plug-ins are installed\n"),
        Some(rows) => {
            let mut text = String::new();
            drawn::table(&mut text, rows, &output.style);
            output.text(&text)
        }
        None => output.value(answer),
    }
}

async fn remove(client: &Client, args: &RemoveArgs, output: &Output) -> Result<()> {
    let route = Route::parse(&args.plugin.id)?;
    if !args.yes && can_ask() && !ask(&format!("Remove {}? What it stored stays.", route.id())) {
        return Err(Problem::cancelled("nothing was removed").into());
    }
    let done = answer(client, route.request(client, Method::DELETE, &[])).await?;
    if output.json { output.data(&done) } else { output.text(&format!("removed {}\n", route.id())) }
}

async fn grant(client: &Client, args: &GrantArgs, output: &Output) -> Result<()> {
    let route = Route::parse(&args.plugin.id)?;
    let text = if args.from_needs {
        let shown: Value = client.json(route.request(client, Method::GET, &[])).await?;
        let now = grant_needs(client, &route, &shown).await?;
        return granted(&route, &now, output);
    } else if let Some(file) = &args.file {
        read_text(file)?
    } else {
        let now = text(client, &route).await?;
        if args.remove.is_empty() {
            return if output.json { output.data(&json!({"grant": now})) } else { output.text(&plain(&now)) };
        }
        without(&now, &args.remove)?
    };
    let now = put_grant(client, &route, &text).await?;
    granted(&route, &now, output)
}

/// A grant is shown as it would be typed; what a terminal would act on is not.
fn plain(text: &str) -> String {
    clean_lines(text).iter().map(|line| format!("{line}\n")).collect()
}

fn granted(route: &Route, now: &Value, output: &Output) -> Result<()> {
    if output.json { output.data(now) } else { output.text(&format!("the grant of {} is changed\n", route.id())) }
}

async fn text(client: &Client, route: &Route) -> Result<String> {
    let response = client.send(route.request(client, Method::GET, &["grant"])).await?;
    response.text().await.map_err(|e| client.lost(&e))
}

fn toml(request: RequestBuilder, text: String) -> RequestBuilder {
    request.header(header::CONTENT_TYPE, "application/toml").body(text)
}

async fn put_grant(client: &Client, route: &Route, text: &str) -> Result<Value> {
    answer(client, toml(route.request(client, Method::PUT, &["grant"]), text.to_owned())).await
}

fn read_text(file: &std::path::Path) -> Result<String> {
    let mut text = String::new();
    let read = if file == std::path::Path::new("-") {
        std::io::stdin().lock().read_to_string(&mut text).map(|_| ())
    } else {
        std::fs::read_to_string(file).map(|read| text = read)
    };
    let cannot = |e: std::io::Error| Problem::invalid(format!("'{}' cannot be read: {e}", file.display()));
    read.map_err(|e| Stop::from(cannot(e).help("the grant is as it was")))?;
    Ok(text)
}

/// The grant without some interfaces; comments and order stay.
fn without(grant: &str, interfaces: &[String]) -> Result<String> {
    let mut document: toml_edit::DocumentMut =
        grant.parse().map_err(|e| Problem::internal(format!("the grant that the server keeps cannot be read: {e}")))?;
    for interface in interfaces {
        if !take(document.as_table_mut(), interface) {
            return Err(Problem::not_found(format!("the grant does not name '{interface}'"))
                .help("it is as it was; `kamld plugin grant ID` shows it")
                .into());
        }
    }
    Ok(document.to_string())
}

/// Takes every table about an interface out of the lists of tables, at any depth. Answers whether there was one.
fn take(table: &mut toml_edit::Table, interface: &str) -> bool {
    let mut found = false;
    for (_, item) in table.iter_mut() {
        if let Some(tables) = item.as_array_of_tables_mut() {
            let before = tables.len();
            tables.retain(|table| table.get("interface").and_then(|i| i.as_str()) != Some(interface));
            found |= tables.len() != before;
            for table in tables.iter_mut() {
                found |= take(table, interface);
            }
        }
    }
    found
}

/// All that a plug-in needs as the text of a grant, with the reasons as comments.
fn all_needs(shown: &Value, id: &str) -> String {
    use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};
    let mut allow = ArrayOfTables::new();
    for need in shown.get("needs").and_then(Value::as_array).into_iter().flatten() {
        let mut table = Table::new();
        let reason = clean(need.get("reason").and_then(Value::as_str).unwrap_or_default());
        table.decor_mut().set_prefix(format!("\n# {reason}\n"));
        table.insert("interface", value(need.get("interface").and_then(Value::as_str).unwrap_or_default()));
        for name in ["verbs", "resources"] {
            let items = need.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            table.insert(name, value(items.collect::<Array>()));
        }
        allow.push(table);
    }
    let mut grant = Table::new();
    grant.insert("plugin", value(id));
    grant.insert("allow", Item::ArrayOfTables(allow));
    let mut grants = ArrayOfTables::new();
    grants.push(grant);
    let mut document = DocumentMut::new();
    document.insert("grant", Item::ArrayOfTables(grants));
    document.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_are_told_with_their_reasons() {
        let answer = json!({"id": "anna/leaves", "state": "waiting for a grant", "needs": [
            {"interface": "kamld:storage/objects", "verbs": ["read", "list"], "resources": ["*"], "reason": "to draw\x1b leaves"},
            {"interface": "kamld:metadata/kv", "verbs": ["read"], "imported": false, "reason": "to remember"},
        ]});
        assert!(waits(&answer));
        assert_eq!(
            needs(&answer),
            "anna/leaves needs:\n  kamld:storage/objects: read, list of *\n      to draw\\u{1b} leaves\n  \
             kamld:metadata/kv: read (not imported by this component)\n      to remember\n"
        );
    }

    #[test]
    fn taking_an_interface_back_keeps_the_rest_as_it_is_written() {
        let head = "# by anna\n[[grant]]\nplugin = \"anna/leaves\"\n\n";
        let grant = format!(
            "{head}[[grant.allow]]\ninterface = \"a:b/c\"\nverbs = [\"read\"]\n\n[[grant.allow]]\ninterface = \"a:b/d\"\n"
        );
        let rest = without(&grant, &["a:b/d".into()]).unwrap();
        assert_eq!(rest, format!("{head}[[grant.allow]]\ninterface = \"a:b/c\"\nverbs = [\"read\"]\n"));
        assert_eq!(without(&grant, &["x:y/z".into()]).unwrap_err().kind(), Some(Kind::NotFound));
    }

    #[test]
    fn a_grant_of_all_needs_carries_their_reasons() {
        let shown = json!({"needs": [
            {"interface": "kamld:storage/objects", "verbs": ["read", "list"], "resources": ["**"], "reason": "to draw\nleaves"},
        ]});
        assert_eq!(
            all_needs(&shown, "anna/leaves"),
            "[[grant]]\nplugin = \"anna/leaves\"\n\n# to draw\\nleaves\n[[grant.allow]]\n\
             interface = \"kamld:storage/objects\"\nverbs = [\"read\", \"list\"]\nresources = [\"**\"]\n"
        );
    }
}
