// A plug-in that means harm (tests/programs/hostile), installed into a running server as anybody would, and its screens
// opened in a real browser: the page stays whole and says who did it, nothing of its markup runs, it cannot pass for the
// shell, and its author sees why.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { until } from './between.mjs';
import { launch, settled, tab } from './browser.mjs';
import { binary, environment, Server } from './server.mjs';

const source = resolve(import.meta.dirname, '../../programs/hostile');
const run = promisify(execFile);
let server;
let browser;
let page;

/** `kamld` in a terminal, about this server. */
const kamld = async (...words) => (await run(binary, ['--data', server.data, ...words], { env: environment, maxBuffer: 64 << 20 })).stdout;

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
  page = await tab(browser, server);
  await page.goto(`${server.url}/data/sample`);
  await settled(page);
  // Built and packed by the same path as any other.
  assert.match(await kamld('plugin', 'install', source, '--grant-needs'), /installed test\/hostile/);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const main = () => page.getByRole('main');

/** Nothing of the plug-in ran, and nothing of it became an element of its own choice. */
async function whole() {
  const found = await page.evaluate(() => ({
    pwned: globalThis.pwned ?? null,
    polluted: {}.polluted ?? Object.polluted ?? null,
    elements: document.querySelectorAll('main script, main iframe, main object, main embed, main style, img[src="x"], aside script').length,
    handlers: [...document.querySelectorAll('*')].filter((one) => one.getAttributeNames().some((name) => name.startsWith('on'))).length,
    links: [...document.querySelectorAll('a')].filter((one) => !/^https?:|^blob:/.test(one.href) && one.href !== '').map((one) => one.href),
    top: document.querySelector('.ks-top .ks-brand')?.textContent?.trim(),
    ways: document.querySelectorAll('.ks-top nav').length,
  }));
  assert.deepEqual(found, { pwned: null, polluted: null, elements: 0, handlers: 0, links: [], top: 'KAML-D', ways: 2 });
}

const troubles = async () => JSON.parse(await kamld('plugin', 'show', 'test/hostile', '--json')).troubles;

test('its screens are there, under their own names and behind those of others', async () => {
  await page.getByRole('navigation', { name: 'Areas' }).getByRole('link', { name: 'Loud' }).waitFor();
  const areas = await page.getByRole('navigation', { name: 'Areas' }).getByRole('link').allInnerTexts();
  assert.equal(areas[0], 'Data', `the first area is still the first: ${areas}`);
  await whole();
});

for (const [name, why] of [
  ['loud', /300 KiB; 256 are allowed/],
  ['crowd', /6001 nodes; 5000 are allowed/],
  ['deep', /more than 24 nodes deep/],
  ['lost', /names a child 'nobody' that is not there/],
  ['round', /two parents or holds itself/],
  ['broken', /'(rows|columns|label)'/],
]) {
  test(`a view that is ${name} is not drawn, whose it is is said, and its author sees why`, async () => {
    await page.goto(`${server.url}/${name}`);
    const place = main().getByRole('alert');
    await place.waitFor();
    const text = await place.innerText();
    assert.match(text, why);
    assert.match(text, /Plug-in: test\/hostile/);
    await place.getByRole('button', { name: 'Try again' }).waitFor();
    const trace = /[0-9a-f]{32}/.exec(text)?.[0];
    const trouble = (await troubles()).find((one) => one.trace === trace);
    assert.match(trouble?.message ?? 'nothing', why);
    assert.equal(trouble.doing, `surface '${name}'`);
    await whole();
  });
}

test('what it panicked with is for its author, not for a person', async () => {
  await page.goto(`${server.url}/traps`);
  const place = main().getByRole('alert');
  await place.waitFor();
  const text = await place.innerText();
  assert.match(text, /plug-in test\/hostile failed: it gave up/);
  assert.match(text, /kamld plugin show test\/hostile/);
  assert.doesNotMatch(text, /secret\.rs|panicked|RUST_BACKTRACE/);
  assert.match((await troubles())[0].words, /at src\/secret\.rs:7/);
  await whole();
});

test('markup in each of its strings is text', async () => {
  await page.goto(`${server.url}/markup`);
  await main().locator('kd-view').waitFor();
  await main().getByText("globalThis.pwned='callout'").first().waitFor();
  for (const kind of ['heading', 'text', 'callout', 'empty', 'list', 'facts', 'tags', 'table', 'input', 'diff']) {
    assert.ok((await main().locator(`kd-${kind}`).first().innerHTML()).includes('&lt;'), `${kind} shows its text as it is`);
  }
  // Its buttons and links too: what they copy and open is no script.
  await until('its buttons do what they say', async () => {
    await page.evaluate(() => [...document.querySelectorAll('main kd-callout button:not([aria-busy])')].forEach((button) => button.click()));
    return page.locator('.ks-notices').getByText("pwned='done'").count();
  });
  await main().locator('kd-list a').first().click();
  await settled(page);
  assert.equal(new URL(page.url()).origin, server.url, 'an address is an address, whatever it looks like');
  await whole();
});

const question = () => page.getByRole('dialog', { name: 'Allow this once?' });
const press = (name) => main().getByRole('button', { name, exact: true }).click();
const birds = async () => (await server.run('asset list', { project: 'sample' })).assets.some(({ name }) => name === 'birds');
/** Audit records about it, the newest first. */
const records = async (action) => (await kamld('audit', '--json')).split('\n').filter(Boolean).map((line) => JSON.parse(line))
  .flatMap((one) => one.entries ?? one).filter((one) => one.plugin === 'test/hostile' && one.action === action).reverse();

async function hands() {
  await page.goto(`${server.url}/hands`);
  await main().getByRole('button', { name: 'Refresh' }).waitFor();
}

for (const name of ['Refresh', 'Tidy up']) {
  test(`its button "${name}" destroys nothing of another plug-in unasked, whatever it says`, async () => {
    await hands();
    await press(name);
    const text = await question().innerText();
    for (const part of [/test\/hostile/, /kamld\/datasets/, /asset remove/, /sample\/birds/, /cannot be undone/]) assert.match(text, part);
    await question().getByRole('button', { name: 'Don’t allow' }).click();
    await question().waitFor({ state: 'detached' });
    assert.equal(await birds(), true);
    await whole();
  });
}

for (const [name, why] of [['Next page', /runs 'asset remove'/], ['Previous page', /uploads files/]]) {
  test(`its answer to "${name}" is not gone on with`, async () => {
    await hands();
    await press(name);
    await page.locator('.ks-notice-bad', { hasText: why }).waitFor();
    assert.equal(await page.locator('dialog[open]').count(), 0);
    assert.equal(await birds(), true);
  });
}

test('who tried is in the audit log', async () => {
  const [denied] = await records('deny');
  assert.equal(denied.detail.interface, "'asset remove' of kamld/datasets");
  assert.match(denied.detail.reason, /nobody chose it/);
});

test('typing runs nothing, a switch asks, reading is free', async () => {
  await hands();
  await main().getByRole('textbox', { name: 'Notes' }).click();
  await page.keyboard.type('hello');
  await page.keyboard.press('Control+Space');
  await main().getByRole('switch', { name: 'Dark' }).click();
  await question().getByRole('button', { name: 'Don’t allow' }).click();
  await until('the switch is back', () => main().getByRole('switch', { name: 'Dark' }).isChecked().then((on) => !on));
  await press('Look');
  await page.getByRole('dialog').getByText(/sample\/birds/).first().waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.ks-notice').count(), 0, 'what was typed led to nothing that is told');
  assert.equal(await birds(), true);
});

test('what a person allows happens once, is written down, and its undo is asked for again', async () => {
  await hands();
  await press('Like');
  await question().getByRole('button', { name: 'Allow once' }).click();
  await until('it is tagged', async () => (await server.run('asset show', { asset: 'sample/birds' })).tags.includes('hostile'));
  const [confirmed] = await records('confirm');
  assert.deepEqual([confirmed.detail.command, confirmed.detail.of], ['tag add', 'kamld/datasets']);
  await press('Rename');
  const form = page.getByRole('dialog');
  for (const part of [/test\/hostile/, /kamld\/datasets/, /sample\/birds/]) assert.match(await form.innerText(), part);
  await form.getByRole('textbox').fill('odd');
  await form.getByRole('button', { name: 'Add' }).click();
  await until('it is tagged', async () => (await server.run('asset show', { asset: 'sample/birds' })).tags.includes('odd'));
  // Its own command runs at once; the undo that it offered for that is somebody else's.
  await press('Greet');
  await page.locator('.ks-notice', { hasText: 'Greeted' }).getByRole('button', { name: 'Undo' }).click();
  assert.match(await question().innerText(), /asset remove[\s\S]*sample\/birds/);
  await page.keyboard.press('Escape');
  assert.equal(await birds(), true);
});

test('what its command leaves on the page has no more rights than its screens', async () => {
  await hands();
  await press('Report');
  await page.getByRole('dialog').getByRole('button', { name: 'Close the report' }).click();
  assert.match(await question().innerText(), /test\/hostile[\s\S]*kamld\/datasets/);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  assert.equal(await birds(), true);
});

test('what it draws into the screens of others does nothing in their name', async () => {
  const put = await server.http('/api/v1/objects/sample/birds/trap.hostile', { method: 'PUT', headers: { 'content-type': 'application/x-hostile' }, body: 'x' });
  assert.equal(put.status < 300, true, await put.text());
  await page.goto(`${server.url}/data/sample/birds/trap.hostile`);
  // The next plug-in that can draws it, and the author of this one sees why.
  await main().getByText('Text, 1 line').waitFor();
  assert.equal(await main().getByRole('button', { name: 'Show all rows' }).count(), 0);
  assert.match((await troubles())[0].message, /of its preview runs a command/);
  await server.run('rm', { address: ['sample/birds/trap.hostile'] });
});

for (const [what, why] of [['crowd', /50001 nodes; 5000 are allowed|KiB; 1024 are allowed/], ['deep', /more than 24 nodes deep/], ['loud', /KiB; 1024 are allowed/], ['round', /holds itself/], ['error', /^.{0,5000}$/s]]) {
  test(`an outcome that is ${what} is no outcome`, async () => {
    const failed = await kamld('report', what).then(() => undefined, (error) => error);
    assert.ok(failed, 'it was taken');
    assert.match(failed.stderr, what === 'error' ? /xxx…/ : why);
    assert.ok(failed.stderr.length < 20_000, `${failed.stderr.length} letters`);
  });
}

test('letters that turn a name around are written out', async () => {
  await hands();
  await main().getByText('gnp.‹U+202E›exe and ka‹U+200B›mld').waitFor();
  await server.http(`/api/v1/objects/sample/birds/${encodeURIComponent('report-gnp.\u202eexe')}`, { method: 'PUT', body: 'x' });
  await page.goto(`${server.url}/data/sample/birds`);
  await main().getByRole('link', { name: 'report-gnp.‹U+202E›exe' }).click();
  await page.waitForURL(/%E2%80%AE|\u202e/);
  await settled(page);
  assert.match(await page.title(), /report-gnp\.‹U\+202E›exe/);
  assert.doesNotMatch(await page.locator('body').innerText(), /\u202e|\u200b/);
  await server.run('rm', { address: ['sample/birds/report-gnp.\u202eexe'] });
});

test('what it adds to the lists of others is text', async () => {
  await page.goto(`${server.url}/data/sample`);
  await main().getByText("globalThis.pwned='cells'").first().waitFor();
  await main().getByRole('columnheader', { name: '<b>Owner</b>' }).waitFor();
  await whole();
});

test('it cannot pass for the shell', async () => {
  // The shell's own page of that name, not the plug-in's.
  await page.goto(`${server.url}/settings/appearance`);
  await main().getByRole('radio', { name: 'Dark' }).waitFor();
  assert.equal(await main().getByText('password').count(), 0);
  // Its area of the name "settings" does not take the place of the settings.
  await page.goto(`${server.url}/settings`);
  await main().getByRole('navigation', { name: 'Settings' }).waitFor();
  assert.equal(await main().getByText('password').count(), 0);
  // Where it asks for a password, the page says who asks, where no plug-in can write.
  await page.getByRole('navigation', { name: 'Areas' }).getByRole('link', { name: 'Settings' }).click();
  await main().getByLabel('Password').fill('hunter2');
  assert.match(await main().locator('.ks-about').innerText(), /drawn by test\/hostile/);
  assert.equal(await main().locator('input[type=password]').count(), 0, 'no browser offers to fill it in');
  assert.match(await page.locator('aside .ks-by').last().innerText(), /Plug-in: test\/hostile/);
  // What it answers leads nowhere, and writes on nothing but its own data.
  await main().getByRole('button', { name: 'Sign in' }).click();
  await page.locator('.ks-notices').getByText("pwned='note'").first().waitFor();
  await whole();
  // Its command in the palette says whose it is before anything is typed.
  await page.keyboard.press('Control+k');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox').fill('sign in again');
  await dialog.getByRole('option', { name: /^Sign in again/ }).first().click();
  await dialog.getByText('Plug-in: test/hostile').waitFor();
  await dialog.getByRole('textbox').fill('hunter2');
  await page.keyboard.press('Enter');
  await dialog.getByRole('alert').waitFor();
  await whole();
  await page.keyboard.press('Escape');
});

test('one that does not answer is told, can be given up, and keeps nobody else waiting', async () => {
  await page.goto(`${server.url}/late`);
  await main().getByText(/test\/hostile takes longer than usual/).waitFor({ timeout: 15_000 });
  await page.getByRole('navigation', { name: 'Areas' }).getByRole('link', { name: 'Data', exact: true }).click();
  await main().getByText(/You have \d+ datasets/).waitFor();
  await page.goBack();
  await main().getByRole('button', { name: 'Stop' }).click({ timeout: 15_000 });
  await main().getByText(/was stopped/).first().waitFor();
  await until('its work is over', async () => {
    const ledger = JSON.parse(await kamld('plugin', 'ledger', '--json'));
    return (ledger.plugins ?? ledger).find(({ id }) => id === 'test/hostile').cancelled > 0;
  });
  await whole();
});

test('the page of the plug-in says what went wrong, and switched off it is gone', async () => {
  await page.goto(`${server.url}/settings/plugins?plugin=test/hostile`);
  await main().getByRole('heading', { name: 'What went wrong lately' }).waitFor();
  await main().getByText(/6001 nodes/).first().waitFor();
  await whole();
  await main().getByRole('button', { name: 'Switch off' }).first().click();
  await page.getByRole('navigation', { name: 'Areas' }).getByRole('link', { name: 'Loud' }).waitFor({ state: 'detached' });
  await whole();
  assert.deepEqual(page.trouble, []);
});
