// Every kind of the catalogue as a real plug-in draws it: `sdk/examples/gallery` is built, installed, held to what every
// screen is held to, and used by keyboard. What a kind looks like alone is tested in `ui/view/test`.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { drawn, launch, settled, tab } from './browser.mjs';
import { held } from './held.mjs';
import { binary, Server } from './server.mjs';
import { bar, print } from './table.mjs';

const root = resolve(import.meta.dirname, '../../..');
const kinds = Object.keys(JSON.parse(readFileSync(resolve(root, 'wit/ui/catalogue.json'), 'utf8')).kinds);
const families = ['layout', 'text', 'tables', 'content', 'inputs', 'notes'];
// One green picture of 16 × 16, VP8 in WebM: the smallest video that a browser plays.
const VIDEO = 'GkXfo59ChoEBQveBAULygQRC84EIQoKEd2VibUKHgQJChYECGFOAZ+8VSalmlirXsYMPQkBEiYREegAATYCBYVdBgWEWVK5rm66Z14EBc8WBAYOBAYaFVl9WUDjgh'
  + 'rCBELqBEB9DtnWv54EAo6qBAACAcAEAnQEqEAAQAAdAliWgAnQBQAAA/uUK+DZIpzl9eunu/7gAAAA=';
let server;
let browser;
let page;

/** A tenth of a second of silence. */
function sound() {
  const wav = Buffer.alloc(844, 128);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(836, 4);
  wav.write('WAVEfmt ', 8);
  [[16, 4], [1, 2], [1, 2], [8000, 4], [8000, 4], [1, 2], [8, 2]].reduce((at, [value, bytes]) => wav.writeUIntLE(value, at, bytes), 16);
  wav.write('data', 36);
  wav.writeUInt32LE(800, 40);
  return wav;
}

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
  await server.put('sample/images/tone.wav', sound());
  await server.put('sample/images/field.webm', Buffer.from(VIDEO, 'base64'));
  const env = { ...process.env, KAMLD_DATA: server.data, NO_COLOR: '1' };
  const { stdout } = await promisify(execFile)(binary, ['plugin', 'install', '--grant-needs', resolve(root, 'sdk/examples/gallery')], { env });
  assert.match(stdout, /installed examples\/gallery 0\.1\.0/);
});

after(async () => {
  print('gallery');
  await browser?.close();
  await server?.stop();
});

const main = () => page.getByRole('main');

/** A family by its link, until all of its elements are there. */
async function visit(of, family) {
  await of.goto(`${server.url}/settings/gallery?section=${family}`);
  await settled(of);
  await of.waitForFunction(() => document.querySelector('main kd-stack') && !document.querySelector('main :not(:defined)'));
  await settled(of);
}

const shown = new Set();

test('each family holds the bars that every screen is held to', async () => {
  const broken = [];
  const look = async (of, family) => {
    await visit(of, family);
    const seen = await of.evaluate(() => ({
      names: [...document.querySelectorAll('main *')].map(({ localName }) => localName),
      // Parts that could not be drawn, and what the plug-in could not have.
      broken: [...document.querySelectorAll('main :is(.kd-note, .kd-trace, .ks-state)'), ...[...document.querySelectorAll('main .kd-callout')].filter(({ textContent }) => /cannot be shown|could not be loaded/.test(textContent))].map(({ textContent }) => textContent.trim()),
    }));
    seen.names.forEach((name) => shown.add(name));
    broken.push(...seen.broken.map((words) => `${family}: ${words}`));
  };
  const { wrong, stops } = await held(browser, server, families, look);
  bar(42, `faults of a stranger's ${families.length} screens with every kind, in 5 looks, ${stops} stops of the Tab key`, '0', wrong.length);
  assert.deepEqual([...broken, ...wrong], []);
});

test('every kind of the catalogue is on one of its screens', () => {
  bar('', 'kinds of the catalogue that a plug-in shows', `${kinds.length}`, kinds.filter((kind) => shown.has(`kd-${kind}`)).length);
  assert.deepEqual(kinds.filter((kind) => !shown.has(`kd-${kind}`)), []);
});

test('tabs and families, by keyboard', async () => {
  page = await tab(browser, server);
  await visit(page, 'layout');
  await page.getByRole('tab', { name: 'Files' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.getByRole('tabpanel').getByText('What lies in the second tab.').waitFor();
  await main().getByRole('link', { name: 'Inputs', exact: true }).focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(/section=inputs/);
  await main().getByRole('heading', { name: 'The family Inputs' }).waitFor();
});

test('radio, range, checkbox, switch and the form of a command, by keyboard', async () => {
  await visit(page, 'inputs');
  await page.getByRole('radio', { name: /Dataset/ }).focus();
  await page.keyboard.press('ArrowDown');
  assert.ok(await page.getByRole('radio', { name: /Model/ }).isChecked());
  await main().getByRole('slider').focus();
  await page.keyboard.press('ArrowRight');
  await main().locator('kd-range output', { hasText: '0.85' }).waitFor();
  await main().getByRole('checkbox', { name: 'I have read it' }).focus();
  await page.keyboard.press('Space');
  assert.ok(await main().getByRole('checkbox', { name: 'I have read it' }).isChecked());
  await main().getByRole('switch', { name: 'Live' }).focus();
  await page.keyboard.press('Space');
  await page.locator('.ks-notices').getByText('It is on.').waitFor();
  await main().locator('kd-command input').focus();
  await page.keyboard.type('to be');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByText('4 letters').waitFor();
  await page.keyboard.press('Escape');
  // What was typed outlives a drawing of the whole screen.
  await main().getByRole('button', { name: 'Check it' }).press('Enter');
  await drawn(page);
  await settled(page);
  assert.ok(await page.getByRole('radio', { name: /Model/ }).isChecked());
});

test('a chart as a table, rows of the plug-in, and a word that is pinned and taken back, by keyboard', async () => {
  await visit(page, 'content');
  await main().locator('kd-chart').first().getByRole('button', { name: 'Table' }).press('Enter');
  await main().locator('kd-chart').first().locator('tbody tr').nth(23).waitFor();
  await visit(page, 'tables');
  const field = page.getByRole('searchbox', { name: 'Digits, prime or even' });
  const numbers = main().locator('kd-table', { has: field });
  await numbers.getByText('10,000 rows').waitFor();
  await field.press('p');
  await page.keyboard.type('rime');
  await numbers.getByText('1,229 rows').waitFor();
  await main().locator('kd-empty').getByRole('button', { name: 'Pin a word' }).press('Enter');
  await page.getByRole('dialog').getByRole('textbox').press('w');
  await page.keyboard.type('ind');
  await page.keyboard.press('Enter');
  await main().getByRole('table', { name: 'Words that you pinned' }).getByText('wind').first().waitFor();
  await page.locator('.ks-notices').getByRole('button', { name: 'Undo' }).last().press('Enter');
  await main().getByText('Nothing is pinned yet').waitFor();
  assert.deepEqual(page.trouble, []);
});
