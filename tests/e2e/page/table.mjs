// What was measured, as a table at the end of a run: the bar, its target, the value.
const rows = [];

/** Notes a value and answers whether it holds. */
export function bar(number, name, target, value, unit = '') {
  const shown = typeof value === 'number' ? `${Number(value.toPrecision(4))}${unit ? ` ${unit}` : ''}` : String(value);
  rows.push([String(number), name, target, shown]);
  return value;
}

export function print(title) {
  const all = [['bar', 'what', 'target', 'measured'], ...rows.splice(0)];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  console.log(`\n${title}`);
  console.log([line(all[0]), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...all.slice(1).map(line)].join('\n'));
}

export function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
}

/**
 * Measures until the value holds, twice at most, and answers the smaller: what else runs on the machine only ever makes it
 * larger, so that what is slow by itself is slow each time.
 */
export async function best(limit, measure) {
  const first = await measure();
  return first <= limit ? first : Math.min(first, await measure());
}

/**
 * How many times longer than by itself something takes now, because others use the machine as well: 1 on a quiet one. A
 * limit is multiplied by it, so that a bar fails for what the product does and not for its neighbours.
 */
export function crowd() {
  const [since, before] = [performance.now(), process.cpuUsage()];
  const used = () => (({ user, system }) => (user + system) / 1000)(process.cpuUsage(before));
  while (used() < 100);
  return Math.max(1, (performance.now() - since) / used());
}
