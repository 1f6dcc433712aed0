// What a screen reader is told: the accessibility tree of each step of the journey against `trees/`, and the live regions
// while files are sent. Bar 23 of the study. `KAMLD_BLESS=1 tests/e2e/page/run tree.test.mjs` writes the trees anew.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, settled, tab } from './browser.mjs';
import { Server } from './server.mjs';
import { bar, print } from './table.mjs';

const folder = join(import.meta.dirname, 'trees');
const bless = process.env.KAMLD_BLESS === '1';
let server;
let browser;
let page;
const compared = new Set();
const scratch = mkdtempSync(join(tmpdir(), 'kamld-tree-'));

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
  page = await tab(browser, server);
});

after(async () => {
  print('accessibility trees');
  await browser?.close();
  await server?.stop();
  rmSync(scratch, { recursive: true });
});

// What is another each time: when, how long, how full, and names made of hashes.
const unstable = [
  [/\b(?:\d+ (?:second|minute|hour|day)s? ago|yesterday|(?:just )?now)\b/g, 'TIME'],
  [/\b[A-Z][a-z]{2} \d{1,2}, \d{4}\b/g, 'DATE'],
  // The samples are older.
  [/\b20[2-9]\d-\d{2}-\d{2}(?: \d{2}:\d{2}(?::\d{2})? UTC)?/g, 'DATE'],
  [/\b\d{1,2}:\d{2} [AP]M\b/g, 'CLOCK'],
  [/\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b/g, 'ID'],
  // One of figures alone; one that could be read as a number stands in quotes.
  [/\b\d{12}\b/g, 'ID'],
  [/(?<=code: )"?(?:ID|\d{7,64})"?/g, 'ID'],
  [/(?:less than )?[\d.,]+ % of capacity/g, 'PART of capacity'],
  [/\bin [\d.,]+ (?:ms|sec)\b/g, 'in DURATION'],
  [/127\.0\.0\.1:\d+/g, 'SERVER'],
  [/[\d.,]+ [kMGTP]?B free/g, 'SIZE free'],
];

/** The tree of a part of the page is that of the file; with `KAMLD_BLESS` the file becomes it. What is counted may differ. */
async function same(name, of, counted = false) {
  const masks = counted ? [...unstable, [/(?<=[" ])[\d.,]+(?: ms| sec| [kM]?B| bytes)?(?=[" ])/g, 'N']] : unstable;
  const tree = masks.reduce((text, [pattern, word]) => text.replace(pattern, word), await of.ariaSnapshot()) + '\n';
  const file = join(folder, `${name}.yml`);
  compared.add(`${name}.yml`);
  if (bless) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, tree);
  }
  assert.ok(existsSync(file), `there is no ${file}; KAMLD_BLESS=1 writes it`);
  assert.equal(tree, readFileSync(file, 'utf8'));
}

const main = () => page.getByRole('main');

async function at(path) {
  await page.goto(server.url + path);
  await settled(page);
}

for (const [name, path, ready] of [
  ['home', '/'],
  ['project', '/data/sample'],
  ['dataset', '/data/sample/birds'],
  ['table', '/data/sample/birds/birdstrikes.csv', () => page.waitForFunction(() => document.querySelector('[role=grid]')?.getAttribute('aria-rowcount') === '10001' && document.querySelectorAll('.kd-head-statistic')[1]?.textContent.includes('VC-137'))],
  ['columns', '/data/sample/birds/birdstrikes.csv?tab=columns'],
  ['picture', '/data/sample/images/icons/gimp.png', () => page.waitForFunction(() => document.querySelector('main img')?.naturalWidth > 0)],
  ['search', '/find?q=wind', () => main().locator('mark').first().waitFor()],
  ['query', `/find?q=${encodeURIComponent('select species, count(*) as n from birds."penguins.json" group by species order by species')}&as=sql&in=sample`, () => main().getByText('Adelie').first().waitFor()],
  ['wrong query', `/find?q=${encodeURIComponent('select nam from birds."penguins.json"')}&as=sql&in=sample`],
  ['branches and versions', '/data/sample/birds?tab=refs'],
  ['plug-ins', '/settings/plugins'],
  ['nothing at this address', '/data/sample/birds/nothing.csv'],
]) {
  test(`${name}: the tree is the one that was reviewed`, async () => {
    await at(path);
    await ready?.();
    // The frame around is the same everywhere: it is reviewed once, with the first screen.
    await same(name.replaceAll(' ', '-'), name === 'home' ? page.locator('body') : main(), name === 'plug-ins');
  });
}

test('palette, keys and a form are told as what they are', async () => {
  await at('/data/sample');
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog').getByRole('combobox').fill('project create');
  await page.getByRole('dialog').getByRole('option', { name: /Create a project/ }).waitFor();
  await same('palette', page.getByRole('dialog'));
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  await same('keys', page.getByRole('dialog'));
  await page.keyboard.press('Escape');
  await at('/');
  await main().getByRole('button', { name: 'New project' }).first().click();
  await page.getByRole('dialog').waitFor();
  await same('form', page.getByRole('dialog'));
  await page.keyboard.press('Escape');
});

test('an upload is told at its start, at each quarter and at its end, and then stands in changes and tasks', async () => {
  await at('/data/sample/cars');
  await page.evaluate(() => {
    globalThis.told = [];
    const regions = () => [...document.querySelectorAll('[role=status], [aria-live]')].map(({ textContent }) => textContent.trim());
    new MutationObserver(() => {
      for (const text of regions()) if (text && !globalThis.told.includes(text)) globalThis.told.push(text);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  const wire = await page.context().newCDPSession(page);
  await wire.send('Network.enable');
  await wire.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 12 << 20 });
  const file = join(scratch, 'large.bin');
  writeFileSync(file, Buffer.alloc(24 << 20, 7));
  const chooser = page.waitForEvent('filechooser');
  await main().getByRole('button', { name: 'Upload' }).click();
  await (await chooser).setFiles(file);
  const said = ['Upload of 1 file to sample/cars began.', 'Upload: 25 %', 'Upload: 50 %', 'Upload: 75 %', '1 file is in sample/cars.'];
  await page.waitForFunction((end) => globalThis.told.includes(end), said.at(-1), { timeout: 60_000 });
  const told = (await page.evaluate(() => globalThis.told)).filter((text) => said.includes(text));
  bar(23, 'steps of an upload told, of its start, 25, 50, 75 % and its end', '5', told.length);
  assert.deepEqual(told, said);
  await wire.detach();
  await at('/data/sample/cars?tab=changes');
  await main().getByText('large.bin').first().waitFor();
  await same('changes', main());
});

test('what was committed and undone is told in its list', async () => {
  await main().getByRole('textbox', { name: /what changed/i }).fill('one file more');
  await main().getByRole('button', { name: 'Commit' }).click();
  await main().getByText('large.bin').first().waitFor({ state: 'detached' });
  await page.keyboard.press('t');
  await page.getByRole('dialog').waitFor();
  await same('tasks', page.getByRole('dialog'));
  await page.keyboard.press('Escape');
  await at('/data/sample/cars?tab=history');
  await main().getByRole('link', { name: 'one file more' }).waitFor();
  await same('history', main());
});

test('no reviewed tree is left over', () => {
  bar(23, 'trees equal to the reviewed ones', `${readdirSync(folder).length}`, compared.size);
  assert.deepEqual(readdirSync(folder).sort(), [...compared].sort());
  assert.deepEqual(page.trouble, []);
});
