// The network goes, the server dies and comes back: the page says so, loses nothing that was typed and goes on by itself.
// Bar 30 of the study.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { measured } from './bars.mjs';
import { until } from './between.mjs';
import { launch, settled, tab } from './browser.mjs';
import { Server } from './server.mjs';
import { print } from './table.mjs';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
});

after(async () => {
  print('offline');
  await browser?.close();
  await server?.stop();
});

/** Somebody in the middle of two texts, on a screen that follows what others do. */
async function writing() {
  await server.put('sample/birds/typing.txt', `${Date.now()}`);
  const page = await tab(browser, server);
  await page.goto(`${server.url}/data/sample/birds?tab=changes`);
  await settled(page);
  const message = page.getByRole('main').getByRole('textbox', { name: /what changed/i });
  const box = page.getByRole('combobox').first();
  await message.fill('half a sen');
  await box.fill('select 1 fr');
  await message.focus();
  const kept = async () => {
    assert.equal(await message.inputValue(), 'half a sentence');
    assert.equal(await box.inputValue(), 'select 1 fr');
  };
  const banner = page.locator('.ks-away');
  return { page, message, kept, banner };
}

/** What somebody else changes is seen. */
async function follows(page, name, begun) {
  await server.put(`sample/birds/${name}`, name);
  await page.getByRole('main').getByText(name).first().waitFor();
  return (Date.now() - begun) / 1000;
}

test('without a network one is told, goes on typing, and the page goes on with it', async () => {
  const { page, message, kept, banner } = await writing();
  let begun = Date.now();
  await page.context().setOffline(true);
  await banner.waitFor();
  measured('told that there is no connection', (Date.now() - begun) / 1000);
  await message.pressSequentially('tence');
  begun = Date.now();
  await page.context().setOffline(false);
  await banner.waitFor({ state: 'detached' });
  measured('goes on after the network is back', await follows(page, 'seen.txt', begun));
  await kept();
  assert.deepEqual(page.trouble.filter((words) => !/WebSocket/.test(words)), []);
  await page.context().close();
});

test('a server that is killed and started again is the same to the page, and what was sent meanwhile is done once', async () => {
  const { page, message, banner } = await writing();
  let begun = Date.now();
  await server.kill();
  await banner.waitFor();
  measured('told that the server is gone', (Date.now() - begun) / 1000);
  await message.pressSequentially('tence');
  // Asked for while nobody is there: it waits, and happens.
  await page.getByRole('main').getByRole('button', { name: 'Commit' }).click();
  await server.start();
  begun = Date.now();
  await banner.waitFor({ state: 'detached' });
  measured('goes on after the server is back', (Date.now() - begun) / 1000);
  await page.getByText('Committed: half a sentence').first().waitFor();
  const { commits } = await server.run('log', { asset: 'sample/birds' });
  assert.equal(commits.filter((commit) => commit.message === 'half a sentence').length, 1);
  await until('the box keeps its text', async () => (await page.getByRole('combobox').first().inputValue()) === 'select 1 fr');
  await follows(page, 'after.txt', begun);
  assert.deepEqual(page.trouble.filter((words) => !/WebSocket/.test(words)), []);
  await page.context().close();
});
