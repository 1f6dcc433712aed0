// How quickly the page answers while it is used: bars 2, 4 and 8 of the study, and from an action to its patch.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { measured } from './bars.mjs';
import { drawn, launch, settled, tab } from './browser.mjs';
import { routes } from './routes.mjs';
import { Server } from './server.mjs';
import { median, percentile, print } from './table.mjs';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
});

after(async () => {
  print('speed');
  await browser?.close();
  await server?.stop();
});

/** Keeps from the first moment of each document what blocks it and how long each thing that a person does takes. */
async function watched(page) {
  await page.addInitScript(() => {
    globalThis.seen = { long: [], done: new Map(), paint: 0 };
    const watch = (options, each) => new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ buffered: true, ...options });
    watch({ type: 'longtask' }, ({ startTime, duration }) => globalThis.seen.long.push({ startTime, duration }));
    watch({ type: 'paint' }, ({ startTime }) => (globalThis.seen.paint ||= startTime));
    watch({ type: 'event', durationThreshold: 16 }, ({ interactionId, duration, name, target }) => {
      const { done } = globalThis.seen;
      if (!interactionId || (done.get(interactionId)?.duration ?? 0) >= duration) return;
      done.set(interactionId, { duration, name, target: target?.outerHTML?.slice(0, 80) });
    });
  });
}

test('nothing blocks the page for long while it comes up', async () => {
  const page = await tab(browser, server);
  await watched(page);
  const blocked = [];
  const late = [];
  for (const [route, path] of Object.entries(routes)) {
    await page.goto(server.url + path);
    await settled(page);
    const ready = await page.evaluate(() => performance.now());
    await drawn(page);
    const { long, paint } = await page.evaluate(() => ({ ...globalThis.seen, done: 0 }));
    late.push({ route, duration: Math.max(0, ...long.filter(({ startTime }) => startTime >= ready).map(({ duration }) => duration)) });
    blocked.push({ route, tbt: long.filter(({ startTime }) => startTime >= paint).reduce((sum, { duration }) => sum + duration - 50, 0) });
  }
  blocked.sort((a, b) => b.tbt - a.tbt);
  late.sort((a, b) => b.duration - a.duration);
  measured('blocked while loading, worst route', blocked[0].tbt, blocked[0].route);
  measured('blocked while loading, median', median(blocked.map(({ tbt }) => tbt)));
  measured('longest task once a screen is drawn', late[0].duration, late[0].route);
  await page.context().close();
});

test('each of sixty things that a person does is answered at once', async () => {
  const { inp, count, slowest, longest } = await session();
  measured('from an action to its frame, 98th', inp, `${count} actions, ${slowest[0]?.name ?? 'none'} slowest`);
  measured('longest task in a session', longest);
});

/** Sixty things and some more, one after the other, in a new tab. */
async function session() {
  const page = await tab(browser, server);
  await watched(page);
  await page.goto(`${server.url}/data/sample`);
  await settled(page);
  const ready = await page.evaluate(() => performance.now());
  const { keyboard } = page;
  const main = page.getByRole('main');
  const press = (...keys) => keys.map((key) => () => keyboard.press(key));
  const click = (find) => () => find().click();
  const tool = (name) => () => page.locator('.ks-tools').getByRole('button', { name });
  const tabLink = (name) => click(() => page.locator('.ks-tabs').getByRole('link', { name, exact: true }));
  const opened = (path) => () => page.waitForURL(path);
  const deeds = [
    click(() => main.locator('.kd-more').first()), ...press('ArrowDown', 'ArrowDown', 'Escape'),
    click(() => main.locator('tbody .kd-check').nth(0)), click(() => main.locator('tbody .kd-check').nth(1)), click(() => main.locator('thead .kd-check')),
    click(() => main.locator('.kd-sort').nth(0)), click(() => main.locator('.kd-sort').nth(0)), click(() => main.locator('.kd-sort').nth(1)),
    ...press('/', 'w', 'i', 'n', 'd', 'ArrowDown', 'Escape'),
    click(tool(/palette|Go to/)), ...press('a', 'u', 'd', 'ArrowDown', 'ArrowDown', 'ArrowUp', 'Escape'),
    click(tool('Tasks')), ...press('Escape', '?', 'Escape', 's', 's'), click(tool('Side bar')), click(tool('Side bar')),
    click(() => main.getByRole('link', { name: 'birds', exact: true })), opened(/sample\/birds$/),
    tabLink('Changes'), tabLink('History'), tabLink('Branches and versions'), tabLink('Files'),
    click(() => main.getByRole('link', { name: 'birdstrikes.csv' })), opened(/birdstrikes\.csv/),
    () => main.getByRole('grid').getByRole('gridcell').first().waitFor(),
    click(() => main.getByRole('grid').getByRole('gridcell').nth(1)),
    ...press('ArrowDown', 'ArrowDown', 'ArrowRight', 'ArrowRight', 'PageDown', 'PageDown', 'PageDown', 'ArrowUp', 'Control+End', 'Control+Home'),
    click(() => main.getByRole('button', { name: 'Pages' })), click(() => main.getByRole('button', { name: 'Next' })), click(() => main.getByRole('button', { name: 'Pages' })),
    tabLink('Columns'), click(() => page.locator('.ks-side-foot').getByRole('link', { name: 'Settings' })), opened(/settings/),
    ...['Dark', 'Light', 'As the system'].map((name) => click(() => main.getByText(name, { exact: true }))),
    ...['Dense', 'Roomy'].map((name) => click(() => main.getByText(name, { exact: true }))),
  ];
  for (const deed of deeds) {
    await deed();
    // Its frame is what the person waits for; the next deed must not run into it.
    await drawn(page);
  }
  const { all, count, long } = await page.evaluate(
    (ready) => ({ all: [...globalThis.seen.done.values()], count: performance.interactionCount ?? 0, long: globalThis.seen.long.filter(({ startTime }) => startTime >= ready).map(({ duration }) => duration) }),
    ready,
  );
  assert.ok(count >= 60, `${count} interactions`);
  const slowest = [...all].sort((a, b) => b.duration - a.duration);
  // What took less than 16 ms is not told.
  const durations = [...all.map(({ duration }) => duration), ...Array(Math.max(0, count - all.length)).fill(8)];
  assert.deepEqual(page.trouble, []);
  await page.context().close();
  return { inp: percentile(durations, 0.98), count, slowest, longest: Math.max(0, ...long) };
}

test('another screen comes at once: from the server, and from what the page has', async () => {
  const page = await tab(browser, server);
  await page.goto(server.url);
  await settled(page);
  /** From the step until other content than before stands in the page. */
  const change = (step) =>
    page.evaluate(async (step) => {
      const before = document.querySelector('#main kd-view');
      const since = performance.now();
      if (step === 'back') history.back();
      else if (step === 'forward') history.forward();
      else globalThis.navigation.navigate(step);
      for (;;) {
        await new Promise(requestAnimationFrame);
        const now = document.querySelector('#main kd-view');
        if (now && now !== before && now.textContent.trim()) return performance.now() - since;
        if (performance.now() - since > 10_000) throw new Error(`nothing came at ${location.href}`);
      }
    }, step);
  const way = ['/data', '/data/sample', '/data/sample/birds', '/data/sample/birds?tab=history', '/data/sample/birds/birdstrikes.csv', '/data/sample/birds/birdstrikes.csv?tab=columns', '/find?q=wind', '/settings/plugins', '/settings/audit', '/data/sample/weather', '/data/sample/cars'];
  const fresh = [];
  for (const step of way) {
    fresh.push(await change(step));
    await settled(page);
  }
  const kept = [];
  for (const step of [...Array(way.length).fill('back'), ...Array(way.length).fill('forward')]) kept.push(await change(step));
  measured('another screen from the server, worst', Math.max(...fresh), way[fresh.indexOf(Math.max(...fresh))]);
  measured('another screen from the server, median', median(fresh), fresh);
  measured('another screen that was seen before, worst', Math.max(...kept), kept);
  measured('another screen that was seen before, median', median(kept), kept);
  assert.deepEqual(page.trouble, []);
  await page.context().close();
});

test('from an action to the patch that shows it', async () => {
  const page = await tab(browser, server);
  await page.goto(server.url);
  await settled(page);
  // Over a socket of its own, as `wit/ui/page.md` says: what the page draws of it is not measured here.
  const times = await page.evaluate(async () => {
    const url = new URL('/api/v1/page', location.href);
    url.protocol = 'ws:';
    const socket = new WebSocket(url);
    const waiting = [];
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      const at = waiting.findIndex(({ fits }) => fits(message));
      if (at >= 0) waiting.splice(at, 1)[0].resolve(message);
    };
    const until = (fits) => new Promise((resolve) => waiting.push({ fits, resolve }));
    await new Promise((ready) => (socket.onopen = ready));
    const ask = (id, name, content) => {
      const answer = until((message) => message.id === id);
      socket.send(JSON.stringify({ id, [name]: content }));
      return answer;
    };
    await ask(1, 'hello', { resume: null });
    const view = await ask(2, 'open', { plugin: 'kamld/datasets', surface: 'files', address: 'sample/weather', params: {}, data: {} });
    if (!view.view) throw new Error(JSON.stringify(view));
    const times = [];
    let patched = 0;
    for (let round = 0; round < 60; round++) {
      // Ten patches a second are what a view may have: a person who is faster than that is not measured here.
      while (performance.now() - patched < 120) await new Promise(requestAnimationFrame);
      const patch = until((message) => message.patch?.view === 2);
      const since = performance.now();
      const command = ['tag', round % 2 ? 'remove' : 'add'];
      const outcome = ask(10 + round, 'run', { command, arguments: { address: 'sample/weather', tag: ['measured'] }, key: crypto.randomUUID(), project: 'sample', from: 'shell' });
      const refused = outcome.then((message) => (message.problem ? Promise.reject(new Error(JSON.stringify(message.problem))) : new Promise(() => {})));
      await Promise.race([patch, refused]);
      patched = performance.now();
      times.push(patched - since);
      await outcome;
    }
    socket.close();
    return times;
  });
  measured('from an action to its patch, 95th', percentile(times, 0.95), times.map(Math.round));
  measured('from an action to its patch, median', median(times));
  await page.context().close();
});
