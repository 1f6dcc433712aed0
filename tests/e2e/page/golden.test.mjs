// Every screen as it should look, in three widths and two themes, against pictures that somebody has looked at. Bar 41 of
// the study. `KAMLD_BLESS=1 tests/e2e/page/run golden.test.mjs` takes the pictures anew; look at them before they are kept.
//
// The pictures are kept at half size. What is compared is how light each small square of them is, so that another
// rendering of the same letters is the same picture, and a part that moved, vanished or changed its colour is not.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { drawn, launch, settled, tab } from './browser.mjs';
import { routes } from './routes.mjs';
import { Server } from './server.mjs';
import { bar, print } from './table.mjs';

const folder = join(import.meta.dirname, 'golden');
const bless = process.env.KAMLD_BLESS === '1';
// Of 255 levels, how much lighter or darker a square may be; the share of squares that may be more than that.
const LEVEL = 20;
const SHARE = 0.004;

let server;
let browser;
let easel;

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
  easel = await (await browser.newContext()).newPage();
  await easel.evaluate(drawing);
  await mkdir(folder, { recursive: true });
});

after(async () => {
  print('golden');
  await browser?.close();
  await server?.stop();
});

/** In the browser, which can read and write pictures: half of one, and how far two are from each other. */
function drawing() {
  const read = async (png, scale = 1) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = new OffscreenCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    pen.imageSmoothingQuality = 'high';
    pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return { canvas, pixels: pen.getImageData(0, 0, canvas.width, canvas.height), pen };
  };
  const write = async (canvas) => {
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer());
    let text = '';
    for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(text);
  };
  globalThis.half = async (png) => {
    const { canvas, pixels, pen } = await read(png, 0.5);
    // Fewer shades make a smaller file, and nobody sees the difference.
    for (let at = 0; at < pixels.data.length; at++) if (at % 4 !== 3) pixels.data[at] = Math.min(255, Math.round(pixels.data[at] / 6) * 6);
    pen.putImageData(pixels, 0, 0);
    return write(canvas);
  };
  globalThis.apart = async (one, other, square, level) => {
    const [a, b] = [await read(one), await read(other)];
    if (a.canvas.width !== b.canvas.width || a.canvas.height !== b.canvas.height) return { share: 1, worst: 255, picture: other };
    const light = ({ data }, x, y, width) => {
      let sum = 0;
      for (let dy = 0; dy < square; dy++) for (let dx = 0; dx < square; dx++) {
        const at = ((y + dy) * width + x + dx) * 4;
        sum += 0.3 * data[at] + 0.59 * data[at + 1] + 0.11 * data[at + 2];
      }
      return sum / square ** 2;
    };
    let [all, off, worst] = [0, 0, 0];
    for (let y = 0; y + square <= a.canvas.height; y += square) for (let x = 0; x + square <= a.canvas.width; x += square) {
      const far = Math.abs(light(a.pixels, x, y, a.canvas.width) - light(b.pixels, x, y, a.canvas.width));
      all++;
      worst = Math.max(worst, far);
      if (far <= level) continue;
      off++;
      b.pen.strokeStyle = 'red';
      b.pen.strokeRect(x, y, square, square);
    }
    return { share: off / all, worst, picture: await write(b.canvas) };
  };
}

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
  // What each plug-in cost so far.
  if (location.pathname === '/settings/plugins') for (const cell of document.querySelectorAll('td.kd-number, .kd-stat-value')) cell.textContent = '0';
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
        await page.waitForFunction(() => document.fonts.status === 'loaded' && [...document.images].every((image) => image.complete));
        await page.evaluate(still);
        const shot = (await page.screenshot({ animations: 'disabled', caret: 'hide' })).toString('base64');
        const now = await easel.evaluate((png) => globalThis.half(png), shot);
        const file = join(folder, `${route.replaceAll(' ', '-')}-${width}-${theme}.png`);
        if (bless) {
          await writeFile(file, Buffer.from(now, 'base64'));
          continue;
        }
        const before = (await readFile(file)).toString('base64');
        const { share, picture, worst: far } = await easel.evaluate((given) => globalThis.apart(...given), [before, now, 4, LEVEL]);
        worst = Math.max(worst, share);
        if (share <= SHARE) continue;
        const seen = join(await mkdtemp(join(tmpdir(), 'kamld-golden-')), `${route.replaceAll(' ', '-')}-${width}-${theme}.png`);
        await writeFile(seen, Buffer.from(picture, 'base64'));
        wrong.push(`${route}: ${(share * 100).toFixed(2)} % of it differ, by ${far.toFixed(0)} of 255 at most: ${seen}`);
      }
      bar(41, `screens of ${Object.keys(routes).length} that look different, ${theme}, ${width} px`, '0', wrong.length);
      bar(41, `squares of a screen that differ, worst, ${theme}, ${width} px`, `${SHARE * 100} %`, worst * 100, '%');
      assert.deepEqual(wrong, []);
      assert.deepEqual(page.trouble, []);
      await page.context().close();
    });
  }
}
