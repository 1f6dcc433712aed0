// For everybody: axe on every kind of screen in each theme and width, targets, reflow, direction, long words, motion.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { still } from "../../view/test/until.mjs";
import { accessibility, launch, open } from "./browser.mjs";
import { start } from "./mock.mjs";

let browser, mock;
before(async () => { browser = await launch(); mock = await start(); });
after(async () => { await browser.close(); await mock.stop(); });

const PATHS = ["/", "/data/birds", "/data/birds/strikes", "/data/birds/strikes/readme.md?tab=facts", "/find?q=strikes", "/settings", "/settings/keys", "/settings/about", "/settings/plugins", "/data/birds/strikes/no.csv", "/nothing"];

// Every route of the product in each theme and width is gone through by tests/e2e/page/reach.test.mjs.
const LOOKS = [["light", 1280], ["dark", 320], ["contrast", 768]];

for (const [theme, width] of LOOKS) {
  test(`axe finds nothing: ${theme}, ${width}`, async () => {
    const found = [];
    for (const path of PATHS) {
      const { page, close } = await open(browser, path, { mock, width, preferences: { theme } });
      await still(page);
      for (const one of await accessibility(page)) found.push(`${path} ${one}`);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, `${path} scrolls sideways`);
      await close();
    }
    assert.deepEqual(found, []);
  });
}

const DIALOGS = [
  ["/", async (page) => { await page.keyboard.press("Control+k"); await page.waitForSelector(".ks-palette-item"); }],
  ["/", async (page) => { await page.keyboard.press("t"); await page.waitForSelector("dialog[open]"); }],
  ["/", async (page) => { await page.keyboard.press("?"); await page.waitForSelector("dialog[open]"); }],
  ["/", async (page) => { await page.getByRole("button", { name: "Create a project" }).click(); await page.waitForSelector("dialog[open]"); }],
  ["/data/birds/strikes", async (page) => { await page.getByRole("button", { name: "Remove this asset" }).click(); await page.waitForSelector("dialog[open]"); }],
  ["/data/birds/strikes", async (page) => { await page.getByRole("button", { name: "Fail", exact: true }).click(); await page.waitForSelector(".ks-notice-bad"); }],
  ["/", async (page) => { await page.locator("#ks-box").fill("select 1"); await page.keyboard.press("ArrowDown"); await page.waitForSelector(".ks-box-list:not([hidden])"); }],
  ["/", async (page) => { await page.getByRole("button", { name: "Side bar" }).click(); }],
];

for (const [theme, width] of LOOKS) {
  test(`axe finds nothing in dialogs, notices and lists: ${theme}, ${width}`, async () => {
    const found = [];
    for (const [path, act] of DIALOGS) {
      const { page, close } = await open(browser, path, { mock, width, preferences: { theme } });
      await act(page);
      await still(page);
      for (const one of await accessibility(page)) found.push(`${act.toString().slice(20, 90)} ${one}`);
      await close();
    }
    assert.deepEqual(found, []);
  });
}

test("every target of the shell is 24 pixels and more, and shows its focus", async () => {
  for (const width of [1280, 320]) {
    const { page, close } = await open(browser, "/data/birds/strikes", { mock, width });
    const small = await page.evaluate(() => [...document.querySelectorAll("header a, header button, .ks-tabs a, .ks-box button, .ks-side a, .ks-side button, .ks-about button")]
      .filter((element) => element.offsetParent !== null)
      .map((element) => ({ text: element.textContent.trim().slice(0, 20), box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width < 24 || box.height < 24).map(({ text, box }) => `${text} ${box.width}x${box.height}`));
    assert.deepEqual(small, []);
    for (let step = 0; step < 25; step++) {
      await page.keyboard.press("Tab");
      // What scrolls into sight needs a frame.
      await still(page);
      const seen = await page.evaluate(() => {
        const element = document.activeElement;
        if (!element || element === document.body) return true;
        const box = element.getBoundingClientRect();
        const hit = document.elementFromPoint(box.x + Math.min(box.width / 2, 100), box.y + box.height / 2);
        const field = element.closest("form") ?? element;
        const ring = [element, field].some((one) => parseFloat(getComputedStyle(one).outlineWidth) >= 2 && getComputedStyle(one).outlineStyle !== "none");
        return (hit !== null && (element.contains(hit) || hit.contains(element)) && ring) || `${element.tagName} ${element.textContent.trim().slice(0, 30)} ${hit?.tagName} ring ${ring}`;
      });
      assert.equal(seen, true);
    }
    await close();
  }
});

test("right to left, long words and 400 % lose nothing", async () => {
  for (const preferences of [{ direction: "rtl" }, { locale: "en-XA" }]) {
    for (const width of [1280, 320]) {
      const { page, close } = await open(browser, "/data/birds/strikes", { mock, width, preferences });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, JSON.stringify(preferences) + width);
      if (preferences.direction) assert.equal(await page.evaluate(() => document.documentElement.dir), "rtl");
      else assert.match(await page.locator(".ks-palette-button").getAttribute("title"), /⟦/);
      await close();
    }
  }
  const { page, close } = await open(browser, "/data/birds", { mock, width: 320, height: 256 });
  await page.evaluate(() => scrollTo(0, 600));
  assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector(".ks-top")).position), "static");
  await close();
});

test("reduced motion stands still, forced colours show what is chosen", async () => {
  const { page, close } = await open(browser, "/data", { mock, reducedMotion: "reduce", forcedColors: "active" });
  assert.equal(await page.locator(".ks-areas [aria-current]").count(), 1);
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
  await close();
});

test("nothing of the frame moves while the page comes up", async () => {
  const { page, close } = await open(browser, "/data", { mock });
  await page.evaluate(() => {
    globalThis.shift = 0;
    new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shift += entry.value; }).observe({ type: "layout-shift", buffered: true });
  });
  // What the observer was given late is there after the frames that this waits for.
  await still(page);
  const shift = await page.evaluate(() => globalThis.shift);
  assert.ok(shift <= 0.05, `layout shift ${shift}`);
  await close();
});
