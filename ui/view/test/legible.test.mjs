// What is not seen is written out, what belongs to a script stays; and the texts of a template are what goes through it.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as esbuild from "esbuild";

const view = fileURLToPath(new URL("../src/", import.meta.url));
const shell = fileURLToPath(new URL("../../shell/src/", import.meta.url));
let legible, readPlaces, readsAs;
before(async () => {
  const out = mkdtempSync(join(tmpdir(), "kd-legible-"));
  await esbuild.build({ entryPoints: ["legible", "html"].map((name) => join(view, `${name}.ts`)), outdir: out, bundle: true, format: "esm", outExtension: { ".js": ".mjs" }, logLevel: "error", plugins: [{ name: "no lit", setup: (build) => build.onResolve({ filter: /^lit$/ }, () => ({ path: "data:text/javascript,export const html=()=>{}", external: true })) }] });
  ({ legible, readsAs } = await import(pathToFileURL(join(out, "legible.mjs"))));
  ({ readPlaces } = await import(pathToFileURL(join(out, "html.mjs"))));
});

test("what is not seen, and what turns text around, is written out", () => {
  for (const [text, shown] of [
    ["gnp.\u202eexe", "gnp.‹U+202E›exe"],
    ["\u2067a\u2069", "‹U+2067›a‹U+2069›"],
    ["ka\u200bmld", "ka‹U+200B›mld"],
    ["a\u200db", "a‹U+200D›b"],
    ["a\ufeffb\u2060c\u00add\u034f", "a‹U+FEFF›b‹U+2060›c‹U+00AD›d‹U+034F›"],
    ["a\u200e\u200f\u061cb", "a‹U+200E›‹U+200F›‹U+061C›b"],
    ["\u001b[31mred\u0007\u0000\u009b", "‹U+001B›[31mred‹U+0007›‹U+0000›‹U+009B›"],
    ["x\u{e0041}\u{e007f}", "x‹U+E0041›‹U+E007F›"],
    ["a\u2028b\u3164c\uffa0d\ufe0f", "a‹U+2028›b‹U+3164›c‹U+FFA0›d‹U+FE0F›"],
  ]) {
    assert.equal(legible(text), shown);
    assert.equal(legible(shown), shown, "once is enough");
  }
});

test("what is seen stays as it is", () => {
  for (const text of ["plain, ünïcode 鳥 עברית العربية", "two\nlines\tand\r\n", "می\u200cخواهم", "क्\u200dष", "👩\u200d🔬 👍🏽 ❤\ufe0f 👨\u200d👩\u200d👧", "葛\u{e0100}", ""]) assert.equal(legible(text), text);
});

test("who types a text as it is read has typed it", () => {
  for (const typed of ["gnp.\u202eexe", "gnp.‹U+202E›exe"]) assert.equal(readsAs(typed, "gnp.\u202eexe"), true);
  for (const typed of ["gnp.exe", "exe.png", "gnp.‹U+202D›exe", ""]) assert.equal(readsAs(typed, "gnp.\u202eexe"), false);
  assert.equal(readsAs("strikes", "strikes") && !readsAs("strike\u200bs", "strikes"), true);
});

test("texts of a template are read, values of inputs are held, links are used", () => {
  const words = { read: true, used: false, held: "held" };
  const places = (strings) => readPlaces(strings).map((place) => words[place]);
  assert.deepEqual(places`<a href=${0} title=${0} class="a ${0}" @click=${0}>${0}</a><p>${0} and ${0}</p>`, [false, true, false, false, true, true, true]);
  assert.deepEqual(places`<img alt=${0} src=${0}><input .value=${0} placeholder="${0}" aria-label="${0}, ${0}" ?hidden=${0}>${0}`, [true, false, "held", true, true, true, false, true]);
  assert.deepEqual(places`<b title="a > b" data-x=${0}>1 < 2 ${0}</b><!-- <i --> ${0}`, [false, true, true]);
  assert.deepEqual(places`${0}<br>${0}`, [true, true]);
  assert.deepEqual(places`<progress .value=${0}></progress><textarea id=${0} .value=${0}></textarea>`, [false, false, "held"]);
});

test("whoever draws draws through it", () => {
  const wrong = [];
  for (const root of [view, shell]) {
    for (const path of readdirSync(root, { recursive: true }).filter((path) => path.endsWith(".ts") && path !== "html.ts")) {
      const source = readFileSync(join(root, path), "utf8");
      if (/import \{[^}]*\bhtml\b[^}]*\} from "lit"/.test(source)) wrong.push(`${path} takes html from lit`);
      for (const line of source.split("\n")) {
        if (/\b(?:input|field|control|textarea)\.value = /.test(line) && path !== "unseen.ts") wrong.push(`${path} gives an input a value without hold(): ${line.trim()}`);
        if (/(textContent|innerText|document\.title) = (?!"")|setAttribute\("(title|aria-label)"/.test(line) && !line.includes("legible(") && !/holder\.textContent = text|anchor\.textContent/.test(line)) wrong.push(`${path}: ${line.trim()}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});
