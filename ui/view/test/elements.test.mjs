// Elements at work in a real browser: hostile views, patches that keep the focus, inputs, menus, tables by keyboard, and
// a million rows with their figures.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { measured } from "../../../tests/e2e/page/bars.mjs";
import { data as galleryData, nodes as gallery } from "./gallery.mjs";
import { start } from "./harness.mjs";
import { still } from "./until.mjs";

let house;
let tab;
let opened;
before(async () => { house = await start(); });
after(() => house?.stop());
beforeEach(async () => { opened = await house.open(); tab = opened.tab; });
afterEach(async () => { assert.deepEqual(opened.problems, []); await opened.close(); });

const node = (id, kind, props = {}, children) => ({ id, kind, props, ...(children ? { children } : {}) });
const view = (...nodes) => {
  const inner = new Set(nodes.flatMap(({ children = [] }) => children));
  return [node("root", "stack", {}, nodes.map(({ id }) => id).filter((id) => !inner.has(id))), ...nodes];
};
const acts = () => tab.evaluate(() => globalThis.kd.acts.splice(0));
const text = (selector = "kd-view") => tab.evaluate((selector) => document.querySelector(selector)?.innerText ?? "", selector);
const patch = async (change) => {
  await tab.evaluate((change) => document.querySelector("kd-view").patch(change), change);
  await still(tab);
};

test("markup in every text of every kind stays text", async () => {
  const evil = `<img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>\${globalThis.hacked=1}`;
  const spoil = (value) => typeof value === "string" ? evil : Array.isArray(value) ? value.map(spoil) : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, ["tone", "icon", "weight", "type", "kind", "bind", "side", "select", "gap", "cell", "pattern", "key", "empty-view"].includes(key) ? one : spoil(one)])) : value;
  await house.show(tab, gallery.map((one) => ({ ...one, props: spoil(one.props) })), galleryData);
  assert.deepEqual(await tab.evaluate(() => [globalThis.hacked, document.querySelectorAll("kd-view script, kd-view img[src=x], kd-view [onerror]").length]), [undefined, 0]);
  assert.ok((await text()).includes("<img src=x"));
});

test("unknown kinds draw their children, and what cannot be drawn says so", async () => {
  await house.show(tab, view(node("u", "hologram", {}, ["t"]), node("t", "text", { text: "inside" }), node("w", "text", { text: 7 }), node("x", "constructor"), node("s", "section", {}, ["in"]), node("in", "text", { text: "still here" })));
  const said = await text();
  for (const part of ["inside", "text is not what it must be", "constructor", "title is missing", "still here"]) assert.ok(said.includes(part), `${part} in ${said}`);
});

test("cycles, missing ids, depth and multitude end", async () => {
  await house.show(tab, [node("root", "stack", {}, ["a", "gone", "root"]), node("a", "stack", {}, ["b"]), node("b", "stack", {}, ["a", "c"]), node("c", "text", { text: "there" })]);
  assert.ok((await text()).includes("there") && (await text()).includes("contains itself"));
  const deep = Array.from({ length: 200 }, (_, index) => node(index ? `n${index}` : "root", "stack", {}, [`n${index + 1}`]));
  await house.show(tab, deep);
  assert.ok((await text()).includes("deeper"));
  assert.equal(await tab.evaluate(() => document.querySelectorAll("kd-stack").length), 24);
  const twice = Array.from({ length: 20 }, (_, index) => node(index ? `n${index}` : "root", "stack", {}, [`m${index}`, `k${index}`])).flatMap((one, index) => [one, node(`m${index}`, "stack", {}, [`n${index + 1}`]), node(`k${index}`, "stack", {}, [`n${index + 1}`])]);
  await house.show(tab, twice);
  assert.ok(await tab.evaluate(() => document.querySelectorAll("kd-view *").length) < 20_000);
  await house.show(tab, [node("root", "stack", {}, Array.from({ length: 6000 }, (_, index) => `t${index}`)), ...Array.from({ length: 6000 }, (_, index) => node(`t${index}`, "text", { text: `line ${index}` }))]);
  assert.ok((await text()).includes("1001 more parts are not shown"));
  assert.equal(await tab.evaluate(() => document.querySelectorAll("kd-text").length), 4999);
});

test("what an input holds and does not show is written out below it, and sent as it is", async () => {
  const fields = [node("name", "input", { label: "Name", bind: "/name" }), node("long", "area", { label: "Long", bind: "/long" }), node("one", "combobox", { label: "One", bind: "/one", free: true, options: [] }), node("plain", "input", { label: "Plain", bind: "/plain" })];
  await house.show(tab, view(...fields), { name: "gnp.\u202eexe", long: "a\u200bb\nc", one: "x\u2067y", plain: "plain" });
  const notes = () => tab.locator(".kd-unseen").allInnerTexts();
  assert.deepEqual(await notes(), ["gnp.‹U+202E›exe", "a‹U+200B›b c", "x‹U+2067›y"].map((text) => `Contains hidden characters: ${text}`));
  const name = tab.getByLabel("Name");
  assert.equal(await name.inputValue(), "gnp.\u202eexe", "what is sent is what was there");
  await name.fill("seen");
  await tab.getByLabel("Plain").fill("ka\u200bmld");
  assert.deepEqual((await notes()).at(0), "Contains hidden characters: a‹U+200B›b c");
  assert.deepEqual((await notes()).at(-1), "Contains hidden characters: ka‹U+200B›mld");
  // Also where the plug-in changes what the input holds.
  await patch({ data: { "/long": "seen" } });
  assert.deepEqual(await notes(), ["x‹U+2067›y", "ka‹U+200B›mld"].map((text) => `Contains hidden characters: ${text}`));
});

test("properties of wrong types never break the page", async () => {
  const wrong = [null, 7, true, "x", [], {}, [[]], [null], { a: { b: [] } }];
  const kinds = [...new Set(gallery.map(({ kind }) => kind))];
  for (const value of wrong) {
    await house.show(tab, gallery.map((one) => ({ ...one, props: one.id === "root" ? {} : Object.fromEntries(Object.keys(one.props).map((key) => [key, value])) })), { name: value, list: value });
    assert.ok(await tab.evaluate(() => document.querySelectorAll("kd-view > kd-stack").length) === 1);
  }
  await house.show(tab, gallery.map((one) => (one.id === "root" ? one : { ...one, props: 7 })));
  assert.ok(kinds.length > 55);
  assert.equal(await tab.evaluate(() => { const one = document.querySelector("kd-view"); one.nodes = 7; one.nodes = [null, 3, {}, { id: 4 }]; one.data = []; return one.isConnected; }), true);
});

test("a patch touches one element and keeps focus, caret and what was typed", async () => {
  await house.show(tab, view(node("i", "input", { label: "Name", bind: "/name" }), node("t", "text", { text: "before" }), node("b", "button", { text: "Go", action: { act: "go" } })), { name: "" });
  await tab.focus("kd-input input");
  await tab.keyboard.type("abcd");
  await tab.keyboard.press("ArrowLeft");
  await tab.evaluate(() => { globalThis.touched = []; new MutationObserver((list) => globalThis.touched.push(...list.map(({ target }) => (target.closest ?? target.parentElement.closest).call(target.closest ? target : target.parentElement, "kd-input, kd-text, kd-button, kd-stack")?.tagName))).observe(document.querySelector("kd-view"), { subtree: true, childList: true, characterData: true, attributes: true }); });
  await patch({ nodes: [node("t", "text", { text: "after" })], data: { "/other": 1 } });
  assert.deepEqual(await tab.evaluate(() => [document.activeElement.value, document.activeElement.selectionStart, [...new Set(globalThis.touched)]]), ["abcd", 3, ["KD-TEXT"]]);
  assert.ok((await text()).includes("after"));
  await patch({ nodes: [node("root", "stack", {}, ["b", "n", "i", "t"]), node("n", "text", { text: "new" })] });
  assert.deepEqual(await tab.evaluate(() => [document.querySelector("kd-input input").value, [...document.querySelector("kd-stack").children].map(({ tagName }) => tagName)]), ["abcd", ["KD-BUTTON", "KD-TEXT", "KD-INPUT", "KD-TEXT"]]);
  await patch({ gone: ["n"], nodes: [node("t", "heading", { text: "a title now" })] });
  assert.equal(await tab.evaluate(() => document.querySelector("kd-heading h2").textContent), "a title now");
});

test("patches of one value among a thousand nodes are quick", async () => {
  await house.show(tab, [node("root", "stack", {}, Array.from({ length: 1000 }, (_, index) => `t${index}`)), ...Array.from({ length: 1000 }, (_, index) => node(`t${index}`, "text", { text: `${index}` }))]);
  const times = await tab.evaluate(async () => {
    const one = document.querySelector("kd-view");
    const out = [];
    for (let index = 0; index < 100; index++) {
      const begin = performance.now();
      one.patch({ nodes: [{ id: `t${index * 7}`, kind: "text", props: { text: `new ${index}` } }] });
      await document.querySelectorAll("kd-text")[index * 7].updateComplete;
      out.push(performance.now() - begin);
    }
    return out.sort((a, b) => a - b);
  });
  console.log(`patch of 1 in 1,000 nodes: ${times[50].toFixed(2)} ms p50, ${times[95].toFixed(2)} ms p95`);
  measured("elements: a patch among 1,000 nodes, 95th", times[95]);
});

test("values are bound both ways and tell the host", async () => {
  await house.show(tab, view(node("i", "input", { label: "Name", bind: "/a/name" }), node("t", "text", { text: "", bind: "/a/name" }), node("w", "when", { bind: "/a/name", is: "yes" }, ["h"]), node("h", "text", { text: "shown now" }), node("s", "switch", { label: "Live", bind: "/live", change: { act: "live", arguments: { on: { $value: true }, name: { $data: "/a/name" } } } })), { a: { name: "x" } });
  await tab.evaluate(() => { globalThis.changes = []; document.querySelector("kd-view").addEventListener("data-change", ({ detail }) => globalThis.changes.push(detail.values)); });
  await tab.fill("kd-input input", "yes");
  await tab.getByText("shown now").waitFor();
  assert.equal(await text("kd-text"), "yes");
  assert.ok((await text()).includes("shown now"));
  assert.deepEqual(await tab.evaluate(() => globalThis.changes), [{ "/a/name": "yes" }]);
  await patch({ data: { "/a/name": "from the server" } });
  assert.equal(await tab.inputValue("kd-input input"), "from the server");
  await tab.getByRole("switch", { name: "Live" }).press("Space");
  assert.deepEqual((await acts()).map(({ action, value }) => [action.arguments, value]), [[{ on: true, name: "from the server" }, true]]);
});

test("a form checks its inputs, leads to the first that is wrong, and sends what was typed", async () => {
  await house.show(tab, view(node("f", "form", { submit: "Create", action: { run: ["asset", "create"], arguments: { name: { $data: "/name" }, day: { $data: "/day" } } } }, ["a", "b"]), node("a", "input", { label: "Name", bind: "/name", help: "Lower case.", check: { required: true, pattern: "name" } }), node("b", "number", { label: "How many", bind: "/many", check: { minimum: 3 } })), {});
  await tab.getByRole("button", { name: "Create" }).click();
  assert.deepEqual(await tab.evaluate(() => [document.activeElement.getAttribute("aria-invalid"), document.activeElement.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id).textContent)]), ["true", ["Lower case.", "This is needed."]]);
  assert.deepEqual(await acts(), []);
  await tab.keyboard.type(`{"$data":"/x"}`);
  await tab.keyboard.press("Enter");
  assert.ok((await text()).includes("Lower case letters"));
  await tab.getByLabel("Name").fill("turbines");
  await tab.getByLabel("How many").fill("2");
  await tab.getByLabel("Name").press("Enter");
  assert.ok((await text()).includes("At least 3."));
  await tab.getByLabel("How many").fill("4");
  await tab.keyboard.press("Enter");
  await still(tab);
  assert.deepEqual((await acts()).map(({ action }) => action.arguments), [{ name: "turbines", day: null }]);
});

test("menus, tabs, tags, comboboxes and commands work by keyboard and give the focus back", async () => {
  await house.show(tab, view(node("m", "menu", { text: "More", items: [{ label: "Rename", action: { act: "rename" } }, { label: "Delete", action: { act: "delete" }, tone: "bad" }] }), node("tabs", "tabs", { bind: "/tab" }, ["t1", "t2"]), node("t1", "tab", { name: "a", title: "A" }, []), node("t2", "tab", { name: "b", title: "B" }, ["in"]), node("in", "text", { text: "in b" }),
    node("g", "tags", { items: ["wind"], add: { act: "add", arguments: { tag: { $value: true } } }, remove: { act: "remove", arguments: { tag: { $value: true } } } }), node("c", "combobox", { label: "City", bind: "/city", options: [{ value: "oslo", label: "Oslo" }, { value: "bern", label: "Bern" }] }), node("k", "command", { run: ["asset", "create"], arguments: { kind: "model" } })));
  await tab.getByRole("button", { name: "More" }).press("Enter");
  await tab.keyboard.press("ArrowDown");
  assert.deepEqual(await house.axe(tab), []);
  await tab.keyboard.press("Escape");
  assert.equal(await tab.evaluate(() => document.activeElement.textContent.trim()), "More");
  await tab.keyboard.press("Enter");
  await tab.keyboard.press("d");
  await tab.keyboard.press("Enter");
  assert.deepEqual((await acts()).map(({ action }) => action.act), ["delete"]);
  await tab.getByRole("tab", { name: "A" }).press("ArrowRight");
  await tab.getByText("in b").waitFor();
  await tab.getByRole("button", { name: "Add", exact: true }).press("Enter");
  await tab.keyboard.type("power");
  await tab.keyboard.press("Enter");
  await tab.keyboard.type("two words");
  await tab.keyboard.press("Enter");
  assert.ok((await text()).includes("A word of letters"));
  await tab.getByRole("button", { name: "Remove wind" }).press("Enter");
  assert.deepEqual((await acts()).map(({ action }) => action.arguments.tag), ["power", "wind"]);
  await tab.getByRole("combobox", { name: "City" }).focus();
  await tab.keyboard.type("be");
  await tab.keyboard.press("ArrowDown");
  assert.deepEqual(await house.axe(tab), []);
  await tab.keyboard.press("Enter");
  assert.equal(await tab.evaluate(() => document.querySelector("kd-view").data.city), "bern");
  await tab.getByLabel("address").fill(`{"$data":"/city"}`);
  await tab.keyboard.press("Enter");
  await still(tab);
  assert.deepEqual((await acts()).map(({ action }) => action.arguments), [{ kind: "model", address: `{"$data":"/city"}` }]);
});

const columns = [{ key: "name", label: "Name", open: true, sortable: true }, { key: "size", label: "Size", type: "bytes", sortable: true }, { key: "tags", label: "Tags", type: "tags" }];
const rows = Array.from({ length: 12 }, (_, index) => ({ name: `n${index}`, size: (index * 7) % 12 * 1000, tags: [index % 2 ? "odd" : "even"], $open: { address: `p/n${index}` } }));

test("a plain table sorts, narrows, selects, opens and acts", async () => {
  await house.show(tab, view(node("t", "table", { label: "Assets", columns, rows, key: "name", select: "many", bind: "/chosen", filter: "Filter", "row-actions": [{ label: "Rename", action: { act: "rename", arguments: { name: { $row: "name" } } } }], actions: [{ label: "Delete", action: { act: "delete", arguments: { names: { $selection: "name" } } } }] })), {});
  assert.equal(await tab.getAttribute("tbody tr:first-child a", "href"), "/go/p/n0");
  await tab.getByRole("button", { name: "Size" }).click();
  assert.equal(await tab.getAttribute("th:nth-child(3)", "aria-sort"), "ascending");
  await tab.getByRole("button", { name: "Size" }).click();
  assert.match(await text("tbody tr:first-child"), /11 kB/);
  await tab.getByPlaceholder("Filter").fill("odd");
  await tab.waitForFunction(() => document.querySelectorAll("tbody tr").length === 6);
  await tab.getByLabel("Select n1", { exact: true }).press("Space");
  await tab.keyboard.press("ArrowDown");
  await tab.keyboard.press("Space");
  assert.equal((await tab.evaluate(() => document.querySelector("kd-view").data.chosen)).length, 2);
  await tab.getByRole("button", { name: "Delete" }).click();
  await tab.getByRole("button", { name: "Actions for n1", exact: true }).press("Enter");
  await tab.keyboard.press("Enter");
  await tab.locator("tbody a").first().click();
  const [remove, rename, open] = await acts();
  assert.equal(remove.action.arguments.names.length, 2);
  assert.deepEqual([rename.action.arguments, rename.row.name, open.action.open.address.slice(0, 3)], [{ name: "n1" }, "n1", "p/n"]);
});

test("what is there no more is not selected any more", async () => {
  for (const bind of [{}, { bind: "/chosen" }]) {
    const table = (rows) => node("t", "table", { label: "Assets", columns, rows, key: "name", select: "many", actions: [{ label: "Delete", action: { act: "delete", arguments: { names: { $selection: "name" }, sizes: { $selection: "size" } } } }], ...bind });
    await house.show(tab, view(table(rows)), {});
    for (const name of ["n1", "n2", "n3"]) await tab.getByLabel(`Select ${name}`, { exact: true }).press("Space");
    await tab.getByText("3 selected").waitFor();
    await patch({ nodes: [table(rows.filter(({ name }) => name !== "n2").map((row) => ({ ...row, size: 1 })))] });
    await tab.getByText("2 selected").waitFor();
    await tab.getByRole("button", { name: "Delete" }).click();
    assert.deepEqual((await acts()).map(({ action }) => action.arguments), [{ names: ["n1", "n3"], sizes: [1, 1] }]);
    await patch({ nodes: [table([])] });
    await tab.getByText("selected").waitFor({ state: "detached" });
  }
});

test("a windowed table is a grid with one tab stop that arrows move through", async () => {
  await house.show(tab, view(node("b", "button", { text: "Before", action: { act: "x" } }), node("t", "table", { label: "Many", source: { rows: "million" }, columns: [{ key: "id", label: "Id", sortable: true, type: "count" }, { key: "name", label: "Name", open: true }], select: "many", key: "id", bind: "/chosen", "row-actions": [{ label: "Rename", action: { act: "rename", arguments: { id: { $row: "id" } } } }] })));
  await tab.waitForSelector("[role=gridcell]");
  await still(tab);
  await tab.getByRole("button", { name: "Before" }).focus();
  for (let at = 0; at < 5 && (await tab.evaluate(() => document.activeElement.getAttribute("role"))) !== "grid"; at++) await tab.keyboard.press("Tab");
  const at = () => tab.evaluate(() => { const cell = document.getElementById(document.activeElement.getAttribute("aria-activedescendant") ?? ""); return cell && [Number(cell.parentElement.getAttribute("aria-rowindex")), Number(cell.getAttribute("aria-colindex"))]; });
  const press = async (...keys) => { for (const key of keys) await tab.keyboard.press(key); await still(tab); };
  assert.deepEqual(await at(), [2, 1]);
  await press("ArrowDown", "ArrowDown", "ArrowRight");
  assert.deepEqual(await at(), [4, 2]);
  await press("Space");
  assert.deepEqual(await tab.evaluate(() => [document.querySelector("kd-view").data.chosen, document.querySelectorAll("[aria-selected=true]").length]), [["2"], 1]);
  await press("ArrowRight", "Enter");
  assert.deepEqual((await acts()).map(({ action }) => action.open?.address), ["p/a/2"]);
  await press("PageDown", "PageDown", "PageDown");
  assert.deepEqual(await at(), [34, 3]);
  await press("Control+End");
  assert.deepEqual(await at(), [1_000_001, 3]);
  await press("ArrowUp", "ArrowUp");
  assert.deepEqual(await at(), [999_999, 3]);
  await press("Control+Home");
  assert.deepEqual(await at(), [2, 3]);
  await press("End", "Enter");
  await press("Enter");
  assert.deepEqual((await acts()).map(({ action }) => action.arguments), [{ id: 0 }]);
  await press("Home", "ArrowRight", "ArrowUp");
  await press("Enter");
  await press("Enter");
  assert.equal(await tab.getAttribute("[role=columnheader][aria-colindex='2']", "aria-sort"), "descending");
  await press("ArrowDown");
  assert.match(await text("[role=row][aria-rowindex='2']"), /999,999/);
  assert.deepEqual(await house.axe(tab), []);
  await tab.keyboard.press("Tab");
  assert.notEqual(await tab.evaluate(() => document.activeElement.getAttribute("role")), "grid");
  await tab.getByRole("button", { name: "Pages" }).click();
  await tab.getByRole("button", { name: "Next" }).click();
  await tab.locator(".kd-pager").getByText("51 to 100 of 1,000,000").waitFor();
  assert.deepEqual(await house.axe(tab), []);
});

test("a table that could not be loaded says so and tries again; one without rows shows the way on", async () => {
  await house.show(tab, view(node("t", "table", { label: "Broken", source: { rows: "broken" } }), node("e", "table", { label: "None", source: { rows: "none" }, "empty-view": "empty" }, ["empty"]), node("empty", "empty", { title: "Nothing yet" })));
  const said = await text();
  for (const part of ["The store did not answer.", "Nothing was changed; try again.", "4bf92f3577b34da6a3ce929d0e0e4736", "Nothing yet"]) assert.ok(said.includes(part), said);
  assert.ok(!said.includes("store.rs"), "what nobody wrote for people is not shown");
  await tab.evaluate(() => { globalThis.mended = true; });
  await tab.getByRole("button", { name: "Try again" }).click();
  await tab.waitForSelector("[role=gridcell]");
});

test("rows that take long say so and can be stopped", async () => {
  await house.show(tab, view(node("r", "rows", { result: "slow", columns: [{ name: "id", type: "Int64" }], text: "Slow" })));
  await tab.getByText("Working…").waitFor();
  await tab.getByRole("button", { name: "Stop" }).click();
  await tab.getByText("Stopped", { exact: true }).waitFor();
  assert.deepEqual(await tab.evaluate(() => globalThis.kd.stopped), [{ result: "slow" }]);
});

test("a busy button does not do the same twice, and does what a patch made of it", async () => {
  const button = (text, run) => node("b", "button", { text, action: { run } });
  await house.show(tab, view(button("Switch off", ["off"])));
  await tab.evaluate(() => { globalThis.waits = true; });
  const press = async (name) => { await tab.getByRole("button", { name }).focus(); await tab.keyboard.press("Enter"); };
  await press("Switch off");
  await press("Switch off");
  await patch({ nodes: [button("Switch on", ["on"])] });
  await press("Switch on");
  assert.deepEqual((await acts()).map(({ action }) => action.run), [["off"], ["on"]]);
  await tab.evaluate(() => { for (const answer of globalThis.kd.answers.splice(0)) answer(true); globalThis.waits = false; });
  await tab.locator(".kd-button:not([aria-busy])").waitFor();
});

test("a tag is seen at once and goes back when the host says no", async () => {
  const tags = (items) => node("g", "tags", { items, add: { run: ["tag", "add"], arguments: { tag: { $value: true } } }, remove: { run: ["tag", "remove"], arguments: { tag: { $value: true } } } });
  await house.show(tab, view(tags(["raw", "csv"])));
  await tab.evaluate(() => { globalThis.waits = true; });
  const chips = () => tab.locator(".kd-chip:not(.kd-tag-add)").allInnerTexts().then((all) => all.map((one) => one.split("\n")[0].trim()));
  const answer = (done) => tab.evaluate((done) => globalThis.kd.answers.shift()(done), done);
  const remove = (word) => tab.getByRole("button", { name: `Remove ${word}` }).click();
  await remove("raw");
  assert.deepEqual(await chips(), ["csv"]);
  await answer(false);
  await tab.getByRole("button", { name: "Remove raw" }).waitFor();
  await remove("csv");
  await answer(true);
  await tab.evaluate((node) => document.querySelector("kd-view").patch({ nodes: [node] }), tags(["raw"]));
  assert.deepEqual(await chips(), ["raw"]);
  // What the host said yes to is not kept against what it says later.
  await tab.evaluate((node) => document.querySelector("kd-view").patch({ nodes: [node] }), tags(["raw", "csv"]));
  await tab.getByRole("button", { name: "Remove csv" }).waitFor();
  await tab.evaluate(() => { globalThis.waits = false; });
});

test("no row moves when the statistics in the head come later than the rows", async () => {
  await tab.evaluate(() => globalThis.kd.loadAll());
  await house.show(tab, view(node("x", "table", { label: "Measured", source: { rows: "measured" }, statistics: true })));
  await tab.getByRole("gridcell", { name: "row 0", exact: true }).waitFor();
  await tab.locator("kd-window .kd-head .kd-skeleton").first().waitFor();
  const top = () => tab.getByRole("gridcell", { name: "row 0", exact: true }).boundingBox().then(({ y }) => y);
  const before = await top();
  await tab.evaluate(() => globalThis.kd.others.measured());
  await tab.locator("kd-window .kd-head path").first().waitFor();
  assert.equal(await tab.locator("kd-window .kd-skeleton").count(), 0);
  assert.equal(await top(), before);
});

test("a million rows: first rows, far jumps, what is in the page, what stays in memory", async () => {
  await house.show(tab, view(node("x", "text", { text: "" })));
  await tab.evaluate(() => globalThis.kd.loadAll());
  const figures = await tab.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const until = async (what) => { const begin = performance.now(); while (!what() && performance.now() - begin < 5000) await frame(); if (!what()) throw new Error("never came"); };
    const one = document.querySelector("kd-view");
    let begin = performance.now();
    one.patch({ nodes: [{ id: "root", kind: "stack", props: {}, children: ["t"] }, { id: "t", kind: "table", props: { label: "Many", source: { rows: "million" }, statistics: true } }] });
    const has = (row) => [...document.querySelectorAll(`[role=row][aria-rowindex='${row + 2}'] [role=gridcell]`)].some((cell) => cell.textContent === `row ${row}`);
    await until(() => has(0));
    const first = performance.now() - begin;
    const grid = document.querySelector("kd-window");
    const jumps = [];
    const memory = () => performance.memory?.usedJSHeapSize ?? 0;
    const before = memory();
    for (let index = 0; index < 200; index++) {
      const row = (index * 4973 * 101) % 999_000;
      begin = performance.now();
      grid.jump(row);
      await until(() => [...document.querySelectorAll("[role=row][aria-rowindex]")].some((tr) => { const at = Number(tr.getAttribute("aria-rowindex")) - 2; return Math.abs(at - row) < 20 && has(at); }));
      jumps.push(performance.now() - begin);
    }
    jumps.sort((a, b) => a - b);
    return { first, p50: jumps[100], p95: jumps[190], most: jumps[199], nodes: document.querySelectorAll("*").length, heap: (memory() - before) / 1e6 };
  });
  console.log(`1,000,000 rows: first rows ${figures.first.toFixed(0)} ms, far jump ${figures.p50.toFixed(0)} ms p50, ${figures.p95.toFixed(0)} ms p95, ${figures.most.toFixed(0)} ms at most, ${figures.nodes} nodes, heap ${figures.heap.toFixed(1)} MB more after 200 jumps`);
  measured("elements: first rows of 1,000,000", figures.first);
  measured("elements: a far jump, median", figures.p50);
  measured("elements: nodes of the page", figures.nodes);
  measured("elements: heap after 200 jumps", figures.heap);
});
