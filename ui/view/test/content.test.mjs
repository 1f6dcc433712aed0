// What is looked at and written in: pictures, bytes, JSON, differences, charts, results of queries, the editor.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { start } from "./harness.mjs";
import { still } from "./until.mjs";

let house;
let tab;
let opened;
before(async () => { house = await start(); });
after(() => house?.stop());
beforeEach(async () => { opened = await house.open(); tab = opened.tab; });
afterEach(async () => { assert.deepEqual(opened.problems, []); await opened.close(); });

const only = (kind, props) => [{ id: "root", kind, props }];
const text = (selector = "kd-view") => tab.evaluate((selector) => document.querySelector(selector)?.innerText ?? "", selector);

test("a picture is looked at closely by keyboard", async () => {
  await house.show(tab, only("image", { source: "a/b/p.png", alt: "Stripes", width: 320, height: 200, zoom: true }));
  await tab.waitForFunction(() => document.querySelector("img").naturalWidth > 0);
  await tab.focus(".kd-image-zoom");
  await tab.keyboard.press("+");
  await tab.keyboard.press("+");
  assert.deepEqual(await tab.evaluate(() => [document.querySelector("img").clientWidth, document.querySelector("[role=status]").textContent]), [640, "200 %"]);
  await tab.keyboard.press("0");
  assert.equal(await tab.evaluate(() => document.querySelector("img").clientWidth), 320);
});

test("bytes of five gigabytes are reached by offset, and only what is seen is in the page", async () => {
  await house.show(tab, only("hex", { object: "a/b", size: 5_000_000_000 }));
  await tab.getByLabel("Offset").fill("0x12345678");
  await tab.getByLabel("Offset").press("Enter");
  await tab.waitForFunction(() => [...document.querySelectorAll(".kd-hex-table tbody th")].some((one) => one.textContent.startsWith("00001234")));
  assert.ok(await tab.evaluate(() => document.querySelectorAll("kd-hex *").length) < 200);
  await tab.evaluate(() => { const box = document.querySelector(".kd-hex"); box.scrollTop = box.scrollHeight; });
  await tab.waitForFunction(() => document.querySelector(".kd-hex-table tbody tr:last-child th")?.textContent === (5_000_000_000 - 16).toString(16).padStart(12, "0"));
});

test("JSON folds, keeps long numbers, and what is none is shown as it is", async () => {
  await house.show(tab, only("json", { text: `{"id": 12345678901234567890, "list": [${Array.from({ length: 300 }, (_, index) => index)}], "deep": {"x": {"y": 1}}}`, depth: 1 }));
  assert.ok((await text()).includes("12345678901234567890"));
  await tab.getByText("list").click();
  await tab.getByRole("button", { name: "200 more" }).click();
  await tab.getByText("299", { exact: true }).first().waitFor();
  await house.show(tab, only("json", { text: "{oops <b>" }));
  assert.ok((await text()).includes("This is not JSON") && (await text()).includes("{oops <b>"));
});

test("a difference marks words and folds what is alike", async () => {
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
  await house.show(tab, only("diff", { before: lines.join("\n"), after: lines.map((line, index) => (index === 50 ? "line fifty" : line)).join("\n") }));
  assert.deepEqual(await tab.evaluate(() => [document.querySelector("del").textContent, document.querySelector("ins").textContent, document.querySelectorAll(".kd-diff-fold").length]), ["50", "fifty", 2]);
  await tab.locator(".kd-diff-fold button").first().click();
  await tab.getByText("line 3", { exact: true }).first().waitFor();
});

test("a chart has a table beside it and is drawn again in another theme", async () => {
  await house.show(tab, only("chart", { label: "Power", x: [1, 2, 3], series: [{ label: "north", values: [1, null, 3] }] }));
  assert.equal(await tab.locator("canvas").count(), 1);
  assert.match(await tab.getAttribute(".kd-plot-box", "aria-label"), /north: 1 to 3/);
  await tab.evaluate(() => { document.documentElement.dataset.theme = "dark"; });
  await still(tab);
  assert.equal(await tab.locator("canvas").count(), 1);
  await tab.getByRole("button", { name: "Table" }).click();
  assert.equal(await tab.locator("kd-plot tbody tr").count(), 3);
});

test("the rows of a query say what they cost, become a chart, and can be saved", async () => {
  await house.show(tab, only("rows", { result: "r 1", columns: [{ name: "id", type: "Int64" }], chart: true, text: "select 1" }));
  await tab.waitForSelector("[role=gridcell]");
  assert.match(await text(), /500 rows · 5.2 MB read · in 12 ms/);
  assert.equal(await tab.getAttribute("a:has-text('CSV')", "href"), "/api/v1/results/r%201?format=csv");
  await tab.getByRole("button", { name: "Chart" }).click();
  await tab.waitForSelector("kd-plot canvas");
});

test("what is typed over several lines of the editor replaces them, within the policy of the page", async () => {
  await house.show(tab, only("editor", { label: "Query", bind: "/sql", language: "sql" }), { sql: "select a,\n  b\nfrom c" });
  await tab.getByRole("textbox", { name: "Query" }).click();
  await tab.keyboard.press("Control+a");
  await tab.keyboard.type("x");
  assert.equal(await tab.evaluate(() => document.querySelector("kd-view").data.sql), "x");
  await tab.keyboard.press("Control+z");
  assert.equal(await tab.evaluate(() => document.querySelector("kd-view").data.sql), "select a,\n  b\nfrom c");
});

test("the editor is bound, marks what is wrong, completes, and lets Tab go", async () => {
  const props = { label: "Query", bind: "/sql", language: "sql", rows: 4, complete: "complete" };
  await tab.clock.install();
  await house.show(tab, [{ id: "root", kind: "stack", props: {}, children: ["e", "b"] }, { id: "e", kind: "editor", props }, { id: "b", kind: "button", props: { text: "After", action: { act: "x" } } }], { sql: "select" });
  const editor = tab.getByRole("textbox", { name: "Query" });
  await editor.click();
  await tab.keyboard.press("End");
  await tab.evaluate(() => {
    const { host } = globalThis.kd;
    host.act = async (action, { set }) => { if (action.act === "complete") set({ "/completions": [{ text: "turbines", kind: "table", detail: "table", from: action.arguments.cursor - 2, to: action.arguments.cursor }] }); };
  });
  await tab.keyboard.type(" 1 from tu");
  await tab.waitForFunction(() => document.querySelector(".kd-editor").shadowRoot.querySelector(".cm-tooltip-autocomplete"));
  // For the first 75 ms the editor takes no completion, so that nobody takes one that came under their fingers.
  await tab.clock.fastForward(100);
  await tab.keyboard.press("Enter");
  assert.equal(await tab.evaluate(() => document.querySelector("kd-view").data.sql), "select 1 from turbines");
  await tab.evaluate((props) => document.querySelector("kd-view").patch({ nodes: [{ id: "e", kind: "editor", props: { ...props, problem: { line: 1, column: 15, message: "no table turbines" } } }], data: {} }), props);
  await tab.locator("kd-editor .kd-error").getByText("Line 1").waitFor();
  assert.deepEqual(await tab.evaluate(() => [document.querySelector(".kd-editor").shadowRoot.querySelector(".kd-problem")?.textContent, document.querySelector("kd-editor .kd-error").textContent]), ["turbines", "Line 1: no table turbines"]);
  assert.deepEqual(await house.axe(tab), []);
  await tab.keyboard.press("Tab");
  assert.equal(await tab.evaluate(() => document.activeElement.textContent.trim()), "After");
});
