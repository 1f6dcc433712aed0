// What every screen of every plug-in is held to, whoever wrote it: bars 12, 14, 15, 21 and 22 of the study in one walk.
// The colours, bar 13, are the page's own. Bar 42.
import { accessibility, drawn, tab } from './browser.mjs';
import { cutOff, focusStop, overlapping, small, wider } from './layout.mjs';

// How the same screen is looked at: each option once in each width that matters, not all with all.
const LOOKS = [
  ['light', { width: 1280 }],
  ['dark, 320 px', { width: 320, scheme: 'dark' }],
  ['high contrast', { width: 768, preferences: { theme: 'contrast' } }],
  ['right to left, 320 px', { width: 320, preferences: { direction: 'rtl' } }],
  ['words 40 % longer', { width: 1280, preferences: { locale: 'en-XA' } }],
];
const STOPS = 250;

/** Goes to each screen by `visit(page, name)`; answers what is wrong, in words, and how many stops of the Tab key there are. */
export async function held(browser, server, names, visit) {
  const wrong = [];
  let stops = 0;
  for (const [look, options] of LOOKS) {
    const page = await tab(browser, server, options);
    for (const name of names) {
      const say = (words) => wrong.push(`${name}, ${look}: ${words}`);
      await visit(page, name);
      await drawn(page);
      // In the test language names are marked and no longer begin as what is seen.
      if (options.preferences?.locale === undefined) (await accessibility(page)).forEach(say);
      (await cutOff(page)).forEach((words) => say(`cut off: ${words}`));
      (await overlapping(page)).forEach((words) => say(`one over another: ${words}`));
      const more = await wider(page);
      if (more > 1) say(`${more} px wider than the window`);
      if (look !== 'light') continue;
      (await small(page)).found.forEach((words) => say(`too small: ${words}`));
      for (let stop = 0; stop < STOPS; stop++) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate(focusStop);
        if (!at) break;
        stops++;
        if (!at.seen || !at.ring) say(`${at.seen ? 'no ring' : 'covered'}: ${at.name}`);
        if (stop === STOPS - 1) say(`the Tab key goes on and on at ${at.name}`);
      }
    }
    page.trouble.forEach((words) => wrong.push(`${look}: ${words}`));
    await page.context().close();
  }
  return { wrong, stops };
}
