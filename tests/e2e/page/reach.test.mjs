// For everybody: axe on every route in each theme and width, reflow, and the focus. Bars 12, 14, 15
// and 21 of the study.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, launch, settled, tab } from './browser.mjs';
import { small, wider } from './layout.mjs';
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
  ['high contrast', { preferences: { theme: 'contrast' } }],
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

/** In the page: how the focus stands; null once it has left the page. */
async function focusStop() {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  // An editor, in its shadow root, marks itself a moment after it got the focus.
  for (let frame = 0; frame < 60 && at.shadowRoot && !at.shadowRoot.querySelector('.cm-focused'); frame++) await new Promise(requestAnimationFrame);
  const box = at.getBoundingClientRect();
  // The middle of what is in the window of something that is higher than the window.
  const x = (Math.max(0, box.left) + Math.min(innerWidth, box.right)) / 2;
  const y = (Math.max(0, box.top) + Math.min(innerHeight, box.bottom)) / 2;
  const hit = document.elementFromPoint(x, y);
  const around = at.closest('form, label, .ks-box');
  const within = at.shadowRoot?.activeElement?.closest('.cm-editor') ?? at.querySelector('.kd-active');
  const ring = [at, around, within].some((one) => {
    const { outlineStyle, outlineWidth } = one ? getComputedStyle(one) : {};
    return one && outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
  });
  return { name: at.outerHTML.replace(/<!--.*?-->|\s+/g, ' ').slice(0, 100), seen: at.contains(hit) || (hit?.contains(at) ?? false), ring };
}
