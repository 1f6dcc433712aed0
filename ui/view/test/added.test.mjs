// Columns and commands that other plug-ins add to a table: they come without moving anything, are asked for what is seen,
// again when something changed, and leave a table whole when they fail.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { start } from "./harness.mjs";

let house;
let tab;
let opened;
before(async () => { house = await start(); });
after(() => house?.stop());
beforeEach(async () => { opened = await house.open(); tab = opened.tab; });
afterEach(async () => { assert.deepEqual(opened.problems, []); await opened.close(); });

const columns = [{ key: "name", label: "Name", open: true, sortable: true }, { key: "size", label: "Size", type: "bytes", sortable: true }];
const row = (name, is = "dataset") => ({ name, size: 1000, address: `birds/${name}`, ...(is ? { $is: is } : {}), $open: { address: `birds/${name}` } });
const table = (rows, more = {}) => [{ id: "root", kind: "table", props: { label: "Assets", columns, rows, key: "address", holds: "assets", select: "many", "row-actions": [{ label: "Copy", action: { act: "copy", arguments: { text: { $row: "address" } } } }], ...more } }];
const others = (change) => tab.evaluate((change) => { Object.assign(globalThis.kd.others, change); }, change);
const changed = (addresses) => tab.evaluate((addresses) => globalThis.kd.others.changed(addresses), addresses);
const asked = () => tab.evaluate(() => globalThis.kd.others.asked.splice(0).map(({ key, addresses }) => [key, addresses.length, addresses[0]]));
const cells = (at) => tab.locator(`tbody tr td:nth-child(${at})`).allInnerTexts();
const acts = () => tab.evaluate(() => globalThis.kd.acts.splice(0).map(({ action }) => action));
const docs = { columns: [{ key: "docs", label: "Documented", type: "number", fits: ["dataset"] }], cells: { docs: { "birds/strikes": 0.5, "birds/songs": "4 of 4 and many more words than there is room for" } } };
// Frames, and not how often a thing was asked for: what is moved is what a person sees.
const boxes = () => tab.evaluate(() => [...document.querySelectorAll("kd-table th, kd-table td, kd-table tr")].map((one) => { const { x, y, width, height } = one.getBoundingClientRect(); return [x, y, width, height].map(Math.round).join(" "); }));

test("cells come later, in their own column, and nothing moves", async () => {
  for (const width of [1280, 320]) {
    await tab.setViewportSize({ width, height: 800 });
    await others({ ...docs, wait: true, asked: [] });
    await house.show(tab, table([row("strikes"), row("songs"), row("model", "model"), row("raw", "")]));
    await tab.waitForFunction(() => globalThis.kd.others.asked.length === 1);
    const before = await boxes();
    assert.equal(await tab.locator("kd-table .kd-skeleton").count(), 2);
    await tab.evaluate(() => { globalThis.kd.others.wait = false; globalThis.kd.others.release(); });
    await tab.waitForFunction(() => !document.querySelector("kd-table .kd-skeleton"));
    assert.deepEqual(await cells(4), ["0.5", "4 of 4 and many more words than there is room for", "", ""]);
    assert.deepEqual(await boxes(), before);
    assert.deepEqual(await asked(), [["docs", 2, "birds/strikes"]]);
  }
  assert.equal(await tab.evaluate(() => document.querySelectorAll("th .kd-added-head")[0].title), "Added by the plug-in acme/others");
  assert.deepEqual(await house.axe(tab), []);
});

test("what changed is asked for again, the rest is not, and the old value stays meanwhile", async () => {
  await others(docs);
  await house.show(tab, table([row("strikes"), row("songs")]));
  await tab.locator("td", { hasText: "0.5" }).waitFor();
  await asked();
  await others({ cells: { docs: { "birds/strikes": 0.75 } } });
  await changed(["birds/strikes@main/about.md"]);
  await changed(["fish"]);
  await tab.locator("td", { hasText: "0.75" }).waitFor();
  assert.deepEqual(await asked(), [["docs", 1, "birds/strikes"]]);
  assert.equal((await cells(4))[1], "4 of 4 and many more words than there is room for");
  await changed([""]);
  await tab.locator("td", { hasText: "–" }).waitFor();
  assert.deepEqual(await asked(), [["docs", 2, "birds/strikes"]]);
});

test("a column that does not answer leaves the table whole, says whose it is, and is tried again", async () => {
  await others({ ...docs, columns: [...docs.columns, { key: "runs", label: "Runs", type: "count" }], cells: { ...docs.cells, runs: { "birds/strikes": 7 } }, failing: ["docs"] });
  await house.show(tab, table([row("strikes")]));
  await tab.locator("th", { hasText: "The plug-in acme/others does not answer" }).waitFor();
  assert.deepEqual([await cells(4), await cells(5), await cells(2)], [["–"], ["7"], ["strikes"]]);
  assert.equal(await tab.locator("th", { hasText: "does not answer" }).count(), 1);
  await others({ failing: [] });
  await changed(["birds"]);
  await tab.locator("td", { hasText: "0.5" }).waitFor();
  assert.equal(await tab.locator("th", { hasText: "does not answer" }).count(), 0);
});

test("columns and commands come and go with their plug-ins while the table stays", async () => {
  await house.show(tab, table([row("strikes")], { "row-actions": [] }));
  await tab.evaluate(() => { document.querySelector("td").marked = true; });
  assert.deepEqual([await tab.locator("thead th").count(), await tab.getByRole("button", { name: /Actions/ }).count()], [3, 0]);
  await others({ ...docs, commands: [{ label: "Check", run: ["docs", "check"] }] });
  await changed();
  await tab.locator("td", { hasText: "0.5" }).waitFor();
  assert.equal(await tab.getByRole("button", { name: "Actions for strikes" }).count(), 1);
  await others({ columns: [], commands: [] });
  await changed();
  await tab.locator("th", { hasText: "Documented" }).waitFor({ state: "detached" });
  assert.deepEqual([await tab.getByRole("button", { name: /Actions/ }).count(), await tab.evaluate(() => document.querySelector("td").marked)], [0, true]);
});

test("commands join the menu of the rows that they fit, behind the table's own, and take many where they can", async () => {
  await others({ commands: [{ label: "Check", run: ["docs", "check"], many: true, fits: ["dataset"] }, { label: "Train", run: ["train"] }] });
  await house.show(tab, table([row("strikes"), row("model", "model"), row("raw", "")]));
  const menu = async (name) => {
    await tab.getByRole("button", { name: `Actions for ${name}` }).click();
    const said = await tab.locator("[role=menu] > :is(button, [role=separator])").evaluateAll((all) => all.map((one) => one.innerText.trim() || "-"));
    return said;
  };
  assert.deepEqual(await menu("raw"), ["Copy"]);
  await tab.keyboard.press("Escape");
  assert.deepEqual(await menu("model"), ["Copy", "-", "Train"]);
  await tab.keyboard.press("Escape");
  assert.deepEqual(await menu("strikes"), ["Copy", "-", "Check", "Train"]);
  await tab.getByRole("menuitem", { name: "Check" }).click();
  await tab.getByRole("checkbox", { name: "Select strikes" }).check();
  await tab.locator(".kd-bulk").getByRole("button", { name: "Check" }).click();
  assert.deepEqual(await acts(), [{ run: ["docs", "check"], arguments: { asset: ["birds/strikes"] } }, { run: ["docs", "check"], arguments: { asset: ["birds/strikes"] } }]);
  await tab.getByRole("checkbox", { name: "Select model" }).check();
  assert.deepEqual(await tab.locator(".kd-bulk button").allInnerTexts(), ["Clear selection"]);
});

test("of a long table only the cells of rows that are seen are asked for, a hundred at a time", async () => {
  const many = Array.from({ length: 3000 }, (_, index) => row(`a${index}`));
  await others({ columns: [{ key: "docs", label: "Documented", type: "count" }], cells: { docs: Object.fromEntries(many.map(({ address }, index) => [address, index])) } });
  await house.show(tab, table(many));
  await tab.getByRole("gridcell", { name: "3", exact: true }).waitFor();
  await tab.evaluate(() => document.querySelector("kd-window").jump(2500));
  await tab.getByRole("gridcell", { name: "2,503", exact: true }).waitFor();
  const sizes = (await asked()).map(([, size]) => size);
  assert.ok(sizes.every((size) => size <= 100) && sizes.reduce((sum, size) => sum + size, 0) < 200, `${sizes}`);
  await house.show(tab, table(many.slice(0, 150)));
  await tab.locator("td", { hasText: /^149$/ }).waitFor();
  assert.deepEqual((await asked()).map(([, size]) => size), [100, 50]);
});

test("a value of any kind is drawn or left out, and markup stays text", async () => {
  const evil = "<img src=x onerror='globalThis.hacked=1'>";
  const values = { a: evil, b: { text: "x" }, c: [evil, 7], d: true, e: "", f: 12 };
  for (const type of ["text", "tags", "time", "bytes", "boolean"]) {
    await others({ columns: [{ key: "x", label: "X", type }], cells: { x: Object.fromEntries(Object.entries(values).map(([name, value]) => [`birds/${name}`, value])) } });
    await house.show(tab, table(Object.keys(values).map((name) => row(name))));
    await tab.waitForFunction(() => !document.querySelector("kd-table .kd-skeleton"));
    assert.deepEqual(await tab.evaluate(() => [globalThis.hacked, document.querySelectorAll("kd-table img").length]), [undefined, 0]);
    assert.deepEqual([(await cells(4))[1], (await cells(4))[4]], ["–", "–"]);
  }
});
