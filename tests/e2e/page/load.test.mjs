// How fast the page is there and how much it takes: bars 1, 3 to 8 of the study.
// Timed bars are printed, and only fail where they are off by more than a busy machine explains.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { measured } from './bars.mjs';
import { launch, settled, tab } from './browser.mjs';
import { Server } from './server.mjs';
import { bar, median, print } from './table.mjs';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
});

after(async () => {
  print('loading');
  await browser?.close();
  await server?.stop();
});

/** Watches from the first moment of each document. */
async function watched(page) {
  await page.addInitScript(() => {
    globalThis.seen = { lcp: 0, shift: 0, long: [] };
    const watch = (type, each) => new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ type, buffered: true });
    watch('largest-contentful-paint', (entry) => (globalThis.seen.lcp = entry.startTime));
    watch('layout-shift', (entry) => (globalThis.seen.shift += entry.hadRecentInput ? 0 : entry.value));
    watch('longtask', (entry) => globalThis.seen.long.push(entry.duration));
  });
}

test('what is largest is painted soon on a slow line and a slow machine', async () => {
  const times = [];
  const page = await tab(browser, server);
  await watched(page);
  const wire = await page.context().newCDPSession(page);
  await wire.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  await wire.send('Network.enable');
  const mbit = (10 * 1024 * 1024) / 8;
  await wire.send('Network.emulateNetworkConditions', { offline: false, latency: 40, downloadThroughput: mbit, uploadThroughput: mbit });
  for (let round = 0; round < 5; round++) {
    await page.goto(server.url);
    await settled(page);
    times.push(await page.evaluate(() => globalThis.seen.lcp));
  }
  measured('largest paint, 4x slower, 10 Mbit/s, 40 ms', median(times), times);
  await page.context().close();
});

test('nothing moves after it was painted', async () => {
  const page = await tab(browser, server);
  await watched(page);
  const shifts = {};
  for (const path of ['/', '/data', '/data/sample', '/data/sample/birds', '/data/sample/birds/birdstrikes.csv', '/settings/plugins']) {
    await page.goto(server.url + path);
    await settled(page);
    shifts[path] = await page.evaluate(() => globalThis.seen.shift);
  }
  const [route, worst] = Object.entries(shifts).reduce((a, b) => (b[1] > a[1] ? b : a));
  measured('layout shift, worst route', worst, route);
  await page.context().close();
});

test('the scripts are small, ours alone, and run under a strict policy', async () => {
  const page = await tab(browser, server);
  // What an idle browser fetches ahead for the first key (the palette) is no part of a screen, and may or may not be here
  // by the time that the screen is.
  await page.addInitScript(() => { globalThis.requestIdleCallback = undefined; });
  // Each once, however often the page that needs it is opened; asked for again, since a page that is left takes its bodies along.
  const scripts = new Set();
  page.on('response', (answer) => {
    if (/javascript/.test(answer.headers()['content-type'] ?? '')) scripts.add(new URL(answer.url()).pathname);
  });
  const weigh = async (path) => gzipSync(Buffer.from(await (await server.http(path)).arrayBuffer())).length;
  const size = async () => (await Promise.all([...scripts].map(weigh))).reduce((sum, size) => sum + size, 0) / 1024;
  const answer = await page.goto(server.url);
  await settled(page);
  const first = await size();
  await page.goto(`${server.url}/data/sample`);
  await settled(page);
  await page.getByRole('main').getByRole('columnheader', { name: 'Size' }).waitFor();
  const data = await size();
  measured('script of the first screen, gzipped', first);
  measured('script with the data tab, gzipped', data);
  bar(6, 'requests to others', '0', page.trouble.filter((words) => words.startsWith('foreign')).length);
  const policy = answer.headers()['content-security-policy'] ?? '';
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /require-trusted-types-for 'script'/);
  assert.doesNotMatch(policy, /unsafe/);
  bar(7, "unsafe-* in the policy, violations of it", '0', page.trouble.filter((words) => /policy|Trusted/i.test(words)).length);
  assert.deepEqual(page.trouble, []);
  await page.context().close();
});
