// For everybody: axe on every route in each theme and width, reflow, and the focus. Bars 12 to 15
// and 21 of the study.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibilityInThemes, launch, settled, tab } from './browser.mjs';
import { PAIRS, ratios } from './contrast.mjs';
import { focusStop, small, wider } from './layout.mjs';
import { routes } from './routes.mjs';
import { Server } from './server.mjs';
import { bar, print } from './table.mjs';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
});

after(async () => {
  print('reach');
  await browser?.close();
  await server?.stop();
});

for (const width of [1280, 768, 320]) {
  test(`axe finds nothing on any route in any theme, ${width} px`, async () => {
    const found = [];
    const page = await tab(browser, server, { width, motion: 'reduce' });
    for (const [route, path] of Object.entries(routes)) {
      await page.goto(server.url + path);
      await settled(page);
      found.push(...(await accessibilityInThemes(page)).map((words) => `${route}, ${words}`));
    }
    bar(12, `axe, ${Object.keys(routes).length} routes in 3 themes, ${width} px`, '0', found.length);
    assert.deepEqual(found, []);
    assert.deepEqual(page.trouble, []);
    await page.context().close();
  });
}

test('text has a contrast of 4.5 and what one has to see 3, in every theme', async () => {
  const page = await tab(browser, server);
  await settled(page);
  const low = [];
  for (const [name, theme, contrast] of [['light', 'light'], ['dark', 'dark'], ['high contrast', 'contrast'], ['light, more contrast', '', 'more'], ['dark, more contrast', '', 'more']]) {
    await page.emulateMedia({ contrast: contrast ?? 'no-preference', colorScheme: name.startsWith('dark') ? 'dark' : 'light' });
    await page.evaluate((theme) => (theme ? (document.documentElement.dataset.theme = theme) : document.documentElement.removeAttribute('data-theme')), theme);
    for (const [what, least, pairs] of PAIRS) {
      const found = await ratios(page, pairs);
      low.push(...found.filter(({ is }) => is < least).map(({ one, other, is }) => `${name}: ${one} on ${other} ${is.toFixed(2)}`));
      const lowest = found.reduce((a, b) => (b.is < a.is ? b : a));
      bar(13, `${what}, ${name}: lowest of ${found.length} pairs`, `${least}:1`, `${lowest.is.toFixed(2)}:1 (${lowest.one} on ${lowest.other})`);
    }
  }
  assert.deepEqual(low, []);
  await page.context().close();
});

test('nothing scrolls two ways at 320 px but grids', async () => {
  const page = await tab(browser, server, { width: 320 });
  const wide = [];
  for (const [route, path] of Object.entries(routes)) {
    await page.goto(server.url + path);
    await settled(page);
    const over = await wider(page);
    if (over > 1) wide.push(`${route}: ${over} px`);
  }
  bar(21, 'routes wider than 320 px', '0', wide.length);
  assert.deepEqual(wide, []);
  await page.context().close();
});

test('each stop of the Tab key on every route shows its focus and is not hidden, and all that is pressed can be hit', async () => {
  const page = await tab(browser, server);
  const hidden = new Set();
  const tiny = new Set();
  let [stops, targets] = [0, 0];
  for (const [route, path] of Object.entries(routes)) {
    await page.goto(server.url + path);
    await settled(page);
    const sizes = await small(page);
    targets += sizes.seen;
    for (const one of sizes.found) tiny.add(one);
    for (let stop = 0; stop < 150; stop++) {
      await page.keyboard.press('Tab');
      const found = await page.evaluate(focusStop);
      if (!found) break;
      stops++;
      if (!found.seen || !found.ring) hidden.add(`${route}: ${found.seen ? 'no ring' : 'covered'} ${found.name}`);
      assert.ok(stop < 149, `${route} goes on and on at ${found.name}`);
    }
  }
  bar(14, `targets below 24x24 (primary ones below 32), of ${targets}`, '0', tiny.size);
  bar(15, `stops of the Tab key without a ring of 2 px or covered, of ${stops} on ${Object.keys(routes).length} routes`, '0', hidden.size);
  assert.ok(stops > 15 * Object.keys(routes).length, `${stops} stops`);
  assert.deepEqual([...tiny, ...hidden], []);
  await page.context().close();
});
