// What opens and closes, and the keys: bars 17 to 20 of the study. A table names everything that can open; a look at the
// sources fails when something opens or is dragged that no row of the tables here is about.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { drawn, launch, settled, tab } from './browser.mjs';
import { routes } from './routes.mjs';
import { Server } from './server.mjs';
import { bar, print } from './table.mjs';

const ui = resolve(import.meta.dirname, '../../../ui');
let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
  // A change that can be discarded, and a file that is there when it comes again.
  await server.put('sample/cars/note.txt', 'one\n');
});

after(async () => {
  print('keys');
  await browser?.close();
  await server?.stop();
});

/** Which files of the page have a line that matches. */
function sources(pattern) {
  const found = [];
  for (const part of ['shell/src', 'view/src']) {
    for (const name of readdirSync(join(ui, part), { recursive: true })) {
      if (name.endsWith('.ts') && pattern.test(readFileSync(join(ui, part, name), 'utf8'))) found.push(`${part}/${name}`);
    }
  }
  return found.sort();
}

const tool = (name) => (page) => page.locator('.ks-tools').getByRole('button', { name });
const dialog = (page) => page.getByRole('dialog');
const menu = (page) => page.getByRole('menu');
const row = (name) => (page) => page.getByRole('main').getByRole('button', { name: `Actions for ${name}` });

// Each: where, what opens it, what opens, and the steps in between, by keyboard alone.
const openings = {
  palette: { at: '/data/sample', by: tool(/palette|Go to/), opens: dialog },
  'tasks, a drawer': { at: '/data/sample', by: tool('Tasks'), opens: dialog },
  keys: { at: '/data/sample', by: (page) => page.locator('.ks-side-foot').getByRole('button', { name: 'Keys' }), opens: dialog },
  'side bar, a drawer': { at: '/data/sample', width: 320, by: tool('Side bar'), opens: dialog },
  'form of a command': { at: '/', by: (page) => page.getByRole('main').getByRole('button', { name: 'New project' }).first(), opens: dialog },
  'menu of a row': { at: '/data/sample', by: row('cars'), opens: menu },
  'before something is destroyed': { at: '/data/sample', by: row('cars'), then: /^(Remove|Delete)/, opens: dialog },
  'before changes are lost': { at: '/data/sample/cars?tab=changes', unfold: 'Give these changes up', by: (page) => page.getByRole('main').getByRole('button', { name: 'Discard all changes' }), opens: dialog },
  'result of a command': { at: '/data/sample', by: tool(/palette|Go to/), type: 'tag list', opens: (page) => page.getByRole('dialog').filter({ has: page.getByRole('button', { name: 'Close' }) }) },
  'where to upload': { at: '/', by: tool(/palette|Go to/), type: 'upload', opens: (page) => page.getByRole('dialog', { name: 'Upload to which asset?' }) },
};

// Where the page opens something above itself; a row of `openings`, or a test below, is about each.
const opens = [
  'shell/src/actions/ask.ts', // the form, destroyed, lost
  'shell/src/actions/trust.ts', // what a view asks of another plug-in: ui/shell/test/trust.test.mjs
  'shell/src/app.ts', // keys, tasks, result
  'shell/src/layout/dialog.ts',
  'shell/src/layout/page.ts', // the side bar
  'shell/src/palette/palette.ts',
  'shell/src/uploads/conflicts.ts', // where to upload; files that are there
  'view/src/nodes/combobox.ts', // its list
  'view/src/parts/menu.ts',
];

test('the tables here name all that can open', () => {
  assert.deepEqual(sources(/openDialog[<(]|showModal\(|showPopover\(|\.popover\b|popover="/), opens);
});

for (const [name, { at, width, by, then, unfold, type, opens: what }] of Object.entries(openings)) {
  test(`${name}: Tab stays within, Escape closes, the focus goes back`, async () => {
    const page = await tab(browser, server, { width: width ?? 1280 });
    await page.goto(server.url + at);
    await settled(page);
    if (unfold) await page.getByRole('main').getByText(unfold).click();
    const opener = by(page).first();
    await opener.focus();
    await page.keyboard.press('Enter');
    if (then) {
      await menu(page).getByRole('menuitem', { name: then }).first().focus();
      await page.keyboard.press('Enter');
    }
    if (type) {
      await dialog(page).getByRole('combobox').waitFor();
      await page.keyboard.type(type);
      await dialog(page).getByRole('option', { name: new RegExp(type.split(' ')[0], 'i') }).first().waitFor();
      await page.keyboard.press('Enter');
    }
    const opened = what(page).first();
    await opened.waitFor();
    assert.equal(await opened.evaluate((element) => element.contains(document.activeElement)), true, 'the focus is in it');
    if (what !== menu) {
      // A modal dialog holds the focus: Tab goes around within it, and to the browser's own bar.
      for (let stop = 0; stop < 24; stop++) {
        await page.keyboard.press(stop % 2 && stop > 12 ? 'Shift+Tab' : 'Tab');
        const where = await opened.evaluate((element) => (element.contains(document.activeElement) || document.activeElement === document.body ? '' : document.activeElement.outerHTML.slice(0, 80)));
        assert.equal(where, '', 'the focus left it');
      }
    }
    await page.keyboard.press('Escape');
    await opened.waitFor({ state: 'detached' });
    const back = await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 120));
    assert.equal(await opener.evaluate((element) => element === document.activeElement), true, `the focus is on ${back}`);
    assert.deepEqual(page.trouble, []);
    await page.context().close();
  });
}

test('a question whether files are replaced closes as the others do, and nothing is sent', async () => {
  const page = await tab(browser, server);
  await page.goto(`${server.url}/data/sample/cars`);
  await settled(page);
  const upload = page.getByRole('main').getByRole('button', { name: 'Upload' });
  const chooser = page.waitForEvent('filechooser');
  await upload.press('Enter');
  await (await chooser).setFiles({ name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('two\n') });
  await dialog(page).waitFor();
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });
  assert.equal(await upload.evaluate((element) => element === document.activeElement), true);
  assert.equal(await (await server.http('/api/v1/objects/sample/cars/note.txt')).text(), 'one\n');
  await page.context().close();
});

test('lists below a field close by Escape and leave the focus where it is', async () => {
  const page = await tab(browser, server);
  await page.goto(server.url);
  await settled(page);
  await page.keyboard.press('/');
  await page.keyboard.type('wi');
  await page.locator('.ks-box-list').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.ks-box-list').waitFor({ state: 'hidden' });
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'ks-box');
  assert.equal(await page.locator('#ks-box').inputValue(), 'wi');
  bar(17, 'dialogs, menus, drawers and lists that hold the focus, close by Escape and give it back', '100 %', `${Object.keys(openings).length + 2} of ${Object.keys(openings).length + 2}`);
  await page.context().close();
});

test('`?` and Ctrl or Cmd with K work on every screen; single keys can be switched off and then do nothing', async () => {
  const page = await tab(browser, server);
  const { keyboard } = page;
  const called = (name) => page.getByRole('dialog', { name, exact: true });
  const gone = () => page.locator('dialog[open]').waitFor({ state: 'detached' });
  let held = 0;
  for (const path of Object.values(routes)) {
    await page.goto(server.url + path);
    await settled(page);
    await keyboard.press('?');
    await called('Keys').waitFor();
    assert.ok((await called('Keys').getByRole('row').count()) >= 10);
    await keyboard.press('Escape');
    await gone();
    for (const modifier of ['Control', 'Meta']) {
      await keyboard.press(`${modifier}+k`);
      await called('Palette').waitFor();
      await keyboard.press('Escape');
      await gone();
    }
    held++;
  }
  bar(18, 'screens with `?`, Ctrl-K and Cmd-K', `${Object.keys(routes).length}`, held);
  await page.goto(`${server.url}/settings/keys`);
  await page.getByRole('switch').uncheck();
  let quiet = 0;
  for (const path of ['/', '/data/sample', '/data/sample/birds/birdstrikes.csv', '/find?q=wind']) {
    await page.goto(server.url + path);
    await settled(page);
    const before = page.url();
    const focus = () => page.evaluate(() => document.activeElement?.id);
    const stood = await focus();
    for (const key of ['?', '/', 'u', 't', 'z', 's', 'g', 'h']) await keyboard.press(key);
    // What those keys open is loaded by then: the palette comes after them.
    await keyboard.press('Control+k');
    await called('Palette').waitFor();
    assert.equal(await page.locator('dialog[open]').count(), 1, path);
    await keyboard.press('Escape');
    await gone();
    assert.equal(page.url(), before);
    assert.equal(await focus(), stood, path);
    assert.equal(await page.locator('.ks-side').count(), 1);
    assert.equal(await page.locator('.ks-notice').count(), 0);
    quiet++;
  }
  bar(18, 'screens where switched-off keys do nothing', '4', quiet);
  assert.deepEqual(page.trouble, []);
  await page.context().close();
});

// Bar 20: whatever is dragged, and how the same is done without dragging.
const drags = {
  'shell/src/layout/page.ts': 'files on the page: Upload, the key u, the palette',
  'shell/src/uploads/files.ts': 'takes what was dropped there',
  'view/src/nodes/drop.ts': 'files on a place for them: its button chooses them',
  'view/src/nodes/image.ts': 'how much of the one picture is seen: a press on the line, arrow keys',
  'view/src/nodes/select.ts': 'a number on a line: a press on it, arrow keys',
  'view/src/parts/plot.ts': 'a stretch of a chart: the buttons Zoom in, Zoom out and Fit',
};

test('whatever is dragged can be done by a button', async () => {
  const dragged = sources(/dragover|dragenter|draggable|setPointerCapture|type="range"|cursor: \{ drag|DataTransfer\b.*items|webkitGetAsEntry/);
  assert.deepEqual(dragged, Object.keys(drags).sort());
  const page = await tab(browser, server);
  await page.goto(`${server.url}/data/sample/cars`);
  await settled(page);
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('main').getByRole('button', { name: 'Upload' }).click();
  await chooser;
  // The chart: a stretch of it, further, and all of it again.
  await page.goto(`${server.url}/find?q=${encodeURIComponent('select * from weather."co2-concentration.csv"')}&as=sql&in=sample`);
  await settled(page);
  await page.getByRole('main').getByRole('button', { name: 'Chart' }).click();
  const chart = page.locator('kd-plot');
  const shown = () => chart.locator('.kd-plot-seen').innerText();
  await chart.locator('canvas').waitFor();
  const whole = await shown();
  const press = async (name, differs) => {
    await chart.getByRole('button', { name }).click();
    await page.waitForFunction(([whole, differs]) => (document.querySelector('.kd-plot-seen').innerText !== whole) === differs, [whole, differs]);
  };
  await press('Zoom in', true);
  await press('Zoom out', false);
  await press('Zoom in', true);
  await press('Fit', false);
  bar(20, 'drags without a button, of those that the page has', '0', dragged.filter((one) => !drags[one]).length);
  assert.deepEqual(page.trouble, []);
  await page.context().close();
});
