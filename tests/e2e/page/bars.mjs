// The bars of the page that are measured, each with its target: one place for all. What is counted (nodes, bytes, pixels) is
// the same in every run and fails above its target. A time depends on what else the machine does: it is printed beside its
// target, and only fails where it is so far above that something hangs.
import assert from 'node:assert/strict';
import { bar } from './table.mjs';

// Times of this many targets are no noise of a busy machine.
const HANGS = 10;
const TIMES = ['ms', 's'];

/** `at` is the number of the bar in the study, `target` the most it may be (with `least`, the least). */
export const BARS = {
  'largest paint, 4x slower, 10 Mbit/s, 40 ms': { at: 1, target: 1500, unit: 'ms' },
  'layout shift, worst route': { at: 3, target: 0.02, unit: '' },
  'layout shift of a list with a column of another plug-in': { at: 3, target: 0.02, unit: '' },
  'script of the first screen, gzipped': { at: 5, target: 60, unit: 'kB' },
  'script with the data tab, gzipped': { at: 5, target: 120, unit: 'kB' },
  'from an action to its frame, 98th': { at: 2, target: 100, unit: 'ms' },
  'blocked while loading, worst route': { at: 4, target: 100, unit: 'ms' },
  'blocked while loading, median': { at: 4, target: 100, unit: 'ms' },
  'longest task once a screen is drawn': { at: 4, target: 50, unit: 'ms' },
  'longest task in a session': { at: 4, target: 50, unit: 'ms' },
  'another screen from the server, worst': { at: 8, target: 300, unit: 'ms' },
  'another screen from the server, median': { at: 8, target: 300, unit: 'ms' },
  'another screen that was seen before, worst': { at: 8, target: 100, unit: 'ms' },
  'another screen that was seen before, median': { at: 8, target: 100, unit: 'ms' },
  'first rows of 1,000,000, the very first time': { at: 9, target: 300, unit: 'ms' },
  'first rows of 1,000,000, median': { at: 9, target: 300, unit: 'ms' },
  'a far jump, 95th': { at: 9, target: 100, unit: 'ms' },
  'a far jump, median': { at: 9, target: 100, unit: 'ms' },
  'nodes of the page': { at: 9, target: 1500, unit: '' },
  'heap after 200 more jumps': { at: 9, target: 20, unit: 'MB' },
  // Of the elements alone, with rows from memory: `ui/view/test`.
  'elements: first rows of 1,000,000': { at: 9, target: 300, unit: 'ms' },
  'elements: a far jump, median': { at: 9, target: 100, unit: 'ms' },
  'elements: nodes of the page': { at: 9, target: 1500, unit: '' },
  'elements: heap after 200 jumps': { at: 9, target: 20, unit: 'MB' },
  'elements: a patch among 1,000 nodes, 95th': { at: 9, target: 50, unit: 'ms' },
  'from an action to its patch, 95th': { at: 9, target: 50, unit: 'ms' },
  'from an action to its patch, median': { at: 9, target: 50, unit: 'ms' },
  'the palette opens, the very first time': { at: 19, target: 50, unit: 'ms' },
  'the palette opens, median': { at: 19, target: 50, unit: 'ms' },
  'commands are found, 95th': { at: 19, target: 100, unit: 'ms' },
  'files are found on the server, median': { at: 19, target: 100, unit: 'ms' },
  'of 256 px at 400 %, taken by what stays in sight': { at: 21, target: 0, unit: 'px' },
  'visible response, worst kind': { at: 26, target: 100, unit: 'ms' },
  'a form becomes a background task': { at: 26, target: 10, unit: 's' },
  'a stopped query ends on the server': { at: 27, target: 2, unit: 's' },
  'a stopped upload is gone on the server': { at: 27, target: 2, unit: 's' },
  'a stopped task ends on the server': { at: 27, target: 2, unit: 's' },
  'Undo is offered': { at: 28, target: 10, unit: 's', least: true },
  'a tag is shown': { at: 29, target: 50, unit: 'ms' },
  'told that there is no connection': { at: 30, target: 3, unit: 's' },
  'goes on after the network is back': { at: 30, target: 5, unit: 's' },
  'told that the server is gone': { at: 30, target: 3, unit: 's' },
  'goes on after the server is back': { at: 30, target: 5, unit: 's' },
  'back to filter, scroll and focus': { at: 32, target: 100, unit: 'ms' },
  'an upload goes on after the server is back': { at: 34, target: 5, unit: 's' },
  'first answer of a query': { at: 35, target: 60, unit: 's' },
  'actions to the first answer': { at: 35, target: 5, unit: '' },
  'reading level': { at: 40, target: 8, unit: 'grade' },
  'lines of a plug-in with tab, column, command for rows, preview, command': { at: '', target: 99, unit: '' },
};

/** Notes a measured value beside the target of its bar. `detail` is told with it. */
export function measured(name, value, detail = '') {
  const { at, target, unit, least } = BARS[name];
  const words = `${target}${unit && ` ${unit}`}`;
  const short = typeof detail === 'string' && detail && detail.length < 60;
  bar(at, short ? `${name} (${detail})` : name, words, value, unit, { missed: least ? !(value >= target) : !(value <= target) });
  const told = typeof detail === 'string' ? detail : JSON.stringify(detail);
  if (least) return assert.ok(value >= target, `${name}: ${value} ${unit}, and at least ${words} is asked: ${told}`);
  const allowed = TIMES.includes(unit) ? target * HANGS : target;
  assert.ok(value <= allowed, `${name}: ${value} ${unit}, and the target is ${words}: ${told}`);
}
