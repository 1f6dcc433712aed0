// For everybody, also while they wait and when something went wrong: axe on every route before the server answers, while its
// screen or what the screen shows is on its way, and when either failed, in each theme and width. Bar 12 of the study.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { between, FAULTS, FETCHES, intercept, PROBLEM, putBytes } from './between.mjs';
import { accessibilityInThemes, drawn, launch, tab } from './browser.mjs';
import { routes } from './routes.mjs';
import { Server } from './server.mjs';
import { bar, print } from './table.mjs';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
});

after(async () => {
  print('unfinished');
  await browser?.close();
  await server?.stop();
});

/** Every screen of the page, that of the side bar too, shows something that fits a selector. */
const allShow = (page, selector) =>
  page.waitForFunction((selector) => {
    const all = [...document.querySelectorAll('ks-surface')];
    return all.length > 0 && all.every((one) => one.querySelector(selector));
  }, selector);

/** Axe on the page as it stands, in each width and theme. */
async function everyLook(page) {
  const found = [];
  for (const width of [1280, 768, 320]) {
    await page.setViewportSize({ width, height: 800 });
    await drawn(page);
    found.push(...(await accessibilityInThemes(page)).map((words) => `${width} px, ${words}`));
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  return found;
}

// Without an answer the shell draws all by itself: one route of each kind of place.
const PLACES = ['home', 'project', 'files', 'table', 'sql', 'plug-ins', 'appearance'];

/** What the server does not do, how that looks, and the routes that come to it. */
const STATES = [
  ['before the server answers', () => null, (page) => page.locator('main .ks-skeleton').waitFor(), PLACES],
  ['without a connection', (message, wire) => (wire.cut(), null), (page) => page.locator('.ks-away').waitFor(), PLACES],
  [
    'while it loads, for longer than one likes to wait',
    ({ open }) => (open ? null : undefined),
    async (page) => {
      await allShow(page, '.ks-skeleton');
      await page.clock.runFor(12_000);
      await allShow(page, '.ks-skeleton button');
    },
  ],
  ['when it failed', ({ open }) => (open ? { problem: PROBLEM } : undefined), (page) => allShow(page, '.ks-state')],
];

for (const [state, does, seen, only = Object.keys(routes)] of STATES) {
  test(`axe finds nothing on any route ${state}`, async () => {
    const page = await tab(browser, server, { motion: 'reduce' });
    await page.clock.install();
    const wire = await between(page);
    wire.to = (message) => does(message, wire);
    const found = [];
    for (const route of only) {
      await page.goto(server.url + routes[route]);
      await seen(page);
      found.push(...(await everyLook(page)).map((words) => `${route}, ${words}`));
      // Nothing came after all while it was looked at.
      await seen(page);
    }
    bar(12, `axe, ${only.length} routes in 9 looks, ${state}`, '0', found.length);
    assert.deepEqual(found, []);
    assert.deepEqual(page.trouble, []);
    await page.context().close();
  });
}

test('axe finds nothing while what a screen shows is on its way, and when it failed', async () => {
  const page = await tab(browser, server, { motion: 'reduce' });
  await putBytes(server);
  const found = [];
  for (const [what, [pattern, path, methods]] of Object.entries(FETCHES)) {
    let [asked, fail] = [];
    const asks = new Promise((resolve) => (asked = resolve));
    const fails = new Promise((resolve) => (fail = resolve));
    const stop = await intercept(page, pattern, (route) => (asked(), fails.then(() => FAULTS['the server says why'](route))), methods);
    await page.goto(server.url + path);
    await asks;
    found.push(...(await everyLook(page)).map((words) => `${what} on the way, ${words}`));
    fail();
    await page.getByRole('main').getByRole('alert').or(page.locator('main .ks-state')).first().waitFor();
    found.push(...(await everyLook(page)).map((words) => `${what} failed, ${words}`));
    await stop();
  }
  bar(12, `axe, ${Object.keys(FETCHES).length} screens in 9 looks while what they show is on its way, and failed`, '0', found.length);
  assert.deepEqual(found, []);
  assert.deepEqual(page.trouble, []);
  await page.context().close();
});
