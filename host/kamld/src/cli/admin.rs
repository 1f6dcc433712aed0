//! `kamld status`, `audit`, `storage check`, `index rebuild`: what concerns the host itself.
//!
//! Lives here: the calls and their printing. Must not live here: plug-ins.

use super::{
    client::Client,
    failure::{Result, Stop},
    output::{Output, aside},
    tree::{Audit, AuditArgs, AuditListArgs},
    view::{json as drawn, words},
};
use kamld_types::Problem;
use serde_json::{Value, json};
use std::{fs::File, io::Write, path::Path};

/// The newest entries are what a person looks for first.
const LIST: u64 = 50;
const PAGE: u64 = 1000;

pub async fn status(client: &Client, output: &Output) -> Result<()> {
    output.value(&client.json(client.get(&["status"])).await?)
}

pub async fn storage_check(client: &Client, output: &Output) -> Result<()> {
    working("reading everything that is stored", output);
    let report: Value = client.json(client.post(&["storage", "check"])).await?;
    output.value(&report)?;
    let Some(count) = damaged(&report) else { return Ok(()) };
    Err(Problem::corrupt(format!("{} damaged", words::some(count, "object is", "objects are")))
        .help("nothing was changed; the list above names them, and putting the same bytes again mends them")
        .into())
}

/// How many things a report names as damaged; none when all is well.
fn damaged(report: &Value) -> Option<u64> {
    let members = ["damaged", "corrupt", "missing"];
    let count = |value: &Value| value.as_array().map(|list| list.len() as u64).or(value.as_u64()).unwrap_or(0);
    let total: u64 = members.iter().filter_map(|name| report.get(name)).map(count).sum();
    let fine = report.get("ok").and_then(Value::as_bool).unwrap_or(true);
    (total > 0 || !fine).then_some(total.max(1))
}

pub async fn index_rebuild(client: &Client, output: &Output) -> Result<()> {
    working("building the index anew", output);
    output.value(&client.json(client.post(&["index", "rebuild"])).await?)
}

fn working(what: &str, output: &Output) {
    if output.style.terminal && !output.json {
        aside(&format!("{what} ..."));
    }
}

pub async fn audit(client: &Client, args: &AuditArgs, output: &Output) -> Result<()> {
    match &args.command {
        None => list(client, &args.list, output).await,
        Some(Audit::List(args)) => list(client, args, output).await,
        Some(Audit::Verify) => verify(client, output).await,
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
    ["seq", "number", "id", "index"].iter().find_map(|name| entry.get(name).and_then(Value::as_u64))
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
                members.retain(|key, _| !key.contains("hash") && key != "previous");
            }
            entry
        })
        .collect();
    let mut text = String::new();
    drawn::table(&mut text, &shown, &output.style);
    output.text(&text)
}

async fn verify(client: &Client, output: &Output) -> Result<()> {
    let answer: Value = client.json(client.get(&["audit", "verify"])).await?;
    output.value(&answer)?;
    let whole = ["ok", "whole", "valid", "intact"].iter().find_map(|name| answer.get(name).and_then(Value::as_bool)).unwrap_or(true);
    if whole {
        return Ok(());
    }
    Err(Problem::corrupt("the audit log was changed after it was written").help("entries before the first wrong one can be relied on").into())
}

async fn export(client: &Client, file: Option<&Path>, output: &Output) -> Result<()> {
    let Some(file) = file else {
        return each(client, None, |entry| output.text(&format!("{entry}\n")).map(|()| true)).await;
    };
    let cannot = |e: std::io::Error| Stop::from(Problem::unavailable(format!("'{}' cannot be written: {e}", file.display())));
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
        assert_eq!(damaged(&json!({"objects": 5})), None);
        assert_eq!(damaged(&json!({"ok": true, "damaged": []})), None);
        assert_eq!(damaged(&json!({"damaged": ["a", "b"], "missing": ["c"]})), Some(3));
        assert_eq!(damaged(&json!({"ok": false})), Some(1));
    }
}
