// A link to any state of any screen opens exactly that state in a new session, and going back and forward finds it too.
// Bars 31 and 32 of the study.
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
const opened = [];

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
  page = await tab(browser, server);
});

after(async () => {
  bar(31, 'states that a copied link opens in a new session', 'all', opened.join(', '));
  print('links');
  await browser?.close();
  await server?.stop();
});

async function visit(of, url) {
  await of.goto(url);
  await settled(of);
}

/** The first row that is seen of a windowed table, as the table itself counts. */
const firstRow = (of) => of.evaluate(() => {
  const grid = document.querySelector('[role=grid]');
  const top = grid.querySelector('thead').getBoundingClientRect().bottom;
  const rows = [...grid.querySelectorAll('tbody tr')].filter((row) => row.getBoundingClientRect().bottom > top + 1);
  return Number(rows[0]?.getAttribute('aria-rowindex')) - 1;
});

/** What each state is, how one comes to it, and what is the same in the session of somebody who was sent the link. */
const STATES = [
  ['filter and order of files', '/data/sample/birds', async (main) => {
    await main.getByRole('searchbox').fill('.csv');
    await main.getByRole('link', { name: 'about.md' }).waitFor({ state: 'detached' });
    await main.getByRole('button', { name: 'Size', exact: true }).click();
    await main.getByRole('button', { name: 'Size', exact: true }).click();
  }, /files\.filter=\.csv.*files\.sort=-size|files\.sort=-size.*files\.filter=\.csv/, async (main) => [
    await main.getByRole('searchbox').inputValue(),
    await main.getByRole('columnheader', { name: 'Size' }).getAttribute('aria-sort'),
    await main.locator('tbody .kd-first').allInnerTexts(),
  ]],
  ['selection of assets', '/data/sample', async (main) => {
    await main.getByRole('checkbox', { name: 'Select cars' }).check();
    await main.getByRole('checkbox', { name: 'Select weather' }).check();
    await main.getByText('2 selected').waitFor();
  }, /chosen=.*weather/, async (main) => {
    await main.getByText('2 selected').waitFor();
    return [await main.getByRole('checkbox', { name: 'Select cars' }).isChecked(), await main.getByRole('checkbox', { name: 'Select birds' }).isChecked()];
  }],
  ['row, order and filter of a long table', '/data/sample/birds/birdstrikes.csv', async (main) => {
    await main.getByRole('grid').getByRole('columnheader', { name: /Flight Date/ }).click();
    await main.getByRole('searchbox').fill('gull');
    await until('it is filtered', async () => /^[\d,]+ rows/.test(await main.locator('.kd-table-bar [role=status]').last().innerText()) && !(await main.locator('.kd-table-bar [role=status]').last().innerText()).startsWith('10,000'));
    await main.getByRole('grid').evaluate((grid) => { grid.scrollTop = 36 * 100; });
    await until('it is told', async () => /row=\d+/.test(main.page().url()));
  }, /row=\d+/, async (main) => {
    const of = main.page();
    await until('it is there', async () => (await main.getByRole('grid').count()) && (await firstRow(of)) > 50);
    return [await firstRow(of), await main.getByRole('searchbox').inputValue(), await main.getByRole('grid').locator('[aria-sort=ascending]').first().innerText()];
  }],
  ['a page of rows', '/data/sample/birds/birdstrikes.csv', async (main) => {
    await main.getByRole('button', { name: 'Pages' }).click();
    await main.getByRole('button', { name: 'Next', exact: true }).click();
    await main.getByText(/51 to 100/).first().waitFor();
  }, /page=2/, async (main) => {
    await main.getByText(/51 to 100/).first().waitFor();
    return main.locator('.kd-plain tbody tr').first().innerText();
  }],
  ['the chart of a query', '/find?q=select%20species%2C%20count(*)%20as%20n%20from%20birds."penguins.json"%20group%20by%20species%20order%20by%20species&as=sql&in=sample', async (main) => {
    await main.getByRole('button', { name: 'Chart' }).click();
    await main.locator('kd-plot').first().waitFor();
  }, /chart=1/, async (main) => {
    await main.locator('kd-plot').first().waitFor();
    return main.getByRole('button', { name: 'Chart' }).getAttribute('aria-pressed');
  }],
  ['facets of a search', '/find?q=wind', async (main) => {
    await main.locator('kd-facets').getByText('csv', { exact: true }).click();
    await main.getByText('1 thing found').waitFor();
  }, /format=csv/, async (main) => {
    await main.getByText('1 thing found').waitFor();
    return main.innerText();
  }],
  ['how far a page is scrolled', '/settings/audit', async (main) => {
    await main.page().evaluate(() => scrollTo(0, 600));
    await until('it is told', async () => /#y=600/.test(main.page().url()));
  }, /#y=600/, async (main) => {
    await until('it is there', async () => (await main.page().evaluate(() => scrollY)) === 600);
    return 600;
  }],
  ['what a plug-in may do', '/settings/plugins?plugin=kamld/history', async () => {}, /plugin=kamld/, async (main) => main.getByRole('heading', { level: 1 }).innerText()],
];

for (const [what, path, arrange, says, same] of STATES) {
  test(`a link opens ${what} in a new session as it was`, async () => {
    await visit(page, server.url + path);
    const main = page.getByRole('main');
    await arrange(main);
    await until('the link says it', () => says.test(decodeURIComponent(page.url())));
    const link = page.url();
    const here = await same(main);
    const other = await tab(browser, server);
    await visit(other, link);
    assert.deepEqual(await same(other.getByRole('main')), here);
    assert.deepEqual(other.trouble, []);
    await other.context().close();
    opened.push(what);
  });
}

test('back and forward find order, filter, scroll and focus where they were, at once', async () => {
  await visit(page, `${server.url}/data/sample/birds`);
  const main = page.getByRole('main');
  await main.getByRole('searchbox').fill('pen');
  await main.getByRole('link', { name: 'about.md' }).waitFor({ state: 'detached' });
  await until('the link says it', () => /filter=pen/.test(page.url()));
  await main.getByRole('link', { name: 'penguins.json' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(/penguins\.json/);
  await settled(page);
  assert.ok(!page.url().includes('#'), 'another screen begins anew');
  const took = await page.evaluate(() => {
    const begun = performance.now();
    history.back();
    return new Promise((done) => {
      const look = () => (document.activeElement?.textContent?.trim() === 'penguins.json' ? done(performance.now() - begun) : requestAnimationFrame(look));
      look();
    });
  });
  measured('back to filter, scroll and focus', took);
  assert.match(page.url(), /#.*filter=pen/);
  assert.equal(await main.getByRole('searchbox').inputValue(), 'pen');
  await page.goForward();
  await page.waitForURL(/penguins\.json/);
  assert.deepEqual(page.trouble, []);
});

test('what is done at once after a change finds it in the link', async () => {
  await visit(page, `${server.url}/data/sample/birds`);
  // The address is written behind the frame that shows the change; here nothing lets a frame come about.
  const [before, after] = await page.evaluate(async () => {
    const table = document.querySelector('main kd-table, main kd-rows');
    table.querySelector('.kd-sort').click();
    await table.updateComplete;
    const before = location.hash;
    table.querySelector('tbody a').click();
    await navigation.transition?.finished;
    return [before, navigation.entries()[navigation.currentEntry.index - 1].url];
  });
  assert.equal(before, '', 'not yet written');
  assert.match(after, /#.*sort=/);
  assert.deepEqual(page.trouble, []);
});
