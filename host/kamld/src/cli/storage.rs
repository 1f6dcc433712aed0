//! `kamld storage gc` and `kamld backup`: what they are asked, and their reports for a person.
//!
//! Must not live here: what garbage is (the host decides).

use super::{
    admin,
    client::Client,
    failure::Result,
    output::Output,
    tree::GcArgs,
    view::{
        clean,
        words::{bytes, seconds, some, time},
    },
};
use kamld_types::Problem;
use serde_json::{Value, json};
use std::{fmt::Write, path::Path};

/// What is held back that is named one by one; the rest is counted.
const NAMED: usize = 10;

pub async fn gc(client: &Client, args: &GcArgs, output: &Output) -> Result<()> {
    let order = json!({
        "dry-run": args.dry_run,
        "grace-s": args.grace.map(|grace| grace.as_secs()),
        "bin-s": args.bin.map(|bin| bin.as_secs()),
    });
    let what = if args.dry_run { "looking for garbage" } else { "collecting garbage" };
    let request = client.post(&["storage", "gc"]).json(&order);
    let report = admin::watched(client, request, what, output).await?;
    if output.json { output.data(&report) } else { output.text(&drawn(&report, output)) }
}

pub async fn backup(client: &Client, to: &Path, output: &Output) -> Result<()> {
    // The server has another working folder than the person.
    let to = std::path::absolute(to).map_err(|error| Problem::invalid(format!("{}: {error}", to.display())))?;
    let request = client.post(&["backup"]).json(&json!({"to": to}));
    let report = admin::watched(client, request, "copying", output).await?;
    if output.json {
        output.data(&report)?;
    } else {
        output.text(&format!(
            "Added snapshot {} to {}: {} in {}, of which {} were new\n",
            clean(text(&report, "snapshot")),
            clean(&to.to_string_lossy()),
            bytes(number(&report, "bytes")),
            some(number(&report, "contents"), "pack or object", "packs and objects"),
            bytes(number(&report, "copied_bytes")),
        ))?;
    }
    let damaged = list(&report, "damaged").len() as u64;
    if damaged == 0 {
        return Ok(());
    }
    Err(Problem::corrupt(format!("{} damaged and not in the backup", some(damaged, "thing is", "things are")))
        .help("everything else is; `kamld storage check --repair` names them and repairs what it can")
        .into())
}

fn number(value: &Value, key: &str) -> u64 {
    value.get(key).and_then(Value::as_u64).unwrap_or_default()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn drawn(report: &Value, output: &Output) -> String {
    let dry = report.get("dry_run").and_then(Value::as_bool).unwrap_or_default();
    let mut out = String::new();
    let verb = if dry { "Would free" } else { "Freed" };
    let _ = writeln!(
        out,
        "{verb} {} in {}",
        bytes(number(report, "freed_bytes")),
        seconds(number(report, "took_ms") as f64 / 1000.0)
    );
    for tally in list(report, "freed") {
        let _ =
            writeln!(out, "  {} {}: {}", number(tally, "count"), text(tally, "kind"), bytes(number(tally, "bytes")));
        if dry {
            for example in list(tally, "examples").iter().filter_map(Value::as_str) {
                let _ = writeln!(out, "    {}", clean(example));
            }
        }
    }
    let compacted = number(report, "compacted");
    if compacted > 0 {
        let _ = writeln!(out, "Compacted {}", some(compacted, "pack", "packs"));
    }
    let held = list(report, "held");
    if !held.is_empty() {
        let _ = writeln!(out, "Held back:");
    }
    for held in held.iter().take(NAMED) {
        let until =
            held.get("until").and_then(Value::as_i64).map(|until| format!(", until {}", time(until, &output.style)));
        let _ = writeln!(
            out,
            "  {} ({}): {}{}",
            clean(text(held, "what")),
            bytes(number(held, "bytes")),
            clean(text(held, "why")),
            until.unwrap_or_default()
        );
    }
    if held.len() > NAMED {
        let _ = writeln!(out, "  and {} more; --json names them all", held.len() - NAMED);
    }
    let _ = writeln!(
        out,
        "In use: {} in {}",
        bytes(number(report, "live_bytes")),
        some(number(report, "live"), "pack or object", "packs and objects")
    );
    out
}
