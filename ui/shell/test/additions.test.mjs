// Columns and commands that plug-ins add to the lists of others, through the shell: found in the list of surfaces, asked for
// over the socket, gone with their plug-in. The shell and the list know nobody by name.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open } from "./browser.mjs";
import { start } from "./mock.mjs";
import { added, surfaces } from "./screens.mjs";

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

async function at(path, work) {
  const mock = await start();
  mock.state.surfaces = [...surfaces(), ...added()];
  mock.state.cells.values = { "birds/strikes": 0.5, "birds/songs": 1 };
  const { page, close } = await open(browser, path, { mock });
  try {
    await work(page, mock);
    assert.deepEqual(page.trouble, []);
  } finally {
    await close();
    await mock.stop();
  }
}

const cell = (page, asset) => page.getByRole("row", { name: new RegExp(asset) }).getByRole("cell").nth(6);
const shows = (page, asset, text) => cell(page, asset).filter({ hasText: text }).waitFor();

test("a column of another plug-in stands in the list, is asked for once, and again when told", () => at("/data/birds", async (page, mock) => {
  await page.getByRole("columnheader", { name: "Documented" }).waitFor();
  await shows(page, "strikes", "0.5");
  await shows(page, "plumage", "–");
  assert.deepEqual(mock.state.cells.asked.map(({ surface, address, addresses }) => [surface, address, addresses.length]), [["documented", "birds", 6]]);
  mock.state.cells.values["birds/plumage"] = 0.25;
  mock.tell({ changed: ["birds/plumage"] });
  await shows(page, "plumage", "0.25");
  assert.deepEqual(mock.state.cells.asked.slice(1).map(({ addresses }) => addresses), [["birds/plumage"]]);
}));

test("a plug-in that fails costs its cells and nothing else, and is asked again after a new connection", () => at("/data/birds", async (page, mock) => {
  await shows(page, "strikes", "0.5");
  mock.state.cells.refuse = true;
  mock.tell({ changed: [""] });
  await page.getByRole("columnheader", { name: /Documented.*acme\/docs does not answer/ }).waitFor();
  await shows(page, "strikes", "0.5");
  assert.equal(await page.locator(".ks-notice-bad").count(), 0);
  mock.state.cells.refuse = false;
  mock.state.cells.values["birds/strikes"] = 0.75;
  mock.drop();
  await shows(page, "strikes", "0.75");
  await page.getByRole("columnheader", { name: "Documented", exact: true }).waitFor();
}));

test("a command of another plug-in runs for a row and for a selection, and asks for what it needs", () => at("/data/birds", async (page, mock) => {
  const choose = async (asset, entry) => {
    await page.getByRole("button", { name: `Actions for ${asset}` }).click();
    await page.getByRole("menuitem", { name: entry }).click();
  };
  await page.getByRole("button", { name: "Actions for strikes" }).click();
  assert.deepEqual(await page.getByRole("menuitem").allInnerTexts(), ["Remove", "Check documentation", "Move…"]);
  await page.keyboard.press("Escape");
  await choose("strikes", "Check documentation");
  await page.getByRole("dialog").getByText("1 checked").waitFor();
  await page.keyboard.press("Escape");
  for (const asset of ["strikes", "songs"]) await page.getByRole("checkbox", { name: `Select ${asset}` }).check();
  await page.locator(".kd-bulk").getByRole("button", { name: "Check documentation" }).click();
  await page.getByRole("dialog").getByText("2 checked").waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".kd-bulk").getByRole("button", { name: "Move…" }).count(), 0);
  await choose("songs", "Move…");
  const dialog = page.getByRole("dialog", { name: "Move the documentation" });
  await dialog.getByRole("textbox").first().waitFor();
  assert.deepEqual(await dialog.getByRole("textbox").count(), 1);
  await dialog.getByLabel("To").fill("birds/plumage");
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  assert.deepEqual(mock.state.ran, [
    { command: "docs check", args: { asset: ["birds/strikes"] } },
    { command: "docs check", args: { asset: ["birds/strikes", "birds/songs"] } },
    { command: "docs move", args: { asset: "birds/songs", to: "birds/plumage" } },
  ]);
}));

test("what a plug-in added goes with it and comes back, and the list stays as it was", () => at("/data/birds", async (page, mock) => {
  await shows(page, "strikes", "0.5");
  await page.getByLabel("Note").fill("half a thought");
  mock.tell({ surfaces: surfaces(), commands: 1 });
  await page.getByRole("columnheader", { name: "Documented" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Actions for strikes" }).click();
  assert.deepEqual(await page.getByRole("menuitem").allInnerTexts(), ["Remove"]);
  await page.keyboard.press("Escape");
  mock.tell({ surfaces: [...surfaces(), ...added()], commands: 1 });
  await shows(page, "strikes", "0.5");
  assert.equal(await page.getByLabel("Note").inputValue(), "half a thought");
}));
