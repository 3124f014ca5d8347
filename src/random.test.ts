import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Random } from './random.js';

const draws = (random: Random, count: number) => Array.from({ length: count }, () => random.next());

test('the same key draws the same numbers, and every other key others', () => {
  const keys = [[], [0], [1], [0, 0], [0, 1], [1, 0], [2 ** 32], [2 ** 53 - 1], [-1]];
  const drawn = keys.map((key) => draws(new Random(...key), 4).join());
  assert.deepEqual(
    keys.map((key) => draws(new Random(...key), 4).join()),
    drawn,
  );
  assert.equal(new Set(drawn).size, keys.length);
});

test('draws are 32-bit integers, spread evenly', () => {
  const numbers = draws(new Random(42), 20_000);
  for (const number of numbers) assert.ok(Number.isInteger(number) && number >= 0 && number < 2 ** 32);
  const counts = new Array<number>(16).fill(0);
  for (const number of numbers) counts[number >>> 28] = (counts[number >>> 28] ?? 0) + 1;
  // 1250 expected in each sixteenth; 150 is more than four standard deviations.
  for (const count of counts) assert.ok(Math.abs(count - 1250) < 150, String(count));
});

test('a number below a bound is below it, and all of them come', () => {
  const random = new Random(7);
  const seen = new Set(Array.from({ length: 400 }, () => random.below(10)));
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(random.below(1), 0);
});

test('shuffling keeps every item', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.nat(), (items, seed) => {
      const order = (numbers: readonly number[]) => [...numbers].sort((left, right) => left - right);
      assert.deepEqual(order(new Random(seed).shuffle([...items])), order(items));
    }),
    { seed: 10, numRuns: 100 },
  );
});

test('every order of three is as likely', () => {
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 6000; seed++) {
    const order = new Random(seed).shuffle(['a', 'b', 'c']).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 6);
  for (const [order, count] of counts) assert.ok(Math.abs(count - 1000) < 150, `${order}: ${count}`);
});
