// Words, outcomes, the palette's ranking, and what an upload is made of.
import assert from "node:assert/strict";
import { test } from "node:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "./pure.mjs";

const { fill, firstText } = await load("actions/outcome.ts");
const { rank, best } = await load("palette/rank.ts");
const { plan, cleanPath, destination, isLitter, Rate, BATCH_BYTES, BATCH_FILES, SMALL } = await load("uploads/plan.ts");
const { tar } = await load("uploads/tar.ts");
const { t, setLocale, pseudo, bytes } = await load("words/words.ts");
const { en } = await load("words/en.ts");
const { sentence, problemOf } = await load("transport/problem.ts");

const file = (path, size) => ({ path, file: { size, name: path.split("/").pop(), lastModified: 0 } });

test("fields of an outcome are put into sentences and targets, and nothing else is", () => {
  const data = { name: "birds", count: 3, deep: { id: "x" } };
  assert.equal(fill("Project {name} has {count}", data), "Project birds has 3");
  assert.deepEqual(fill({ address: "{name}/{deep.id}", params: { a: ["{name}"] } }, data), { address: "birds/x", params: { a: ["birds"] } });
  assert.equal(fill("{missing} {constructor} {deep}", data), "{missing} {constructor} {deep}");
  assert.equal(firstText([{ kind: "stack", props: {} }, { kind: "text", props: { text: "Done" } }]), "Done");
});

test("the palette puts starts of words first and asks for every word", () => {
  assert.ok(rank("project create", ["create"]) > rank("recreate it", ["create"]));
  assert.ok(rank("a recreate create", ["create"]) > rank("a recreate it", ["create"]));
  assert.equal(rank("project create", ["create", "asset"]), 0);
  assert.deepEqual(best(["tag remove", "project remove", "remove"], "remove", (x) => x, () => "", 2), ["remove", "tag remove"]);
  const commands = [["asset create", "create a dataset"], ["project create", "create a project: a place for assets"]];
  assert.deepEqual(best(commands, "asset create", (x) => x.join(" "), ([name]) => name, 1), [commands[0]], "what is called just so comes first");
});

test("the best of many are those that would come first if all were put in order", () => {
  const entries = Array.from({ length: 5000 }, (_, i) => ({ text: `${i % 7 ? "tag" : "retag"} ${"x".repeat((i * 31) % 90)} ${i % 11 ? "" : "tag"}${i}`, i }));
  const all = entries.map((entry) => ({ entry, score: rank(entry.text, ["tag"]) })).filter(({ score }) => score > 0).sort((a, b) => b.score - a.score);
  const name = ({ i }) => (i === 4321 ? "tag" : "");
  const wanted = [entries[4321], ...all.map(({ entry }) => entry).filter(({ i }) => i !== 4321)].slice(0, 60);
  assert.deepEqual(best(entries, "tag", ({ text }) => text, name, 60), wanted);
  assert.deepEqual(best(entries, "", ({ text }) => text, name, 3), entries.slice(0, 3), "nothing typed: in their order");
});

test("the palette ranks ten thousand entries within a frame or two", () => {
  const entries = Array.from({ length: 10_000 }, (_, i) => `asset number ${i} of birds/strikes-${i}.csv`);
  best(entries, "warm", (x) => x, (x) => x, 60);
  const since = performance.now();
  best(entries, "strikes 77", (x) => x, (x) => x, 60);
  assert.ok(performance.now() - since < 100);
});

test("many small files travel together, large ones alone", () => {
  const many = Array.from({ length: 2500 }, (_, i) => file(`f${i}`, 100));
  const pieces = plan([...many, file("big", 5e9), file("edge", SMALL), file("over", SMALL + 1)]);
  assert.deepEqual(pieces.map(({ kind }) => kind), ["batch", "batch", "single", "single"]);
  assert.equal(pieces[0].files.length, BATCH_FILES);
  assert.equal(pieces.reduce((sum, piece) => sum + (piece.kind === "batch" ? piece.files.length : 1), 0), 2503);
  const heavy = plan(Array.from({ length: 40 }, (_, i) => file(`h${i}`, SMALL)));
  assert.ok(heavy.every(({ bytes }) => bytes <= BATCH_BYTES));
  assert.deepEqual(plan([file("a", 1), file("b", 1)]).map(({ kind }) => kind), ["single", "single"]);
});

test("paths become what the server takes, or nothing", () => {
  assert.equal(cleanPath("a\\b//./c.csv"), "a/b/c.csv");
  assert.equal(cleanPath("a/../../etc"), "");
  assert.equal(cleanPath("e\u0301.csv"), "é.csv");
  assert.equal(cleanPath("x".repeat(1025)), "");
  assert.equal(cleanPath("a\u0000b"), "");
  assert.ok(isLitter("a/.DS_Store") && isLitter("repo/.git/HEAD") && !isLitter("a/b.csv"));
  assert.deepEqual(destination("birds/strikes@main/2019/jan"), { asset: "birds/strikes@main", folder: "2019/jan/" });
  assert.deepEqual(destination("birds/strikes"), { asset: "birds/strikes", folder: "" });
  assert.equal(destination("birds"), null);
});

test("the archive is one that tar itself reads, long and foreign names and all", async () => {
  const long = `${"folder/".repeat(30)}äöü 数据.csv`;
  const entries = [["a.csv", "1,2\n"], [long, "x".repeat(1000)], ["empty", ""]].map(([path, text]) => {
    const blob = new Blob([text], { type: "text/csv" });
    return { path, file: Object.assign(blob, { lastModified: 1_700_000_000_123 }) };
  });
  const folder = mkdtempSync(join(tmpdir(), "shell-tar-"));
  try {
    writeFileSync(join(folder, "a.tar"), Buffer.from(await tar(entries).arrayBuffer()));
    const out = spawnSync("tar", ["-xf", "a.tar"], { cwd: folder, encoding: "utf8" });
    assert.equal(out.status, 0, out.stderr);
    assert.equal(readFileSync(join(folder, "a.csv"), "utf8"), "1,2\n");
    assert.equal(readFileSync(join(folder, long), "utf8").length, 1000);
    assert.equal(readFileSync(join(folder, "empty"), "utf8"), "");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("the rate is of the last seconds", () => {
  const rate = new Rate();
  for (let second = 0; second <= 20; second++) rate.add(second < 10 ? second * 1000 : 10_000 + (second - 10) * 100, second * 1000);
  assert.ok(Math.abs(rate.perSecond - 100) < 1);
  rate.clear();
  assert.equal(rate.perSecond, 0);
});

test("words take what is filled in, count in their language, and grow in the test language", () => {
  setLocale("en");
  assert.equal(t("uploads.files", { n: 1 }), "1 file");
  assert.equal(t("uploads.files", { n: 2500 }), "2,500 files");
  assert.equal(t("by.plugin", { plugin: "a/b" }), "Plug-in: a/b");
  setLocale("de");
  assert.match(bytes(1234567), /1,23/);
  setLocale("en-XA");
  assert.ok(t("settings").length >= "Settings".length * 1.4);
  assert.match(t("drop.to", { to: "birds" }), /birds/);
  assert.match(pseudo("{n} files"), /\{n\}/);
  setLocale("en");
});

test("every word is used, plain, and says its placeholders in both forms", async () => {
  const source = await sourceText();
  for (const [key, word] of Object.entries(en)) {
    assert.ok(source.includes(`"${key}"`), `${key} is used nowhere`);
    if (typeof word === "object") assert.deepEqual(word.one.match(/\{\w+\}/g), word.other.match(/\{\w+\}/g), key);
    for (const text of typeof word === "string" ? [word] : Object.values(word)) {
      assert.doesNotMatch(text, /\b(file system|folderpath|dataset version|please wait|oops|invalid|error occurred)\b/i, key);
      assert.ok(text.split(/[.;:!?]/).every((part) => part.split(/\s+/).length <= 25), `${key} is a long sentence`);
    }
  }
});

async function sourceText() {
  const { readdirSync } = await import("node:fs");
  const root = join(import.meta.dirname, "../src");
  return readdirSync(root, { recursive: true }).filter((path) => path.endsWith(".ts") && !path.endsWith("en.ts")).map((path) => readFileSync(join(root, path), "utf8")).join("\n");
}

test("a problem of the server stands on the page as a sentence", () => {
  assert.equal(sentence("there is no such project"), "There is no such project.");
  assert.equal(sentence("really?"), "Really?");
  assert.equal(sentence("a-z, 0-9 and '-'"), "a-z, 0-9 and '-'.");
  const problem = problemOf({ kind: "limit", detail: "too much", help: "send less" }, 413);
  assert.deepEqual([problem.kind, problem.detail, problem.help], ["limit", "too much", "send less"]);
  assert.equal(problemOf(null, 401).kind, "signed-out");
});
