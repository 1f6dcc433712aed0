// One node of every kind of the catalogue, as a plug-in might send it.
const NOW = 1_790_000_000_000;
const act = (name) => ({ act: name });
const options = [{ value: "csv", label: "CSV", note: "comma separated" }, { value: "parquet", label: "Parquet" }, { value: "json", label: "JSON Lines" }];

export const data = {
  name: "turbines", about: "", count: 12, format: "csv", kind: "dataset", city: "oslo", ok: true, live: false, day: "2026-11-24", part: 0.8,
  sql: "select name, avg(value) from p.turbines@main\nwhere ok group by name", chosen: ["turbines"], note: "shown by a value",
};

const node = (id, kind, props = {}, children) => ({ id, kind, props, ...(children ? { children } : {}) });

const columns = [
  { key: "name", label: "Name", type: "text", open: true, sortable: true }, { key: "modified", label: "Modified", type: "time", sortable: true },
  { key: "summary", label: "Summary", type: "text", width: "large" }, { key: "tags", label: "Tags", type: "tags" }, { key: "size", label: "Size", type: "bytes", sortable: true },
];
const rows = [
  { name: "turbines", modified: NOW - 3_600_000, summary: "Power of 40 wind turbines, every ten minutes.", tags: ["wind", "power"], size: 412_000_000, $open: { address: "energy/turbines" } },
  { name: "weather", modified: NOW - 90_000_000_000, summary: "Hourly weather beside them.", tags: ["weather"], size: 98_400_000, $open: { address: "energy/weather" } },
  { name: "faults", modified: NOW - 600_000, summary: "", tags: [], size: 1_200, $open: { address: "energy/faults" } },
];
const rowActions = [{ label: "Rename", icon: "edit", action: { run: ["asset", "rename"], arguments: { asset: { $row: "name" } } } }, { label: "Delete", icon: "delete", tone: "bad", action: { run: ["asset", "delete"], arguments: { asset: { $row: "name" } } } }];

const parts = {
  Layout: [
    node("row", "row", { spread: true }, ["row-a", "row-b"]), node("row-a", "button", { text: "Upload", icon: "upload", weight: "primary", action: { upload: "energy/turbines" } }), node("row-b", "menu", { text: "More", icon: "more", items: rowActions }),
    node("grid", "grid", { cell: "medium" }, ["card", "card2", "card3"]), node("card", "card", { title: "Data", action: { open: { area: "data" } } }, ["card-t"]), node("card-t", "text", { text: "Datasets and models, by version.", tone: "muted" }),
    node("card2", "card", { title: "Space" }, ["stat"]), node("stat", "stat", { label: "Used", value: 520_000_000, type: "bytes", note: "1 % of capacity" }), node("card3", "card", {}, ["spark", "stat2"]), node("spark", "sparkline", { label: "Uploads", values: [2, 4, 3, 8, 6, 9, 12] }), node("stat2", "stat", { label: "Failed", value: 3, type: "count", tone: "bad" }),
    node("split", "split", { side: "start" }, ["facets", "hits"]),
    node("facets", "facets", { items: [{ field: "Kind", values: [{ value: "dataset", count: 1204, action: act("kind"), chosen: true }, { value: "model", count: 12, action: act("kind") }] }, { field: "Tag", values: [{ value: "wind", count: 7, action: { open: { params: { tag: "wind" } } } }, { value: "none", count: 1 }] }] }),
    node("hits", "hits", { total: 2, items: [{ title: "turbines", address: "energy/turbines@main", kind: "asset", summary: "Power of 40 wind turbines.", tags: ["wind"], fragments: [{ field: "summary", parts: [{ text: "Power of 40 ", matched: false }, { text: "wind", matched: true }, { text: " turbines", matched: false }] }], open: { address: "energy/turbines" } }, { title: "read-me.md", address: "energy/turbines@main/read-me.md", kind: "object" }] }),
    node("tabs", "tabs", {}, ["tab1", "tab2"]), node("tab1", "tab", { name: "files", title: "Files", icon: "file" }, ["tab1-t"]), node("tab1-t", "text", { text: "What is in it." }), node("tab2", "tab", { name: "history", title: "History", icon: "history" }, []),
    node("details", "details", { summary: "How this was counted", open: true }, ["details-t"]), node("details-t", "text", { text: "Each object once." }), node("divider", "divider"),
    node("when", "when", { bind: "/ok" }, ["when-t"]), node("when-t", "text", { text: "", bind: "/note", strong: true }),
  ],
  Text: [
    node("heading", "heading", { text: "Turbines", level: 2 }), node("text", "text", { text: "You have 6 datasets with overall ~520 MB size (1 % of capacity)" }), node("text-m", "text", { text: "Nothing was lost.", tone: "good" }), node("text-w", "text", { text: "Nearly full.", tone: "warning" }), node("text-b", "text", { text: "This did not work.", tone: "bad" }),
    node("facts", "facts", { items: [{ label: "Owner", value: "Ada" }, { label: "Format", value: "Parquet, 12 columns" }] }), node("link", "link", { text: "All projects", open: { area: "data" }, icon: "project", note: "12" }),
    node("crumbs", "breadcrumb", { items: [{ text: "workbench", open: {} }, { text: "energy", open: { address: "energy" } }, { text: "turbines" }] }),
    node("list", "list", { label: "Projects", items: [{ title: "energy", note: "Wind and weather", end: "6", icon: "project", open: { address: "energy" }, current: true, actions: rowActions }, { title: "vision", icon: "project", tags: ["demo"], open: { address: "vision" } }, { title: "plain" }] }),
    node("tags", "tags", { items: ["wind", "power"], add: { run: ["tag", "add"], arguments: { tag: { $value: true } } }, remove: { run: ["tag", "remove"], arguments: { tag: { $value: true } } } }),
    node("hint", "hint", { text: "The same from a terminal:", command: "kamld upload energy/turbines ./data" }), node("markdown", "markdown", { text: "Power of 40 turbines." }), node("code", "code", { text: "import kamld\n\nfor row in kamld.open('energy/turbines'):\n    print(row)", language: "python" }),
  ],
  Tables: [
    node("table", "table", { label: "Assets", columns, rows, key: "name", select: "many", bind: "/chosen", filter: "Filter assets", "row-actions": rowActions, actions: [{ label: "Delete", icon: "delete", tone: "bad", action: { run: ["asset", "delete"], arguments: { assets: { $selection: "name" } } } }] }),
    node("window", "table", { label: "A million rows", source: { rows: "million" }, statistics: true, select: "many", key: "id", "row-actions": rowActions }),
    node("rows", "rows", { result: "few", text: "select * from p.a", chart: true, columns: [{ name: "id", type: "Int64" }] }),
    node("nothing", "table", { columns, rows: [], "empty-view": "nothing-e" }, ["nothing-e"]), node("nothing-e", "empty", { title: "No datasets yet", text: "A dataset is a folder of files with a history.", icon: "asset", actions: [{ label: "Upload", icon: "upload", action: { upload: "energy" } }, { label: "See an example", action: { open: { address: "sample" } } }] }),
    node("broken", "table", { label: "Broken", columns, source: { rows: "broken" } }), node("slow", "table", { label: "Slow", columns, source: { rows: "slow" } }),
    node("changes", "changes", { items: [{ path: "data/2026.parquet", kind: "modified", before: 1_000_000, after: 1_200_000, action: { open: { tab: "diff" } } }, { path: "read-me.md", kind: "added", after: 812, actions: rowActions }, { path: "old.csv", kind: "removed", before: 99 }] }),
    node("commits", "commits", { items: [{ id: "9f8e7d6c5b4a39281706", message: "Two more turbines\n\nThey stand in the north.", author: "Ada", created: NOW - 7_200_000, objects: 14, size: 520_000_000, names: ["main", "v2"], action: act("open"), actions: rowActions }, { id: "1234567890abcdef", message: "First data", author: "Ada", created: NOW - 9e9, objects: 12, size: 500_000_000 }] }),
  ],
  Content: [
    node("image", "image", { source: "a/b/picture.png", alt: "Stripes", width: 320, height: 200, zoom: true }), node("compare", "compare-images", { before: "a/b/1.png", after: "a/b/2.png", alt: "Stripes" }),
    node("json", "json", { text: JSON.stringify({ name: "turbines", rows: 12, deep: { list: [1, 2, { x: null }], ok: true } }).replace("12", "12345678901234567890"), depth: 2 }), node("hex", "hex", { object: "a/b/data.bin", size: 5_000_000_000 }),
    node("diff", "diff", { before: "name,power\nnorth,10\nsouth,20\neast,5\n", after: "name,power\nnorth,12\nsouth,20\nwest,7\neast,5\n", "before-title": "v1", "after-title": "main" }),
    node("bars", "bars", { label: "Objects by format", type: "count", items: [{ label: "Parquet", value: 1204, action: act("p") }, { label: "CSV", value: 311 }, { label: "PNG", value: 42 }] }),
    node("chart", "chart", { label: "Power", "x-type": "time", x: [0, 1, 2, 3, 4, 5].map((hour) => NOW + hour * 3_600_000), series: [{ label: "north", values: [3, 5, 4, null, 7, 8] }, { label: "south", values: [1, 2, 2, 3, 3, 5] }] }),
    node("audio", "audio", { source: "a/b/sound.flac", label: "A turbine" }), node("video", "video", { source: "a/b/film.mp4", label: "The field" }),
  ],
  Inputs: [
    node("form", "form", { submit: "Create", action: { run: ["asset", "create"], arguments: { name: { $data: "/name" }, about: { $data: "/about" } } } }, ["i1", "i2", "i3", "i4", "i5", "i6", "i7", "i8", "i9", "i10", "i11"]),
    node("i1", "input", { label: "Name", bind: "/name", help: "Lower case, words joined by -.", check: { required: true, pattern: "name" } }), node("i2", "area", { label: "About", bind: "/about", check: { required: true, "max-length": 200 } }), node("i3", "number", { label: "How many", bind: "/count", unit: "rows", check: { minimum: 1 } }),
    node("i4", "select", { label: "Format", bind: "/format", options, change: act("format") }), node("i5", "radio", { label: "Kind", bind: "/kind", options: [{ value: "dataset", label: "Dataset", note: "files and tables" }, { value: "model", label: "Model" }] }), node("i6", "combobox", { label: "City", bind: "/city", options: ["Oslo", "Ljubljana", "Lisbon", "Bern"].map((label) => ({ value: label.toLowerCase(), label })) }),
    node("i7", "checkbox", { label: "Keep it private", bind: "/ok" }), node("i8", "switch", { label: "Live", bind: "/live", change: act("live") }), node("i9", "date", { label: "Day", bind: "/day" }), node("i10", "range", { label: "Part for training", bind: "/part", minimum: 0, maximum: 1, step: 0.1 }), node("i11", "editor", { label: "Query", bind: "/sql", language: "sql", rows: 4, problem: { line: 2, column: 7, message: "no column ok" } }),
    node("drop", "drop", { to: "energy/turbines", text: "Drop files or folders here." }), node("command", "command", { run: ["asset", "create"], arguments: {} }),
  ],
  Notes: [
    node("progress", "progress", { label: "Uploading 12 files", done: 312_000_000, total: 520_000_000, type: "bytes" }), node("progress2", "progress", { label: "Counting", done: 0 }),
    ...["normal", "muted", "good", "warning", "bad"].map((tone) => node(`callout-${tone}`, "callout", { title: tone === "bad" ? "This did not work" : undefined, text: `A note in the tone ${tone}.`, tone, ...(tone === "bad" ? { actions: [{ label: "Try again", icon: "retry", action: act("retry") }] } : {}) })),
    node("steps", "steps", { items: [{ title: "Create a project", done: true }, { title: "Upload a file", text: "Drop it anywhere on the page.", action: { upload: "energy" } }, { title: "Ask a question" }] }), node("danger", "button", { text: "Delete", weight: "danger", action: act("delete") }), node("quiet", "button", { text: "Later", weight: "quiet", action: act("later") }), node("unknown", "hologram", {}, ["unknown-t"]), node("unknown-t", "text", { text: "Drawn although what is around it is not known." }), node("wrong", "text", { text: 7 }),
  ],
};

const nested = (list) => {
  const inner = new Set(list.flatMap(({ children = [] }) => children));
  return list.filter(({ id }) => !inner.has(id)).map(({ id }) => id);
};

export const nodes = [
  node("root", "stack", { gap: "large" }, Object.keys(parts)),
  ...Object.entries(parts).flatMap(([title, list]) => [node(title, "section", { title, note: `The kinds of ${title.toLowerCase()}.`, actions: [{ label: "Refresh", icon: "refresh", action: act("refresh") }] }, nested(list)), ...list]),
];
