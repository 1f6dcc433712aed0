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
  const begun = Date.now();
  await page.getByRole('navigation', { name: 'Areas' }).getByRole('link', { name: 'Data', exact: true }).click();
  await main().getByText(/You have \d+ datasets/).waitFor();
  assert.ok(Date.now() - begun < 3000, 'another plug-in answers meanwhile');
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
