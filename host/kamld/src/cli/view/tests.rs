//! Views as they read: one golden text a kind.

use super::{style::tests::*, *};
use serde_json::json;

fn view(nodes: Value) -> Vec<Node> {
    serde_json::from_value(nodes).unwrap()
}

fn text(nodes: Value, style: &Style) -> String {
    match draw(&view(nodes), style).as_slice() {
        [] => String::new(),
        [Piece::Text(text)] => text.clone(),
        pieces => panic!("{pieces:?}"),
    }
}

fn one(kind: &str, props: Value, style: &Style) -> String {
    text(json!([{"id": "root", "kind": kind, "props": props}]), style)
}

#[test]
fn a_stack_draws_its_children_in_order_with_blocks_apart() {
    let nodes = json!([
        {"id": "root", "kind": "stack", "children": ["h", "t", "gone", "f", "n", "o", "hint"]},
        {"id": "o", "kind": "text", "props": {"text": "second"}},
        {"id": "n", "kind": "text", "props": {"text": "first"}},
        {"id": "h", "kind": "heading", "props": {"text": "birds/strikes"}},
        {"id": "t", "kind": "table", "props": {"columns": [{"key": "a", "label": "A"}], "rows": [], "empty": "no objects yet"}},
        {"id": "f", "kind": "facts", "props": {"items": [{"label": "size", "value": "1.2 MB"}, {"label": "tags", "value": ["raw", "faa"]}]}},
        {"id": "hint", "kind": "hint", "props": {"text": "keep it", "command": "kamld commit -m \"...\""}},
    ]);
    let drawn = "birds/strikes\nno objects yet\n\nsize  1.2 MB\ntags  raw, faa\n\nfirst\nsecond\n";
    assert_eq!(text(nodes.clone(), &pipe()), drawn);
    assert_eq!(text(nodes, &terminal(80)), format!("{drawn}→ keep it: kamld commit -m \"...\"\n"));
}

#[test]
fn changes_show_what_came_what_differs_and_what_went() {
    let props = json!({"items": [
        {"path": "2019.csv", "kind": "added", "after": 1_200_000},
        {"path": "read me.txt", "kind": "modified", "before": 80, "after": 1240},
        {"path": "old.bin", "kind": "removed", "before": 12},
    ], "next": "old.bin"});
    let drawn = "+ 2019.csv     1.2 MB\n~ read me.txt  80 B → 1.2 kB\n- old.bin      12 B\n… and more\n";
    assert_eq!(one("changes", props.clone(), &pipe()), drawn);
    let colour = Style { colour: true, ..terminal(80) };
    assert!(one("changes", props, &colour).starts_with("\x1b[32m+ 2019.csv\x1b[0m"));
}

#[test]
fn commits_show_id_message_names_and_facts() {
    let props = json!({"items": [
        {"id": "0123456789abcdef0123", "message": "clean the dates\n\nwhy: two formats", "author": "me", "created": 1_795_435_200_000_i64, "objects": 1, "size": 1200, "names": ["main", "v1"]},
        {"id": "ffff", "message": ""},
    ]});
    assert_eq!(
        one("commits", props, &terminal(80)),
        "0123456789ab  clean the dates  (main, v1)\n\n              why: two formats\n              me, just now, 1 object, 1.2 kB\nffff\n"
    );
}

#[test]
fn hits_mark_what_matched_and_say_how_many_there_are() {
    let props = json!({"total": 12, "items": [
        {"title": "2019.csv", "address": "birds/strikes/2019.csv", "kind": "object", "summary": "CSV, 12 columns", "tags": ["raw"],
         "fragments": [{"field": "text", "parts": [{"text": "near a "}, {"text": "wind turbine", "matched": true}, {"text": "\x1b[2J"}]}]},
    ]});
    assert_eq!(
        one("hits", props, &pipe()),
        "2019.csv  birds/strikes/2019.csv\n  object, CSV, 12 columns  [raw]\n  text: near a *wind turbine*\\u{1b}[2J\n12 found, the first 1 shown\n"
    );
    assert_eq!(one("hits", json!({"items": [], "total": 0}), &pipe()), "nothing found\n");
    let facets = json!({"items": [{"field": "tags", "values": [{"value": "raw", "count": 1200}, {"value": "faa", "count": 2}]}, {"field": "kind", "values": []}]});
    assert_eq!(one("facets", facets, &pipe()), "tags  raw (1,200)  faa (2)\n");
}

#[test]
fn code_and_images_are_told_in_plain_text() {
    let code = json!({"text": "a,b\n1,\t2\n", "first-line": 9});
    assert_eq!(one("code", code, &pipe()), " 9  a,b\n10  1,  2\n");
    let image = json!({"source": "birds/photos/a.png", "width": 640, "height": 480, "alt": "an eagle"});
    assert_eq!(one("image", image, &pipe()), "image: birds/photos/a.png, 640 × 480, an eagle\n");
}

#[test]
fn rows_stand_where_the_view_has_them() {
    let pieces = draw(
        &view(json!([
            {"id": "root", "kind": "stack", "children": ["a", "r", "b"]},
            {"id": "a", "kind": "text", "props": {"text": "before"}},
            {"id": "r", "kind": "rows", "props": {"result": "r1", "columns": [{"name": "n", "type": "Int64"}]}},
            {"id": "b", "kind": "text", "props": {"text": "after"}},
        ])),
        &pipe(),
    );
    let rows = Rows { result: "r1".into(), columns: vec![RowColumn { name: "n".into(), r#type: "Int64".into() }] };
    assert_eq!(pieces, [Piece::Text("before\n\n".into()), Piece::Rows(rows), Piece::Text("\nafter\n".into())]);
}

#[test]
fn broken_views_are_drawn_as_far_as_they_go() {
    assert_eq!(text(json!([]), &pipe()), "");
    let looped = json!([{"id": "root", "kind": "stack", "children": ["t", "root"]}, {"id": "t", "kind": "text", "props": {"text": "once"}, "children": ["root"]}]);
    assert_eq!(text(looped, &pipe()), "once\n");
    assert_eq!(one("hologram", json!({"text": "a fallback"}), &pipe()), "a fallback\n");
    assert_eq!(one("facts", json!({"items": [3, {"label": "a", "value": 1}]}), &pipe()), "a  1\n");
}
