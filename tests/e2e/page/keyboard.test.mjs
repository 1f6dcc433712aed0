// The journey of a newcomer by keyboard alone, on real files: from an empty project to a query, a version, a switched off
// plug-in. Nothing here uses a pointer; what has the focus is found by the Tab key, as a person does it. Bar 16 of the study.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from './between.mjs';
import { drawn, launch, settled, tab } from './browser.mjs';
import { vega } from './files.mjs';
import { Server } from './server.mjs';
import { bar, print } from './table.mjs';

let server;
let browser;
let page;
let keys;
let files;
const made = [];

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
  files = await vega(['airports.csv', 'cars.json', 'ffox.png']);
  page = await tab(browser, server);
  keys = page.keyboard;
  // Listened to all the time: a key may reach the page before the browser is told to hand over its chooser.
  page.on('filechooser', () => {});
  await settled(page);
});

after(async () => {
  bar(16, 'journeys of 9 without a pointer', '9', made.length);
  print('keyboard');
  await browser?.close();
  await server?.stop();
});

const main = () => page.getByRole('main');
const dialog = () => page.getByRole('dialog');

/** A step of the journey; nothing of it may have gone wrong on the page. */
const step = (name, run) =>
  test(name, async () => {
    await run();
    assert.deepEqual(page.trouble, []);
    made.push(name);
  });

/** What a screen reader says of what has the focus. */
const focused = () =>
  page.evaluate(() => {
    let one = document.activeElement;
    // An editor keeps its own root.
    while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
    if (!one || one === document.body) return '';
    const label = one.getAttribute('aria-label') ?? (one.labels?.length ? one.labels[0].textContent : '') ?? '';
    return `${one.getAttribute('role') ?? one.tagName.toLowerCase()} ${label || one.getAttribute('placeholder') || one.textContent}`.replace(/\s+/g, ' ').trim();
  });

/** Goes on by Tab until something that is called so has the focus. */
async function reach(name, most = 90) {
  const seen = [];
  for (let now; !name.test((now = await focused())); ) {
    seen.push(now);
    if (seen.length > most) throw new Error(`no way to ${name}: ${seen.join(' | ')}`);
    await keys.press('Tab');
  }
}

/** Until something that is called so has the focus, without a key of ours. */
const stands = (name) => until(`${name} has the focus`, async () => name.test(await focused()));

/** To something, and presses it. */
async function press(name) {
  await reach(name);
  await keys.press('Enter');
}

/** Down a list until what is wanted is chosen. */
const down = (chosen) => until('it is chosen', async () => (await chosen()) || keys.press('ArrowDown'));

/** A command or a place, by the palette. */
async function choose(words, option) {
  await keys.press('Control+k');
  await stands(/^combobox Palette/);
  // What the server finds may come between: first all is there.
  const found = page.waitForResponse((answer) => new URL(answer.url()).searchParams.get('q') === words);
  await keys.type(words);
  await found;
  await drawn(page);
  await dialog().getByRole('option', { name: option }).first().waitFor();
  await down(async () => option.test((await dialog().getByRole('option', { selected: true }).first().innerText()).replace(/\s+/g, ' ')));
  await keys.press('Enter');
}

/** A command by the palette, with what its form asks for; the first of it has the focus when it opens. */
async function fill(words, option, values) {
  await choose(words, option);
  await stands(values[0][0]);
  for (const [label, value] of values) {
    await reach(label);
    await keys.press('Control+a');
    await keys.type(value);
  }
  await keys.press('Enter');
  await dialog().waitFor({ state: 'detached' });
}

/** Until a place is drawn, and has the focus: it takes it a frame later. */
async function arrive(url) {
  await page.waitForURL(url);
  await settled(page);
  await drawn(page);
}

/** To the dataset of the journey. */
async function toAsset() {
  await choose('birds strikes', /^strikes .*birds/);
  await arrive(/\/birds\/strikes([?#]|$)/);
}

/** Leaves fields, so that single keys are keys again. */
const rest = () => page.evaluate(() => document.activeElement?.blur());

/** Files by their names, by the key for it. */
async function upload(files) {
  await rest();
  const choosing = page.waitForEvent('filechooser');
  await keys.press('u');
  await (await choosing).setFiles(Object.entries(files).map(([name, buffer]) => ({ name, mimeType: '', buffer })));
}

const listing = async (prefix = '') => (await (await server.http(`/api/v1/listing/birds/strikes?prefix=${prefix}`)).json()).objects;

step('a project and a dataset, by the palette', async () => {
  await fill('project create', /^Create a project/, [[/^input Name/, 'birds']]);
  await fill('asset create', /asset create$/, [[/^input Asset/, 'birds/strikes']]);
  assert.ok((await server.run('asset list', { project: 'birds' })).assets.some(({ name }) => name === 'strikes'));
  await toAsset();
});

step('files are sent, and taken back', async () => {
  const there = async (state) => {
    for (const name of Object.keys(files)) await main().getByRole('link', { name }).waitFor({ state });
  };
  await upload(files);
  await there('visible');
  await rest();
  await keys.press('z');
  await there('detached');
  await upload(files);
  await there('visible');
  assert.deepEqual((await listing()).map(({ path }) => path).sort(), Object.keys(files).sort());
});

step('a tag, in place, and undone', async () => {
  const tags = async () => (await server.run('asset show', { asset: 'birds/strikes' })).tags;
  await press(/^button Add a tag/);
  await stands(/^input .*tag/i);
  await keys.type('raw');
  await keys.press('Enter');
  // It can be taken away once the server has it.
  const remove = main().getByRole('button', { name: 'Remove raw' });
  await remove.waitFor();
  assert.deepEqual(await tags(), ['raw']);
  await rest();
  await keys.press('z');
  await remove.waitFor({ state: 'detached' });
  await until('it has it no more', async () => !(await tags()).length);
});

step('a table, a picture, JSON and Markdown are looked at', async () => {
  await press(/^a airports\.csv/);
  await arrive(/airports\.csv/);
  await reach(/^grid /);
  await keys.press('Control+End');
  await until('the last row is active', async () => /\b337[67]\b/.test(await main().getByRole('grid').evaluate((grid) => document.getElementById(grid.getAttribute('aria-activedescendant'))?.closest('tr')?.getAttribute('aria-rowindex') ?? '')));
  for (const key of ['Control+Home', 'ArrowUp', 'Enter']) await keys.press(key);
  await main().getByRole('grid').locator('[aria-sort=ascending]').waitFor();
  await choose('ffox', /^ffox\.png /);
  await arrive(/ffox\.png/);
  await main().locator('kd-image img').first().waitFor();
  const width = () => main().locator('kd-image img').first().evaluate((img) => img.getBoundingClientRect().width);
  const before = await width();
  await press(/^button .*(larger|zoom in)/i);
  await until('it is larger', async () => (await width()) > before);
  await choose('cars.json', /^cars\.json .*birds/);
  await arrive(/birds\/strikes\/cars\.json/);
  await choose('about.md birds', /^about\.md /);
  await arrive(/about\.md/);
  await main().locator('kd-markdown :is(h1, h2, p)').first().waitFor();
});

step('the one box finds words, then is a query with a chart, and one key switches', async () => {
  const ask = async (text) => {
    await rest();
    await keys.press('/');
    await stands(/^combobox Search or SQL/);
    await keys.press('Control+a');
    await keys.type(text);
  };
  const taken = (as) => page.getByRole('search').getByRole('button', { name: `As: ${as}` }).waitFor();
  await ask('penguins');
  await keys.press('Enter');
  await arrive(/find\?q=penguins/);
  await main().getByRole('link', { name: 'penguins.json' }).first().waitFor();
  await press(/^a penguins\.json/);
  await arrive(/penguins\.json/);
  await ask('select state, count(*) as n from birds.strikes."airports.csv" group by state order by n desc');
  await taken('SQL');
  await keys.press('Alt+Enter');
  await taken('Search');
  await keys.press('Alt+Enter');
  await taken('SQL');
  await keys.press('Enter');
  await arrive(/[?&]q=select/);
  await main().getByRole('grid').getByText('AK', { exact: true }).first().waitFor();
  await press(/^button Chart/);
  await main().locator('kd-plot').first().waitFor();
  await reach(/^a CSV/);
});

step('a new version of a file: what differs, committed with a message', async () => {
  await toAsset();
  const shorter = Buffer.from(files['airports.csv'].toString().split('\n').slice(0, 100).join('\n') + '\n');
  const commit = async (message) => {
    await press(/^a Changes/);
    await arrive(/tab=changes/);
    await reach(/what changed/i);
    await keys.type(message);
    await press(/^button Commit/);
    await until('it is committed', async () => (await server.run('log', { asset: 'birds/strikes' })).commits[0]?.message === message);
  };
  await commit('as collected');
  await press(/^a Files/);
  await arrive(/tab=files/);
  await upload({ 'airports.csv': shorter });
  await stands(/^button Replace/);
  await keys.press('Enter');
  await main().getByText(/1 file changed/).first().waitFor();
  await press(/^a airports\.csv/);
  await arrive(/airports\.csv/);
  await press(/^a Changes/);
  await page.waitForURL(/tab=/);
  await main().getByText(/kB less/).first().waitFor();
  await toAsset();
  await commit('the first hundred');
});

step('the history: a version, a branch, and back to an earlier state', async () => {
  const asked = (name) => [[/^input Asset/, 'birds/strikes'], [/^input Name/, name]];
  await fill('version create', /^Give a commit a name/, asked('v1'));
  await fill('branch create', /^Start a branch/, asked('try'));
  assert.ok((await server.run('branch list', { asset: 'birds/strikes' })).branches.some(({ name }) => name === 'try'));
  assert.ok((await server.run('version list', { asset: 'birds/strikes' })).versions.some(({ name }) => name === 'v1'));
  await toAsset();
  await press(/^a History/);
  await arrive(/tab=history/);
  await main().getByRole('link', { name: 'as collected' }).waitFor();
  await press(/^button .*as collected/);
  const back = page.getByRole('menuitem', { name: 'Set main back to this' });
  await back.waitFor();
  await down(() => back.evaluate((item) => item === document.activeElement));
  await keys.press('Enter');
  await until('the file is as long as it was', async () => (await listing('airports'))[0].size === files['airports.csv'].length);
  assert.equal((await server.run('log', { asset: 'birds/strikes' })).commits.length, 2);
});

step('a plug-in is switched off and on, and its grant is narrowed by hand', async () => {
  await choose('plug-ins settings', /^Plug-ins Settings/);
  await arrive(/settings\/plugins/);
  await press(/^a History/);
  await arrive(/plugin=kamld/);
  for (const [now, then] of [['off', 'on'], ['on', 'off']]) {
    await press(new RegExp(`^button Switch ${now}`));
    // Its text is there before it can be pressed again.
    await main().locator('button:not([aria-busy])', { hasText: `Switch ${then}` }).waitFor();
  }
  await press(/Change the grant as text/);
  await main().getByRole('textbox', { name: 'Grant' }).waitFor();
  await reach(/^textbox Grant/);
  // What is allowed stands below the head of three lines; letters that are keys of the shell elsewhere are letters here.
  for (const key of ['Control+Home', ...Array(3).fill('ArrowDown'), 'Control+Shift+End', 'Delete']) await keys.press(key);
  await keys.type('# gust/z?');
  await main().getByRole('textbox', { name: 'Grant' }).getByText('# gust/z?').waitFor();
  await press(/^button Put in force/);
  await until('it may do nothing', async () => !(await (await server.http('/api/v1/plugins/kamld/history/grant')).text()).includes('allow'));
  await toAsset();
  await press(/^a History/);
  await main().getByText(/not granted|does not allow|grant/i).first().waitFor();
});

step('the keys are listed, and every dialog lets go', async () => {
  for (const [key, name] of [['?', 'Keys'], ['t', 'Tasks and uploads']]) {
    await rest();
    await keys.press(key);
    await page.getByRole('dialog', { name, exact: true }).waitFor();
    await keys.press('Escape');
    await dialog().waitFor({ state: 'detached' });
  }
});
