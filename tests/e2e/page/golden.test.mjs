// Every screen as it should look, in three widths and two themes, against pictures that somebody has looked at. Bar 41 of
// the study. `KAMLD_BLESS=1 tests/e2e/page/run golden.test.mjs` takes the pictures anew; look at them before they are kept.
//
// How two pictures are compared is in `pictures.mjs`.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { drawn, launch, settled, tab } from './browser.mjs';
import { ALLOWED, comparing } from './pictures.mjs';
import { routes } from './routes.mjs';
import { Server } from './server.mjs';
import { bar, print } from './table.mjs';

const folder = join(import.meta.dirname, 'golden');
const bless = process.env.KAMLD_BLESS === '1';

let server;
let browser;
let pictures;

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
  pictures = await comparing(browser);
  await mkdir(folder, { recursive: true });
});

after(async () => {
  print('golden');
  await browser?.close();
  await server?.stop();
});

/** What differs from run to run is the same: times, ids, how long something took, how full the disk is. */
function still() {
  // How long ago something was is told anew now and then: not any more.
  for (let id = setTimeout(() => {}); id > 0; id--) clearTimeout(id);
  const fixed = [
    [/\b[0-9a-f]{8,64}\b/g, (hash) => '0123456789abcdef'.repeat(4).slice(0, hash.length)],
    [/\((less than )?[\d.,]+\s%/g, () => '(1 %'],
    [/\b(\d+ (seconds?|minutes?) ago|just now|now|in \d+ seconds?)\b/g, () => 'just now'],
    [/\bin [\d.,]+\s?(ms|s)\b/g, () => 'in 5 ms'],
    [/\b\d{1,2}:\d{2}(:\d{2})?( [AP]M)?\b/g, () => '12:00'],
    [/\b\d{4}-\d{2}-\d{2}\b/g, () => '2026-11-27'],
    [/127\.0\.0\.1:\d+/g, () => '127.0.0.1:8080'],
  ];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    let text = node.data;
    for (const [what, by] of fixed) text = text.replace(what, by);
    if (text !== node.data) node.data = text;
  }
  for (const time of document.querySelectorAll('time')) time.textContent = 'just now';
  // What each plug-in cost so far, and how full the disk is.
  if (['/settings/plugins', '/settings/storage'].includes(location.pathname)) for (const cell of document.querySelectorAll('td.kd-number, .kd-stat-value, .kd-stat-note')) cell.textContent = '0';
  document.activeElement?.blur();
}

for (const [theme, options] of [['light', {}], ['dark', { scheme: 'dark' }]]) {
  for (const width of [1280, 768, 320]) {
    test(`every screen looks as it should, ${theme}, ${width} px wide`, async () => {
      const page = await tab(browser, server, { ...options, width, height: width === 320 ? 900 : 800, motion: 'reduce' });
      const wrong = [];
      let worst = 0;
      for (const [route, path] of Object.entries(routes)) {
        await page.goto(server.url + path);
        await settled(page);
        // How many rows there are is known a moment later than the first of them, and the statistics of all of them then.
        await page.waitForFunction(() => !/rows so far/.test(document.querySelector('main').innerText));
        await drawn(page);
        await settled(page);
        // The words of a code editor get their colors once its language is there.
        await page.waitForFunction(() => [...document.querySelectorAll('main .cm-content')].every((text) => !text.textContent.trim() || text.querySelector('.cm-line span')));
        await page.waitForFunction(() => document.fonts.status === 'loaded' && [...document.images].every((image) => image.complete));
        await page.evaluate(still);
        const shot = (await page.screenshot({ animations: 'disabled', caret: 'hide' })).toString('base64');
        const now = await pictures.half(shot);
        const file = join(folder, `${route.replaceAll(' ', '-')}-${width}-${theme}.png`);
        if (bless) {
          await writeFile(file, Buffer.from(now, 'base64'));
          continue;
        }
        const before = (await readFile(file)).toString('base64');
        const { same, pixels, share, picture } = await pictures.compare(before, now);
        worst = Math.max(worst, pixels);
        if (same) continue;
        const seen = join(await mkdtemp(join(tmpdir(), 'kamld-golden-')), `${route.replaceAll(' ', '-')}-${width}-${theme}.png`);
        await writeFile(seen, Buffer.from(picture, 'base64'));
        wrong.push(`${route}: ${pixels} pixels in one place and ${(share * 100).toFixed(2)} % of it differ, marked in ${seen}`);
      }
      bar(41, `screens of ${Object.keys(routes).length} that look different, ${theme}, ${width} px`, '0', wrong.length);
      bar(41, `largest connected difference, ${theme}, ${width} px`, `${ALLOWED.pixels} pixels`, worst, 'pixels');
      assert.deepEqual(wrong, []);
      assert.deepEqual(page.trouble, []);
      await page.context().close();
    });
  }
}
