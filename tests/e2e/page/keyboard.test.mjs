// The heart of the journey without a pointer, and links that carry the whole state of a screen. Bars 16, 19, 31 and 32 of
// the study.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, settled, tab } from './browser.mjs';
import { Server } from './server.mjs';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test('by keyboard alone: a project, a search, a file, and back', async () => {
  const page = await tab(browser, server);
  page.setDefaultTimeout(10_000);
  const keys = page.keyboard;
  await settled(page);
  // A command by the palette, and its form.
  await keys.press('Control+k');
  await page.getByRole('dialog').getByRole('combobox').waitFor();
  await keys.type('create project');
  await page.getByRole('dialog').getByRole('option', { name: /create a project/i }).first().waitFor();
  await keys.press('Enter');
  await page.getByRole('dialog').getByLabel('Name').waitFor();
  await keys.type('byhand');
  await keys.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  const { projects } = await server.run('project list');
  assert.ok(projects.some((project) => project.name === 'byhand'));
  // The one box by its key, a result by Tab, and back by the browser's own key.
  await keys.press('/');
  await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'combobox');
  await keys.type('penguins');
  await keys.press('Enter');
  await page.waitForURL(/find\?q=penguins/);
  await page.getByRole('main').getByRole('link', { name: 'penguins.json' }).first().waitFor();
  for (let stop = 0; stop < 60; stop++) {
    await keys.press('Tab');
    if (await page.evaluate(() => document.activeElement?.textContent?.trim() === 'penguins.json')) break;
  }
  await keys.press('Enter');
  await page.waitForURL(/penguins\.json/);
  await settled(page);
  await page.goBack();
  await page.waitForURL(/find\?q=penguins/);
  // The list of keys, and out of it.
  await page.evaluate(() => document.activeElement?.blur());
  await keys.press('?');
  await page.getByRole('dialog').waitFor();
  await keys.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.deepEqual(page.trouble, []);
  await page.context().close();
});

test('a link opens in a new session exactly what it was copied from', async () => {
  const page = await tab(browser, server);
  page.setDefaultTimeout(10_000);
  await page.goto(`${server.url}/find?q=wind`);
  await settled(page);
  await page.getByRole('main').locator('kd-facets').getByText('csv', { exact: true }).click();
  await page.waitForURL(/format=csv/);
  await settled(page);
  await page.getByRole('main').getByText('1 thing found').waitFor();
  const words = await page.getByRole('main').innerText();
  const other = await tab(browser, server);
  await other.goto(page.url());
  await settled(other);
  await other.getByRole('main').getByText('1 thing found').waitFor();
  assert.equal(await other.getByRole('main').innerText(), words);
  await page.context().close();
  await other.context().close();
});
