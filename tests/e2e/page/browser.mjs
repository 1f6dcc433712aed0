// A real Chromium for the tests of the page, and what every test asks of a page.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { afterEach } from 'node:test';

const require = createRequire(resolve(import.meta.dirname, '../../../ui/package.json'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

// Without the network flags Chromium asks its maker's hosts at every start.
const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launch() {
  return chromium.launch({ executablePath: process.env.KAMLD_CHROMIUM ?? '/usr/bin/chromium', args: quiet });
}

/** A browser that keeps what pages store in a folder, and can be killed and started on it again. */
export async function launchKept(folder) {
  return chromium.launchPersistentContext(folder, { executablePath: process.env.KAMLD_CHROMIUM ?? '/usr/bin/chromium', args: quiet });
}

/** Pages that are open. */
const pages = new Set();

// What a page showed when its test failed says more than which line of the test waited in vain.
afterEach(async (context) => {
  if (!context.passed) {
    for (const page of pages) {
      const shown = await page.locator('body').innerText({ timeout: 5_000 }).catch((error) => error.message);
      console.log(`"${context.name}" failed at ${page.url().replace(/token=\w+/, 'token=…')}, which showed:\n${shown.slice(0, 3_000)}`);
      console.log(`trouble: ${JSON.stringify(page.trouble)}`);
    }
  }
});

/** A tab of a new person, let in by the link; foreign requests, errors and broken policy are kept in `page.trouble`. */
export async function tab(browser, server, options = {}) {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
    deviceScaleFactor: options.scale ?? 1,
    colorScheme: options.scheme ?? 'light',
    reducedMotion: options.motion ?? 'no-preference',
    forcedColors: options.forced ?? 'none',
    acceptDownloads: true,
    bypassCSP: options.bypass ?? false,
  });
  // What a person chose in the settings, as the page keeps it.
  const { preferences } = options;
  if (preferences) await context.addInitScript((kept) => localStorage.setItem('kamld.preferences', kept), JSON.stringify(preferences));
  const page = await context.newPage();
  page.trouble = [];
  pages.add(page);
  page.on('close', () => pages.delete(page));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(server.url) && !url.startsWith('blob:') && !url.startsWith('data:')) {
      page.trouble.push(`foreign request: ${url}`);
    }
  });
  page.on('pageerror', (error) => page.trouble.push(`error: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) page.trouble.push(`console: ${text}`);
  });
  await page.goto(server.link);
  return page;
}

/** Runs axe on the page as it stands; answers its violations in words. */
export async function accessibility(page) {
  // By the debugger, which the policy of the page does not bind; once a document.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe);
  const found = await page.evaluate(() =>
    globalThis.axe.run(document, {
      // Of what passes nobody reads more than that it does.
      resultTypes: ['violations'],
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }),
  );
  return found.violations.map(
    (rule) => `${rule.id}: ${rule.nodes.map((node) => node.target.join(' ')).slice(0, 3).join(', ')}`,
  );
}

/** Runs axe on the page as it stands in each theme, by what the settings and the system set; answers the violations in words. */
export async function accessibilityInThemes(page) {
  const found = [];
  for (const [theme, scheme, chosen] of [['light', 'light', 'system'], ['dark', 'dark', 'system'], ['high contrast', 'light', 'contrast']]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.evaluate(async (chosen) => {
      const root = document.documentElement;
      if (chosen === 'system') root.removeAttribute('data-theme');
      else root.dataset.theme = chosen;
      // Half-way between two themes no contrast is right.
      await Promise.all(document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished.catch(() => undefined)));
    }, chosen);
    found.push(...(await accessibility(page)).map((words) => `${theme}: ${words}`));
  }
  return found;
}

/** Until a screen is drawn and nothing of it is on its way any more. */
export async function settled(page) {
  await page.locator('main h1').first().waitFor();
  await page.waitForFunction(() => {
    const drawn = [...document.querySelectorAll('main ks-surface')].every((one) => one.querySelector('.ks-surface-body, .ks-state'));
    // Kinds that are not of the first script come a moment after their view.
    return drawn && !document.querySelector('main :not(:defined), main [aria-busy="true"], main .kd-skeleton, main .ks-skeleton');
  });
}

/** Until what was changed is drawn. */
export async function drawn(page) {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}
