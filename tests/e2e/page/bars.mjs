// The bars of the page that are measured, each with its target and its noise: one place for both. A bar is measured once,
// against its target, and fails when it is above by more than the noise, which is what runs of the same commit differ by.
import assert from 'node:assert/strict';
import { bar } from './table.mjs';

// The noise of a time in the browser, on two cores with some other work: twice as long.
const BUSY = 1;
// The noise of the slowest of a few: one of them meets whatever else the machine does. A run of the same commit had 60 ms
// when the machine was quiet and 330 ms when it was compiling.
const SLOWEST = 3;
// A time in which the browser and the server take turns: both wait for a processor.
const BOTH = 2;
// A time of a few seconds is mostly waiting, for a timer or for the network.
const WAITING = 0.5;

/** `at` is the number of the bar in the study, `target` the most it may be (with `least`, the least), `noise` a share of the target. */
export const BARS = {
  'largest paint, 4x slower, 10 Mbit/s, 40 ms': { at: 1, target: 1500, unit: 'ms', noise: BUSY },
  'layout shift, worst route': { at: 3, target: 0.02, unit: '', noise: 0 },
  'layout shift of a list with a column of another plug-in': { at: 3, target: 0.02, unit: '', noise: 0 },
  'script of the first screen, gzipped': { at: 5, target: 60, unit: 'kB', noise: 0 },
  'script with the data tab, gzipped': { at: 5, target: 120, unit: 'kB', noise: 0 },
  'from an action to its frame, 98th': { at: 2, target: 100, unit: 'ms', noise: BUSY },
  'blocked while loading, worst route': { at: 4, target: 100, unit: 'ms', noise: BUSY },
  'blocked while loading, median': { at: 4, target: 100, unit: 'ms', noise: 0 },
  'longest task once a screen is drawn': { at: 4, target: 50, unit: 'ms', noise: BUSY },
  'longest task in a session': { at: 4, target: 50, unit: 'ms', noise: BUSY },
  'another screen from the server, worst': { at: 8, target: 300, unit: 'ms', noise: BUSY },
  'another screen from the server, median': { at: 8, target: 300, unit: 'ms', noise: 0 },
  'another screen that was seen before, worst': { at: 8, target: 100, unit: 'ms', noise: BUSY },
  'another screen that was seen before, median': { at: 8, target: 100, unit: 'ms', noise: 0 },
  'first rows of 1,000,000, the very first time': { at: 9, target: 300, unit: 'ms', noise: SLOWEST },
  'first rows of 1,000,000, median': { at: 9, target: 300, unit: 'ms', noise: BUSY },
  'a far jump, 95th': { at: 9, target: 100, unit: 'ms', noise: SLOWEST },
  'a far jump, median': { at: 9, target: 100, unit: 'ms', noise: BUSY },
  'nodes of the page': { at: 9, target: 1500, unit: '', noise: 0 },
  'heap after 200 more jumps': { at: 9, target: 20, unit: 'MB', noise: 0 },
  // Of the elements alone, with rows from memory: `ui/view/test`.
  'elements: first rows of 1,000,000': { at: 9, target: 300, unit: 'ms', noise: BUSY },
  'elements: a far jump, median': { at: 9, target: 100, unit: 'ms', noise: BUSY },
  'elements: nodes of the page': { at: 9, target: 1500, unit: '', noise: 0 },
  'elements: heap after 200 jumps': { at: 9, target: 20, unit: 'MB', noise: 0 },
  'elements: a patch among 1,000 nodes, 95th': { at: 9, target: 50, unit: 'ms', noise: BUSY },
  'from an action to its patch, 95th': { at: 9, target: 50, unit: 'ms', noise: SLOWEST },
  'from an action to its patch, median': { at: 9, target: 50, unit: 'ms', noise: BOTH },
  'the palette opens, the very first time': { at: 19, target: 50, unit: 'ms', noise: SLOWEST },
  'the palette opens, median': { at: 19, target: 50, unit: 'ms', noise: BUSY },
  'commands are found, 95th': { at: 19, target: 100, unit: 'ms', noise: SLOWEST },
  'files are found on the server, median': { at: 19, target: 100, unit: 'ms', noise: BOTH },
  'of 256 px at 400 %, taken by what stays in sight': { at: 21, target: 0, unit: 'px', noise: 0 },
  'visible response, worst kind': { at: 26, target: 100, unit: 'ms', noise: BUSY },
  'a form becomes a background task': { at: 26, target: 10, unit: 's', noise: WAITING },
  'a stopped query ends on the server': { at: 27, target: 2, unit: 's', noise: WAITING },
  'a stopped upload is gone on the server': { at: 27, target: 2, unit: 's', noise: WAITING },
  'a stopped task ends on the server': { at: 27, target: 2, unit: 's', noise: WAITING },
  'Undo is offered': { at: 28, target: 10, unit: 's', noise: 0, least: true },
  'a tag is shown': { at: 29, target: 50, unit: 'ms', noise: BUSY },
  'told that there is no connection': { at: 30, target: 3, unit: 's', noise: WAITING },
  'goes on after the network is back': { at: 30, target: 5, unit: 's', noise: WAITING },
  'told that the server is gone': { at: 30, target: 3, unit: 's', noise: WAITING },
  'goes on after the server is back': { at: 30, target: 5, unit: 's', noise: WAITING },
  'back to filter, scroll and focus': { at: 32, target: 100, unit: 'ms', noise: BUSY },
  'an upload goes on after the server is back': { at: 34, target: 5, unit: 's', noise: WAITING },
  'first answer of a query': { at: 35, target: 60, unit: 's', noise: 0 },
  'actions to the first answer': { at: 35, target: 5, unit: '', noise: 0 },
  'reading level': { at: 40, target: 8, unit: 'grade', noise: 0 },
  'lines of a plug-in with tab, column, command for rows, preview, command': { at: '', target: 99, unit: '', noise: 0 },
};

/** Notes a measured value, and fails when it is above the target of its bar by more than the noise. `detail` is told beside it. */
export function measured(name, value, detail = '') {
  const { at, target, unit, noise, least } = BARS[name];
  const allowed = least ? target * (1 - noise) : target * (1 + noise);
  const words = `${target}${unit && ` ${unit}`}${noise ? ` + ${noise * 100} %` : ''}`;
  bar(at, detail && typeof detail === 'string' && detail.length < 60 ? `${name} (${detail})` : name, words, value, unit);
  const told = typeof detail === 'string' ? detail : JSON.stringify(detail);
  assert.ok(least ? value >= allowed : value <= allowed, `${name}: ${value} ${unit}, and ${least ? 'at least' : 'at most'} ${words} is allowed: ${told}`);
}
