// A stranger's plug-in, from `kamld plugin new` to the page: the source of `sdk/examples/documented` in the folder that the
// template makes, checked, installed into a running server, and its tab, column, command for rows, preview and command used.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { measured } from './bars.mjs';
import { accessibility, launch, settled, tab } from './browser.mjs';
import { binary, Server } from './server.mjs';
import { print } from './table.mjs';

const example = resolve(import.meta.dirname, '../../../sdk/examples/documented');
const id = 'me/documented';
let server;
let browser;
let page;
let folder;

/** The command line against the running server. */
async function kamld(...words) {
  const { stdout } = await promisify(execFile)(binary, words, { env: { ...process.env, KAMLD_DATA: server.data, NO_COLOR: '1' } });
  return stdout;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kamld-documented-'));
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
  page = await tab(browser, server);
});

after(async () => {
  print('a stranger\'s plug-in');
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const main = () => page.getByRole('main');
const dialog = () => page.getByRole('dialog');
const cell = (asset) => main().getByRole('row', { name: new RegExp(`Select ${asset} `) }).getByRole('cell').nth(6);
const missing = async (asset) => (await server.run('docs check', { asset: [`sample/${asset}`] })).assets[0].missing;

async function choose(asset, entry) {
  await main().getByRole('button', { name: `Actions for ${asset}`, exact: true }).click();
  await page.getByRole('menuitem', { name: entry }).click();
}

test('it is written from the template, in less than a hundred lines, and its imports are within its needs', async () => {
  await kamld('plugin', 'new', id, join(folder, 'documented'));
  for (const file of ['lib.rs', 'tests.rs']) await copyFile(join(example, 'src', file), join(folder, 'documented/src', file));
  const manifest = await readFile(join(example, 'plugin.toml'), 'utf8');
  await writeFile(join(folder, 'documented/plugin.toml'), manifest.replace('examples/documented', id));
  const lines = (await readFile(join(example, 'src/lib.rs'), 'utf8')).trimEnd().split('\n').length;
  measured('lines of a plug-in with tab, column, command for rows, preview, command', lines);
  const said = await kamld('plugin', 'check', join(folder, 'documented'));
  for (const word of ['kamld:storage/objects', 'kamld:storage/refs', 'kamld:metadata/catalog']) assert.ok(said.includes(word), said);
});

test('a list that knows nothing of it has its column as soon as it is installed', async () => {
  await page.goto(`${server.url}/data/sample`);
  await settled(page);
  assert.equal(await main().getByRole('columnheader', { name: 'Documented' }).count(), 0);
  assert.match(await kamld('plugin', 'install', '--grant-needs', join(folder, 'documented')), /installed me\/documented 0\.1\.0/);
  await main().getByRole('columnheader', { name: 'Documented' }).waitFor();
  for (const asset of ['birds', 'cars', 'images', 'weather']) {
    await cell(asset).filter({ hasText: `${4 - (await missing(asset)).length} of 4` }).waitFor();
  }
  for (const column of ['Name', 'Modified', 'Summary', 'Tags', 'Size']) await main().getByRole('columnheader', { name: column }).waitFor();
  assert.deepEqual(await accessibility(page), []);
});

test('what changes elsewhere changes its cells, and nothing moves when they come', async () => {
  await server.run('asset create', { asset: 'sample/plain' });
  await cell('plain').filter({ hasText: '0 of 4' }).waitFor();
  await server.run('tag add', { address: 'sample/plain', tag: ['raw'] });
  await cell('plain').filter({ hasText: '1 of 4' }).waitFor();
  await page.addInitScript(() => {
    globalThis.shift = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => (globalThis.shift += entry.value))).observe({ type: 'layout-shift', buffered: true });
  });
  for (const width of [1280, 768, 320]) {
    await page.setViewportSize({ width, height: 800 });
    await page.goto(`${server.url}/data/sample`);
    await settled(page);
    await main().getByText('1 of 4').first().waitFor();
    measured('layout shift of a list with a column of another plug-in', await page.evaluate(() => globalThis.shift), `${width} px`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(over <= 1, `${over} px wider than ${width}`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('its command is in the menu of a row and of many, beside those of others', async () => {
  await page.goto(`${server.url}/data/sample`);
  await settled(page);
  await choose('cars', 'Check documentation');
  await dialog().getByText('sample/cars').waitFor();
  assert.equal(await dialog().getByText('sample/birds').count(), 0);
  await page.keyboard.press('Escape');
  await dialog().waitFor({ state: 'detached' });
  for (const asset of ['birds', 'cars']) await main().getByRole('checkbox', { name: `Select ${asset}`, exact: true }).check();
  await main().getByRole('button', { name: 'Check documentation' }).click();
  for (const asset of ['birds', 'cars']) await dialog().getByText(`sample/${asset}`).waitFor();
  await page.keyboard.press('Escape');
  // A command of a plug-in that comes with the product stands there by the same means, and asks for what it needs.
  await server.put('sample/cars/more.txt', 'more');
  await choose('cars', 'Commit…');
  await dialog().getByLabel('Message').fill('more of it');
  await page.keyboard.press('Enter');
  await dialog().waitFor({ state: 'detached' });
  assert.equal((await server.run('log', { asset: 'sample/cars' })).commits[0].message, 'more of it');
});

test('its tab stands beside those of others, and follows what happens', async () => {
  await page.goto(`${server.url}/data/sample/cars`);
  await page.getByRole('link', { name: 'Documentation' }).click();
  await page.waitForURL(/tab=documentation/);
  await main().locator('kd-markdown').getByText('StatLib').waitFor();
  await main().getByText('Add a LICENSE').waitFor();
  await server.put('sample/cars/LICENSE', 'for education and science');
  await main().getByText('Add a LICENSE').waitFor({ state: 'detached' });
  assert.deepEqual(await accessibility(page), []);
});

test('it draws the objects of its media type', async () => {
  await server.put('sample/cars/notes.rst', 'Notes\n=====\n\nWhat *we* know.\n');
  await page.goto(`${server.url}/data/sample/cars/notes.rst`);
  await main().locator('kd-markdown').getByRole('heading', { name: 'Notes' }).waitFor();
  await main().locator('kd-markdown em').waitFor();
});

test('its command is in the palette, on the command line and in the HTTP API', async () => {
  await page.keyboard.press('Control+k');
  await dialog().getByRole('combobox').fill('how documented');
  await dialog().getByRole('option', { name: /check how well assets are documented/i }).waitFor();
  await page.keyboard.press('Escape');
  const said = JSON.parse(await kamld('docs', 'check', 'sample/birds', 'sample/cars', '--json'));
  assert.deepEqual(said.assets.map(({ asset }) => asset), ['sample/birds', 'sample/cars']);
  const { paths } = await (await server.http('/api/v1/openapi.json')).json();
  assert.ok(paths['/api/v1/commands/docs/check'], Object.keys(paths).join(' '));
});

test('without its grant its cells are empty and its command says why; the list is whole', async () => {
  await page.goto(`${server.url}/data/sample`);
  await cell('birds').filter({ hasText: 'of 4' }).waitFor();
  await kamld('plugin', 'grant', id, '--remove', 'kamld:storage/objects');
  await page.reload();
  await cell('birds').filter({ hasText: '–' }).waitFor();
  await choose('birds', 'Check documentation');
  await page.getByText(/not granted|does not allow|grant/i).first().waitFor();
  await main().getByRole('link', { name: 'birds', exact: true }).waitFor();
  await kamld('plugin', 'grant', id, '--from-needs');
});

test('switched off it is gone from every screen, and on again back, without a reload', async () => {
  await page.goto(`${server.url}/data/sample`);
  await cell('birds').filter({ hasText: 'of 4' }).waitFor();
  await kamld('plugin', 'disable', id);
  await main().getByRole('columnheader', { name: 'Documented' }).waitFor({ state: 'detached' });
  await main().getByRole('button', { name: 'Actions for birds', exact: true }).click();
  assert.equal(await page.getByRole('menuitem', { name: 'Check documentation' }).count(), 0);
  await page.keyboard.press('Escape');
  await kamld('plugin', 'enable', id);
  await cell('birds').filter({ hasText: 'of 4' }).waitFor();
  assert.deepEqual(page.trouble, []);
});
