// Bars tell what was measured, and fail for what is counted and for what hangs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measured } from './bars.mjs';

test('what is counted fails above its target', () => {
  measured('nodes of the page', 1500);
  assert.throws(() => measured('nodes of the page', 1501), /1501 .*target is 1500/);
});

test('a time above its target is noted, and one of ten targets fails', () => {
  measured('a far jump, median', 1000);
  assert.throws(() => measured('a far jump, median', 1001, [7, 8]), /a far jump, median: 1001 ms, and the target is 100 ms: \[7,8\]/);
});

test('what has to last is held from below', () => {
  measured('Undo is offered', 10);
  assert.throws(() => measured('Undo is offered', 9.9), /at least 10 s/);
});

test('a value that is none fails', () => {
  assert.throws(() => measured('largest paint, 4x slower, 10 Mbit/s, 40 ms', Number.NaN));
});
