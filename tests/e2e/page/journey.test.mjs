// The journey of a newcomer, by mouse: a project of their own, files dropped in, looked at, found, queried, versioned,
// and a plug-in switched off. On what `kamld up --sample` serves, with real files of npm vega-datasets.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from './between.mjs';
import { launch, tab } from './browser.mjs';
import { dropFolder, vega } from './files.mjs';
import { Server } from './server.mjs';

let server;
let browser;
let page;

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
  page = await tab(browser, server);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const main = () => page.getByRole('main');
const dialog = () => page.getByRole('dialog');

test('the link opens the Workbench with true numbers', async () => {
  await page.goto(`${server.url}/data/sample`);
  const { assets } = await server.run('asset list', { project: 'sample' });
  const sentence = main().getByText(/You have \d+ datasets/);
  await sentence.waitFor();
  const text = await sentence.innerText();
  assert.match(text, new RegExp(`You have ${assets.length} datasets with overall ~[\\d.,]+ .B size \\((less than )?[\\d.,]+ % of capacity\\)`));
  for (const column of ['Name', 'Modified', 'Summary', 'Tags', 'Size']) {
    // The table draws its head after its sentence; that there are not two is what waiting for one checks.
    await main().getByRole('columnheader', { name: column }).waitFor();
  }
  assert.equal(await main().getByRole('button', { name: 'Upload' }).count(), 1);
  for (const asset of assets) await main().getByRole('link', { name: asset.name, exact: true }).waitFor();
});

test('a project and a dataset are made, and the page goes there', async () => {
  await page.goto(server.url);
  await main().getByRole('button', { name: 'New project' }).first().click();
  await dialog().getByRole('textbox').first().fill('birds');
  await dialog().getByRole('button', { name: 'Create' }).click();
  await page.waitForURL(/\/birds$/);
  await main().getByRole('button', { name: /upload|dataset/i }).first().click();
  await dialog().getByRole('textbox').first().fill('birds/strikes');
  await dialog().getByRole('button', { name: 'Create' }).click();
  await page.waitForURL(/\/birds\/strikes$/);
});

test('a dropped folder is sent, described and shown', async () => {
  const files = await vega(['airports.csv', 'cars.json', 'ffox.png', 'zipcodes.csv']);
  await dropFolder(page, 'raw', files);
  await main().getByRole('link', { name: 'raw', exact: false }).first().click();
  await page.waitForURL(/\/birds\/strikes\/raw\/$/);
  for (const name of Object.keys(files)) {
    await main().getByRole('link', { name }).waitFor();
    const stored = await server.http(`/api/v1/objects/birds/strikes/raw/${name}`);
    assert.ok(Buffer.from(await stored.arrayBuffer()).equals(files[name]), name);
  }
  await main().getByText('CSV, 7 columns, 3,376 rows').waitFor();
});

test('a table scrolls by windows, with types and statistics in its head', async () => {
  await main().getByRole('link', { name: 'airports.csv' }).click();
  await page.waitForURL(/airports\.csv$/);
  const grid = main().getByRole('grid');
  await grid.waitFor();
  // The file was put a moment ago: how many rows it has is known a little later than the first of them.
  await page.waitForFunction(() => document.querySelector('[role=grid]')?.getAttribute('aria-rowcount') === '3377');
  await grid.getByText('Thigpen').first().waitFor();
  assert.ok(await main().getByRole('columnheader', { name: /latitude/ }).count());
});

test('a picture is shown and Markdown is drawn', async () => {
  await page.goto(`${server.url}/data/birds/strikes/raw/ffox.png`);
  const picture = main().locator('img').first();
  await picture.waitFor();
  await page.waitForFunction(() => document.querySelector('main img')?.naturalWidth > 0);
  await page.goto(`${server.url}/data/sample/birds/about.md`);
  await main().locator('kd-markdown :is(h1, h2, h3, p)').first().waitFor();
});

test('a tag is added in place and taken back', async () => {
  await page.goto(`${server.url}/data/birds/strikes`);
  await main().getByRole('button', { name: /add/i }).first().click();
  await main().locator('kd-tags input').first().fill('raw');
  await page.keyboard.press('Enter');
  await main().locator('kd-tags').getByText('raw').waitFor();
  // It is shown before the server has said yes.
  await until('the server has it', async () => (await server.run('asset show', { asset: 'birds/strikes' })).tags.join() === 'raw');
  await page.getByRole('button', { name: 'Undo' }).first().click();
  await main().locator('kd-tags').getByText('raw').waitFor({ state: 'detached' });
});

test('changes are committed with a message, named, and seen in the history', async () => {
  await page.goto(`${server.url}/data/birds/strikes?tab=changes`);
  await main().getByText('raw/airports.csv').first().waitFor();
  await main().getByRole('textbox', { name: /what changed/i }).fill('as collected');
  await main().getByRole('button', { name: 'Commit' }).click();
  await main().getByText('raw/airports.csv').first().waitFor({ state: 'detached' });
  const { commits } = await server.run('log', { asset: 'birds/strikes' });
  assert.deepEqual(commits.map((commit) => commit.message), ['as collected']);
  await page.goto(`${server.url}/data/birds/strikes?tab=history`);
  await main().getByRole('link', { name: 'as collected' }).waitFor();
});

test('a new version of a file shows what differs and goes back', async () => {
  const [[, bytes]] = Object.entries(await vega(['airports.csv']));
  const shorter = bytes.toString().split('\n').slice(0, 100).join('\n') + '\n';
  await server.put('birds/strikes/raw/airports.csv', shorter);
  await page.goto(`${server.url}/data/birds/strikes/raw/airports.csv?tab=diff`);
  await main().getByText(/kB less/).first().waitFor();
  await main().getByText(/rows/i).first().waitFor();
  await page.goto(`${server.url}/data/birds/strikes?tab=changes`);
  await main().getByText('Give these changes up').click();
  await main().getByRole('button', { name: /discard|give|back/i }).first().click();
  // What nothing brings back is done when its name was typed.
  await dialog().getByRole('textbox').fill('strikes');
  await dialog().getByRole('button').last().click();
  // The words that warned of it may say "nothing" too: what counts is the file.
  const size = async () => (await (await server.http('/api/v1/listing/birds/strikes?prefix=raw/airports')).json()).objects[0].size;
  await until('the file is as it was', async () => (await size()) === bytes.length);
  await main().getByText(/nothing|no changes|committed/i).first().waitFor();
});

test('the one box finds words, then sees SQL while it is typed', async () => {
  await page.goto(`${server.url}/data/birds`);
  const box = page.getByRole('combobox').first();
  await box.fill('airports');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/find\?q=airports/);
  await main().locator('mark').first().waitFor();
  await box.fill('select count(*) as n from strikes."raw/airports.csv"');
  await page.keyboard.press('Enter');
  await page.waitForURL(/q=select/);
  await main().getByText('3376').or(main().getByText('3,376')).first().waitFor();
  // Something else changes: the screen may look different and is drawn again, its query is not run again.
  const result = () => page.evaluate(() => [...document.querySelectorAll('main kd-view')].map(({ data }) => data.result).find(Boolean));
  const calls = async () => (await (await server.http('/api/v1/plugins/ledger')).json()).plugins.find(({ id }) => id === 'kamld/sql').calls;
  const [before, drawn] = [await result(), await calls()];
  assert.ok(before);
  await server.run('query save', { name: 'airports', query: 'select 1' });
  await until('it is drawn again', async () => (await calls()) > drawn + 1);
  assert.equal(await result(), before);
  await box.fill('select nam from strikes."raw/airports.csv"');
  await page.keyboard.press('Enter');
  await main().getByText(/nam\b/).first().waitFor();
  await main().getByText(/did you mean|name/i).first().waitFor();
});

test('a plug-in is switched off, its screens go, and on again', async () => {
  await page.goto(`${server.url}/settings/plugins?plugin=kamld/history`);
  await main().getByRole('button', { name: 'Switch off' }).first().click();
  await main().getByRole('button', { name: 'Switch on' }).first().waitFor();
  await page.goto(`${server.url}/data/birds/strikes`);
  await main().getByRole('link', { name: 'raw' }).first().waitFor();
  assert.equal(await main().getByRole('link', { name: 'History' }).count(), 0);
  await page.goto(`${server.url}/settings/plugins?plugin=kamld/history`);
  await main().getByRole('button', { name: 'Switch on' }).first().click();
  await main().getByRole('button', { name: 'Switch off' }).first().waitFor();
});

test('a narrowed grant is refused with a reason', async () => {
  const narrow = '[[grant]]\nplugin = "kamld/history"\nmode = "enforce"\n';
  const answer = await server.http('/api/v1/plugins/kamld/history/grant', { method: 'PUT', body: narrow });
  assert.ok(answer.ok, await answer.text());
  await page.goto(`${server.url}/data/birds/strikes?tab=history`);
  await main().getByText(/not granted|does not allow|grant/i).first().waitFor();
});

test('the palette reaches a command and a file in two words', async () => {
  await page.keyboard.press('Control+k');
  const field = dialog().getByRole('combobox');
  await field.fill('airports');
  await dialog().getByRole('option', { name: /airports\.csv/ }).first().waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await field.fill('project create');
  await dialog().getByRole('option', { name: /create a project/i }).first().waitFor();
  await page.keyboard.press('Escape');
});

test('nothing went wrong on the way', () => {
  assert.deepEqual(page.trouble, []);
});
