import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dealEpoch as dealtEpoch, type PackingPlan, planPacking } from './pack.js';

const maxLength = 32;
const anyLengths = fc.array(fc.integer({ min: 1, max: maxLength }), { maxLength: 80 });
/** The sequences as arrays. */
const listed = (lists: { readonly length: number; at(index: number): Int32Array }) =>
  Array.from({ length: lists.length }, (_, index) => [...lists.at(index)]);
const dealEpoch = (plan: PackingPlan, seed: number, epoch: number) => listed(dealtEpoch(plan, seed, epoch));
const ascending = (numbers: Iterable<number>) => [...numbers].sort((left, right) => left - right);

function lengthOfRow(sequence: readonly number[], lengths: readonly number[]): number {
  return sequence.reduce((sum, dialogue) => sum + (lengths[dialogue] ?? Number.NaN), 0);
}

test('every epoch has each dialogue once, the same number of sequences, and no sequence that is too long', () => {
  fc.assert(
    fc.property(anyLengths, fc.boolean(), fc.nat(), (lengths, packing, seed) => {
      const plan = planPacking(lengths, maxLength, packing);
      for (const epoch of [0, 1, 2]) {
        const sequences = dealEpoch(plan, seed, epoch);
        assert.equal(sequences.length, plan.sequences.length);
        assert.deepEqual(ascending(sequences.flat()), [...lengths.keys()]);
        for (const sequence of sequences) assert.ok(lengthOfRow(sequence, lengths) <= maxLength);
      }
    }),
    { seed: 3, numRuns: 200 },
  );
});

test('the number of sequences depends only on the lengths, not on their order', () => {
  fc.assert(
    fc.property(
      anyLengths.chain((lengths) =>
        fc.tuple(fc.constant(lengths), fc.shuffledSubarray(lengths, { minLength: lengths.length })),
      ),
      ([lengths, reordered]) => {
        assert.equal(
          planPacking(reordered, maxLength, true).sequences.length,
          planPacking(lengths, maxLength, true).sequences.length,
        );
      },
    ),
    { seed: 4, numRuns: 200 },
  );
});

test('sequences are as full as with textbook best-fit decreasing', () => {
  fc.assert(
    fc.property(anyLengths, (lengths) => {
      assert.equal(planPacking(lengths, maxLength, true).sequences.length, bestFitDecreasing(lengths));
    }),
    { seed: 5, numRuns: 200 },
  );
});

/** The textbook version, which checks every sequence. */
function bestFitDecreasing(lengths: readonly number[]): number {
  const rooms: number[] = [];
  for (const length of ascending(lengths).reverse()) {
    let best = -1;
    for (const [sequence, room] of rooms.entries())
      if (room >= length && (best < 0 || room < (rooms[best] ?? 0))) best = sequence;
    if (best < 0) rooms.push(maxLength - length);
    else rooms[best] = (rooms[best] ?? 0) - length;
  }
  return rooms.length;
}

test('without packing, every dialogue has its own sequence', () => {
  assert.deepEqual(listed(planPacking([3, 1, 2], 8, false).sequences), [[0], [1], [2]]);
});

test('dialogues trade places only with dialogues of the same length', () => {
  const lengths = [5, 5, 3, 3, 2, 2, 2, 7];
  const plan = planPacking(lengths, 8, true);
  const shapes = (sequences: readonly (readonly number[])[]) =>
    sequences.map((sequence) => sequence.map((dialogue) => lengths[dialogue]).join()).sort();
  for (let epoch = 0; epoch < 8; epoch++)
    assert.deepEqual(shapes(dealEpoch(plan, 9, epoch)), shapes(listed(plan.sequences)));
});

test('the same seed and epoch give the same order, and other seeds and epochs give another', () => {
  const lengths = Array.from({ length: 60 }, (_, index) => 1 + (index % 4));
  const plan = planPacking(lengths, 8, true);
  const deal = (seed: number, epoch: number) => dealEpoch(plan, seed, epoch);
  assert.deepEqual(deal(1, 0), deal(1, 0));
  assert.notDeepEqual(deal(1, 0), deal(1, 1));
  assert.notDeepEqual(deal(1, 0), deal(2, 0));
});

test('an empty corpus gives no sequences', () => {
  assert.deepEqual(dealEpoch(planPacking([], 8, true), 1, 0), []);
});

test('a length that does not fit into a sequence is refused', () => {
  assert.throws(() => planPacking([9], 8, true), RangeError);
  assert.throws(() => planPacking([0], 8, true), RangeError);
});
