// The comparison of pictures that `golden.test.mjs` trusts: it finds what a person would, and nothing else.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { comparing } from './pictures.mjs';

let browser;
let pictures;
let screen;

before(async () => {
  browser = await launch();
  pictures = await comparing(browser);
  screen = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
});

after(async () => {
  await browser?.close();
});

const BUTTON = 'position: absolute; left: 301px; top: 203px; width: 100px; height: 40px; box-sizing: border-box; border-radius: 6px; font: 14px/40px sans-serif; text-align: center;';
const FILLED = `${BUTTON} background: rgb(20, 120, 60); color: white`;
const OUTLINED = `${BUTTON} border: 1px solid rgb(190, 195, 200); line-height: 38px; color: rgb(30, 40, 50)`;

/** A screen of text with something on it, as it is kept. */
async function drawn(more, { shift = 0, theme = 'background: white; color: #223' } = {}) {
  const lines = Array.from({ length: 20 }, (_, line) => `<p>Row ${line} of a list of datasets with a summary, 3,376 rows, ${line * 7} kB</p>`).join('');
  await screen.setContent(`<body style="margin: 0; ${theme}; font: 14px/22px sans-serif"><main style="padding: 20px; transform: translate(${shift}px, ${shift}px)">${lines}</main>${more}</body>`);
  return pictures.half((await screen.screenshot()).toString('base64'));
}

const differs = async (before, now) => !(await pictures.compare(await drawn(before), await drawn(now))).same;

test('the same screen is the same', async () => {
  const found = await pictures.compare(await drawn(`<div style="${FILLED}">Commit</div>`), await drawn(`<div style="${FILLED}">Commit</div>`));
  assert.deepEqual([found.pixels, found.share, found.same], [0, 0, true]);
});

test('a button of 100 by 40 pixels may not vanish', async () => {
  assert.ok(await differs(`<div style="${FILLED}">Commit</div>`, ''), 'a filled one');
  assert.ok(await differs(`<div style="${OUTLINED}">Commit</div>`, ''), 'one with a thin border');
  assert.ok(await differs('', `<div style="${FILLED}">Commit</div>`), 'nor appear');
});

test('a button may not move by its own height', async () => {
  assert.ok(await differs(`<div style="${FILLED}">Commit</div>`, `<div style="${FILLED.replace('203px', '243px')}">Commit</div>`));
});

test('a change of colour is found, of equal lightness too', async () => {
  // Both have a lightness of 92 of 255 by 0.3 R + 0.59 G + 0.11 B.
  const [green, blue] = ['rgb(26, 128, 78)', 'rgb(60, 100, 136)'];
  const light = (colour) => colour.match(/\d+/g).map(Number).reduce((sum, one, at) => sum + one * [0.3, 0.59, 0.11][at], 0);
  assert.ok(Math.abs(light(green) - light(blue)) < 1);
  const button = (colour) => `<div style="${FILLED.replace('rgb(20, 120, 60)', colour)}">Commit</div>`;
  assert.ok(await differs(button(green), button(blue)));
});

test('a missing icon of 20 by 20 pixels is found', async () => {
  assert.ok(await differs('<div style="position: absolute; left: 601px; top: 203px; width: 20px; height: 20px; background: rgb(20, 120, 60)"></div>', ''));
});

test('another rendering of the same letters is the same picture', async () => {
  for (const theme of ['background: white; color: #223', 'background: #16181d; color: #e6e6e6']) {
    for (const shift of [0.25, 0.5]) {
      const found = await pictures.compare(await drawn('', { theme }), await drawn('', { shift, theme }));
      assert.ok(found.same, `${theme}, ${shift}: ${JSON.stringify({ ...found, picture: undefined })}`);
    }
  }
});

test('a picture of another size is another picture', async () => {
  const before = await drawn('');
  await screen.setViewportSize({ width: 1280, height: 700 });
  const now = await drawn('');
  await screen.setViewportSize({ width: 1280, height: 800 });
  assert.equal((await pictures.compare(before, now)).same, false);
});
