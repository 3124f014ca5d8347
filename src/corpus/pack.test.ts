import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dealEpoch, planRows } from './pack.js';

const maxLength = 32;
const anyLengths = fc.array(fc.integer({ min: 1, max: maxLength }), { maxLength: 80 });
const ascending = (numbers: Iterable<number>) => [...numbers].sort((left, right) => left - right);

function lengthOfRow(row: readonly number[], lengths: readonly number[]): number {
  return row.reduce((sum, dialogue) => sum + (lengths[dialogue] ?? Number.NaN), 0);
}

test('every epoch has each dialogue exactly once, no row too long, and always as many rows', () => {
  fc.assert(
    fc.property(anyLengths, fc.boolean(), fc.nat(), (lengths, packing, seed) => {
      const plan = planRows(lengths, maxLength, packing);
      for (const epoch of [0, 1, 2]) {
        const rows = dealEpoch(plan, seed, epoch);
        assert.equal(rows.length, plan.rows.length);
        assert.deepEqual(ascending(rows.flat()), [...lengths.keys()]);
        for (const row of rows) assert.ok(lengthOfRow(row, lengths) <= maxLength);
      }
    }),
    { seed: 3, numRuns: 200 },
  );
});

test('the number of rows depends on the lengths alone, not on their order', () => {
  fc.assert(
    fc.property(
      anyLengths.chain((lengths) =>
        fc.tuple(fc.constant(lengths), fc.shuffledSubarray(lengths, { minLength: lengths.length })),
      ),
      ([lengths, reordered]) => {
        assert.equal(
          planRows(reordered, maxLength, true).rows.length,
          planRows(lengths, maxLength, true).rows.length,
        );
      },
    ),
    { seed: 4, numRuns: 200 },
  );
});

test('rows are as full as best-fit decreasing makes them', () => {
  fc.assert(
    fc.property(anyLengths, (lengths) => {
      assert.equal(planRows(lengths, maxLength, true).rows.length, bestFitDecreasing(lengths));
    }),
    { seed: 5, numRuns: 200 },
  );
});

/** The textbook's version, which looks at every row. */
function bestFitDecreasing(lengths: readonly number[]): number {
  const rooms: number[] = [];
  for (const length of ascending(lengths).reverse()) {
    let best = -1;
    for (const [row, room] of rooms.entries())
      if (room >= length && (best < 0 || room < (rooms[best] ?? 0))) best = row;
    if (best < 0) rooms.push(maxLength - length);
    else rooms[best] = (rooms[best] ?? 0) - length;
  }
  return rooms.length;
}

test('without packing every dialogue has a row', () => {
  assert.deepEqual(planRows([3, 1, 2], 8, false).rows, [[0], [1], [2]]);
});

test('dialogues trade places only with others of their length', () => {
  const lengths = [5, 5, 3, 3, 2, 2, 2, 7];
  const plan = planRows(lengths, 8, true);
  const shapes = (rows: readonly (readonly number[])[]) =>
    rows.map((row) => row.map((dialogue) => lengths[dialogue]).join()).sort();
  for (let epoch = 0; epoch < 8; epoch++)
    assert.deepEqual(shapes(dealEpoch(plan, 9, epoch)), shapes(plan.rows));
});

test('the same seed and epoch deal the same, and others deal otherwise', () => {
  const lengths = Array.from({ length: 60 }, (_, index) => 1 + (index % 4));
  const plan = planRows(lengths, 8, true);
  const deal = (seed: number, epoch: number) => dealEpoch(plan, seed, epoch);
  assert.deepEqual(deal(1, 0), deal(1, 0));
  assert.notDeepEqual(deal(1, 0), deal(1, 1));
  assert.notDeepEqual(deal(1, 0), deal(2, 0));
});

test('no dialogues make no rows', () => {
  assert.deepEqual(dealEpoch(planRows([], 8, true), 1, 0), []);
});

test('a length that fits no row is refused', () => {
  assert.throws(() => planRows([9], 8, true), RangeError);
  assert.throws(() => planRows([0], 8, true), RangeError);
});
