// The page as others set it: large, with room between letters, from right to left, in longer words, in few colours, without
// motion. Nothing is cut off, nothing lies over another, nothing is left in English. Bars 21 and 22 of the study.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { measured } from './bars.mjs';
import { drawn, launch, settled, tab } from './browser.mjs';
import { cutOff, listening, overlapping, small, untranslated, wider } from './layout.mjs';
import { routes } from './routes.mjs';
import { Server } from './server.mjs';
import { bar, print } from './table.mjs';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
});

after(async () => {
  print('reflow');
  await browser?.close();
  await server?.stop();
});

test('the looks of this file see what they look for', async () => {
  const page = await browser.newPage();
  await page.setContent(`<style>div { position: absolute; inset-block-start: 0; white-space: nowrap } .cut { inline-size: 3rem; overflow: hidden; white-space: nowrap }</style>
    <main><div>One text</div><div>another one</div><p class="cut" style="margin-block-start: 5rem">much too long for it</p><button style="inline-size: 20px">x</button></main>`);
  assert.equal((await overlapping(page)).length, 1);
  assert.equal((await cutOff(page)).length, 1);
  assert.equal((await small(page)).found.length, 1);
  assert.equal((await untranslated(page, 'one text')).length, 2);
  await page.context().close();
});

// WCAG 1.4.12, as a person's own style does it.
const SPACING = '* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-block-end: 2em !important }';

/** Goes through all routes; answers what is cut off, lies over another, or needs scrolling sideways. */
async function look(options, prepare) {
  const page = await tab(browser, server, options);
  const found = { cut: [], over: [], wide: [] };
  for (const [route, path] of Object.entries(routes)) {
    await page.goto(server.url + path);
    await settled(page);
    await prepare?.(page);
    await drawn(page);
    found.cut.push(...(await cutOff(page)).map((words) => `${route}: ${words}`));
    found.over.push(...(await overlapping(page)).map((words) => `${route}: ${words}`));
    const more = await wider(page);
    if (more > 1) found.wide.push(`${route}: ${more} px`);
  }
  assert.deepEqual(page.trouble, []);
  await page.context().close();
  return found;
}

for (const [number, name, options, prepare] of [
  [21, 'at 400 %', { width: 320, height: 256, scale: 4 }],
  [21, 'with room between letters, words and lines', {}, spaced],
  [21, 'with room between letters at 320 px', { width: 320 }, spaced],
  [22, 'from right to left', { preferences: { direction: 'rtl' } }],
  [22, 'from right to left at 320 px', { width: 320, preferences: { direction: 'rtl' } }],
  [22, 'in words 40 % longer', { preferences: { locale: 'en-XA' } }],
  [22, 'in words 40 % longer at 320 px', { width: 320, preferences: { locale: 'en-XA' } }],
  [22, 'in forced colours without motion', { forced: 'active', motion: 'reduce' }],
]) {
  test(`nothing is cut off or covered ${name}`, async () => {
    const found = await look(options, prepare);
    const all = [...found.cut, ...found.over, ...found.wide];
    bar(number, `${name}: texts cut off, one over another, routes wider than the window`, '0, 0, 0', [found.cut, found.over, found.wide].map(({ length }) => length).join(', '));
    assert.deepEqual(all, []);
  });
}

/** By the object model: the policy of the page takes no style element. */
function spaced(page) {
  return page.evaluate((style) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }, SPACING);
}

test('what stays in sight leaves room for the rest at 400 %', async () => {
  const page = await tab(browser, server, { width: 320, height: 256, scale: 4 });
  await page.goto(`${server.url}/data/sample`);
  await settled(page);
  await page.evaluate(() => scrollTo(0, 400));
  const covered = await page.evaluate(() => {
    const fixed = [...document.querySelectorAll('body *')].filter((one) => /fixed|sticky/.test(getComputedStyle(one).position) && one.checkVisibility());
    return fixed.map((one) => one.getBoundingClientRect()).filter(({ top, bottom, width }) => top < innerHeight && bottom > 0 && width > innerWidth / 2).reduce((sum, { top, bottom }) => sum + Math.min(innerHeight, bottom) - Math.max(0, top), 0);
  });
  measured('of 256 px at 400 %, taken by what stays in sight', covered);
  await page.context().close();
});

test('nothing of the shell or the view is left untranslated', async () => {
  const page = await tab(browser, server, { preferences: { locale: 'en-XA' } });
  const known = listening(page);
  const left = new Set();
  const look = async () => {
    await drawn(page);
    for (const words of await untranslated(page, known())) left.add(words);
  };
  for (const path of Object.values(routes)) {
    await page.goto(server.url + path);
    await settled(page);
    await look();
  }
  for (const path of ['/settings/keys', '/settings/about', '/nowhere', '/data/sample/birds?tab=nowhere', '/data/sample/birds/penguins.json?tab=preview']) {
    await page.goto(server.url + path);
    await settled(page);
    await look();
  }
  // What opens above a screen.
  await page.goto(`${server.url}/data/sample`);
  await settled(page);
  for (const key of ['Control+k', 't', '?']) {
    await page.keyboard.press(key);
    await page.locator('dialog[open]').waitFor();
    await look();
    await page.keyboard.press('Escape');
    await page.locator('dialog[open]').waitFor({ state: 'detached' });
  }
  await page.locator('main .kd-more').first().click();
  await page.getByRole('menu').waitFor();
  await look();
  await page.getByRole('menuitem').last().click();
  await page.locator('dialog[open]').waitFor();
  await look();
  await page.keyboard.press('Escape');
  bar(22, 'texts of shell and view that are not translated', '0', left.size);
  assert.deepEqual([...left], []);
  // Another language is there at once, without loading the page again.
  await page.goto(`${server.url}/settings/appearance`);
  await settled(page);
  await page.locator('#ks-locale').selectOption('en');
  await page.getByRole('heading', { name: 'Appearance', exact: true }).waitFor();
  await page.locator('.ks-areas a').first().click();
  await page.getByRole('main').locator('h1').first().waitFor();
  assert.equal(await page.evaluate(() => document.body.innerText.includes('⟦')), false);
  assert.deepEqual(page.trouble, []);
  await page.context().close();
});

test('without motion nothing moves, and in forced colours one sees what is chosen', async () => {
  const page = await tab(browser, server, { forced: 'active', motion: 'reduce' });
  let moving = 0;
  for (const path of Object.values(routes)) {
    await page.goto(server.url + path);
    await page.locator('#main').waitFor();
    moving += await page.evaluate(() => document.getAnimations().length);
    await settled(page);
    // What moves now, and what would once it is pointed at or switched.
    moving += await page.evaluate(() => {
      const would = [...document.querySelectorAll('*')].filter((one) => ['', '::before', '::after'].some((part) => /[1-9]/.test(getComputedStyle(one, part || null).transitionDuration)));
      return document.getAnimations().length + would.length;
    });
  }
  bar(22, 'animations with reduced motion', '0', moving);
  assert.equal(moving, 0);
  // The chosen of several: a tab, a row, an entry of the palette.
  await page.goto(`${server.url}/data/sample`);
  await settled(page);
  await page.locator('main tbody .kd-check').first().check();
  await page.keyboard.press('Control+k');
  await page.locator('.ks-palette-item').first().waitFor();
  const marked = await page.evaluate(() => {
    const differs = (chosen, other, ...names) => chosen && other && names.some((name) => getComputedStyle(chosen)[name] !== getComputedStyle(other)[name]);
    const among = (all, is) => [document.querySelector(`${all}${is}`), document.querySelector(`${all}:not(${is})`)];
    const ways = ['outlineStyle', 'borderBlockEndColor', 'backgroundColor', 'color'];
    return {
      entry: differs(...among('.ks-palette-item', '[aria-selected=true]'), ...ways),
      row: differs(...among('main tbody tr', '.kd-chosen'), ...ways),
    };
  });
  bar(22, 'chosen things that look chosen in forced colours', '2', Object.values(marked).filter(Boolean).length);
  assert.deepEqual(marked, { entry: true, row: true });
  await page.context().close();
});
