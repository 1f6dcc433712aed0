// The connection is lost, comes back, and uploads go on: nothing that a person typed or sent is lost or done twice.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { until } from "../../view/test/until.mjs";
import { launch, open, ready } from "./browser.mjs";
import { start } from "./mock.mjs";

let browser, folder;
before(async () => {
  browser = await launch();
  folder = mkdtempSync(join(tmpdir(), "shell-files-"));
  writeFileSync(join(folder, "large.bin"), Buffer.alloc(24 << 20, 7));
  for (let index = 0; index < 12; index++) writeFileSync(join(folder, `small-${index}.csv`), `a,b\n${index},2\n`);
});
after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

const choose = async (page, ...names) => {
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "Upload", exact: true }).click()]);
  await chooser.setFiles(names.map((name) => join(folder, name)));
};

test("a lost connection is told within three seconds, keeps what was typed, and is back within five", async () => {
  const { page, mock, close } = await open(browser, "/data/birds");
  await page.getByLabel("Note").fill("half a thought");
  mock.state.down = true;
  let since = Date.now();
  mock.drop();
  await page.locator(".ks-away").waitFor({ timeout: 3000 });
  assert.ok(Date.now() - since < 3000);
  await page.getByLabel("Note").pressSequentially(", more");
  mock.state.down = false;
  since = Date.now();
  await page.locator(".ks-away").waitFor({ state: "detached", timeout: 5000 });
  assert.ok(Date.now() - since < 5000);
  assert.equal(await page.getByLabel("Note").inputValue(), "half a thought, more");
  mock.state.projects.push("owls");
  mock.push("test/projects");
  await page.getByRole("complementary").getByText("owls").waitFor();
  await close();
});

test("a server that forgot the session gets the views anew, and the page keeps its input", async () => {
  const { page, mock, close } = await open(browser, "/data/birds");
  await page.getByLabel("Note").fill("kept");
  mock.state.resume = false;
  const [before] = mock.state.peers;
  mock.drop();
  await until(() => [...mock.state.peers].some((peer) => peer !== before && peer.views.size === before.views.size));
  mock.state.projects.push("owls");
  mock.push("test/projects");
  // It comes after the views on the same connection.
  await page.getByRole("complementary").getByText("owls").waitFor();
  assert.equal(await page.getByLabel("Note").inputValue(), "kept");
  await close();
});

test("what a person did while the connection broke happens once", async () => {
  const { page, mock, close } = await open(browser, "/data/birds/strikes");
  mock.state.delay = 300;
  await page.getByRole("button", { name: "Remove csv" }).click();
  const heard = () => mock.state.heard.filter(({ run }) => run);
  await until(() => heard().length === 1);
  mock.drop();
  await page.getByText("Tag taken away.").first().waitFor({ timeout: 8000 });
  await until(() => heard().length === 2 && heard().every(({ dealtWith }) => dealtWith));
  assert.equal(mock.state.ran.filter(({ command }) => command === "tag remove").length, 1);
  await close();
});

test("an offline network is noticed without the socket saying so", async () => {
  const { page, close } = await open(browser, "/data/birds");
  await page.context().setOffline(true);
  await page.locator(".ks-away").waitFor({ timeout: 4000 });
  await page.context().setOffline(false);
  await page.locator(".ks-away").waitFor({ state: "detached", timeout: 5000 });
  await close();
});

test("small files travel as one archive, and the page says when they are there", async () => {
  const { page, mock, close } = await open(browser, "/data/birds/strikes");
  await choose(page, ...Array.from({ length: 12 }, (_, index) => `small-${index}.csv`));
  await page.getByText("12 files are in birds/strikes.").first().waitFor();
  assert.match(mock.state.batch.toString("latin1"), /small-11\.csv/);
  assert.deepEqual(page.trouble, []);
  await close();
});

test("an upload is paused, goes on where it was, and shows how far it is", async () => {
  const { page, mock, close } = await open(browser, "/data/birds/strikes");
  mock.state.chunkDelay = 15;
  await choose(page, "large.bin");
  await page.locator(".ks-tools").getByRole("button", { name: /Tasks/ }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(/MB \/ 25\.2 MB/).waitFor();
  await until(() => mock.state.uploads.get("1").got > 0);
  await dialog.getByRole("button", { name: "Pause: large.bin" }).click();
  await dialog.getByText(/Paused at/).waitFor();
  await until(() => mock.state.receiving === 0);
  const { got } = mock.state.uploads.get("1");
  assert.ok(got > 0 && got < 24 << 20, `${got} bytes arrived`);
  mock.state.chunkDelay = 0;
  await dialog.getByRole("button", { name: "Go on: large.bin" }).click();
  await dialog.getByText(/25\.2 MB sent/).waitFor();
  assert.equal(mock.state.uploads.get("1").got, 24 << 20);
  assert.equal(mock.state.uploads.size, 1);
  assert.deepEqual(page.trouble, []);
  await close();
});

test("an upload that a reload interrupted goes on from there when the file is chosen again", async () => {
  const { page, mock, close } = await open(browser, "/data/birds/strikes");
  page.on("dialog", (dialog) => void dialog.accept());
  mock.state.chunkDelay = 15;
  await choose(page, "large.bin");
  await until(() => mock.state.uploads.get("1")?.got > 0);
  await page.reload();
  await ready(page);
  mock.state.chunkDelay = 0;
  await until(() => mock.state.receiving === 0);
  const before = mock.state.uploads.get("1").got;
  assert.ok(before > 0 && before < 24 << 20);
  await page.locator(".ks-tools").getByRole("button", { name: /Tasks/ }).click();
  await page.getByText("Not finished").waitFor();
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "Choose the file again" }).click()]);
  await chooser.setFiles(join(folder, "large.bin"));
  await page.getByText(/25\.2 MB sent/).waitFor();
  assert.equal(mock.state.uploads.size, 1);
  assert.equal(mock.state.uploads.get("1").got, 24 << 20);
  await close();
});

test("an upload waits for a server that is gone for a moment", async () => {
  const mock = await start();
  const { page, close } = await open(browser, "/data/birds/strikes", { mock });
  mock.state.chunkDelay = 10;
  await choose(page, "large.bin");
  await until(() => mock.state.uploads.get("1")?.got > 0);
  const kept = mock.state.uploads;
  const port = Number(new URL(mock.url).port);
  await mock.stop();
  await page.locator(".ks-away").waitFor();
  const again = await start(port);
  again.state.uploads = kept;
  await page.getByText("1 file is in birds/strikes.").first().waitFor({ timeout: 15000 });
  assert.equal(kept.get("1").got, 24 << 20);
  await close();
  await again.stop();
});

test("files that are there already are asked about, and it is said what becomes of them", async () => {
  const { page, mock, close } = await open(browser, "/data/birds/strikes");
  mock.state.objects.set("birds/strikes/small-1.csv", "text/csv");
  await choose(page, "small-1.csv", "small-2.csv");
  const dialog = page.getByRole("dialog", { name: "1 of 2 files is there already" });
  assert.match(await dialog.innerText(), /stays in the history/);
  await dialog.getByRole("button", { name: "Only the new ones" }).click();
  await page.getByText("1 file is in birds/strikes.").first().waitFor();
  assert.deepEqual([...mock.state.uploads.values()].map(({ meta }) => meta.address), ["birds/strikes/small-2.csv"]);
  await close();
});

test("a folder dropped on the page keeps its paths", async () => {
  const { page, mock, close } = await open(browser, "/data/birds/strikes");
  await page.evaluate(() => {
    const transfer = new DataTransfer();
    for (let index = 0; index < 5; index++) transfer.items.add(new File([`x${index}`], `d${index}.txt`, { type: "text/plain" }));
    dispatchEvent(new DragEvent("dragenter", { dataTransfer: transfer, bubbles: true }));
    document.querySelector("#main").dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  });
  await page.getByText("5 files are in birds/strikes.").first().waitFor();
  assert.match(mock.state.batch.toString("latin1"), /d4\.txt/);
  await close();
});

test("what a person did while the server was started again does not hang on the screen that asked", async () => {
  const { page, mock, close } = await open(browser, "/data/birds/strikes");
  Object.assign(mock.state, { down: true, resume: false });
  mock.drop();
  await page.locator(".ks-away").waitFor();
  await page.getByRole("button", { name: "Remove csv" }).click();
  // The screen is asked for again, and the server takes its time to draw it: it has no record of it until then.
  let letGo;
  const held = new Promise((done) => (letGo = done));
  for (const { plugin } of mock.state.surfaces) mock.state.held.set(plugin, held);
  mock.state.down = false;
  await page.getByText("Tag taken away.").first().waitFor({ timeout: 8000 });
  assert.equal(mock.state.ran.filter(({ command }) => command === "tag remove").length, 1);
  letGo();
  await close();
});
