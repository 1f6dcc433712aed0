// The shell in a real browser, on the mock: going about, the box, the palette, what is done and undone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "../../view/test/until.mjs";
import { focused, launch, open, ready, tabTo } from "./browser.mjs";
import { start } from "./mock.mjs";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const at = async (path, options, work) => {
  const opened = await open(browser, path, options);
  try {
    await work(opened.page, opened.mock, opened);
    assert.deepEqual(opened.page.trouble, []);
  } finally {
    await opened.close();
  }
};

test("the page is composed of what plug-ins provide, and of nothing else", () => at("/", {}, async (page, mock) => {
  assert.deepEqual(await page.locator(".ks-areas a").allInnerTexts(), ["Data", "Development", "Deployment", "Observation"]);
  assert.equal(await page.getByText("You have 6 datasets").count(), 1);
  assert.equal(await page.getByRole("complementary").getByText("birds").count(), 1);
  mock.state.surfaces = mock.state.surfaces.filter(({ slot, name }) => slot !== "area" || name === "data");
  for (const peer of mock.state.peers) peer.send({ surfaces: mock.state.surfaces, commands: 1 });
  await page.waitForFunction(() => document.querySelectorAll(".ks-areas a").length === 1);
}));

/** A first screen of two parts, of which the first is drawn once `letGo` is called; where a second never passes unless `passes`. */
async function twoParts(passes, work) {
  const mock = await start();
  const data = mock.state.surfaces.find(({ name }) => name === "data");
  mock.state.surfaces.push({ ...data, slot: "home", order: 2 });
  let letGo;
  mock.state.held.set("test/start", new Promise((done) => (letGo = done)));
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  if (!passes) await context.addInitScript(() => {
    const real = setTimeout;
    globalThis.setTimeout = (work, ms, ...more) => (ms === 1000 ? 0 : real(work, ms, ...more));
  });
  const page = await context.newPage();
  await page.goto(mock.url);
  const [first, second] = [0, 1].map((place) => page.locator("#main .ks-part").nth(place).locator("kd-view"));
  await second.waitFor({ state: "attached" });
  await work({ first, second, letGo });
  await context.close();
  await mock.stop();
}

test("parts of a screen appear from top to bottom", () => twoParts(false, async ({ first, second, letGo }) => {
  assert.equal(await second.isVisible(), false, "it would be pushed down");
  letGo();
  await second.waitFor();
  assert.equal(await first.isVisible(), true);
}));

test("no part waits longer than a second for one above it", () => twoParts(true, async ({ first, second, letGo }) => {
  await second.waitFor();
  assert.equal(await first.count(), 0);
  letGo();
  await first.waitFor();
}));

test("by keyboard alone: area, asset, tab, file, and back to where one was", () => at("/", {}, async (page) => {
  await page.keyboard.press("Tab");
  assert.match(await focused(page), /Skip/);
  await tabTo(page, "Data");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/data");
  await tabTo(page, "a strikes");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/data/birds/strikes");
  await page.waitForFunction(() => document.activeElement?.id === "main");
  await page.waitForSelector("text=2019.csv");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Tab");
  await tabTo(page, "History");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/data/birds/strikes?tab=history");
  assert.match(await page.title(), /History · strikes · birds · Data · KAML-D/);
  assert.match(await focused(page), /History/);
  // Chromium without a window has no key for it.
  await page.goBack();
  await page.waitForURL("**/data/birds/strikes");
  await page.waitForSelector("text=2019.csv");
}));

test("back shows at once what was there, with scroll and focus", () => at("/data/birds", { height: 500 }, async (page) => {
  await page.getByText("Line 40", { exact: true }).scrollIntoViewIfNeeded();
  await page.getByText("Line 40", { exact: true }).focus().catch(() => {});
  await page.evaluate(() => { for (const link of document.querySelectorAll("kd-view a")) if (link.textContent.includes("Line 40")) link.focus(); });
  const scroll = await page.evaluate(() => scrollY);
  assert.ok(scroll > 300);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/line-40.csv");
  await page.waitForSelector(".ks-state");
  await page.goBack();
  await page.waitForSelector("#main kd-view");
  await page.waitForFunction((wanted) => Math.abs(scrollY - wanted) < 3, scroll);
  assert.match(await focused(page), /Line 40/);
  await page.goForward();
  await page.waitForURL("**/line-40.csv");
}));

test("what was typed is still there after going away and back", () => at("/data/birds", {}, async (page) => {
  await page.getByLabel("Note").fill("half a thought");
  await page.getByRole("navigation", { name: "Areas" }).getByText("Development").click();
  await page.waitForURL("**/development/birds");
  await page.goBack();
  assert.equal(await page.getByLabel("Note").inputValue(), "half a thought");
}));

test("the box says what it takes a text for, one key switches, and each result has a URL", () => at("/", {}, async (page) => {
  await page.keyboard.press("/");
  await page.keyboard.type("strikes");
  assert.match(await page.locator(".ks-box-as").innerText(), /Text and tags/);
  await page.getByRole("combobox").first().fill("select 1");
  assert.match(await page.locator(".ks-box-as").innerText(), /SQL/);
  await page.keyboard.press("Alt+Enter");
  assert.match(await page.locator(".ks-box-as").innerText(), /Text and tags/);
  await page.keyboard.press("Alt+Enter");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/find\?q=select\+1&as=sql/);
  await page.waitForSelector("#main h1");
  await page.keyboard.press("Alt+Enter");
  await page.waitForURL(/as=search/);
  await page.reload();
  await ready(page);
  assert.equal(await page.locator("#ks-box").inputValue(), "select 1");
}));

test("the palette reaches commands, areas and what the server finds in two words", () => at("/", {}, async (page, mock) => {
  await page.keyboard.press("Control+k");
  await page.waitForSelector(".ks-palette-item");
  await page.keyboard.type("plum");
  await page.waitForSelector(".ks-palette-item:has-text('plumage')");
  await page.getByRole("option", { name: /plumage/ }).click();
  await page.waitForURL("**/data/birds/plumage");
  await page.keyboard.press("Control+k");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.type("project create");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Create a project" });
  await dialog.waitFor();
  assert.match(await focused(page), /input/);
  await page.keyboard.type("birds");
  await page.keyboard.press("Enter");
  // It exists: what was typed stays, the reason and the way on are said.
  await dialog.getByRole("alert").waitFor();
  assert.match(await dialog.getByRole("alert").innerText(), /There is a project birds already\.[\s\S]*Choose another name\.[\s\S]*4bf92f35/);
  assert.equal(await dialog.getByLabel("Name").inputValue(), "birds");
  await dialog.getByLabel("Name").fill("owls");
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  assert.ok(mock.state.projects.includes("owls"));
  await page.getByRole("complementary").getByText("owls").waitFor();
}));

test("Escape closes every dialog and the focus goes back to what opened it", () => at("/", {}, async (page) => {
  for (const name of [/Palette|Go to/, /Tasks and uploads/]) {
    const button = page.locator(".ks-tools").getByRole("button", { name });
    await button.focus();
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog[open]");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog[open]", { state: "detached" });
    assert.equal(await button.evaluate((element) => element === document.activeElement), true);
  }
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog[open]", { state: "detached" });
}));

test("single keys can be switched off", () => at("/settings/keys", {}, async (page) => {
  await page.getByRole("switch").uncheck();
  await page.locator("#main").focus();
  await page.keyboard.press("?");
  await page.keyboard.press("Control+k");
  await page.waitForSelector("dialog[open] .ks-palette-item");
  // Keys are answered in their order: a dialog of the first would stand under that of the second.
  assert.equal(await page.locator("dialog[open]").count(), 1);
}));

test("what was done can be undone from the notice and, later, from the list", () => at("/data/birds/strikes", {}, async (page, mock) => {
  const run = (address, tag) => mock.state.ran.filter(({ command, args }) => command === "tag remove" && args.tag === tag).length;
  await page.getByRole("button", { name: "Remove aviation" }).click();
  await page.getByText("Tag taken away.").first().waitFor();
  assert.equal(run("", "aviation"), 1);
  await page.locator(".ks-notice").getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "Remove aviation" }).waitFor();
  await page.getByRole("button", { name: "Remove csv" }).click();
  await page.locator(".ks-notice", { hasText: "Tag taken away." }).getByRole("button", { name: "Dismiss" }).click();
  await page.locator(".ks-tools").getByRole("button", { name: /Tasks/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Undo" }).first().click();
  // The one before it was taken back too.
  await page.getByRole("dialog").getByText("undone", { exact: true }).nth(1).waitFor();
  assert.deepEqual([...mock.state.tags].sort(), ["aviation", "csv"]);
}));

test("what destroys asks for the name, tells the plug-in, and does nothing before", () => at("/data/birds/strikes", {}, async (page, mock) => {
  await page.getByRole("button", { name: "Remove this asset" }).click();
  const dialog = page.getByRole("dialog");
  assert.match(await dialog.innerText(), /Plug-in: test\/data/);
  const remove = dialog.getByRole("button", { name: "Remove", exact: true });
  assert.equal(await remove.isDisabled(), true);
  await dialog.getByLabel("Type strikes to go on").fill("strikes");
  await page.keyboard.press("Escape");
  assert.equal(mock.state.ran.length, 0);
  await page.getByRole("button", { name: "Remove this asset" }).click();
  await dialog.getByLabel("Type strikes to go on").fill("strikes");
  await remove.click();
  await page.locator(".ks-notice-good").waitFor();
  assert.deepEqual(mock.state.ran.at(-1), { command: "asset remove", args: { address: "birds/strikes" } });
}));

test("long work is seen after a second, can be stopped, and says what was kept", () => at("/data/birds/strikes", {}, async (page) => {
  await page.getByRole("button", { name: "Count" }).click();
  const busy = page.locator(".ks-notice-busy");
  await busy.waitFor();
  await busy.getByRole("button", { name: "Stop" }).click();
  await page.locator(".ks-notice", { hasText: "Stopped." }).waitFor();
}));

test("a failure says what happened, what was kept, what to do, and its trace", () => at("/data/birds/strikes", {}, async (page, mock) => {
  await page.getByRole("button", { name: "Fail", exact: true }).click();
  const notice = page.locator(".ks-notice-bad");
  assert.match(await notice.innerText(), /The index could not be read\.[\s\S]*What you typed is kept[\s\S]*4bf92f35/);
  await notice.getByRole("button", { name: "Try again" }).click();
  await until(() => mock.state.ran.filter(({ command }) => command === "fail").length === 2);
}));

test("a plug-in that is switched off takes its screens along, and nothing else", () => at("/data/birds/strikes?tab=history", {}, async (page, mock) => {
  const off = { view: 0, problem: { kind: "unavailable", detail: "the plug-in test/history was switched off", help: "an admin can switch it on again" } };
  for (const peer of mock.state.peers) for (const [view, { plugin }] of peer.views) if (plugin === "test/history") peer.send({ lost: { ...off, view } });
  await page.getByRole("heading", { name: "History is gone for now" }).waitFor();
  assert.equal(await page.getByRole("complementary").getByText("birds").count(), 1);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { name: "History", exact: true }).waitFor();
}));

test("a screen that cannot be drawn says so and is tried again", () => at("/", {}, async (page, mock) => {
  mock.state.refuse = true;
  await page.getByRole("navigation", { name: "Areas" }).getByText("Data").click();
  await page.locator("#main .ks-state").waitFor();
  assert.match(await page.locator("#main .ks-state").innerText(), /Data could not be shown[\s\S]*does not answer[\s\S]*test\/data/);
  mock.state.refuse = false;
  await page.locator("#main").getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { name: "Data", level: 1 }).waitFor();
}));

test("places that are not there are said to be so", async () => {
  for (const [path, words] of [["/nothing", /no area “nothing”/], ["/data/birds/strikes?tab=no", /no tab “no”/], ["/data/birds/strikes/no.csv", /no object birds\/strikes\/no\.csv/], ["/settings/no", /no page “no”/]]) {
    await at(path, {}, async (page) => assert.match(await page.locator("#main").innerText(), words));
  }
});

test("a link opens exactly the state that it names", () => at("/data/birds/strikes/2019.csv?tab=text", {}, async (page) => {
  assert.equal(await page.locator(".ks-tabs [aria-current=page]").innerText(), "Text");
  assert.deepEqual(await page.locator(".ks-tabs a").allInnerTexts(), ["Table", "Text", "Facts"]);
  assert.deepEqual(await page.locator(".ks-way a").allInnerTexts(), ["workbench", "birds", "strikes", "2019.csv"]);
}));

test("a browser that nobody let in is told how to come in", async () => {
  const { start } = await import("./mock.mjs");
  const mock = await start();
  mock.state.signedOut = true;
  const opened = await open(browser, "/", { mock });
  await opened.page.getByRole("heading", { name: "Please come in by the link" }).waitFor();
  await opened.close();
  await mock.stop();
});
