// A large file on its way through the page: progress and the time that is left, on after a reload, after the server was
// killed and after the browser was, and in the end the same bytes. Bar 34 of the study.
// KAMLD_UPLOAD_GB says how large it is: 0.6 unless told, 5 is the bar.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { measured } from './bars.mjs';
import { until } from './between.mjs';
import { launchKept } from './browser.mjs';
import { Server } from './server.mjs';
import { bar, print } from './table.mjs';

const size = Math.round(Number(process.env.KAMLD_UPLOAD_GB ?? 0.6) * 1e9);
const whole = size >= 5e9;
let server;
let folder;
let file;
let context;
let page;
/** What the page sent, by the offset at which each request began. */
let sent = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kamld-upload-'));
  file = join(folder, 'large.bin');
  const out = await open(file, 'w');
  await out.truncate(size);
  // Holes but for a few bytes in each 32 MiB, so that no two pieces of it are alike.
  for (let at = 0; at < size; at += 32 << 20) await out.write(randomBytes(4096), 0, 4096, at);
  await out.close();
  server = await Server.fresh();
  await server.run('project create', { name: 'big' });
  await server.run('asset create', { asset: 'big/data' });
  await come();
  await page.goto(server.link);
});

after(async () => {
  print('upload');
  await context?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The same person with the same browser, as after it was started anew. */
async function come() {
  context = await launchKept(join(folder, 'browser'));
  page = context.pages()[0] ?? (await context.newPage());
  page.on('request', (request) => {
    if (request.method() === 'PATCH') sent.push(Number(request.headers()['upload-offset']));
  });
  page.on('dialog', (dialog) => dialog.accept());
  if (whole) return;
  // A small one would be there before anything could go wrong.
  const line = await context.newCDPSession(page);
  await line.send('Network.enable');
  await line.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 80e6 });
}

const main = () => page.getByRole('main');
const tasks = () => page.getByRole('dialog');
const item = () => tasks().locator('.ks-item').first();

async function choose(press) {
  const chooser = page.waitForEvent('filechooser');
  await press();
  await (await chooser).setFiles(file);
}

async function openTasks() {
  await page.getByRole('button', { name: /Tasks and uploads/ }).click();
}

/** Until that share of it is there, as the page shows it. */
const reaches = (share) => page.waitForFunction((share) => Number(document.querySelector('dialog progress')?.value ?? 0) >= share * 100, share, { timeout: 600_000 });

const kept = async () => (await server.run('ls', { address: 'big/data' })).entries?.length ?? 0;

test(`${(size / 1e9).toFixed(1)} GB show how far they are and how long it takes`, async () => {
  await page.goto(`${server.url}/data/big/data`);
  await choose(() => main().getByRole('button', { name: 'Upload' }).click());
  await openTasks();
  await item().getByText(/\d .B \/ [\d.,]+ .B · [\d.,]+ .B\/s · .+ left/).waitFor();
  await item().getByRole('progressbar').waitFor();
  await reaches(0.12);
});

test('after a reload it goes on from where it was', async () => {
  await page.reload();
  await openTasks();
  await tasks().getByText('Not finished').waitFor();
  sent = [];
  await choose(() => tasks().getByRole('button', { name: 'Choose the file again' }).click());
  await until('it goes on', () => sent.length > 0);
  assert.ok(sent[0] > size * 0.05, `it went on at ${sent[0]}`);
  await reaches(0.35);
});

test('after the server was killed it goes on by itself', async () => {
  await server.kill();
  await item().getByText(/by itself/).waitFor();
  const begun = Date.now();
  await server.start();
  sent = [];
  await until('it goes on', () => sent.length > 0, 20_000);
  measured('an upload goes on after the server is back', (Date.now() - begun) / 1000);
  assert.ok(sent[0] > size * 0.2, `it went on at ${sent[0]}`);
  await reaches(0.6);
});

/** The process of a browser that has this folder: the one that no other started. */
async function browserOf(profile) {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (words.includes(`--user-data-dir=${profile}`) && !words.some((word) => word.startsWith('--type='))) return Number(pid);
  }
  throw new Error('the browser is not running');
}

test('after the browser was killed it goes on from where it was, and is the same file in the end', async () => {
  const gone = new Promise((closed) => context.on('close', closed));
  process.kill(await browserOf(join(folder, 'browser')), 'SIGKILL');
  await gone;
  await come();
  await page.goto(server.link);
  await page.goto(`${server.url}/data/big/data`);
  await openTasks();
  await tasks().getByText('Not finished').waitFor();
  sent = [];
  const begun = Date.now();
  await choose(() => tasks().getByRole('button', { name: 'Choose the file again' }).click());
  await until('it goes on', () => sent.length > 0);
  const [from] = sent;
  assert.ok(from > size * 0.4, `it went on at ${from}`);
  await item().getByText(/ sent$/).waitFor({ timeout: 600_000 });
  bar(34, `${(size / 1e9).toFixed(1)} GB through reload and two kills; the last ${Math.round(100 - (from / size) * 100)} % at`, 'resumed', (size - from) / 1e6 / ((Date.now() - begun) / 1000), 'MB/s');
  await page.keyboard.press('Escape');
  await main().getByRole('link', { name: 'large.bin' }).waitFor();
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk);
  const [object] = (await (await server.http('/api/v1/listing/big/data')).json()).objects;
  assert.equal(object.size, size);
  assert.equal(object.hash, hash.digest('hex'));
  assert.equal(await kept(), 1);
});
