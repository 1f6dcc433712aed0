// How well an entry of the palette fits what was typed. Pure and quick: ten thousand entries at each key.

/** Higher fits better; 0 does not fit. Every word must be found: at the start of a word counts more than within one. */
export function rank(text: string, words: readonly string[]): number {
  if (words.length === 0) return 1;
  let sum = 0;
  for (const word of words) {
    const at = text.indexOf(word);
    if (at < 0) return 0;
    const starts = at === 0 || /[\s/@:._-]/.test(text[at - 1]!);
    let best = starts ? 4 : 1;
    if (!starts) {
      // The first place found may lie within a word while a later one starts one.
      for (let next = text.indexOf(word, at + 1); next >= 0; next = text.indexOf(word, next + 1)) {
        if (/[\s/@:._-]/.test(text[next - 1]!)) { best = 4; break; }
      }
    }
    if (at === 0) best += 2;
    if (text.length === word.length) best += 4;
    sum += best;
  }
  // Of two that fit alike, the shorter says less that was not asked for.
  return sum + 1 / (1 + text.length);
}

const NAMED = 100;

export const wordsOf = (query: string): string[] => query.toLowerCase().split(/\s+/).filter(Boolean);

/** `name` is what an entry is called by whoever knows it: typed in full, it comes before all else. */
export function best<T>(entries: readonly T[], query: string, text: (entry: T) => string, name: (entry: T) => string, most: number): T[] {
  const words = wordsOf(query);
  const whole = words.join(" ");
  let found: { entry: T; score: number }[] = [];
  // What is not better than the last of the best so far need not be put in order.
  let least = 0;
  const keep = (): void => {
    if (words.length) found.sort((a, b) => b.score - a.score);
    found = found.slice(0, most);
    if (found.length === most) least = found[most - 1]!.score;
  };
  for (const entry of entries) {
    const fits = rank(text(entry), words);
    if (fits === 0) continue;
    const score = fits + (name(entry) === whole ? NAMED : 0);
    if (score <= least) continue;
    found.push({ entry, score });
    if (found.length >= 4 * most) keep();
  }
  keep();
  return found.map(({ entry }) => entry);
}
