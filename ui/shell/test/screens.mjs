// Screens as plug-ins would describe them, for the mock: enough of the Workbench to see the shell at work.
export const surfaces = () => [
  surface("test/start", "start", "home", "Start", "home", 1),
  surface("test/projects", "projects", "side", "Projects", "project", 1),
  surface("test/data", "data", "area", "Data", "database", 1),
  surface("test/dev", "development", "area", "Development", "code", 2),
  surface("test/deploy", "deployment", "area", "Deployment", "model", 3),
  surface("test/watch", "observation", "area", "Observation", "chart", 4),
  surface("test/data", "files", "asset-tab", "Files", "folder", 1),
  surface("test/history", "history", "asset-tab", "History", "history", 2),
  surface("test/tables", "table", "object-tab", "Table", "table", 1, ["text/csv"]),
  surface("test/texts", "text", "object-tab", "Text", "text", 2, ["text/*"]),
  surface("test/data", "facts", "object-tab", "Facts", "info", 3),
  surface("test/find", "search", "box", "Text and tags", "search", 2),
  surface("test/sql", "sql", "box", "SQL", "query", 1, ["select", "with"]),
  surface("other/admin", "plugins", "settings", "Plug-ins", "plugin", 1),
];

/** What a plug-in of somebody else adds to the lists of assets. */
export const added = () => [
  { ...surface("acme/docs", "documented", "asset-column", "Documented", "", 10, ["dataset"]), cells: "number" },
  surface("acme/docs", "docs-check", "asset-action", "Check documentation", "check", 10),
  surface("acme/docs", "docs-move", "asset-action", "Move…", "", 20),
  surface("acme/docs", "docs-none", "asset-action", "Not there", "", 30),
];

/** A stranger's screen that asks for what is not its to do. */
export const strange = () => [surface("evil/twin", "twin", "area", "Twin", "", 9)];

function surface(plugin, name, slot, title, icon, order, fits = []) {
  return { plugin, name, slot, title, icon, order, fits };
}

export const commands = [
  command("test/projects", ["project", "create"], "Create a project", "write", [argument("name", "text", "What it is called", true), argument("about", "text", "One sentence")]),
  command("test/projects", ["project", "remove"], "Remove a project", "destroy", [argument("project", "project", "Which", true)]),
  command("test/data", ["tag", "add"], "Add a tag", "write", [argument("address", "address", "What to tag", true), argument("tag", "text", "The tag", true)]),
  command("test/data", ["tag", "remove"], "Take a tag away", "write", [argument("address", "address", "What", true), argument("tag", "text", "The tag", true)]),
  command("test/data", ["asset", "remove"], "Remove an asset", "destroy", [argument("address", "asset", "Which", true)]),
  command("test/data", ["slow"], "Count everything", "write", []),
  command("test/data", ["fail"], "Fail", "write", []),
  command("acme/docs", ["docs", "check"], "Check the documentation", "read", [{ ...argument("asset", "asset", "Which", true), repeated: true }]),
  command("acme/docs", ["docs", "move"], "Move the documentation", "write", [argument("asset", "asset", "Which", true), argument("to", "asset", "Where to", true), argument("note", "text", "Why")]),
  command("test/data", ["status"], "Show how it is", "read", []),
];

function command(plugin, name, summary, effect, args) {
  return { plugin, name, summary, about: summary, arguments: args, effect, examples: [], output: "" };
}
function argument(name, type, help, required = false) {
  return { name, type, help, required, repeated: false, choices: [], default: null, place: "flag", short: null };
}

const node = (id, kind, props = {}, children = []) => ({ id, kind, props, children });
const view = (nodes, data = {}, more = {}) => ({ nodes, data, ...more });

const NOW = Date.UTC(2026, 10, 24, 9, 0);
const ASSETS = [
  ["strikes", NOW - 36e5, "Bird strikes on aircraft, 1990 to 2019; 40 columns", ["aviation", "csv"], 312e6],
  ["plumage", NOW - 864e5, "Photographs of plumage, labelled by species", ["images", "labelled"], 184e6],
  ["songs", NOW - 3 * 864e5, "Recordings of songs with times of each call", ["audio"], 21e6],
  ["weather", NOW - 9 * 864e5, "Hourly weather at 40 airports", ["csv", "weather"], 2.1e6],
  ["species", NOW - 30 * 864e5, "Names and families of 10,000 species", ["reference"], 0.8e6],
  ["radar", NOW - 90 * 864e5, "Radar tracks, one night each", ["parquet"], 0.4e6],
];

export function open({ plugin, surface: name, address, params, data }, state) {
  const [project = "", asset = ""] = address.split("/");
  switch (`${plugin} ${name}`) {
    case "test/start start": return view([
      node("root", "stack", { gap: "large" }, ["h", "t"]),
      node("h", "stack", { gap: "small" }, ["h1", "capacity"]),
      node("h1", "heading", { text: "Good to see you", level: 1 }),
      node("capacity", "text", { text: "You have 6 datasets with overall ~520 MB size (1 % of capacity)", tone: "muted" }),
      node("t", "section", { title: "Changed lately", actions: [{ label: "Create a project", icon: "add", action: { run: ["project", "create"], ask: ["name", "about"], done: "Project {name} is there.", then: { area: "data", address: "{name}" }, undo: { run: ["project", "remove"], arguments: { project: "{name}" } } } }] }, ["table"]),
      assets(),
    ]);
    case "test/projects projects": return view([
      node("root", "list", { label: "Projects", items: state.projects.map((one) => ({ title: one, icon: "project", open: { address: one }, current: one === project })), empty: "No projects yet" }),
    ]);
    case "test/data data": return view(project ? [
      node("root", "stack", { gap: "medium" }, ["head", "filter", "table", "tall"]),
      node("head", "row", { spread: true }, ["h1", "up"]),
      node("h1", "heading", { text: project, level: 1 }),
      node("up", "button", { text: "Upload", icon: "upload", weight: "primary", action: { upload: `${project}/strikes` } }),
      node("filter", "input", { label: "Note", bind: "/note" }),
      assets(),
      node("tall", "list", { label: "Long", items: Array.from({ length: 60 }, (_, i) => ({ title: `Line ${i + 1}`, open: { address: `birds/strikes/line-${i + 1}.csv` } })) }),
    ] : [
      node("root", "stack", { gap: "large" }, ["head", "table"]),
      node("head", "row", { spread: true }, ["h1", "up"]),
      node("h1", "heading", { text: "Data", level: 1 }),
      node("up", "button", { text: "Upload", icon: "upload", weight: "primary", action: { upload: "birds/strikes" } }),
      assets(),
    ], data);
    case "test/data files": return view([
      node("root", "stack", { gap: "medium" }, ["head", "tags", "list", "more"]),
      node("head", "row", { spread: true }, ["h1", "up"]),
      node("h1", "heading", { text: asset.split("@")[0], level: 1 }),
      node("up", "button", { text: "Upload", icon: "upload", weight: "primary", action: { upload: address } }),
      node("tags", "tags", { items: state.tags, add: { run: ["tag", "add"], arguments: { address, tag: { $value: true } }, undo: { run: ["tag", "remove"], arguments: { address, tag: { $value: true } } }, done: "Tagged." }, remove: { run: ["tag", "remove"], arguments: { address, tag: { $value: true } }, undo: { run: ["tag", "add"], arguments: { address, tag: { $value: true } } }, done: "Tag taken away." } }),
      node("list", "list", { label: "Files", items: [...state.objects.keys()].map((path) => ({ title: path.split("/").slice(2).join("/"), icon: "file", open: { address: path } })) }),
      node("more", "row", {}, ["remove", "slow", "fail"]),
      node("remove", "button", { text: "Remove this asset", icon: "delete", weight: "danger", action: { run: ["asset", "remove"], arguments: { address: `${project}/${asset}` } } }),
      node("slow", "button", { text: "Count", action: { run: ["slow"], done: "Counted." } }),
      node("fail", "button", { text: "Fail", action: { run: ["fail"] } }),
    ], data, { kind: "dataset" });
    case "test/history history": return view([
      node("root", "stack", {}, ["h1", "c"]), node("h1", "heading", { text: "History", level: 1 }),
      node("c", "commits", { items: [{ id: "a1b2c3d4e5", message: "First data", author: "ada", created: NOW - 864e5, objects: 3, size: 12345, names: ["main", "v1"] }] }),
    ]);
    case "test/tables table": return view([node("root", "table", { source: { object: address }, label: address, statistics: true })]);
    case "test/texts text": return view([node("root", "code", { text: "year,species\n2019,gull\n", language: "text" })]);
    case "test/data facts": return view([node("root", "facts", { items: [{ label: "Address", value: address }, { label: "Size", value: "23 B" }] })]);
    case "test/find search": return view([
      node("root", "stack", {}, ["h1", "hits"]), node("h1", "heading", { text: `Found for “${params.q ?? ""}”`, level: 1 }),
      node("hits", "hits", { total: 1, items: [{ title: "strikes", address: "birds/strikes", kind: "asset", summary: "Bird strikes on aircraft", tags: ["aviation"], fragments: [{ field: "summary", parts: [{ text: "Bird ", matched: false }, { text: "strikes", matched: true }] }], open: { address: "birds/strikes" } }] }),
    ]);
    case "test/sql sql": return view([
      node("root", "stack", {}, ["h1", "code"]), node("h1", "heading", { text: "SQL", level: 1 }), node("code", "code", { text: params.q ?? "", language: "sql" }),
    ]);
    case "other/admin plugins": return view([
      node("root", "stack", {}, ["h1", "s"]), node("h1", "heading", { text: "Plug-ins", level: 1 }),
      node("s", "switch", { label: "test/history", bind: "/history", change: { act: "switch", arguments: { on: { $value: true } } } }),
    ], { history: state.history });
    case "evil/twin twin": {
      const remove = { run: ["asset", "remove"], arguments: { address: "birds/strikes" } };
      const button = (id, text, action) => node(id, "button", { text, action });
      const buttons = [
        button("plain", "Refresh", remove),
        button("lie", "Tidy up", { ...remove, undo: { run: ["status"], arguments: {} }, confirm: "Nothing is lost, trust me." }),
        button("hidden", "Erase", { run: ["asset", "remove"], arguments: { address: "birds/gnp.\u202eexe" } }),
        button("write", "Like", { run: ["tag", "add"], arguments: { address: "birds/strikes", tag: "liked" }, undo: { run: ["asset", "remove"], arguments: { address: "birds/songs" } }, done: "Liked." }),
        button("ask", "Rename", { run: ["tag", "add"], arguments: { address: "birds/strikes" }, ask: ["tag"], done: "Renamed." }),
        button("askd", "Choose", { run: ["asset", "remove"], arguments: {}, ask: ["address"], done: "Chosen." }),
        button("read", "Look", { run: ["docs", "check"], arguments: { asset: ["birds/strikes"] } }),
        button("then", "Next", { act: "next" }),
        node("switch", "switch", { label: "Dark", bind: "/dark", change: remove }),
        node("editor", "editor", { label: "Notes", bind: "/notes", complete: "next" }),
        node("name", "text", { text: "gnp.\u202eexe ka\u200bmld" }),
      ];
      return view([node("root", "stack", {}, buttons.map(({ id }) => id)), ...buttons], data);
    }
    default: return view([node("root", "stack", {}, ["h1", "e"]), node("h1", "heading", { text: name[0].toUpperCase() + name.slice(1), level: 1 }),
      node("e", "empty", { title: "Nothing runs yet", text: "What you start appears here.", icon: "play" })]);
  }
}

function assets() {
  return node("table", "table", {
    label: "Assets", key: "address", holds: "assets", select: "many", bind: "/chosen",
    columns: [{ key: "name", label: "Name", type: "text", open: true, sortable: true }, { key: "modified", label: "Modified", type: "time", sortable: true }, { key: "summary", label: "Summary", width: "large" }, { key: "tags", label: "Tags", type: "tags" }, { key: "size", label: "Size", type: "bytes", align: "end", sortable: true }],
    rows: ASSETS.map(([name, modified, summary, tags, size]) => ({ name, modified, summary, tags, size, address: `birds/${name}`, $is: "dataset", $open: { area: "data", address: `birds/${name}` } })),
    "row-actions": [{ label: "Remove", icon: "delete", tone: "bad", action: { run: ["asset", "remove"], arguments: { address: { $row: "name" } } } }],
  });
}
