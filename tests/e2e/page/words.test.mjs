// The words of the page and of the plug-ins that are shipped: how hard they are to read, one word for one thing, and how
// much is asked of a person at once. Bar 40 of the study.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { measured } from './bars.mjs';
import { launch, settled, tab } from './browser.mjs';
import { routes } from './routes.mjs';
import { Server } from './server.mjs';
import { bar, print } from './table.mjs';

const ui = resolve(import.meta.dirname, '../../../ui');
const { build } = createRequire(resolve(ui, 'package.json'))('esbuild');
let server;
let browser;
/** By where they stand: what a person reads. */
const catalogues = {};

/** A module of the page, as it is. */
async function imported(path) {
  const { outputFiles } = await build({ entryPoints: [resolve(ui, path)], bundle: true, format: 'esm', write: false, logLevel: 'error' });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
}

before(async () => {
  [server, browser] = await Promise.all([Server.fresh('--sample'), launch()]);
  const { en } = await imported('shell/src/words/en.ts');
  const { english } = await imported('view/src/words.ts');
  const { commands } = await (await server.http('/api/v1/commands')).json();
  catalogues.shell = Object.entries(en).flatMap(([key, word]) => (typeof word === 'string' ? [[key, word]] : Object.entries(word).map(([many, text]) => [`${key} ${many}`, text])));
  catalogues.view = Object.entries(english).map(([key, word]) => [key, typeof word === 'string' ? word : word('12', '30', '40')]);
  catalogues['plug-ins'] = commands.flatMap(({ name, summary, about, arguments: args }) => {
    const command = name.join(' ');
    return [[command, summary], [`${command} about`, about ?? ''], ...args.map(({ name: argument, help }) => [`${command} ${argument}`, help ?? ''])].filter(([, text]) => text);
  });
});

after(async () => {
  print('words');
  await browser?.close();
  await server?.stop();
});

/** What is read as prose: without code, placeholders and addresses. */
const prose = (text) =>
  text
    .replace(/'kamld [^']*'|`[^`]*`|\{\w+\}/g, 'it')
    .replace(/\S*[A-Z]{2,}[/@\S]*|\S+\/\S+/g, 'it')
    .replace(/[“”"()[\]]/g, ' ');
const sentences = (text) => prose(text).split(/[.!?;:]+(?:\s|$)/).map((one) => one.match(/[A-Za-z][A-Za-z'-]*/g) ?? []).filter(({ length }) => length > 2);

function syllables(word) {
  const letters = word.toLowerCase().replace(/[^a-z]/g, '');
  if (letters.length <= 3) return 1;
  return Math.max(1, (letters.replace(/(?:[^laeiouy]es|[^td]ed|[^l]e)$/, '').match(/[aeiouy]{1,2}/g) ?? []).length);
}

/** The grade of Flesch and Kincaid: years of school. */
function grade(texts) {
  const all = texts.flatMap(sentences);
  const words = all.flat();
  if (!words.length) return 0;
  return 0.39 * (words.length / all.length) + 11.8 * (words.reduce((sum, word) => sum + syllables(word), 0) / words.length) - 15.59;
}

test('everything can be read after eight years of school', () => {
  assert.ok(grade(['The dog runs to the house.']) < 3 && grade(['Institutional heterogeneity necessitates considerable organisational deliberation.']) > 12, 'the measure tells easy from hard');
  for (const [where, texts] of Object.entries(catalogues)) {
    measured('reading level', grade(texts.map(([, text]) => text)), `${texts.length} texts, ${where}`);
  }
  // A single long text weighs little in all of them: none may be far above.
  const hard = Object.entries(catalogues).flatMap(([where, texts]) =>
    texts.filter(([, text]) => sentences(text).flat().length >= 15 && grade([text]) > 11).map(([key, text]) => `${where} ${key}, grade ${grade([text]).toFixed(1)}: ${text}`),
  );
  bar(40, 'texts of 15 words and more above grade 11', '0', hard.length);
  assert.deepEqual(hard, []);
});

test('no sentence is longer than one can keep in mind', () => {
  const long = Object.entries(catalogues).flatMap(([where, texts]) => texts.filter(([, text]) => sentences(text).some(({ length }) => length > 28)).map(([key, text]) => `${where} ${key}: ${text}`));
  bar(40, 'sentences of more than 28 words', '0', long.length);
  assert.deepEqual(long, []);
});

// DESIGN.md, the words: what a thing is called, and what it is not to be called beside it.
const terms = [
  ['plug-in', /\bplugins?\b|\bextensions?\b|\badd-?ons?\b/i],
  ['folder', /\bdirector(?:y|ies)\b/i],
  ['dataset', /\bdata sets?\b/i],
  ['asset', /\brepositor(?:y|ies)\b|\brepos?\b|\bbuckets?\b/i],
  ['object, file', /\bblobs?\b/i],
  ['commit, branch, version', /\bsnapshots?\b|\brevisions?\b|\bcheck-?ins?\b/i],
  ['project', /\bworkspaces?\b/i],
  ['remove', /\bdelet(?:e|es|ed|ing)\b|\beras(?:e|es|ed|ing)\b/i],
  ['undo', /\brevert(?:s|ed|ing)?\b|\broll ?backs?\b/i],
  ['stop', /\babort(?:s|ed|ing)?\b|\bterminat(?:e|es|ed|ing)\b|\bkill(?:s|ed|ing)?\b/i],
  ['sign out', /\blog ?(?:out|off)\b/i],
  ['settings', /\bpreferences\b/i],
  ['plain words', /\butili[sz]e|\bfacilitat|\binvalid\b|\billegal\b|\bfatal\b|\bsuccessfully\b|\bplease note\b|\bin order to\b/i],
];

test('one thing has one word', () => {
  const found = Object.entries(catalogues).flatMap(([where, texts]) =>
    // What is typed (`kamld plugin list`) is no prose.
    texts.flatMap(([key, text]) => terms.filter(([, others]) => others.test(prose(text))).map(([term]) => `${where} ${key}: ${term}, not “${text}”`)),
  );
  bar(40, `texts that call a thing otherwise, of ${terms.length} terms`, '0', found.length);
  assert.deepEqual(found, []);
});

test('a screen has one primary button at most, and seven of anything at the top', async () => {
  const page = await tab(browser, server);
  const many = [];
  let [primary, most] = [0, 0];
  for (const [route, path] of Object.entries(routes)) {
    await page.goto(server.url + path);
    await settled(page);
    const found = await page.evaluate(() => {
      const seen = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility()).length;
      return { primary: seen('.kd-button-primary'), top: { areas: seen('.ks-areas a'), tabs: seen('.ks-tabs a'), tools: seen('.ks-tools button, .ks-tools a'), settings: seen('.ks-settings-nav a') } };
    });
    primary = Math.max(primary, found.primary);
    most = Math.max(most, ...Object.values(found.top));
    if (found.primary > 1) many.push(`${route}: ${found.primary} primary buttons`);
    for (const [what, count] of Object.entries(found.top)) if (count > 7) many.push(`${route}: ${count} ${what}`);
  }
  bar(40, `primary buttons of a screen, most of ${Object.keys(routes).length}`, '1', primary);
  bar(40, 'areas, tabs, tools or pages of settings beside each other, most', '7', most);
  assert.deepEqual(many, []);
  assert.deepEqual(page.trouble, []);
  await page.context().close();
});
