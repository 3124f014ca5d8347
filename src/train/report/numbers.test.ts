import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evenly, formatDuration, formatNumber } from './numbers.js';

describe('formatNumber', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0'],
    [2.01349, '2.013'],
    [2.5, '2.5'],
    [100, '100'],
    [0.001, '0.001'],
    [12345.6, '12,346'],
    [5e-5, '5e-5'],
    [1.23456e-7, '1.235e-7'],
    [3e9, '3e9'],
    [-2.5, '-2.5'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '∞'],
    [Number.NEGATIVE_INFINITY, '−∞'],
  ];
  for (const [value, text] of cases)
    it(`prints ${value} as ${text}`, () => assert.equal(formatNumber(value), text));
});

describe('formatDuration', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0.04, '0 s'],
    [1.46, '1.5 s'],
    [9.99, '10 s'],
    [59.6, '1 min 0 s'],
    [185, '3 min 5 s'],
    [3599.6, '1 h 0 min'],
    [7620, '2 h 7 min'],
    [Number.NaN, '–'],
  ];
  for (const [seconds, text] of cases)
    it(`prints ${seconds} s as ${text}`, () => assert.equal(formatDuration(seconds), text));
});

describe('evenly', () => {
  const numbers = Array.from({ length: 100 }, (_, i) => i);
  it('keeps the first and the last of what it thins', () => {
    assert.deepEqual(evenly(numbers, 4), [0, 33, 66, 99]);
  });
  it('leaves few alone', () => {
    assert.deepEqual(evenly(numbers, 100), numbers);
  });
});
