//! The audit log: what was installed, granted and refused, by whom, the newest first.
//!
//! Params: `plugin` for those about one, `before` for older ones.

use crate::words;
use kamld_sdk::{
    Place, Result, Screen, admin, format, row,
    view::{
        self, Choice, Column, Gap, Icon, MenuItem, Node, Rows, Target, Tone, ValueType, View, Weight, do_, going, typed,
    },
};
use serde_json::Value;

/// Records on one screen.
const PAGE: usize = 100;
/// Records that are read at once, and how often: what one plug-in did may lie far apart.
const READ: u32 = 1000;
const READS: usize = 5;

/// One line of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub seq: u64,
    pub time: u64,
    /// With the plug-in through which they asked, if they did not directly.
    pub actor: String,
    pub action: String,
    pub plugin: Option<String>,
    pub detail: Value,
}

/// Records out of the JSON of the host; what cannot be read is left out.
pub fn read(records: &Value) -> Vec<Record> {
    let one = |record: &Value| {
        let text = |key: &str| record[key].as_str().map(str::to_owned);
        Some(Record {
            seq: record["seq"].as_u64()?,
            time: record["time"].as_u64()?,
            actor: match text("via") {
                Some(via) => format!("{}, through {via}", text("actor")?),
                None => text("actor")?,
            },
            action: text("action")?,
            plugin: text("plugin"),
            detail: record["detail"].clone(),
        })
    };
    records.as_array().into_iter().flatten().filter_map(one).collect()
}

pub fn draw(place: &Place) -> Result<Screen> {
    let plugin = place.param("plugin").filter(|id| !id.is_empty());
    let start: Option<u64> = place.param("before").and_then(|before| before.parse().ok());
    let ids: Vec<String> = admin::list()?.into_iter().map(|plugin| plugin.id).collect();
    let (mut found, mut before, mut looked) = (Vec::new(), start, 0);
    let mut more = false;
    for _ in 0..READS {
        let some = read(&admin::audit(before, READ)?);
        looked += some.len();
        let full = some.len() == READ as usize;
        before = some.last().map(|record| record.seq);
        found.extend(some.into_iter().filter(|record| plugin.is_none_or(|id| record.plugin.as_deref() == Some(id))));
        more = full;
        if !full || found.len() > PAGE {
            break;
        }
    }
    // Where the next page starts: behind the last that is shown, else behind the last that was looked at.
    let next = match found.get(PAGE - 1) {
        Some(last) if found.len() > PAGE => Some(last.seq),
        _ => before.filter(|_| more),
    };
    found.truncate(PAGE);
    Ok(screen(&ids, plugin, &found, looked, next, start.is_some()).watch("plugins"))
}

fn screen(
    ids: &[String],
    plugin: Option<&str>,
    found: &[Record],
    looked: usize,
    next: Option<u64>,
    later: bool,
) -> Screen {
    let all = [Choice::new("", "All plug-ins")].into_iter().chain(ids.iter().map(|id| Choice::new(id, id)));
    let removed = plugin.filter(|id| ids.iter().all(|known| known != id)).map(|id| Choice::new(id, id));
    let choose = view::select("About", "/plugin", all.chain(removed)).change(do_("audit-of").with("plugin", typed()));
    let next = next.map(|seq| view::button("Older", going(Target::new().with("before", seq.to_string()))));
    let first = later.then(|| view::button("Newest", going(Target::new().with("before", Value::Null))));
    let pages = (next.is_some() || first.is_some()).then(|| {
        let buttons = first.into_iter().chain(next).map(|button| button.weight(Weight::Quiet));
        Node::from(view::row().gap(Gap::Small)).with(buttons)
    });
    let body: Node = if found.is_empty() {
        let looked = format::counted(looked as u64, "record", "records");
        let empty = view::empty("Nothing is written down about it here")
            .text(format!("{looked} of the log were looked at."))
            .icon(Icon::Shield)
            .actions([MenuItem::new("Show what is about any", do_("audit-of").with("plugin", "")).icon(Icon::List)]);
        let hint = view::hint("all of it, in a terminal").command("kamld audit");
        Node::from(view::stack()).with([Node::from(empty), Node::from(hint)])
    } else {
        Node::from(table(found, true).label("Audit log")).named("records")
    };
    let view = View::new()
        .show(view::text("Who installed, granted and switched what, and what plug-ins were refused. Nothing of it can be changed.").tone(Tone::Muted))
        .show(choose)
        .show(body)
        .show_some(pages);
    Screen::from(view).data("plugin", plugin.unwrap_or_default())
}

/// Records as a table; with the plug-in unless all are about one.
pub fn table(records: &[Record], with_plugin: bool) -> view::Table {
    let mut columns = vec![
        Column::new("time", "When").r#type(ValueType::Time),
        Column::new("actor", "Who"),
        Column::new("action", "What happened"),
    ];
    if with_plugin {
        columns.push(Column::new("plugin", "Plug-in").open(true));
    }
    columns.push(Column::new("detail", "About"));
    let mut rows = Rows::new(columns);
    for record in records {
        let Record { time, actor, action, plugin, detail, .. } = record;
        let (action, detail) = (words::happened(action), said(detail));
        if with_plugin {
            rows.push(row![time, actor, action, plugin, detail]);
            if let Some(plugin) = plugin {
                rows.lead(Target::new().tab("plugins").with("plugin", plugin.as_str()));
            }
        } else {
            rows.push(row![time, actor, action, detail]);
        }
    }
    view::Table::from(rows)
}

/// The detail of a record on one line.
fn said(detail: &Value) -> String {
    let text = match detail {
        Value::String(text) => text.split_whitespace().map(cut).collect::<Vec<_>>().join(" "),
        Value::Object(fields) => {
            let field = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default();
            if fields.contains_key("verb") {
                let on =
                    if field("resource").is_empty() { String::new() } else { format!(" of {}", field("resource")) };
                let again = match fields.get("again").and_then(Value::as_u64) {
                    Some(times) => format!(", {} more", format::counted(times, "time", "times")),
                    None => String::new(),
                };
                let what = words::interface(field("interface"));
                format!("{}{on} ({what}): {}{again}", field("verb"), field("reason"))
            } else if fields.contains_key("command") {
                format!("'{}' of {}, with {}", field("command"), field("of"), field("arguments"))
            } else if let Some([first, last]) = removed(fields) {
                format!("records {first} to {last}")
            } else {
                detail.to_string()
            }
        }
        Value::Null => String::new(),
        other => other.to_string(),
    };
    format::shorten(&text, 200)
}

/// The first and last record that retention removed.
fn removed(fields: &serde_json::Map<String, Value>) -> Option<[u64; 2]> {
    let removed = fields.get("removed")?;
    Some([removed["first"].as_u64()?, removed["last"].as_u64()?])
}

/// A hash by the beginning that tells it from others, as commits are named; the log itself has all of it.
fn cut(word: &str) -> &str {
    let is_hash = word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { &word[..12] } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn records() -> Vec<Record> {
        read(&json!([
            {"seq": 3, "time": 30, "actor": "anna", "action": "deny", "plugin": "a/b", "prev": "0", "hash": "1",
             "detail": {"interface": "kamld:storage/objects", "verb": "read", "resource": "birds/strikes",
                        "reason": "the grant does not allow it", "again": 4}},
            {"seq": 2, "time": 20, "actor": "anna", "action": "grant", "plugin": "a/b",
             "detail": "[[grant]]\nplugin = \"a/b\"\n"},
            {"what": "is this"},
            {"seq": 1, "time": 10, "actor": "host", "action": "start", "plugin": null, "detail": ""},
        ]))
    }

    #[test]
    fn the_plugin_through_which_somebody_asked_is_named_with_them() {
        let record = |via: Value| json!({"seq": 1, "time": 2, "actor": "me", "via": via, "action": "grant", "plugin": "a/b", "detail": ""});
        let records = read(&json!([record("c/d".into()), record(Value::Null)]));
        assert_eq!((records[0].actor.as_str(), records[1].actor.as_str()), ("me, through c/d", "me"));
    }

    #[test]
    fn a_record_is_one_line_in_plain_words() {
        let records = records();
        assert_eq!(records.len(), 3);
        assert_eq!(
            said(&records[0].detail),
            "read of birds/strikes (Files): the grant does not allow it, 4 times more"
        );
        assert_eq!(said(&records[1].detail), "[[grant]] plugin = \"a/b\"");
        let confirmed = json!({"command": "asset remove", "of": "kamld/datasets", "arguments": "{\"asset\":\"a/b\"}", "trace": "0"});
        assert_eq!(said(&confirmed), "'asset remove' of kamld/datasets, with {\"asset\":\"a/b\"}");
        assert_eq!(said(&json!({"removed": {"first": 1, "last": 50}, "hash": "0a"})), "records 1 to 50");
        assert_eq!(said(&json!(format!("version 0.1.0, {}", "0a".repeat(32)))), "version 0.1.0, 0a0a0a0a0a0a");
    }

    #[test]
    fn records_lead_to_their_plugin_and_older_ones_are_one_step_away() {
        let nodes = screen(&["a/b".into()], Some("c/d"), &records(), 3, Some(1), true).nodes();
        let text: String = nodes.iter().map(|node| format!("{} {}\n", node.kind, node.props)).collect();
        assert!(text.contains(r#""$open":{"tab":"plugins","params":{"plugin":"a/b"}}"#), "{text}");
        assert!(text.contains(r#""before":"1""#) && text.contains(r#""before":null"#), "{text}");
        assert!(text.contains(r#"{"value":"c/d","label":"c/d"}"#), "one that was removed can still be chosen: {text}");
    }

    #[test]
    fn where_nothing_is_written_it_is_said_how_far_was_looked() {
        let nodes = screen(&[], Some("a/b"), &[], 1000, None, false).nodes();
        assert!(nodes.iter().any(|node| node.kind == "empty" && node.props.contains("1,000 records")));
    }
}
