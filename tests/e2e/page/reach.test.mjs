// For everybody: axe on every route in each theme and width, reflow, and the focus. Bars 12, 15 and 21 of the study.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, launch, settled, tab } from './browser.mjs';
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

for (const [name, options] of [
  ['light', {}],
  ['dark', { scheme: 'dark' }],
  ['high contrast', { forced: 'active' }],
]) {
  test(`axe finds nothing on any route, ${name}`, async () => {
    const found = [];
    for (const width of [1280, 768, 320]) {
      const page = await tab(browser, server, { ...options, width });
      for (const [route, path] of Object.entries(routes)) {
        await page.goto(server.url + path);
        await settled(page);
        found.push(...(await accessibility(page)).map((words) => `${route} ${width}: ${words}`));
      }
      assert.deepEqual(page.trouble, []);
      await page.context().close();
    }
    bar(12, `axe, ${Object.keys(routes).length} routes at 3 widths, ${name}`, '0', found.length);
    assert.deepEqual(found, []);
  });
}

test('nothing scrolls two ways at 320 px but grids', async () => {
  const page = await tab(browser, server, { width: 320 });
  const wide = [];
  for (const [route, path] of Object.entries(routes)) {
    await page.goto(server.url + path);
    await settled(page);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (over > 1) wide.push(`${route}: ${over} px`);
  }
  bar(21, 'routes wider than 320 px', '0', wide.length);
  assert.deepEqual(wide, []);
  await page.context().close();
});

test('each stop of the Tab key shows its focus and is not hidden', async () => {
  const page = await tab(browser, server);
  await page.goto(`${server.url}/data/sample`);
  await settled(page);
  const hidden = [];
  let stops = 0;
  for (; stops < 60; stops++) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const at = document.activeElement;
      if (!at || at === document.body) return null;
      const box = at.getBoundingClientRect();
      const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      const style = getComputedStyle(at);
      const around = at.closest('form, label, .ks-box, [role=grid]');
      const ring = [at, around].some((one) => one && getComputedStyle(one).outlineStyle !== 'none');
      return { name: at.outerHTML.slice(0, 80), seen: at.contains(hit) || (hit?.contains(at) ?? false), ring: ring || style.boxShadow !== 'none', size: [box.width, box.height] };
    });
    if (!stop) break;
    if (!stop.seen || !stop.ring) hidden.push(stop.name);
  }
  bar(15, `stops of the Tab key without a ring or covered, of ${stops}`, '0', hidden.length);
  assert.ok(stops > 15, `${stops} stops`);
  assert.deepEqual(hidden, []);
  await page.context().close();
});
