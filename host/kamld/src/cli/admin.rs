//! `kamld status`, `audit`, `storage check`, `index rebuild`: what concerns the host itself.
//!
//! Lives here: the calls and their printing. Must not live here: plug-ins.

use super::{
    client::{self, Client},
    failure::{Result, Stop},
    lines::Lines,
    output::{Output, aside},
    transfer::Steps,
    tree::{Audit, AuditArgs, AuditListArgs},
    view::{json as drawn, words},
};
use kamld_types::Problem;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use std::{fs::File, io::Write, path::Path};

/// The newest entries are what a person looks for first.
const LIST: u64 = 50;
const PAGE: u64 = 1000;

pub async fn status(client: &Client, output: &Output) -> Result<()> {
    output.value(&client.json(client.get(&["status"])).await?)
}

pub async fn storage_check(client: &Client, repair: bool, output: &Output) -> Result<()> {
    let query: &[(&str, &str)] = if repair { &[("repair", "true")] } else { &[] };
    let request = client.post_with(&["storage", "check"], query);
    let report = watched(client, request, "reading everything that is stored", output).await?;
    output.value(&report)?;
    if repair && !output.json {
        aside(&format!("Repaired {}", words::some(count(&report, "repaired"), "part", "parts")));
    }
    let damaged = count(&report, "damaged");
    if damaged == 0 {
        return Ok(());
    }
    let help = match repair {
        true => {
            "no good copy of them is in the store; put the same bytes again with the commands in the report, or restore \
             the data folder from a copy"
        }
        false => {
            "nothing was changed; `kamld storage check --repair` repairs what has a good copy in the store, and putting \
             the same bytes again repairs the rest"
        }
    };
    Err(Problem::corrupt(format!("{} damaged", words::some(damaged, "object is", "objects are"))).help(help).into())
}

/// How many things a report names, as a list or as a number.
fn count(report: &Value, name: &str) -> u64 {
    let named = report.get(name);
    named.and_then(Value::as_array).map(|list| list.len() as u64).or(named.and_then(Value::as_u64)).unwrap_or_default()
}

pub async fn index_rebuild(client: &Client, output: &Output) -> Result<()> {
    let request = client.post(&["index", "rebuild"]);
    output.value(&watched(client, request, "building the index anew", output).await?)
}

/// Long work that tells its progress line by line; the last line is its report.
pub async fn watched(client: &Client, request: RequestBuilder, what: &str, output: &Output) -> Result<Value> {
    let response = client.send(request).await?;
    let bar = Steps::new(what, !output.json);
    let mut lines = Lines::of(client, response);
    let mut last = None;
    while let Some(line) = lines.next().await? {
        if let Some(problem) = line.get("problem").filter(|problem| problem.is_object()) {
            return Err(client::told(problem));
        }
        bar.show(&drawn::line(&Value::Object(line.clone())));
        last = Some(Value::Object(line));
    }
    last.ok_or_else(|| Problem::unavailable("the work ended without a report").help("run the command again").into())
}

pub async fn audit(client: &Client, args: &AuditArgs, output: &Output) -> Result<()> {
    match &args.command {
        None => list(client, &args.list, output).await,
        Some(Audit::List(args)) => list(client, args, output).await,
        Some(Audit::Verify { all }) => verify(client, *all, output).await,
        Some(Audit::Export { output: file }) => export(client, file.as_deref(), output).await,
    }
}

async fn page(client: &Client, after: Option<u64>, limit: u64) -> Result<Vec<Value>> {
    let (limit, after) = (limit.to_string(), after.map(|after| after.to_string()));
    let mut query = vec![("limit", limit.as_str())];
    query.extend(after.as_deref().map(|after| ("after", after)));
    let answer: Value = client.json(client.get_with(&["audit"], &query)).await?;
    let entries = match answer {
        Value::Array(entries) => entries,
        Value::Object(mut object) => match object.remove("entries") {
            Some(Value::Array(entries)) => entries,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    Ok(entries)
}

/// The number that the next page starts behind.
fn number(entry: &Value) -> Option<u64> {
    entry.get("seq").and_then(Value::as_u64)
}

/// Every entry behind `after`, page by page.
async fn each(client: &Client, after: Option<u64>, mut take: impl FnMut(Value) -> Result<bool>) -> Result<()> {
    let mut after = after;
    loop {
        let entries = page(client, after, PAGE).await?;
        let last = entries.last().and_then(number);
        let full = entries.len() as u64 == PAGE;
        for entry in entries {
            if !take(entry)? {
                return Ok(());
            }
        }
        // A page that does not lead on would never end.
        if !full || last.is_none() || last <= after {
            return Ok(());
        }
        after = last;
    }
}

async fn list(client: &Client, args: &AuditListArgs, output: &Output) -> Result<()> {
    let limit = args.limit.unwrap_or(LIST) as usize;
    // Without a start the newest are meant: read on to the end, and keep the last ones.
    let mut kept = std::collections::VecDeque::new();
    let from_start = args.after.is_some();
    each(client, args.after, |entry| {
        kept.push_back(entry);
        if from_start {
            return Ok(kept.len() < limit);
        }
        if kept.len() > limit {
            kept.pop_front();
        }
        Ok(true)
    })
    .await?;
    let entries: Vec<Value> = kept.into();
    if output.json {
        return output.data(&json!({"entries": entries}));
    }
    if entries.is_empty() {
        return output.text("the audit log has no entries there\n");
    }
    // The chain of hashes is for `verify`; a person reads what happened.
    let shown: Vec<Value> = entries
        .into_iter()
        .map(|mut entry| {
            if let Some(members) = entry.as_object_mut() {
                members.retain(|key, _| !matches!(key.as_str(), "hash" | "prev"));
            }
            entry
        })
        .collect();
    let mut text = String::new();
    drawn::table(&mut text, &shown, &output.style);
    output.text(&text)
}

async fn verify(client: &Client, all: bool, output: &Output) -> Result<()> {
    let query: &[(&str, &str)] = if all { &[("all", "true")] } else { &[] };
    let answer: Value = client.json(client.get_with(&["audit", "verify"], query)).await?;
    output.value(&answer)?;
    if answer.get("broken_at").is_none_or(Value::is_null) {
        return Ok(());
    }
    let message = answer.pointer("/problem/message").and_then(Value::as_str);
    let message = message.unwrap_or("the audit log was changed after it was written");
    Err(Problem::corrupt(message).help("entries before the first wrong one can be relied on").into())
}

async fn export(client: &Client, file: Option<&Path>, output: &Output) -> Result<()> {
    let Some(file) = file else {
        return each(client, None, |entry| output.text(&format!("{entry}\n")).map(|()| true)).await;
    };
    let cannot =
        |e: std::io::Error| Stop::from(Problem::unavailable(format!("'{}' cannot be written: {e}", file.display())));
    let mut writer = std::io::BufWriter::new(File::create(file).map_err(cannot)?);
    let mut count = 0;
    each(client, None, |entry| {
        count += 1;
        writeln!(writer, "{entry}").map(|()| true).map_err(cannot)
    })
    .await?;
    writer.flush().map_err(cannot)?;
    if output.json {
        return output.data(&json!({"entries": count, "file": file.to_string_lossy()}));
    }
    aside(&format!("wrote {} to {}", words::some(count, "entry", "entries"), file.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_with_damage_is_not_well() {
        assert_eq!(count(&json!({"objects": 5}), "damaged"), 0);
        assert_eq!(count(&json!({"damaged": []}), "damaged"), 0);
        assert_eq!(count(&json!({"damaged": [{"what": "a"}, {"what": "b"}]}), "damaged"), 2);
    }
}
