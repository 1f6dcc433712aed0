// How soon one sees that something happens, what long work looks like, that stopping stops it on the server, and changes
// that are shown before the server has said yes. Bars 26, 27 and 29 of the study, with answers that are held back.
// Timed bars are printed, and only fail where they are off by more than a busy machine explains.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { measured } from './bars.mjs';
import { between, lastResponse, later, PROBLEM, responses, told, until } from './between.mjs';
import { launch, settled, tab } from './browser.mjs';
import { Server } from './server.mjs';
import { bar, print } from './table.mjs';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
});

after(async () => {
  print('response');
  await browser?.close();
  await server?.stop();
});

async function opened(path) {
  const page = await tab(browser, server);
  const wire = await between(page);
  await page.goto(server.url + path);
  await settled(page);
  return { page, wire, main: page.getByRole('main'), dialog: page.getByRole('dialog') };
}

/** A promise that a test lets go. */
function held() {
  let letGo;
  const until = new Promise((done) => (letGo = done));
  return { until, letGo };
}

test('each thing that one does is answered at once, however slow the server is', async () => {
  const { page, wire, main, dialog } = await opened('/data/sample');
  const slow = () => later(1500);
  const steps = {
    'a filter': () => main.getByRole('searchbox').first().pressSequentially('b'),
    'a link to another screen': () => main.getByRole('link', { name: 'birds', exact: true }).click(),
    'a tab': () => main.getByRole('link', { name: 'History' }).click(),
    'a form that is asked for': async () => {
      await page.goto(server.url);
      await settled(page);
      await responses(page);
      await main.getByRole('button', { name: 'New project' }).first().click();
    },
    'a form that is sent': async () => {
      await dialog.getByLabel('Name').fill('slowly');
      await page.evaluate(() => globalThis.responses.splice(0));
      await dialog.getByRole('button', { name: 'Create' }).click();
    },
    'the palette': async () => {
      await page.waitForURL(/slowly$/);
      await page.evaluate(() => globalThis.responses.splice(0));
      await page.keyboard.press('Control+k');
    },
    'the box': async () => {
      await page.keyboard.press('Escape');
      await page.getByRole('combobox').first().fill('penguins');
      await page.evaluate(() => globalThis.responses.splice(0));
      await page.keyboard.press('Enter');
    },
    'a switch': async () => {
      wire.to = undefined;
      await page.goto(`${server.url}/settings/plugins?plugin=kamld/history`);
      await settled(page);
      await responses(page);
      wire.to = slow;
      await main.getByRole('button', { name: 'Switch off' }).first().click();
    },
  };
  wire.to = slow;
  await responses(page);
  const times = {};
  for (const [what, step] of Object.entries(steps)) {
    await step();
    times[what] = await lastResponse(page);
  }
  wire.to = undefined;
  await main.getByRole('button', { name: 'Switch on' }).first().click();
  await main.getByRole('button', { name: 'Switch off' }).first().waitFor();
  const worst = Math.max(...Object.values(times));
  measured('visible response, worst kind', worst, times);
  assert.deepEqual(page.trouble, []);
  await page.context().close();
});

test('what takes more than a second shows that it goes on', async () => {
  const { page, wire, main, dialog } = await opened('/data/sample');
  const slow = held();
  wire.to = async (message) => void (message.open && (await slow.until));
  await main.getByRole('link', { name: 'birds', exact: true }).click();
  await main.locator('.ks-skeleton').waitFor();
  slow.letGo();
  await main.getByRole('link', { name: 'birdstrikes.csv' }).waitFor();
  wire.to = undefined;

  // Rows of a table.
  const rows = held();
  await page.route('**/api/v1/tables/**', async (route) => {
    await rows.until;
    await route.continue();
  });
  await main.getByRole('link', { name: 'birdstrikes.csv' }).click();
  await main.getByText('Working…').waitFor();
  rows.letGo();
  await main.getByRole('grid').waitFor();

  // The same screen with other params: what is there stays.
  await page.goto(`${server.url}/find?q=wind`);
  await settled(page);
  const other = held();
  wire.to = async (message) => void (message.reopen && (await other.until));
  await main.locator('kd-facets').getByText('csv', { exact: true }).click();
  const bar2 = () => page.evaluate(() => {
    const body = document.querySelector('main .ks-surface-body[aria-busy=true]');
    return body !== null && getComputedStyle(body, '::before').visibility === 'visible';
  });
  await until('the screen says that it is drawn anew', bar2);
  assert.ok(await main.locator('kd-hits').count(), 'what was there stays');
  other.letGo();
  await until('it is drawn', async () => (await main.locator('.ks-surface-body[aria-busy=true]').count()) === 0);

  // A command without a form.
  await page.goto(`${server.url}/data/sample/birds`);
  await settled(page);
  const command = held();
  wire.to = async (message) => void (message.run && (await command.until));
  await main.locator('kd-tags').getByRole('button', { name: /add/i }).first().click();
  await main.locator('.kd-tag-input').fill('late');
  await page.keyboard.press('Enter');
  await page.locator('.ks-notice-busy').getByRole('button', { name: 'Stop' }).waitFor();
  command.letGo();
  await page.locator('.ks-notice-good').getByRole('button', { name: 'Undo' }).click();
  assert.equal(await dialog.count(), 0);
  bar(26, 'kinds of work that show after a second that they go on', '4 of 4', '4 of 4');
  assert.deepEqual(page.trouble, []);
  await page.context().close();
});

test('what takes more than ten seconds goes on in the background and can be stopped there', async () => {
  const { page, wire, main, dialog } = await opened('/');
  const never = held();
  wire.to = async (message) => void ((message.run || (message.open?.address === 'sample/cars')) && (await never.until));
  const other = await page.context().newPage();
  const otherWire = await between(other);
  otherWire.to = async (message) => void (message.open?.address === 'sample/cars' && (await never.until));
  const opening = other.goto(`${server.url}/data/sample/cars`);

  await main.getByRole('button', { name: 'New project' }).first().click();
  await dialog.getByLabel('Name').fill('patience');
  await dialog.getByRole('button', { name: 'Create' }).click();
  const begun = Date.now();
  // The form goes, its work stays.
  await dialog.waitFor({ state: 'detached', timeout: 15_000 });
  measured('a form becomes a background task', (Date.now() - begun) / 1000);
  await page.getByText(/goes on in the background/).first().waitFor();
  await page.getByRole('button', { name: /Tasks and uploads/ }).click();
  const item = dialog.locator('.ks-item', { hasText: /create a project/i });
  await item.getByRole('progressbar').waitFor();
  await item.getByRole('button', { name: /^Stop/ }).click();
  await page.getByText('Stopped.').first().waitFor();
  await item.waitFor({ state: 'detached' });

  // A screen says whose fault it is, and can be given up.
  await opening;
  await other.getByRole('main').getByText(/takes longer than usual/).waitFor({ timeout: 15_000 });
  await other.getByRole('main').getByRole('button', { name: 'Stop' }).click();
  await other.getByRole('main').getByText(/was stopped/).first().waitFor();
  await other.getByRole('main').getByRole('button', { name: 'Try again' }).waitFor();
  never.letGo();
  assert.deepEqual(page.trouble, []);
  await page.context().close();
});

/** The fields of a process behind its name, as proc(5) numbers them from 3 on; none when it is gone. */
async function fields(pid) {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.replace(/^.*\) /s, '').split(' ');
}

/** Processor time of the server and of its workers so far, in seconds: those that run, and those that have ended. */
async function cpu() {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(pids.map(fields));
  const workers = all.filter((worker) => worker[1] === String(server.process.pid));
  const ticks = (of, ...places) => places.reduce((sum, place) => sum + Number(of[place]), 0);
  const own = ticks(await fields(server.process.pid), 11, 12, 13, 14);
  return workers.reduce((sum, worker) => sum + ticks(worker, 11, 12), own) / 100;
}

/** Milliseconds until the server has been at rest, seen over a fifth of a second. */
async function atRest(begun) {
  let [before, at] = [await cpu(), Date.now()];
  return until('the server is at rest', async () => {
    if (Date.now() - at < 200) return false;
    const used = (await cpu()) - before;
    if (used * 1000 < (Date.now() - at) * 0.3) return at - begun;
    [before, at] = [before + used, Date.now()];
    return false;
  }, 15_000);
}

test('stopping a query stops its work on the server', async () => {
  const { page, main } = await opened('/data/sample');
  const text = 'select count(*) from birds."birdstrikes.csv" a, birds."birdstrikes.csv" b where regexp_like(a."Airport Name" || b."Airport Name", \'(o+.*n+)+ x$\')';
  await page.goto(`${server.url}/find?q=${encodeURIComponent(text)}&as=sql&in=sample`);
  await main.getByText('Working…').waitFor();
  const before = await cpu();
  await until('it is at work', async () => (await cpu()) - before > 0.2);
  const begun = Date.now();
  await main.getByRole('button', { name: 'Stop' }).click();
  await main.getByText('Stopped', { exact: true }).waitFor();
  measured('a stopped query ends on the server', (await atRest(begun)) / 1000);
  assert.match(await main.innerText(), /rows that had been read were given up/, 'what remains');
  await page.context().close();
});

test('stopping an upload ends it on the server', async () => {
  const { page, main, dialog } = await opened('/data/sample/images');
  const line = await page.context().newCDPSession(page);
  await line.send('Network.enable');
  await line.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 2 << 20 });
  const folder = await mkdtemp(join(tmpdir(), 'kamld-response-'));
  const file = join(folder, 'stopped.bin');
  await writeFile(file, Buffer.alloc(40 << 20, 1));
  const chooser = page.waitForEvent('filechooser');
  await main.getByRole('button', { name: 'Upload' }).click();
  const created = page.waitForResponse((answer) => answer.url().endsWith('/api/v1/uploads') && answer.status() === 201);
  await (await chooser).setFiles(file);
  const at = (await created).headers()['location'];
  const known = async () => (await server.http(at, { method: 'HEAD', headers: { 'tus-resumable': '1.0.0' } })).status;
  assert.equal(await known(), 200);
  await page.getByRole('button', { name: /Tasks and uploads/ }).click();
  const begun = Date.now();
  await dialog.locator('.ks-item').first().getByRole('button', { name: /^Stop/ }).click();
  await until('the upload is gone', async () => (await known()) === 404);
  measured('a stopped upload is gone on the server', (Date.now() - begun) / 1000);
  await dialog.getByText(/Stopped; 0 are there/).waitFor();
  await rm(folder, { recursive: true });
  await page.context().close();
});

test('stopping a task stops it on the server, and says what remains', async () => {
  await server.put('sample/images/big.bin', Buffer.alloc(48 << 20, 3));
  await server.run('asset create', { asset: 'sample/copies' });
  const { page, dialog } = await opened('/data/sample');
  let said;
  // A copy to another asset reads and writes each byte: a folder of them takes a while.
  for (let n = 0; n < 40; n++) await server.run('cp', { from: 'sample/images/big.bin', to: `sample/images/bulk/${n}.bin` });
  const copying = server.run('cp', { from: 'sample/images/bulk/', to: 'sample/copies' }).catch((error) => (said = error.message));
  const button = page.getByRole('button', { name: /Tasks and uploads/ });
  await button.getByText('1').waitFor();
  await button.click();
  const item = dialog.locator('.ks-item', { hasText: 'Copying' });
  const begun = Date.now();
  await item.getByRole('button', { name: /^Stop/ }).click();
  await copying;
  measured('a stopped task ends on the server', (Date.now() - begun) / 1000);
  assert.match(said, /stopped/);
  assert.match(said, /stay|kept/, 'what remains');
  await page.context().close();
});

test('a tag is shown at once, taken back when the server says no, and never there twice', async () => {
  const { page, wire, main } = await opened('/data/sample/weather');
  const chips = main.locator('kd-tags').first();
  const chip = (word) => chips.locator('.kd-chip', { hasText: word });
  const tags = async () => (await server.run('asset show', { asset: 'sample/weather' })).tags;
  const before = await tags();
  const add = async (word) => {
    if (!(await main.locator('.kd-tag-input').count())) await chips.getByRole('button', { name: /^add/i }).first().click();
    await main.locator('.kd-tag-input').fill(word);
    // As the browser has it: from the key to the frame that shows the word.
    await page.evaluate((word) => {
      globalThis.shownAfter = new Promise((shown) => {
        let since = 0;
        addEventListener('keydown', (event) => (since = event.timeStamp), { capture: true, once: true });
        const look = () => {
          const there = since && [...document.querySelectorAll('main kd-tags .kd-chip')].some((one) => one.textContent.trim().startsWith(word));
          requestAnimationFrame(there ? () => shown(performance.now() - since) : look);
        };
        look();
      });
    }, word);
    await page.keyboard.press('Enter');
    return page.evaluate(() => globalThis.shownAfter);
  };

  // The answer is held back: what is seen does not wait for it.
  const first = held();
  wire.to = async (message) => void (message.run && (await first.until));
  measured('a tag is shown', await add('seen-early'));
  assert.deepEqual(await tags(), before, 'the server does not know of it yet');
  first.letGo();
  await until('it is kept', async () => (await tags()).includes('seen-early'));

  // The server says no.
  const second = held();
  wire.to = async (message) => {
    if (!message.run) return undefined;
    await second.until;
    return { problem: PROBLEM };
  };
  await add('refused');
  second.letGo();
  await chip('refused').waitFor({ state: 'detached' });
  await told(page.locator('.ks-notice-bad').last());
  assert.equal(await chip('seen-early').count(), 1);

  // The answer is lost with the connection: it is asked again under the same key, and done once.
  wire.sent.length = 0;
  wire.to = undefined;
  wire.from = (message) => {
    if (!message.outcome || wire.lost) return message;
    wire.lost = true;
    wire.cut();
    return null;
  };
  await page.locator('.ks-notice-bad').last().getByRole('button', { name: 'Dismiss' }).click();
  await add('only-once');
  await until('it is asked again', () => wire.sent.filter((message) => message.run).length === 2);
  const keys = wire.sent.filter((message) => message.run).map((message) => message.run.key);
  assert.equal(keys[0], keys[1]);
  await page.getByText(/only-once|tag/i).first().waitFor();
  await until('it is kept', async () => (await tags()).includes('only-once'));
  assert.deepEqual((await tags()).toSorted(), [...before, 'seen-early', 'only-once'].toSorted());
  assert.equal(await chip('only-once').count(), 1);
  bar(29, 'runs of a command whose answer was lost', '1', 1);
  assert.deepEqual(page.trouble, []);
  await page.context().close();
});
