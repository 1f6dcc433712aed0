// What can be taken back is, from the page, with the button beside what was said; what cannot is asked for first, by
// typing its name, and nothing else asks. Bar 28 of the study.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { measured } from './bars.mjs';
import { until } from './between.mjs';
import { launch, settled, tab } from './browser.mjs';
import { Server } from './server.mjs';
import { bar, print } from './table.mjs';

let server;
let browser;
let page;
let undone = 0;
let asked = 0;

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
  page = await tab(browser, server);
});

after(async () => {
  bar(28, 'kinds of actions taken back / that ask for a name', 'all', `${undone} / ${asked}`);
  print('undo');
  await browser?.close();
  await server?.stop();
});

const main = () => page.getByRole('main');
const dialog = () => page.getByRole('dialog');

async function visit(path) {
  await page.goto(server.url + path);
  await settled(page);
}

/** The menu of a row, and an entry of it. */
async function menu(row, entry) {
  await main().getByRole('button', { name: `Actions for ${row}` }).click();
  await page.getByRole('menuitem', { name: entry, exact: true }).click();
}

/** What was done last, as the page keeps it. */
const last = () => page.evaluate(() => JSON.parse(localStorage.getItem('kamld.journal') ?? '[]')[0]);
let taken;

async function takeBack() {
  await until('it is told', async () => ((await last())?.id ?? taken) !== taken);
  taken = (await last()).id;
  await page.locator('.ks-notices').getByRole('button', { name: 'Undo' }).last().click();
  await until('it is taken back', async () => (await last()).state === 'undone');
  await page.locator('.ks-notices').getByText('Undone.').last().waitFor();
  undone++;
}

const show = (asset) => server.run('asset show', { asset });
const paths = async (asset) => (await (await server.http(`/api/v1/listing/${asset}`)).json()).objects.map(({ path }) => path);
const projects = async () => (await server.run('project list')).projects.map(({ name }) => name);

test('a new project', async () => {
  await visit('/');
  await main().getByRole('button', { name: 'New project' }).first().click();
  await dialog().getByLabel('Name').fill('short-lived');
  await dialog().getByRole('button', { name: 'Create' }).click();
  await page.waitForURL(/short-lived$/);
  await takeBack();
  assert.ok(!(await projects()).includes('short-lived'));
});

test('a new asset', async () => {
  await visit('/data/sample');
  await main().getByRole('button', { name: 'Upload' }).click();
  await dialog().getByLabel('Asset').fill('sample/short-lived');
  await dialog().getByRole('button', { name: 'Create' }).click();
  await page.waitForURL(/short-lived$/);
  await takeBack();
  assert.ok(!(await server.run('asset list', { project: 'sample' })).assets.some(({ name }) => name === 'short-lived'));
});

test('a tag, added and removed in place and from the menu of a row', async () => {
  const before = (await show('sample/cars')).tags;
  await visit('/data/sample/cars');
  const tags = main().locator('kd-tags').first();
  await tags.getByRole('button', { name: /^add/i }).click();
  await main().locator('.kd-tag-input').fill('fast');
  await page.keyboard.press('Enter');
  await until('it is there', async () => (await show('sample/cars')).tags.includes('fast'));
  await takeBack();
  assert.deepEqual((await show('sample/cars')).tags, before);
  await tags.getByRole('button', { name: `Remove ${before[0]}` }).click();
  await until('it is gone', async () => !(await show('sample/cars')).tags.includes(before[0]));
  await takeBack();
  assert.deepEqual((await show('sample/cars')).tags, before);
  await visit('/data/sample');
  await menu('cars', 'Add a tag…');
  await dialog().getByLabel('Tag').fill('slow');
  await dialog().getByRole('button', { name: 'Add' }).click();
  await dialog().waitFor({ state: 'detached' });
  await takeBack();
  assert.deepEqual((await show('sample/cars')).tags, before);
});

test('a file that is renamed, and one that is removed and was committed', async () => {
  const before = await paths('sample/cars');
  await visit('/data/sample/cars');
  await menu('cars.json', 'Rename or move…');
  await dialog().getByLabel('To').fill('sample/cars/autos.json');
  await dialog().getByRole('button').last().click();
  await main().getByRole('link', { name: 'autos.json' }).waitFor();
  await takeBack();
  await main().getByRole('link', { name: 'cars.json' }).waitFor();
  await menu('cars.json', 'Remove');
  await main().getByRole('link', { name: 'cars.json' }).waitFor({ state: 'detached' });
  await takeBack();
  assert.deepEqual(await paths('sample/cars'), before);
});

test('a copy, which replaces nothing', async () => {
  const before = await paths('sample/cars');
  await visit('/data/sample/cars');
  const copy = async (to) => {
    await menu('cars.json', 'Copy to…');
    await dialog().getByLabel('To').fill(to);
    await dialog().getByRole('button').last().click();
  };
  await copy('sample/cars/about.md');
  await dialog().getByText(/already; nothing was changed/).waitFor();
  await page.keyboard.press('Escape');
  await dialog().waitFor({ state: 'detached' });
  await copy('sample/cars/copy.json');
  await main().getByRole('link', { name: 'copy.json' }).waitFor();
  await takeBack();
  await main().getByRole('link', { name: 'copy.json' }).waitFor({ state: 'detached' });
  assert.deepEqual(await paths('sample/cars'), before);
});

test('files that were uploaded by the button or dropped, unless they replaced others', async () => {
  const before = await paths('sample/cars');
  await visit('/data/sample/cars');
  const file = (name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(`this is ${name}`) });
  const choosing = page.waitForEvent('filechooser');
  await main().getByRole('button', { name: 'Upload' }).click();
  await (await choosing).setFiles(['one.txt', 'two.txt', 'three.txt', 'four.txt', 'five.txt'].map(file));
  await main().getByRole('link', { name: 'five.txt' }).waitFor();
  await takeBack();
  await main().getByRole('link', { name: 'five.txt' }).waitFor({ state: 'detached' });
  assert.deepEqual(await paths('sample/cars'), before);
  const drop = (name) => page.evaluate((name) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([`this is ${name}`], name));
    document.querySelector('main').dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  }, name);
  await drop('dropped.txt');
  await main().getByRole('link', { name: 'dropped.txt' }).waitFor();
  await takeBack();
  await main().getByRole('link', { name: 'dropped.txt' }).waitFor({ state: 'detached' });
  await drop('about.md');
  await dialog().getByRole('button', { name: 'Replace' }).click();
  const replaced = page.locator('.ks-notices').getByText('file is in').last();
  await replaced.waitFor();
  assert.equal(await page.locator('.ks-notice', { has: replaced }).last().getByRole('button', { name: 'Undo' }).count(), 0, 'the one before it would not come back');
  await server.run('restore', { asset: 'sample/cars', path: ['about.md'] });
  assert.deepEqual(await paths('sample/cars'), before);
});

test('a branch, made and removed', async () => {
  const branches = async () => (await server.run('branch list', { asset: 'sample/cars' })).branches.map(({ name }) => name);
  await visit('/data/sample/cars?tab=refs');
  await main().getByRole('button', { name: 'New branch' }).first().click();
  await dialog().getByLabel('Name').fill('try');
  await dialog().getByRole('button', { name: 'Create' }).click();
  await until('it is there', async () => (await branches()).includes('try'));
  await takeBack();
  await until('it is gone', async () => !(await branches()).includes('try'));
  await server.run('branch create', { asset: 'sample/cars', name: 'try' });
  await visit('/data/sample/cars?tab=refs');
  await menu('try', 'Remove');
  await until('it is gone', async () => !(await branches()).includes('try'));
  await takeBack();
  assert.ok((await branches()).includes('try'));
});

test('a query that is kept under a name, and one that is kept no longer', async () => {
  await visit('/find?q=select%201&as=sql&in=sample');
  const kept = async () => (await server.run('query list')).queries.map(({ name }) => name);
  await main().getByRole('button', { name: 'Keep under a name' }).click();
  await dialog().getByLabel('Name').fill('one');
  await dialog().getByRole('button').last().click();
  await until('it is kept', async () => (await kept()).includes('one'));
  await takeBack();
  await until('it is not', async () => !(await kept()).includes('one'));
});

test('what can be taken back stays so for ten seconds and more, and is in the list of what was done', async () => {
  await visit('/data/sample/cars');
  await main().locator('kd-tags').first().getByRole('button', { name: /^add/i }).click();
  await main().locator('.kd-tag-input').fill('lasting');
  await page.keyboard.press('Enter');
  const button = page.locator('.ks-notices').getByRole('button', { name: 'Undo' }).last();
  await button.waitFor();
  const begun = Date.now();
  await page.mouse.move(5, 5);
  await button.waitFor({ state: 'detached', timeout: 30_000 });
  measured('Undo is offered', (Date.now() - begun) / 1000);
  // It is still there after a reload, and in another tab; for thirty days.
  const aged = async (days) => {
    await page.evaluate((days) => {
      const all = JSON.parse(localStorage.getItem('kamld.journal'));
      localStorage.setItem('kamld.journal', JSON.stringify(all.map((entry) => ({ ...entry, when: Date.now() - days * 86_400_000 }))));
    }, days);
    await page.reload();
    await settled(page);
    await page.getByRole('button', { name: /Tasks and uploads/ }).click();
    await dialog().locator('ks-tasks > *').first().waitFor();
    return dialog().getByRole('heading', { name: 'Done in the last 30 days' }).count();
  };
  const kept = await aged(29.9);
  await dialog().getByRole('button', { name: 'Undo' }).first().click();
  await dialog().getByText('undone').first().waitFor();
  await page.keyboard.press('Escape');
  await until('it is gone', async () => !(await show('sample/cars')).tags.includes('lasting'));
  undone++;
  const later = await aged(30.1);
  await page.keyboard.press('Escape');
  bar(28, 'lists of what was done that are there after 29.9 and 30.1 days', '1 / 0', `${kept} / ${later}`);
  assert.deepEqual([kept, later], [1, 0]);
});

/** Its button works only when the name was typed, and giving it up changes nothing. */
async function asksFor(name, done) {
  const danger = dialog().locator('.kd-button-danger');
  await danger.waitFor();
  assert.ok(await danger.isDisabled(), 'nothing is typed yet');
  await dialog().getByRole('textbox').fill(name.slice(0, -1));
  assert.ok(await danger.isDisabled(), 'that is not its name');
  await page.keyboard.press('Escape');
  await dialog().waitFor({ state: 'detached' });
  assert.ok(!(await done()), 'it was given up');
  asked++;
  return async () => {
    await dialog().getByRole('textbox').fill(name);
    await danger.click();
    await until('it is done', done);
  };
}

test('a project and an asset with all that is in them', async () => {
  await server.run('project create', { name: 'doomed' });
  await server.run('asset create', { asset: 'doomed/data' });
  await visit('/data/doomed');
  const gone = async () => !(await server.run('asset list')).assets.some(({ project }) => project === 'doomed');
  await menu('data', 'Remove…');
  const go = await asksFor('data', gone);
  await menu('data', 'Remove…');
  await go();
  const side = page.locator('aside');
  const remove = async () => {
    await side.getByRole('button', { name: 'Actions for doomed' }).click();
    await page.getByRole('menuitem', { name: 'Remove…' }).click();
  };
  await remove();
  const goOn = await asksFor('doomed', async () => !(await projects()).includes('doomed'));
  await remove();
  await goOn();
});

test('files that no commit has, one and many, and changes that are given up', async () => {
  const before = await paths('sample/weather');
  for (const name of ['a.txt', 'b.txt', 'c.txt']) await server.put(`sample/weather/${name}`, name);
  await visit('/data/sample/weather');
  const gone = (name) => async () => !(await paths('sample/weather')).includes(name);
  await menu('a.txt', 'Remove…');
  const go = await asksFor('a.txt', gone('a.txt'));
  await menu('a.txt', 'Remove…');
  await go();
  await main().getByRole('checkbox', { name: 'Select b.txt' }).check();
  await main().getByRole('checkbox', { name: 'Select about.md' }).check();
  await main().locator('.kd-bulk').getByRole('button', { name: 'Remove…' }).click();
  await asksFor('2', gone('b.txt'));
  await visit('/data/sample/weather?tab=changes');
  await main().getByText('Give these changes up').click();
  await main().getByRole('button', { name: 'Discard all changes' }).click();
  const discard = await asksFor('weather', async () => (await paths('sample/weather')).length === before.length);
  await main().getByRole('button', { name: 'Discard all changes' }).click();
  await discard();
  assert.deepEqual(await paths('sample/weather'), before);
});

test('queries that are forgotten, and a grant that is taken away', async () => {
  await server.run('sql', { query: 'select 1' });
  await visit('/find?q=&as=sql');
  await main().getByRole('button', { name: 'Forget them' }).click();
  const forgotten = async () => (await server.run('query history')).queries.length === 0;
  const go = await asksFor('forget', forgotten);
  await main().getByRole('button', { name: 'Forget them' }).click();
  await go();
  await visit('/settings/plugins?plugin=kamld/preview-image');
  await main().getByText('Change the grant as text').click();
  await main().getByRole('button', { name: 'Take everything away' }).click();
  await asksFor('preview-image', async () => !(await (await server.http('/api/v1/plugins/kamld/preview-image/grant')).text()).includes('allow'));
});

test('every command that destroys asks, whoever brings it', async () => {
  const { commands } = await (await server.http('/api/v1/commands')).json();
  const destroy = commands.filter(({ effect }) => effect === 'destroy');
  assert.ok(destroy.length >= 3);
  await visit('/data/sample');
  for (const { summary } of destroy) {
    await page.keyboard.press('Control+k');
    await dialog().getByRole('combobox').fill(summary);
    await dialog().getByRole('option', { name: summary }).first().click();
    await dialog().getByText('This cannot be undone.').waitFor();
    assert.ok(await dialog().locator('.kd-button-danger').count(), summary);
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
  }
  assert.deepEqual(page.trouble, []);
});
