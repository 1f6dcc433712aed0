// What stands between the page and the server, so that a test can hold back, break and count what goes over it: the
// socket message by message, requests of HTTP by a pattern. The faults are those that a server or what is before it has.
import assert from 'node:assert/strict';

export const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

/** As the server tells what went wrong. */
export const PROBLEM = {
  kind: 'internal',
  title: 'Internal Server Error',
  status: 500,
  detail: 'the disk could not be read',
  help: 'what was there before is kept; try again, or tell who looks after the server',
  trace: TRACE,
};

/** Ways in which a request of HTTP goes wrong. */
export const FAULTS = {
  'the server says why': (route) => route.fulfill({ status: 500, contentType: 'application/problem+json', body: JSON.stringify(PROBLEM) }),
  'a proxy answers with a page': (route) =>
    route.fulfill({ status: 502, contentType: 'text/html', body: '<html><pre>Error: boom\n    at Object.read (/srv/proxy.js:7:13)</pre></html>' }),
  'nobody answers': (route) => route.abort('connectionrefused'),
};

/** What a screen fetches by HTTP after it was drawn: the requests, and a route that makes them. */
export const FETCHES = {
  'rows of a table': ['**/api/v1/tables/**', '/data/sample/birds/birdstrikes.csv', ['GET']],
  'rows of a query': ['**/api/v1/results/*/rows*', '/find?q=select%20*%20from%20birds."penguins.json"&as=sql&in=sample', ['GET']],
  'what an object is': ['**/api/v1/objects/**', '/data/sample/birds/about.md', ['HEAD']],
  'a picture': ['**/api/v1/objects/**', '/data/sample/images/icons/gimp.png', ['GET']],
  'bytes of an object': ['**/api/v1/objects/**', '/data/sample/images/raw.bin', ['GET']],
  markdown: ['**/api/v1/markdown', '/data/sample/birds/about.md', ['POST']],
};

/** Puts the one object of `FETCHES` that the samples do not have. */
export const putBytes = (server) => server.put('sample/images/raw.bin', Buffer.from(Array.from({ length: 9000 }, (_, n) => n % 251)));

/** Requests go to a handler until the returned function is called. */
export async function intercept(page, pattern, handler, methods = ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE']) {
  const chosen = (route) => (methods.includes(route.request().method()) ? handler(route) : route.fallback());
  await page.route(pattern, chosen);
  return () => page.unroute(pattern, chosen);
}

/**
 * The socket of a page, from its next document on. `wire.to` sees each message of the page: it answers nothing to let it
 * through, `null` to lose it, or what the server would say. `wire.from` sees what the server says, and may change or lose it.
 */
export async function between(page) {
  const wire = { to: undefined, from: undefined, sent: [], cut: () => {} };
  await page.routeWebSocket(/\/api\/v1\/page$/, (socket) => {
    const server = socket.connectToServer();
    wire.cut = () => socket.close({ code: 4000, reason: 'cut' });
    socket.onMessage(async (text) => {
      const message = JSON.parse(text);
      wire.sent.push(message);
      const answer = await wire.to?.(message);
      if (answer === undefined) server.send(text);
      else if (answer !== null) socket.send(JSON.stringify({ id: message.id, ...answer }));
    });
    server.onMessage(async (text) => {
      const message = JSON.parse(text);
      const answer = wire.from ? await wire.from(message) : message;
      if (answer) socket.send(JSON.stringify(answer));
    });
  });
  return wire;
}

/** Bar 25 of the study: what happened, what was kept or what to do, an id to copy, a way to try again, no trace of a stack. */
export async function told(place, { retry = true } = {}) {
  await place.waitFor();
  await place.getByText(/[0-9a-f]{32}/).first().waitFor();
  const text = await place.innerText();
  assert.match(text, /could not be read|answered with status|could not be reached|could not be/i, `what happened: ${text}`);
  assert.match(text, /kept|lost|nothing (on the server )?was|unchanged/i, `what was kept: ${text}`);
  assert.match(text, /try again|check that|tell who/i, `what to do: ${text}`);
  assert.doesNotMatch(text, /\bat \S+ \(|\.(rs|js|py):\d+|panicked|Traceback|<html|undefined|\[object/, `no trace of a stack: ${text}`);
  assert.ok(await place.getByRole('button', { name: 'Copy' }).count(), `an id to copy: ${text}`);
  if (retry) assert.ok(await place.getByRole('button', { name: 'Try again' }).count(), `a way to try again: ${text}`);
  return text;
}

/** Since the person last did something, until the page looks different: milliseconds, as the browser measures them. */
export async function responses(page) {
  await page.evaluate(() => {
    const seen = (globalThis.responses = []);
    let since = 0;
    for (const type of ['pointerdown', 'keydown']) addEventListener(type, (event) => (since = event.timeStamp), { capture: true, passive: true });
    const changed = () => {
      if (!since) return;
      const begun = since;
      since = 0;
      requestAnimationFrame(() => seen.push(performance.now() - begun));
    };
    new MutationObserver(changed).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    document.addEventListener('input', changed, { capture: true });
  });
}

export const lastResponse = async (page) => {
  await page.waitForFunction(() => globalThis.responses.length > 0);
  return page.evaluate(() => globalThis.responses.splice(0)[0]);
};

/** What a slow server does: nothing, for so many milliseconds. Not for waiting: that is `until`. */
export const later = (ms) => new Promise((done) => setTimeout(done, ms));

/** Until what a function answers is true; for what is asked of the server, where the page has no event for it. */
export async function until(what, ask, within = 30_000) {
  const begun = Date.now();
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() - begun > within) throw new Error(`${what}: not within ${within} ms`);
    await new Promise((next) => setTimeout(next, 50));
  }
}
