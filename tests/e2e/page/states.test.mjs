// A place where nothing is yet: what it is, one primary action, one thing to try, and no dead end; and the way of a
// newcomer from there to the first answer. Bars 24 and 35 of the study.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { measured } from './bars.mjs';
import { launch, settled, tab } from './browser.mjs';
import { Server } from './server.mjs';
import { bar, print } from './table.mjs';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([Server.fresh(), launch()]);
});

after(async () => {
  print('states');
  await browser?.close();
  await server?.stop();
});

/**
 * Each list that can be empty: where it is, what it says it is, the one primary action, and a sample: data to try, or what
 * could be typed, to be copied or followed.
 */
const EMPTY = [
  ['projects', '/', /datasets and models in one place/i, 'New project', 'Add sample data'],
  ['data, without a project', '/data', /a project is a place/i, 'New project', 'Add sample data'],
  ['projects at the side', '/', /no project yet/i, 'New project', 'Add sample data', 'aside'],
  ['queries', '/find?q=&as=sql', /files are tables/i, 'Run', /select \* from/],
  ['a search', '/find?q=zzzz', /nothing fits/i, /Browse|Look|Search|Upload|data/, /tag:|wind/],
  ['records of the audit log', '/settings/audit?plugin=kamld/none', /nothing is written down/i, /All plug-ins|Show/, /kamld audit|kamld plugin/],
  ['assets of a project', '/data/void', /dataset or a model is a collection/i, 'Upload', 'Add sample data'],
  ['files', '/data/bare/none', /drop files or a folder/i, /Upload|Choose files/, /kamld put/],
  ['changes', '/data/bare/none?tab=changes', /listed here until you commit/i, /files/i, /kamld put/],
  ['history', '/data/bare/none?tab=history', /a commit keeps the files/i, /can be committed/i, /kamld commit/],
  ['versions', '/data/bare/none?tab=refs', /name the last commit/i, 'Name the last commit', /kamld version create/],
];

test('every empty list says what it is, has one primary action and something to try', async () => {
  const page = await tab(browser, server);
  const wrong = [];
  let made = false;
  for (const [what, path, is, primary, sample, within = 'main'] of EMPTY) {
    if (path.startsWith('/data/') && !made) {
      made = true;
      await server.run('project create', { name: 'void' });
      await server.run('project create', { name: 'bare' });
      await server.run('asset create', { asset: 'bare/none' });
    }
    await page.goto(server.url + path);
    await settled(page);
    const place = page.locator(within);
    const text = await place.innerText();
    if (!is.test(text)) wrong.push(`${what}: does not say what it is: ${text}`);
    const named = async (name) => {
      const found = [...(await place.getByRole('button', { name }).all()), ...(await place.getByRole('link', { name }).all())];
      return found.length;
    };
    if (!(await named(primary))) wrong.push(`${what}: no ${primary}`);
    const loud = await page.locator(`${within} .kd-button-primary`).allInnerTexts();
    if (within === 'main' && loud.length !== 1) wrong.push(`${what}: ${loud.length} primary actions: ${loud.join(', ')}`);
    const samples = typeof sample === 'string' ? await named(sample) : Number(sample.test(text));
    if (!samples) wrong.push(`${what}: nothing to try: ${text}`);
  }
  bar(24, `empty lists of ${EMPTY.length} that lack something`, '0', wrong.length);
  assert.deepEqual(wrong, []);
  assert.deepEqual(page.trouble, []);
  await page.context().close();
});

test('lists of the shell say what they are for and lead on', async () => {
  const page = await tab(browser, server);
  await settled(page);
  await page.getByRole('button', { name: /Tasks and uploads/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/Uploads, long work and what you did appear here/).waitFor();
  await dialog.getByRole('button', { name: 'Upload' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await dialog.getByRole('combobox').fill('qqqq zzzz');
  await dialog.getByRole('option', { name: /find “qqqq zzzz”/i }).waitFor();
  assert.deepEqual(page.trouble, []);
  await page.context().close();
});

test('a place that is not there leads on', async () => {
  const page = await tab(browser, server);
  const dead = [];
  for (const path of ['/data/nowhere', '/data/bare/nothing', '/data/bare/none/nothing.csv', '/nowhere', '/settings/nowhere', '/data/bare/none?tab=nowhere']) {
    await page.goto(server.url + path);
    await settled(page);
    const ways = await page.getByRole('main').locator('a[href], button').count();
    if (!ways || (await page.getByRole('main').innerText()).trim().length < 20) dead.push(path);
  }
  bar(24, 'dead ends among places that are not there', '0', dead.length);
  assert.deepEqual(dead, []);
  await page.context().close();
});

test('a newcomer has the first answer in a minute and five actions', async () => {
  const fresh = await Server.fresh();
  try {
    const page = await tab(browser, fresh);
    page.setDefaultTimeout(60_000);
    const begun = Date.now();
    let actions = 0;
    const act = async (what) => {
      actions++;
      await what();
    };
    const main = page.getByRole('main');
    await act(() => main.getByRole('button', { name: 'Add sample data' }).first().click());
    // The form of another plug-in's command: the project stands there already.
    await act(() => page.getByRole('dialog').getByRole('button', { name: 'Add' }).click());
    await page.waitForURL(/\/sample$/);
    // A look at what there is, and a question about it.
    await act(() => main.getByRole('link', { name: 'birds', exact: true }).click());
    await main.getByRole('link', { name: 'birdstrikes.csv' }).waitFor();
    await act(() => page.getByRole('combobox').first().fill('select "Phase of flight", count(*) from birds."birdstrikes.csv" group by 1'));
    await act(() => page.keyboard.press('Enter'));
    await main.locator('kd-rows').getByText(/[\d,]+ rows/).first().waitFor();
    measured('first answer of a query', (Date.now() - begun) / 1000);
    measured('actions to the first answer', actions);
    assert.deepEqual(page.trouble, []);
    await page.context().close();
  } finally {
    await fresh.stop();
  }
});
