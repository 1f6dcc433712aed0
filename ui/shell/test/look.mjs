// Pictures of the shell on the mock, for looking at: node shell/test/look.mjs FOLDER
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";
import { still } from "../../view/test/until.mjs";
import { start } from "./mock.mjs";

const folder = process.argv[2] ?? "/tmp/look";
const only = process.argv[3];
mkdirSync(folder, { recursive: true });
const mock = await start();
const browser = await chromium.launch({ executablePath: process.env.KAMLD_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
const shots = [
  ["home", "/"], ["data", "/data"], ["project", "/data/birds"], ["asset", "/data/birds/strikes"], ["object", "/data/birds/strikes/2019.csv"],
  ["find", "/find?q=strikes"], ["sql", "/find?q=select%201"], ["settings", "/settings"], ["plugins", "/settings/plugins"], ["nowhere", "/data/birds/strikes/no.csv"], ["area", "/development"],
  ["palette", "/", async (page) => { await page.keyboard.press("Control+k"); await page.waitForSelector(".ks-palette-item"); await page.keyboard.type("s"); await still(page); }],
  ["ask", "/", async (page) => { await page.getByRole("button", { name: "Create a project" }).click(); await page.waitForSelector("dialog[open]"); }],
  ["destroy", "/data/birds/strikes", async (page) => { await page.getByRole("button", { name: "Remove this asset" }).click(); await page.waitForSelector("dialog[open]"); }],
  ["fail", "/data/birds/strikes", async (page) => { await page.getByRole("button", { name: "Fail", exact: true }).click(); await page.waitForSelector(".ks-notice-bad"); }],
  ["keys", "/", async (page) => { await page.keyboard.press("?"); await page.waitForSelector("dialog[open]"); }],
  ["upload", "/data/birds/strikes", async (page) => {
    mock.state.chunkDelay = 25;
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "Upload", exact: true }).click()]);
    await chooser.setFiles([{ name: "large.bin", mimeType: "", buffer: Buffer.alloc(20 << 20) }]);
    await page.keyboard.press("t");
    await page.getByText(/MB \/ 2/).waitFor();
  }],
  ["drop", "/data/birds/strikes", async (page) => { await page.evaluate(() => { const transfer = new DataTransfer(); transfer.items.add(new File(["x"], "a")); dispatchEvent(new DragEvent("dragenter", { dataTransfer: transfer })); }); }],
  ["away", "/data/birds", async (page) => { mock.state.down = true; mock.drop(); await page.waitForSelector(".ks-away"); mock.state.down = false; }],
  ["box", "/", async (page) => { await page.locator("#ks-box").fill("select 1"); await page.keyboard.press("ArrowDown"); }],
  ["side", "/", async (page) => { await page.getByRole("button", { name: "Side bar" }).click(); }],
  ["tasks", "/", async (page) => { await page.keyboard.press("t"); await page.waitForSelector("dialog[open]"); }],
];
const prefs = process.env.LOOK ? [[1280, "light", JSON.parse(process.env.LOOK)], [320, "light", JSON.parse(process.env.LOOK)]] : undefined;
for (const [width, scheme, preferences] of prefs ?? [[1280, "light"], [1280, "dark"], [768, "light"], [320, "light"], [320, "dark"]]) {
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: scheme });
  if (preferences) await context.addInitScript((value) => localStorage.setItem("kamld.preferences", value), JSON.stringify(preferences));
  for (const [name, path, act] of shots) {
    if (only && !only.split(",").includes(name)) continue;
    const page = await context.newPage();
    page.on("pageerror", (error) => console.log(name, "error", error.message));
    page.on("console", (message) => { if (message.type() === "error" || message.type() === "warning") console.log(name, width, message.text()); });
    await page.goto(mock.url + path);
    await page.waitForSelector("ks-surface kd-view, .ks-state, ks-own-settings h1", { timeout: 5000 }).catch(() => console.log(name, "nothing drawn"));
    await still(page);
    if (act) await act(page).catch((error) => console.log(name, width, error.message.split("\n")[0]));
    await still(page);
    await page.screenshot({ path: `${folder}/${name}-${width}-${scheme}.png` });
    await page.close();
  }
  await context.close();
}
await browser.close();
await mock.stop();
