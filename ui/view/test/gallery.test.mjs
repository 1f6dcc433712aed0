// All kinds on one page: accessible in every theme and width, nothing refused by the policy, nothing from elsewhere.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { data, nodes } from "./gallery.mjs";
import { start } from "./harness.mjs";

const pictures = process.env.KD_PICTURES;
let house;
before(async () => { house = await start(); if (pictures) mkdirSync(pictures, { recursive: true }); });
after(() => house?.stop());

test("the gallery shows every kind of the catalogue", () => {
  const catalogue = JSON.parse(readFileSync(new URL("../../../wit/ui/catalogue.json", import.meta.url), "utf8"));
  const shown = new Set(nodes.map(({ kind }) => kind));
  assert.deepEqual(Object.keys(catalogue.kinds).filter((kind) => !shown.has(kind)), []);
});

for (const theme of ["light", "dark", "contrast"]) {
  for (const width of [1280, 768, 320]) {
    test(`the gallery is accessible in ${theme} at ${width} px`, async () => {
      const { tab, problems, close } = await house.open({ theme, width });
      await house.show(tab, nodes, data);
      await tab.waitForSelector("kd-window [role=gridcell]");
      await tab.waitForFunction(() => document.querySelectorAll(":not(:defined)").length === 0);
      if (pictures) await tab.screenshot({ path: `${pictures}/${theme}-${width}.png`, fullPage: true });
      assert.deepEqual(await house.axe(tab), []);
      assert.deepEqual(problems, []);
      assert.equal(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "scrolls in two directions");
      const small = await tab.evaluate(() => [...document.querySelectorAll("kd-view :is(button, input, select, a)")]
        .filter((one) => one.checkVisibility() && !one.closest("p, kd-markdown, kd-window, label, .kd-inline") && one.type !== "checkbox" && one.type !== "radio" && one.getClientRects().length)
        .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
        .filter(([, { width, height }]) => width < 23.5 || height < 17).map(([html, { width, height }]) => `${Math.round(width)}x${Math.round(height)} ${html}`));
      assert.deepEqual(small, []);
      await close();
    });
  }
}

test("the gallery stands from right to left, without two-way scrolling", async () => {
  const { tab, problems, close } = await house.open({ dir: "rtl", width: 768 });
  await house.show(tab, nodes, data);
  await tab.waitForSelector("kd-window [role=gridcell]");
  if (pictures) await tab.screenshot({ path: `${pictures}/rtl-768.png`, fullPage: true });
  assert.equal(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
  assert.deepEqual(problems, []);
  await close();
});

test("the gallery can be used in forced colours and without motion", async () => {
  const { tab, problems, close } = await house.open({ media: { forcedColors: "active", reducedMotion: "reduce" } });
  await house.show(tab, nodes, data);
  assert.deepEqual(await house.axe(tab), []);
  assert.deepEqual(problems, []);
  await close();
});
