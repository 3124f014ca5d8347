import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../random.js';
import { exponentialOfMinus } from './exponential.js';

test('e^-x is right to ten digits from 0 to where numbers end', () => {
  const random = new Random(1);
  for (const scale of [1e-9, 1e-3, 1, 20, 708])
    for (let draw = 0; draw < 5000; draw++) {
      const x = (random.next() / 2 ** 32) * scale;
      const expected = Math.exp(-x);
      assert.ok(Math.abs(exponentialOfMinus(x) - expected) <= 1e-10 * expected, String(x));
    }
});

test('e^-x is exactly 1 for 0, and 0 for what is too large or no number', () => {
  assert.equal(exponentialOfMinus(0), 1);
  for (const x of [709, 1e300, Number.POSITIVE_INFINITY, Number.NaN]) assert.equal(exponentialOfMinus(x), 0);
});
