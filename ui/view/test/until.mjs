// The one place of the tests of view and shell that polls: for what has no event to wait for, in the page or on the server's side.
const WITHIN = 30_000;

/** Until what a function answers is true; answers that. */
export async function until(ask, within = WITHIN) {
  const begun = Date.now();
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() - begun > within) throw new Error(`not within ${within} ms: ${ask}`);
    await new Promise((next) => setTimeout(next, 10));
  }
}

/** In the page: until every element is defined, no animation that ends runs, and nothing changed for three frames. */
export const still = (page) => page.evaluate(async () => {
  const ends = (animation) => animation.playState === "running" && animation.effect?.getComputedTiming().endTime !== Infinity;
  const busy = () => document.querySelector("main :not(:defined)") || document.getAnimations().some(ends) || globalThis.kd?.pending > 0;
  let quiet = 0;
  const seen = new MutationObserver(() => { quiet = 0; });
  seen.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  const begun = performance.now();
  for (; quiet < 3 && performance.now() - begun < 30_000; quiet++) {
    await new Promise(requestAnimationFrame);
    if (busy()) quiet = -1;
  }
  seen.disconnect();
  if (quiet < 3) throw new Error(`the page does not come to rest: ${document.querySelector("main :not(:defined)")?.localName ?? "it changes in every frame"}`);
});
