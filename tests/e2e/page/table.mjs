// What was measured, as a table at the end of a run: the bar, its target, the value.
const rows = [];

/** Notes a value; what it has to be is asserted beside it, or by `bars.mjs` where it is measured. */
export function bar(number, name, target, value, unit = '', { missed = false } = {}) {
  const shown = typeof value === 'number' ? `${Number(value.toPrecision(4))}${unit ? ` ${unit}` : ''}` : String(value);
  rows.push([String(number), name, target, missed ? `${shown}, missed` : shown]);
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
