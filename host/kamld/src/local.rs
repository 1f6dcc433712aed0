//! The commands that ask no server: starting it, its configuration, and the plug-in author's workbench.

use crate::{backup, up};
use kamld::{
    cli::local::{
        ConfigArgs, Local, PluginBuildArgs, PluginCheckArgs, PluginNewArgs, RestoreBackupArgs, UpArgs, WorkerArgs,
        WorkerTask,
    },
    config, template, workshop,
};
use kamld_types::{Node, Problem, command::Outcome, problem::Result};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// The one implementation, handed to the command line by `main`.
pub struct Host;

impl Local for Host {
    fn up(&self, args: UpArgs) -> Result<()> {
        up::run(args).map_err(|error| in_words(&error))
    }

    fn config(&self, args: ConfigArgs) -> Result<Outcome> {
        let effective = config::load(&args.data, &settings(&args.set)).map_err(|error| in_words(&error))?;
        let rows: Vec<Value> = effective
            .sources
            .iter()
            .map(|(key, (value, source))| json!({"key": key, "value": value, "source": source}))
            .collect();
        let columns = json!([
            {"key": "key", "label": "Key", "align": "start", "type": "text"},
            {"key": "value", "label": "Value", "align": "start", "type": "text"},
            {"key": "source", "label": "Source", "align": "start", "type": "text"},
        ]);
        let view = vec![node("root", "table", json!({"columns": columns, "rows": rows, "empty": ""}))];
        Ok(Outcome { data: json!({"data": args.data, "keys": rows}), view })
    }

    fn plugin_new(&self, args: PluginNewArgs) -> Result<Outcome> {
        if args.language != "rust" {
            return Err(Problem::invalid(format!("there is no template for {}", args.language)).help(
                "templates: rust; a component of any language that exports the contract in wit/ can be installed",
            ));
        }
        let folder = template::write(&args.id, args.folder.as_deref())?;
        let view = vec![
            stack("root", &["made", "next"]),
            node("made", "text", json!({"text": format!("wrote {}", folder.display())})),
            node(
                "next",
                "hint",
                json!({"text": "build and install it", "command": format!("kamld plugin install {}", folder.display())}),
            ),
        ];
        Ok(Outcome { data: json!({"folder": folder}), view })
    }

    fn plugin_build(&self, args: PluginBuildArgs) -> Result<PathBuf> {
        let build = || -> anyhow::Result<PathBuf> {
            let source = workshop::Source::at(&args.folder)?;
            let built = workshop::build(&[source], false)?.remove(0);
            let Some(output) = args.output else { return Ok(built) };
            std::fs::copy(&built, &output)?;
            Ok(output)
        };
        build().map_err(|error| in_words(&error))
    }

    fn plugin_check(&self, args: PluginCheckArgs) -> Result<Outcome> {
        let file = match args.path.is_dir() {
            true => self.plugin_build(PluginBuildArgs { folder: args.path.clone(), output: None })?,
            false => args.path.clone(),
        };
        check(&file)
    }

    fn restore_backup(&self, args: RestoreBackupArgs) -> Result<Outcome> {
        let name = args.snapshot.as_deref();
        let restored = || match &args.to {
            None => backup::check(&args.backup, name),
            Some(to) => tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(backup::restore(
                &args.backup,
                name,
                to,
            )),
        };
        let restored = restored().map_err(|error| in_words(&error))?;
        let verb = if args.to.is_some() { "Restored" } else { "Verified" };
        let text = format!(
            "{verb} snapshot {}: {} packs, objects and packages, {} records",
            restored.snapshot, restored.contents, restored.records
        );
        let mut children = vec!["done"];
        let mut view = vec![node("done", "text", json!({"text": text}))];
        if !restored.damaged.is_empty() {
            children.push("damaged");
            let count = restored.damaged.len();
            let text = format!("{count} things were damaged when the backup was taken and are missing");
            view.push(node("damaged", "text", json!({"text": text})));
        }
        if let Some(to) = &args.to {
            children.push("next");
            let command = format!("kamld up --data {}", to.display());
            view.push(node("next", "hint", json!({"text": "start it", "command": command})));
        }
        view.insert(0, stack("root", &children));
        let data = serde_json::to_value(&restored).map_err(|error| Problem::internal(error.to_string()))?;
        Ok(Outcome { data, view })
    }

    fn audit_verify(&self, data: PathBuf) -> Result<Outcome> {
        let verdict = kamld_registry::audit::verify_stopped(&data)?;
        if let Some(problem) = verdict.problem {
            return Err(problem);
        }
        let state = match verdict.first {
            0 | 1 => "intact".to_owned(),
            first => format!("intact from record {first}"),
        };
        let text = format!("the audit log of {} is {state}: {} records", data.display(), verdict.count);
        let view = vec![node("root", "text", json!({"text": text}))];
        Ok(Outcome { data: json!({"state": state, "records": verdict.count, "read": verdict.read}), view })
    }

    fn worker(&self, args: WorkerArgs) -> Result<()> {
        let words = args.args.into_iter().map(|word| word.to_string_lossy().into_owned());
        match args.task {
            WorkerTask::Compile => kamld_runtime::compile::child_main(words),
            WorkerTask::Sql => kamld_metadata::sql::worker_main(words),
        }
    }
}

/// `KEY=VALUE` as the configuration reads it.
pub fn settings(set: &[(String, String)]) -> Vec<String> {
    set.iter().map(|(key, value)| format!("{key}={value}")).collect()
}

/// A chain of errors as one problem; a `Problem` inside keeps its kind and help.
pub fn in_words(error: &anyhow::Error) -> Problem {
    let text = format!("{error:#}");
    match error.chain().find_map(|cause| cause.downcast_ref::<Problem>()) {
        Some(problem) => Problem { message: text, ..problem.clone() },
        None => Problem::invalid(text),
    }
}

fn check(file: &Path) -> Result<Outcome> {
    let bytes =
        std::fs::read(file).map_err(|error| Problem::not_found(format!("cannot read {}: {error}", file.display())))?;
    let report = kamld_registry::check::check(&bytes)?;
    let data = json!({
        "id": report.manifest.id,
        "version": report.manifest.version.to_string(),
        "provides": report.provides,
        "needs": report.manifest.needs,
        "warnings": report.warnings,
    });
    let rows: Vec<Value> = report
        .manifest
        .needs
        .iter()
        .map(|need| {
            let verbs: Vec<&str> = need.verbs.iter().map(|verb| verb.as_str()).collect();
            json!({"interface": need.interface, "verbs": verbs.join(", "), "reason": need.reason})
        })
        .collect();
    let columns = json!([
        {"key": "interface", "label": "Needs", "align": "start", "type": "text"},
        {"key": "verbs", "label": "To", "align": "start", "type": "text"},
        {"key": "reason", "label": "Because", "align": "start", "type": "text"},
    ]);
    let mut view = vec![
        node(
            "says",
            "text",
            json!({"text": format!("{} {} imports only what it declares", report.manifest.id, report.manifest.version), "tone": "good"}),
        ),
        node("needs", "table", json!({"columns": columns, "rows": rows, "empty": "it needs nothing"})),
    ];
    view.extend(report.warnings.iter().enumerate().map(|(place, warning)| {
        node(&format!("warning-{place}"), "text", json!({"text": warning, "tone": "warning"}))
    }));
    let ids: Vec<String> = view.iter().map(|node| node.id.clone()).collect();
    view.insert(0, stack("root", &ids.iter().map(String::as_str).collect::<Vec<_>>()));
    Ok(Outcome { data, view })
}

fn node(id: &str, kind: &str, props: Value) -> Node {
    let props = match props {
        Value::Object(props) => props,
        _ => Map::new(),
    };
    Node { id: id.into(), kind: kind.into(), props, children: Vec::new() }
}

fn stack(id: &str, children: &[&str]) -> Node {
    Node { children: children.iter().map(|child| (*child).to_owned()).collect(), ..node(id, "stack", json!({})) }
}
