// Bars fail when they are above their target by more than their noise, and tell what was measured.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BARS, measured } from './bars.mjs';

test('a value above its target by more than the noise fails, and within the noise it does not', () => {
  const { target, noise } = BARS['a far jump, median'];
  measured('a far jump, median', target * (1 + noise));
  assert.throws(() => measured('a far jump, median', target * (1 + noise) + 1, [7, 8]), /a far jump, median: \d+ ms, and at most 100 ms \+ \d+ % is allowed: \[7,8\]/);
});

test('what is counted has no noise', () => {
  measured('nodes of the page', 1500);
  assert.throws(() => measured('nodes of the page', 1501));
});

test('what has to last is held from below', () => {
  measured('Undo is offered', 10);
  assert.throws(() => measured('Undo is offered', 9.9), /at least 10 s/);
});

test('a value that is none fails', () => {
  assert.throws(() => measured('largest paint, 4x slower, 10 Mbit/s, 40 ms', Number.NaN));
});
