// A plug-in's view cannot use the person's hands: what it asks of another plug-in is drawn by the shell and allowed by the
// person, or it does not happen. One test for each way to try.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibility, launch, open } from "./browser.mjs";
import { start } from "./mock.mjs";
import { added, strange, surfaces } from "./screens.mjs";

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

async function at(path, work, options = {}) {
  const mock = await start();
  mock.state.surfaces = [...surfaces(), ...strange()];
  mock.state.titles = { "evil/twin": "Data", "test/data": "Data" };
  const { page, close } = await open(browser, path, { mock, ...options });
  try {
    await work(page, mock);
    assert.deepEqual(page.trouble, []);
  } finally {
    await close();
    await mock.stop();
  }
}

const press = (page, name) => page.getByRole("main").getByRole("button", { name, exact: true }).click();
const ran = (mock) => mock.state.ran.map(({ command }) => command);
const question = (page) => page.getByRole("dialog", { name: "Allow this once?" });

test("a command of another plug-in that destroys is asked for, with both plug-ins and the thing", () => at("/twin", async (page, mock) => {
  await press(page, "Refresh");
  const text = await question(page).innerText();
  for (const part of [/Asked by\s+Data\s+evil\/twin/, /Done by\s+Data\s+test\/data/, /Remove an asset\s+asset remove/, /birds\/strikes/, /cannot be undone/]) assert.match(text, part);
  const allow = question(page).getByRole("button", { name: "Allow once" });
  assert.equal(await allow.isDisabled(), true, "not before its name is typed");
  await question(page).getByRole("button", { name: "Don’t allow" }).click();
  await question(page).waitFor({ state: "detached" });
  assert.deepEqual(ran(mock), []);
  await press(page, "Refresh");
  await question(page).getByLabel("Type strikes to go on").fill("strikes");
  await allow.click();
  await page.locator(".ks-notice-good").waitFor();
  assert.deepEqual(ran(mock), ["asset remove"]);
}));

test("an undo that lies, and a soothing word, waive nothing", () => at("/twin", async (page, mock) => {
  await press(page, "Tidy up");
  const dialog = question(page);
  assert.match(await dialog.innerText(), /“Nothing is lost, trust me\.”\s+What Data says about it/);
  await dialog.getByLabel("Type strikes to go on").waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.deepEqual(ran(mock), []);
}));

test("a write is asked for too, a double click does not answer, and its undo is asked for again", () => at("/twin", async (page, mock) => {
  await page.getByRole("main").getByRole("button", { name: "Like", exact: true }).dblclick();
  const allow = question(page).getByRole("button", { name: "Allow once" });
  await allow.waitFor();
  assert.deepEqual(ran(mock), []);
  // The safe answer has the focus.
  assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), "Don’t allow");
  await allow.click();
  await page.locator(".ks-notice", { hasText: "Liked." }).getByRole("button", { name: "Undo" }).click();
  assert.match(await question(page).innerText(), /asset remove[\s\S]*birds\/songs/);
  await page.keyboard.press("Escape");
  await question(page).waitFor({ state: "detached" });
  assert.deepEqual(ran(mock), ["tag add"]);
  // What was not allowed can still be taken back later.
  await page.locator(".ks-tools").getByRole("button", { name: /Tasks/ }).click();
  await page.getByRole("dialog", { name: "Tasks and uploads" }).getByRole("button", { name: "Undo" }).click();
  await question(page).waitFor();
}));

test("a form of another plug-in's command says both, and sending it is the answer", () => at("/twin", async (page, mock) => {
  await press(page, "Rename");
  const dialog = page.getByRole("dialog");
  for (const part of [/evil\/twin/, /test\/data/, /birds\/strikes/]) assert.match(await dialog.innerText(), part);
  await dialog.getByRole("textbox").fill("odd");
  await dialog.getByRole("button", { name: "Add" }).click();
  await page.getByText("Renamed.").first().waitFor();
  assert.deepEqual(mock.state.ran, [{ command: "tag add", args: { address: "birds/strikes", tag: "odd" } }]);
}));

test("a form whose command destroys is no shortcut", () => at("/twin", async (page, mock) => {
  await press(page, "Choose");
  await page.getByRole("dialog").getByRole("textbox").fill("birds/songs");
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await question(page).getByLabel("Type songs to go on").waitFor();
  await page.keyboard.press("Escape");
  await question(page).waitFor({ state: "detached" });
  assert.deepEqual(ran(mock), []);
}));

test("reading needs no question", () => at("/twin", async (page, mock) => {
  await press(page, "Look");
  await page.getByRole("dialog").getByText("1 checked").waitFor();
  assert.deepEqual(ran(mock), ["docs check"]);
}));

test("a switch asks, and goes back when it is not allowed", () => at("/twin", async (page, mock) => {
  await page.getByRole("switch", { name: "Dark" }).click();
  await question(page).getByRole("button", { name: "Don’t allow" }).click();
  await page.waitForFunction(() => !document.querySelector("[role=switch]").checked);
  assert.deepEqual(ran(mock), []);
}));

for (const [what, then] of [
  ["a command of another plug-in", { run: ["asset", "remove"], arguments: { address: "birds/strikes" } }],
  ["a write with a form", { run: ["tag", "add"], ask: ["tag"] }],
  ["a command that nobody knows", { run: ["not", "there"] }],
  ["an upload", { upload: "birds/strikes" }],
]) {
  test(`an answer that goes on with ${what} is refused`, () => at("/twin", async (page, mock) => {
    mock.state.reaction = { data: {}, note: "", then };
    await press(page, "Next");
    await page.locator(".ks-notice-bad", { hasText: "without you choosing it" }).waitFor();
    assert.equal(await page.locator("dialog[open]").count(), 0);
    assert.deepEqual(ran(mock), []);
  }));
}

test("an answer may still lead on and read", () => at("/twin", async (page, mock) => {
  mock.state.reaction = { data: {}, note: "", then: { run: ["docs", "check"], arguments: { asset: ["birds/strikes"] } } };
  await press(page, "Next");
  await page.getByRole("dialog").getByText("1 checked").waitFor();
  await page.keyboard.press("Escape");
  mock.state.reaction = { data: {}, note: "", then: { open: { area: "data", address: "birds" } } };
  await press(page, "Next");
  await page.waitForURL(/\/data\/birds$/);
  assert.deepEqual(ran(mock), ["docs check"]);
}));

test("typing leads to data and to nothing else", () => at("/twin", async (page, mock) => {
  mock.state.reaction = { data: { "/completions": [{ text: "hello", from: 0, to: 1 }] }, note: "Hm", then: { run: ["asset", "remove"], arguments: { address: "birds/strikes" } } };
  await page.getByRole("textbox", { name: "Notes" }).click();
  await page.keyboard.type("hel");
  await page.locator("kd-editor").getByText("hello", { exact: true }).first().waitFor();
  mock.state.reaction.then = { open: { area: "data", address: "birds" } };
  await page.keyboard.press("Escape");
  await page.keyboard.type("l");
  await page.locator("kd-editor").getByText("hello", { exact: true }).first().waitFor();
  assert.deepEqual(ran(mock), []);
  assert.equal(new URL(page.url()).pathname, "/twin");
  assert.equal(await page.locator("dialog[open], .ks-notice").count(), 0);
}));

test("what was allowed is not asked for twice when the server forgot the confirmation", () => at("/twin", async (page, mock) => {
  mock.state.forget = true;
  await press(page, "Like");
  await question(page).getByRole("button", { name: "Allow once" }).click();
  await page.getByText("Liked.").first().waitFor();
  const runs = mock.state.heard.filter(({ run }) => run);
  assert.deepEqual([ran(mock), runs.length, new Set(runs.map(({ run }) => run.confirmed)).size], [["tag add"], 2, 2]);
}));

test("every command says whose view asks, and the person's own word is the person's", () => at("/data/birds/strikes", async (page, mock) => {
  await page.getByRole("button", { name: "Remove aviation" }).click();
  await page.getByText("Tag taken away.").first().waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").fill("show how it is");
  await page.getByRole("dialog").getByRole("option", { name: /^Show how it is/ }).first().click();
  await page.getByRole("dialog").getByText("All is well.").waitFor();
  const [tagged, status] = mock.state.heard.filter(({ run }) => run).map(({ run }) => run.from);
  assert.equal(typeof tagged.view, "number");
  assert.equal(status, "shell");
}));

test("a row's entry that another plug-in adds is asked for, since the row is not its own", () => at("/data/birds", async (page, mock) => {
  mock.tell({ surfaces: [...surfaces(), ...added()], commands: 1 });
  await page.getByRole("button", { name: "Actions for strikes" }).click();
  await page.getByRole("menuitem", { name: "Move…" }).click();
  const dialog = page.getByRole("dialog");
  for (const part of [/test\/data/, /acme\/docs/, /birds\/strikes/]) assert.match(await dialog.innerText(), part);
  await dialog.getByRole("textbox").fill("birds/songs");
  await dialog.getByRole("button", { name: "Move" }).click();
  await page.locator(".ks-notice-good").waitFor();
  assert.deepEqual(ran(mock), ["docs move"]);
}));

test("letters that are not seen and that turn text around are written out", () => at("/twin", async (page, mock) => {
  await page.getByText("gnp.‹U+202E›exe ka‹U+200B›mld").waitFor();
  mock.state.titles = { "evil/twin": "Da\u200bta\u202e" };
  mock.state.surfaces = [...surfaces(), { ...strange()[0], title: "Da\u200bta" }];
  mock.tell({ surfaces: mock.state.surfaces, commands: 1, plugins: { ...mock.state.titles, "test/data": "Data" } });
  await page.getByRole("navigation", { name: "Areas" }).getByText("Da‹U+200B›ta").waitFor();
  await press(page, "Like");
  assert.match(await question(page).innerText(), /Asked by\s+Da‹U\+200B›ta‹U\+202E›\s+evil\/twin/);
}));

test("a name with letters that are not seen is typed as it is read, and meant as it is", () => at("/twin", async (page, mock) => {
  await press(page, "Erase");
  const allow = question(page).getByRole("button", { name: "Allow once" });
  const typed = question(page).getByLabel("Type gnp.‹U+202E›exe to go on");
  await typed.fill("gnp.exe");
  assert.equal(await allow.isDisabled(), true, "that is another name");
  await typed.fill("gnp.‹U+202E›exe");
  await allow.click();
  await page.locator(".ks-notice-good").waitFor();
  assert.deepEqual(mock.state.ran.map(({ args }) => args.address), ["birds/gnp.\u202eexe"]);
}));

test("what is pasted into the palette and the box says what it hides", () => at("/twin", async (page) => {
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").fill("ka\u200bmld");
  assert.equal(await page.getByRole("dialog").locator(".kd-unseen").innerText(), "Contains hidden characters: ka‹U+200B›mld");
  await page.keyboard.press("Escape");
  const box = page.locator("#ks-box");
  await box.fill("gnp.\u202eexe");
  assert.equal(await page.locator("ks-box .kd-unseen").innerText(), "Contains hidden characters: gnp.‹U+202E›exe");
  await box.fill("");
  assert.equal(await page.locator("ks-box .kd-unseen").count(), 0);
}));

for (const theme of ["light", "dark"]) for (const width of [1280, 360]) {
  test(`the question can be read and answered by everybody: ${theme}, ${width}`, () => at("/twin", async (page) => {
    await press(page, "Tidy up");
    await question(page).waitFor();
    assert.deepEqual(await accessibility(page), []);
    const { scrollWidth, clientWidth } = await page.evaluate(() => ({ scrollWidth: document.querySelector("dialog").scrollWidth, clientWidth: document.querySelector("dialog").clientWidth }));
    assert.ok(scrollWidth <= clientWidth, "nothing is cut off at the side");
  }, { width, preferences: { theme } }));
}
