// What needs no browser: values and pointers, formats, checks of what a plug-in sent.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { pathToFileURL, fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

let values, format, shapes, rows, check;
before(async () => {
  const out = mkdtempSync(join(tmpdir(), "kd-pure-"));
  const src = fileURLToPath(new URL("../src/", import.meta.url));
  await esbuild.build({ entryPoints: ["values", "format", "shapes", "parts/rows", "parts/check"].map((name) => join(src, `${name}.ts`)), outdir: out, outbase: src, bundle: true, format: "esm", outExtension: { ".js": ".mjs" }, logLevel: "error" });
  [values, format, shapes, rows, check] = await Promise.all(["values", "format", "shapes", "parts/rows", "parts/check"].map((name) => import(pathToFileURL(join(out, `${name}.mjs`)))));
});

test("pointers lead to values and never to a prototype", () => {
  const data = { a: { "b/c": [1, { d: 2 }] } };
  assert.equal(values.get(data, "/a/b~1c/1/d"), 2);
  assert.equal(values.get(data, "/__proto__/x"), undefined);
  assert.equal(values.get(data, "/a/constructor"), undefined);
  values.put({}, "/__proto__/polluted", true);
  assert.equal({}.polluted, undefined);
  const next = values.put(data, "/a/b~1c/0", 5);
  assert.deepEqual([next.a["b/c"][0], data.a["b/c"][0]], [5, 1]);
  assert.deepEqual(values.put({ list: [] }, "/list/900000", 1), { list: [] });
  assert.deepEqual(values.put({ a: 1, b: 2 }, "/b", undefined), { a: 1 });
  assert.equal(values.touches("/a", "/a/b"), true);
  assert.equal(values.touches("/a", "/ab"), false);
});

test("references are resolved once, and what a person typed is never one", () => {
  const scope = { data: { name: { $data: "/secret" }, secret: "s", ids: [1] }, row: { id: 7 }, selection: [{ id: 1 }, { id: 2 }], value: "v" };
  assert.deepEqual(values.resolve({ a: { $data: "/name" }, b: [{ $row: "id" }], c: { $selection: "id" }, d: { $value: true }, e: { $row: "toString" } }, scope),
    { a: { $data: "/secret" }, b: [7], c: [1, 2], d: "v", e: null });
  const row = { id: 7, name: null };
  assert.deepEqual([{ run: ["x"], arguments: { a: { $row: "id" } } }, { run: ["x"], arguments: { a: [{ $row: "name" }] } }, { open: { params: { b: { $row: "gone" } } } }, { act: "y" }].map((one) => values.offered(one, row)), [true, false, false, true]);
  const action = values.resolveAction({ run: ["x"], arguments: { a: { $row: "id" } }, undo: { run: ["y"], arguments: { b: { $value: true } } }, then: { params: { c: { $data: "/secret" } } } }, scope);
  assert.deepEqual([action.arguments, action.undo.arguments, action.then.params], [{ a: 7 }, { b: "v" }, { c: "s" }]);
});

test("values are said as people read them", () => {
  assert.deepEqual([0, 1, 999, 1000, 1234567, 520e6, 999_600].map((value) => format.bytes(value, "en")), ["0 bytes", "1 byte", "999 bytes", "1 kB", "1.23 MB", "520 MB", "1 MB"]);
  assert.equal(format.bytes(1_500_000, "de"), "1,5 MB");
  assert.equal(format.count(1234567, "en"), "1,234,567");
  const now = 1_790_000_000_000;
  assert.deepEqual([0, -5_000, -90_000, -7_200_000, -86_400_000, 3_600_000].map((away) => format.time(now + away, "en", now)), ["now", "5 seconds ago", "1 minute ago", "2 hours ago", "yesterday", "in 1 hour"]);
  assert.match(format.time(now - 90 * 86_400_000, "en", now), /2026/);
  assert.deepEqual([350, 2345, 65_000, 3_900_000, 90_000_000].map((value) => format.duration(value, "en")), ["350 ms", "2.3 sec", "1 min 5 sec", "1 hr 5 min", "1 day 1 hr"]);
  assert.equal(format.path("a/very/long/way/that/goes/on/and/on/to/the/file.parquet", 30), "a/very/long/way/…/file.parquet");
  assert.deepEqual(format.say("time", 1e300, "en").text, "");
  assert.deepEqual(format.say("bytes", "many", "en").text, "many");
});

test("what a plug-in sent is checked; only what is wrong is lost", () => {
  const good = shapes.checkNode({ id: "a", kind: "text", props: { text: "x", tone: "loud", extra: 1 } });
  assert.deepEqual([good.props, good.problem], [{ text: "x" }, ""]);
  assert.match(shapes.checkNode({ id: "a", kind: "text", props: { text: 7 } }).problem, /text/);
  assert.match(shapes.checkNode({ id: "a", kind: "text" }).problem, /text is missing/);
  const list = shapes.checkNode({ id: "a", kind: "list", props: { items: [{ title: "x" }, null, { title: 3 }, "y"] } });
  assert.deepEqual(list.props.items, [{ title: "x" }]);
  for (const raw of [{ id: "a" }, { id: "a", kind: 3, props: "x", children: "y" }, { id: "a", kind: "constructor", props: {} }, { id: "a", kind: "stack", props: null, children: [1, null, "b", "b"] }]) assert.ok(shapes.checkNode(raw));
});

test("rows are put in order, empty ones last, and narrowed", () => {
  const list = [{ n: 10 }, { n: null }, { n: 9 }, { n: 2 }];
  assert.deepEqual(rows.arrange(list, [["n", false]], "", () => "", "en").map(({ n }) => n), [2, 9, 10, null]);
  assert.deepEqual(rows.arrange(list, [["n", true]], "", () => "", "en").map(({ n }) => n), [10, 9, 2, null]);
  assert.deepEqual(rows.arrange([{ n: "file10" }, { n: "file9" }], [["n", false]], "FILE", ({ n }) => n, "en").map(({ n }) => n), ["file9", "file10"]);
});

test("rows of a source are fetched by block, cancelled when no longer wanted, and asked again after an error", async () => {
  const asked = [];
  const source = new rows.Rows(({ start, count }, signal) => new Promise((answer, refuse) => {
    asked.push({ start, signal, refuse, answer: () => answer({ rows: Array.from({ length: count }, (_, index) => ({ id: start + index })), total: 1_000_000, complete: true }) });
  }), () => {});
  /** Until everybody who waits for an answer has gone on. */
  const dealtWith = () => new Promise(setImmediate);
  const answer = async () => { for (const one of asked.splice(0)) one.answer(); await dealtWith(); };
  source.order([], "");
  await answer();
  source.want(500_000, 500_030);
  source.want(900_000, 900_030);
  assert.deepEqual(asked.map(({ start, signal }) => [start, signal.aborted]), [[500_000, true], [900_000, false]]);
  // What is given up answers all the same, and is not kept.
  await answer();
  assert.deepEqual([source.row(0)?.id, source.row(500_010), source.row(900_010)?.id, source.length], [0, undefined, 900_010, 1_000_000]);
  source.want(10_000, 10_010);
  asked.shift().refuse(new Error("no"));
  await dealtWith();
  assert.equal(source.error.message, "no");
  source.retry();
  source.want(10_000, 10_010);
  await answer();
  assert.equal(source.row(10_005)?.id, 10_005);
  for (let at = 0; at < 200; at++) { source.want(at * 1000, at * 1000 + 10); await answer(); }
  assert.ok([...Array(1_000_000 / 100).keys()].filter((block) => source.row(block * 100)).length <= 70, "keeps too much");
});

test("statistics of a part of the rows are measured again when all are read", async () => {
  let complete = false;
  let told;
  const source = new rows.Rows(async ({ start, count, statistics }) => ({
    rows: Array.from({ length: Math.min(count, 50 - start) }, (_, index) => ({ id: start + index })), total: 50, complete, ...(statistics ? { statistics: [{ max: complete ? 49 : 9 }] } : {}),
  }), () => told?.(), true);
  const until = (fits) => new Promise((done) => { told = () => { if (fits()) done(); }; told(); });
  source.order([], "");
  await until(() => source.statistics?.[0]?.max === 9);
  complete = true;
  await until(() => source.complete && source.statistics?.[0]?.max === 49);
});

test("statistics are of the rows that the filter leaves, in whichever order", async () => {
  let told;
  let measured = 0;
  const source = new rows.Rows(async ({ filter, statistics }) => {
    if (statistics) measured++;
    return { rows: [{ id: 1 }], total: 1, complete: true, ...(statistics ? { statistics: [{ max: filter ? 1 : 9 }] } : {}) };
  }, () => told?.(), true);
  const until = (fits) => new Promise((done) => { told = () => { if (fits()) done(); }; told(); });
  source.order([], "");
  await until(() => source.statistics?.[0]?.max === 9);
  source.order([["id", true]], "");
  await until(() => source.started);
  assert.equal(measured, 1);
  source.order([["id", true]], "gull");
  await until(() => source.statistics?.[0]?.max === 1);
  assert.equal(measured, 2);
});

test("inputs are checked before anything is sent", () => {
  const say = (rule, value) => check.problemOf(rule, value, "en") === "";
  assert.deepEqual([["a-1", true], ["A", false], ["-a", false], ["", true]].map(([text, good]) => say({ pattern: "name" }, text) === good), [true, true, true, true]);
  assert.deepEqual([["a/b.csv", true], ["../b", false], ["/a", false], ["a//b", false], [".hidden", true], ["a/", false]].map(([text, good]) => say({ pattern: "path" }, text) === good), Array(6).fill(true));
  assert.deepEqual([say({ required: true }, ""), say({ required: true }, null), say({ minimum: 3 }, 2), say({ "max-length": 2 }, "äö"), say({ "max-length": 1 }, "äö")], [false, false, false, true, false]);
});

test("a class is styled in one file: two of one name would style each other", () => {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const styled = new Map();
  for (const part of ["view/src", "shell/src"]) {
    for (const file of readdirSync(join(root, part), { recursive: true }).filter((name) => name.endsWith(".css"))) {
      const rules = readFileSync(join(root, part, file), "utf8").replaceAll(/\/\*.*?\*\//gs, "");
      for (const [, selectors] of rules.matchAll(/([^{}]+)\{/g)) for (const selector of selectors.split(",")) {
        const name = /^\s*\.(k[ds]-[\w-]+)\s*$/.exec(selector)?.[1];
        if (name) styled.set(name, (styled.get(name) ?? new Set()).add(file));
      }
    }
  }
  assert.ok(styled.size > 100, "it reads the styles");
  assert.deepEqual([...styled].filter(([, files]) => files.size > 1).map(([name, files]) => `${name}: ${[...files].join(", ")}`), []);
});
