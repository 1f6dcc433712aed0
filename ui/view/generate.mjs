// Makes view/src/catalogue.ts from wit/ui/catalogue.json: the types of all kinds of nodes, and the compact shapes by
// which the page checks what a plug-in sent. `--check` fails when the file is not what it would be made to.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const from = new URL("../../wit/ui/catalogue.json", import.meta.url);
const to = new URL("./src/catalogue.ts", import.meta.url);
const catalogue = JSON.parse(readFileSync(from, "utf8"));

const pascal = (name) => name.split("-").map((word) => word[0].toUpperCase() + word.slice(1)).join("");
const quoted = (name) => (/^[a-z]+$/.test(name) ? name : JSON.stringify(name));
const refName = (schema) => schema.$ref?.split("/").pop();

function type(schema) {
  if (schema.$ref) return pascal(refName(schema));
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (Array.isArray(schema.type)) return schema.type.map((one) => type({ type: one })).join(" | ");
  switch (schema.type) {
    case "string": return "string";
    case "integer":
    case "number": return "number";
    case "boolean": return "boolean";
    case "null": return "null";
    case "array": {
      const item = type(schema.items ?? {});
      return item.includes("|") ? `(${item})[]` : `${item}[]`;
    }
    case "object": return "Record<string, unknown>";
    default: return "unknown";
  }
}

function comment(text, indent = "") {
  return text ? `${indent}/** ${text.replaceAll("*/", "* /")} */\n` : "";
}

function declaration(name, schema) {
  if (schema.type === "object" && schema.properties) {
    const required = new Set(schema.required ?? []);
    const members = Object.entries(schema.properties)
      .map(([key, value]) => `${comment(value.description, "  ")}  ${quoted(key)}${required.has(key) ? "" : "?"}: ${type(value)};`)
      .join("\n");
    return `${comment(schema.description)}export interface ${name} {\n${members}${members ? "\n" : ""}}\n`;
  }
  return `${comment(schema.description)}export type ${name} = ${type(schema)};\n`;
}

// A shape says in one short text what a value must be: s string, n number, i integer, b boolean, o object, * anything,
// [X a list of X, #NAME one of SHAPES; several letters are alternatives.
function shape(schema) {
  if (schema.$ref) return `#${refName(schema)}`;
  if (Array.isArray(schema.type)) return schema.type.map((one) => shape({ type: one })).join("");
  switch (schema.type) {
    case "string": return "s";
    case "integer": return "i";
    case "number": return "n";
    case "boolean": return "b";
    case "null": return "0";
    case "object": return "o";
    case "array": return `[${shape(schema.items ?? {})}`;
    default: return "*";
  }
}

function shapes(schema) {
  if (schema.enum) return JSON.stringify(schema.enum);
  const required = new Set(schema.required ?? []);
  const members = Object.entries(schema.properties ?? {})
    .map(([key, value]) => `${quoted(key)}: ${JSON.stringify(shape(value) + (required.has(key) ? "!" : ""))}`);
  return members.length ? `{ ${members.join(", ")} }` : "{}";
}

const kinds = Object.entries(catalogue.kinds);
const defs = Object.entries(catalogue.$defs);
const names = (list) => list.map((name) => JSON.stringify(name)).join(" | ");
const text = `// Derived from wit/ui/catalogue.json by \`npm run generate\`: do not edit.
// What lives here: the types of the nodes of a view, and the shapes that the page checks them by.

export const VERSION = ${JSON.stringify(catalogue.version)};
export const LIMITS = ${JSON.stringify(catalogue.limits)} as const;

export type Kind = ${names(kinds.map(([name]) => name))};
export type Slot = ${names(Object.keys(catalogue.slots))};
export const SLOTS: Record<Slot, string> = ${JSON.stringify(catalogue.slots, null, 2)};

${defs.map(([name, schema]) => declaration(pascal(name), schema)).join("\n")}
${kinds.map(([name, schema]) => declaration(`${pascal(name)}Props`, schema)).join("\n")}
export interface PropsByKind {
${kinds.map(([name]) => `  ${quoted(name)}: ${pascal(name)}Props;`).join("\n")}
}

/** Kinds that draw their children. */
export const PARENTS: ReadonlySet<string> = new Set(${JSON.stringify(kinds.filter(([, s]) => s.children).map(([n]) => n))});

/** s string, n number, i integer, b boolean, o object, 0 null, * anything, [X a list of X, #NAME one of SHAPES, ! required. */
export type Rule = Readonly<Record<string, string>> | readonly string[];

export const KINDS: Readonly<Record<string, Record<string, string>>> = {
${kinds.map(([name, schema]) => `  ${quoted(name)}: ${shapes(schema)},`).join("\n")}
};

export const SHAPES: Readonly<Record<string, Rule>> = {
${defs.filter(([name]) => name !== "node").map(([name, schema]) => `  ${quoted(name)}: ${shapes(schema)},`).join("\n")}
};
`;

// The icons that the catalogue names, by their names in lucide, and a few that the elements need themselves.
const ICONS = {
  add: "plus", asset: "box", audio: "audio-lines", branch: "git-branch", chart: "chart-line", close: "x",
  column: "columns-3", commit: "git-commit-horizontal", delete: "trash", edit: "pencil", error: "circle-alert",
  filter: "funnel", help: "circle-question-mark", history: "rotate-ccw-clock", home: "house", model: "brain",
  more: "ellipsis", plugin: "puzzle", project: "folder-kanban", query: "square-terminal", redo: "redo-2",
  refresh: "refresh-cw", restore: "archive-restore", retry: "rotate-cw", rows: "rows-3", "sort-down": "arrow-down",
  "sort-up": "arrow-up", stop: "square", task: "list-checks", text: "text-align-start", undo: "undo-2",
  version: "bookmark", warning: "triangle-alert",
};
const OWN_ICONS = { "zoom-in": "zoom-in", "zoom-out": "zoom-out", fit: "maximize" };

/** One path for a drawing of lucide, so that an icon is one attribute and no markup. */
function path([name, a]) {
  const n = (key) => Number(a[key] ?? 0);
  switch (name) {
    case "path": return absolute(a.d);
    case "line": return `M${a.x1} ${a.y1}L${a.x2} ${a.y2}`;
    case "polyline": return `M${a.points}`;
    case "polygon": return `M${a.points}z`;
    case "circle": return round(n("cx"), n("cy"), n("r"), n("r"));
    case "ellipse": return round(n("cx"), n("cy"), n("rx"), n("ry"));
    case "rect": {
      const [x, y, w, h, r] = [n("x"), n("y"), n("width"), n("height"), n("rx") || n("ry")];
      const corner = (dx, dy) => (r ? `a${r} ${r} 0 0 1 ${dx} ${dy}` : "");
      return `M${x + r} ${y}h${w - 2 * r}${corner(r, r)}v${h - 2 * r}${corner(-r, r)}h${2 * r - w}${corner(-r, -r)}v${2 * r - h}${corner(r, -r)}z`;
    }
    default: throw new Error(`lucide draws with ${name}, which is not known here`);
  }
}
// A path that begins with a small `m` begins there only when it stands alone.
const absolute = (d) => d.replace(/^m\s*(-?[\d.]+)[\s,]*(-?[\d.]+)\s*(?=(.?))/, (_, x, y, next) => `M${x} ${y}${/[-\d.]/.test(next) ? "l" : ""}`);
const round = (x, y, rx, ry) => `M${x - rx} ${y}a${rx} ${ry} 0 1 0 ${2 * rx} 0a${rx} ${ry} 0 1 0 ${-2 * rx} 0`;

function icons() {
  const require = createRequire(import.meta.url);
  const drawings = JSON.parse(readFileSync(require.resolve("lucide-static/icon-nodes.json"), "utf8"));
  const lines = [...catalogue.$defs.icon.enum.map((name) => [name, ICONS[name] ?? name]), ...Object.entries(OWN_ICONS)].map(([name, lucide]) => {
    if (!drawings[lucide]) throw new Error(`lucide has no icon ${lucide}`);
    return `  ${quoted(name)}: ${JSON.stringify(drawings[lucide].map(path).join(""))},`;
  });
  return `// Derived from lucide (ISC) and wit/ui/catalogue.json by \`npm run generate\`: do not edit.
// What lives here: the drawing of each icon as one SVG path in a square of 24, drawn as a line.

export const ICONS: Readonly<Record<string, string>> = {
${lines.join("\n")}
};
`;
}

const files = [[to, text], [new URL("./src/icons.ts", import.meta.url), icons()]];
for (const [file, wanted] of files) {
  if (!process.argv.includes("--check")) {
    writeFileSync(file, wanted);
    continue;
  }
  let now = "";
  try { now = readFileSync(file, "utf8"); } catch { /* missing is stale */ }
  if (now === wanted) continue;
  console.error(`${file.pathname.split("/ui/").pop()} is not what it is derived from: run \`npm run generate\``);
  process.exitCode = 1;
}
