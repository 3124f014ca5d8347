import assert from 'node:assert/strict';
import { test } from 'node:test';
import { against, ratio, table } from './findings.js';

const cells = (line: string) => line.split('|').map((cell) => cell.trim());

test('a finding is met or missed by its goal, at least or at most', () => {
  assert.equal(ratio('speed', 3, 2, 1.5, 'at least').met, true);
  assert.equal(ratio('speed', 2.9, 2, 1.5, 'at least').met, false);
  assert.equal(ratio('memory', 2, 3, 0.7, 'at most').met, true);
});

test('a value without a goal is shown, and is neither met nor missed', () => {
  const row = table([ratio('speed', 3, 2, undefined, 'at least')]).split('\n')[2] ?? '';
  assert.deepEqual(cells(row).slice(1, -1), [
    'speed',
    '3.00',
    '2.00',
    '1.50',
    'no goal on this processor',
    '',
  ]);
});

test('what was not measured is missing, also if only the peer was not', () => {
  const row = table([ratio('speed', 30, Number.NaN, 1.5, 'at least')]).split('\n')[2] ?? '';
  assert.deepEqual(cells(row).slice(1, -1), [
    'speed',
    '30.0',
    'missing',
    'missing',
    'at least 1.5',
    'missing',
  ]);
  assert.equal(against('time', 'missing', '', Number.NaN, 1, 'at most').met, null);
});
