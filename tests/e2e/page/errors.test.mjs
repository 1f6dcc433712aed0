// What goes wrong at each API that the page uses: a person is told what happened, what was kept and what to do, gets an id
// to copy and never the trace of a stack, and trying again keeps what was typed or chosen. Bar 25 of the study.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { between, FAULTS, FETCHES, intercept, PROBLEM, putBytes, told, TRACE } from './between.mjs';
import { launch, settled, tab } from './browser.mjs';
import { Server } from './server.mjs';
import { bar, print } from './table.mjs';

let server;
let browser;
let page;
let wire;
let seen = 0;

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
  await putBytes(server);
  const many = Array.from({ length: 300 }, (_, n) => server.put(`sample/images/many/file-${String(n).padStart(3, '0')}-${'x'.repeat(90)}.txt`, `${n}`));
  await Promise.all(many);
  page = await tab(browser, server);
  wire = await between(page);
});

after(async () => {
  bar(25, 'faults that were told with what happened, what is kept, what to do and an id', 'all', `${seen}, all`);
  print('errors');
  await browser?.close();
  await server?.stop();
});

const main = () => page.getByRole('main');
const dialog = () => page.getByRole('dialog');
const notice = () => page.locator('.ks-notice-bad').last();
const alert = () => main().getByRole('alert').first();
const again = (place) => place.getByRole('button', { name: 'Try again' }).click();

async function visit(path) {
  await page.goto(server.url + path);
  await page.locator('main :is(h1, h2, h3, kd-view)').first().waitFor();
}

/** Requests of HTTP go wrong until the returned function is called. */
const broken = (pattern, fault, methods) => intercept(page, pattern, fault, methods);

const HEALED = {
  'rows of a table': () => main().getByRole('grid'),
  'rows of a query': () => main().locator('kd-rows table, kd-rows [role=grid]').first(),
  'what an object is': () => main().locator('kd-markdown').first(),
  'a picture': () => main().locator('img'),
  'bytes of an object': () => main().getByText('00 01 02 03').first(),
  markdown: () => main().locator('kd-markdown :is(h1, h2, h3, h4)').first(),
};

for (const [name, fault] of Object.entries(FAULTS)) {
  for (const [what, [pattern, path, methods]] of Object.entries(FETCHES)) {
    test(`${what}, when ${name}`, async () => {
      const heal = await broken(pattern, fault, methods);
      await page.goto(server.url + path);
      const place = main().getByRole('alert').or(main().locator('.ks-state')).first();
      await told(place);
      seen++;
      await heal();
      await again(place);
      await HEALED[what]().waitFor();
    });
  }

  test(`commands that cannot be read, when ${name}`, async () => {
    const heal = await broken('**/api/v1/commands', fault);
    await visit('/');
    await page.getByRole('button', { name: 'New project' }).first().click();
    await told(notice());
    seen++;
    await heal();
    await again(notice());
    await dialog().getByLabel('Name').waitFor();
    await page.keyboard.press('Escape');
  });

  test(`names in the palette, when ${name}`, async () => {
    const heal = await broken('**/api/v1/palette*', fault);
    await visit('/');
    await page.keyboard.press('Control+k');
    await dialog().getByRole('combobox').fill('penguins');
    await told(dialog().getByRole('alert'));
    seen++;
    assert.equal(await dialog().getByRole('combobox').inputValue(), 'penguins', 'what was typed stays');
    await heal();
    await again(dialog());
    await dialog().getByRole('option', { name: /penguins\.json/ }).first().waitFor();
    await page.keyboard.press('Escape');
  });

  test(`whether files would be replaced, when ${name}`, async () => {
    await visit('/data/sample/images');
    const heal = await broken('**/api/v1/listing/**', fault);
    const chooser = page.waitForEvent('filechooser');
    await main().getByRole('button', { name: 'Upload' }).click();
    const file = `kept-${seen}.txt`;
    await (await chooser).setFiles({ name: file, mimeType: 'text/plain', buffer: Buffer.from('kept') });
    assert.match(await told(notice()), /nothing was sent/i);
    seen++;
    await heal();
    await again(notice());
    // The file that was chosen was kept: nobody has to choose it again.
    await main().getByRole('link', { name: file }).waitFor();
  });

  test(`signing out, when ${name}`, async () => {
    await visit('/');
    const heal = await broken('**/api/v1/session', fault);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await told(notice());
    seen++;
    await heal();
  });
}

for (const [what, files, pattern] of [
  ['a large file', [['large.bin', 2 << 20]], '**/api/v1/uploads**'],
  ['many small files', Array.from({ length: 6 }, (_, n) => [`small-${n}.txt`, 100]), '**/api/v1/batches/**'],
]) {
  test(`an upload of ${what} that is refused is kept and tried again`, async () => {
    await visit('/data/sample/images');
    const heal = await broken(pattern, FAULTS['the server says why'], ['POST', 'PATCH']);
    const chooser = page.waitForEvent('filechooser');
    await main().getByRole('button', { name: 'Upload' }).click();
    await (await chooser).setFiles(files.map(([name, size]) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.alloc(size, 7) })));
    await notice().getByRole('button', { name: 'Show' }).click();
    const item = dialog().locator('.ks-item').first();
    await item.getByText(TRACE).waitFor();
    const text = await item.innerText();
    assert.match(text, /could not be read/);
    assert.match(text, /0 are there|kept/);
    assert.ok(await item.getByRole('button', { name: 'Copy' }).count());
    seen++;
    await heal();
    await item.getByRole('button', { name: /^Try again/ }).click();
    await item.getByText(/ sent$/).waitFor();
    await page.keyboard.press('Escape');
    for (const [name] of files) await main().getByRole('link', { name }).first().waitFor();
  });
}

test('a screen that cannot be opened', async () => {
  wire.to = (message) => (message.open?.surface === 'files' || message.open?.address === 'sample/birds' ? { problem: PROBLEM } : undefined);
  await page.goto(`${server.url}/data/sample/birds`);
  const text = await told(alert());
  assert.match(text, /Plug-in: kamld\//, 'who draws it');
  assert.match(text, new RegExp(TRACE));
  seen++;
  wire.to = undefined;
  await again(alert());
  await main().getByRole('link', { name: 'birdstrikes.csv' }).waitFor();
});

test('a command with a form keeps what was typed', async () => {
  await visit('/');
  wire.to = (message) => (message.run ? { problem: PROBLEM } : undefined);
  await main().getByRole('button', { name: 'New project' }).first().click();
  await dialog().getByLabel('Name').fill('unlucky');
  await dialog().getByRole('button', { name: 'Create' }).click();
  await told(dialog().getByRole('alert'), { retry: false });
  seen++;
  assert.equal(await dialog().getByLabel('Name').inputValue(), 'unlucky');
  wire.to = undefined;
  await again(dialog());
  await page.waitForURL(/unlucky$/);
});

test('an action of a plug-in', async () => {
  await visit('/find?q=select%201&as=sql');
  wire.to = (message) => (message.act?.name === 'explain' ? { problem: PROBLEM } : undefined);
  await main().getByRole('button', { name: 'How would it run?' }).click();
  await told(notice());
  seen++;
  wire.to = undefined;
  await again(notice());
  await main().getByText('How it would run').waitFor();
});

test('rows that a plug-in brings', async () => {
  wire.to = (message) => (message.rows ? { problem: PROBLEM } : undefined);
  await page.goto(`${server.url}/data/sample/images/many/`);
  await told(alert());
  seen++;
  wire.to = undefined;
  await again(alert());
  await main().getByRole('link', { name: /^file-000/ }).first().waitFor();
});

test('a screen that is lost while one looks at it', async () => {
  await visit('/data/sample/birds?tab=history');
  await settled(page);
  const { id } = wire.sent.findLast((message) => message.open?.surface === 'history');
  wire.from = (message) => (message.patch?.view === id ? { lost: { view: id, problem: PROBLEM } } : message);
  await server.put('sample/birds/new.txt', 'new');
  const text = await told(alert());
  assert.match(text, /Plug-in: kamld\/history/);
  seen++;
  wire.from = undefined;
  await again(alert());
  await main().getByText(/sample data/).first().waitFor();
});

test('nothing of it was an error of the page itself', () => {
  assert.deepEqual(page.trouble, []);
});
