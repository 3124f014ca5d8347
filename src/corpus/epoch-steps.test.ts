import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LabelledTokens } from './encode-dialogue.js';
import { type EpochOptions, EpochSteps } from './epoch-steps.js';

const maxLength = 16;

/** The first token identifies the dialogue. */
function dialogueOf(length: number, index: number): LabelledTokens {
  const tokens = Int32Array.from({ length }, (_, position) => (position === 0 ? 1000 + index : position));
  return {
    tokens,
    targets: tokens.map((id) => id),
    supervisedTokens: length,
  };
}

const anyDialogues = fc
  .array(fc.integer({ min: 1, max: maxLength }), { minLength: 1, maxLength: 40 })
  .map((lengths) => lengths.map(dialogueOf));
const anyOptions: fc.Arbitrary<EpochOptions> = fc.record({
  maxLength: fc.constant(maxLength),
  packing: fc.boolean(),
  batchSize: fc.integer({ min: 1, max: 4 }),
  gradientAccumulationSteps: fc.integer({ min: 1, max: 3 }),
  seed: fc.nat(),
});

const epochOf = (epochSteps: EpochSteps, epoch: number) =>
  Array.from({ length: epochSteps.stepsPerEpoch }, (_, index) => epochSteps.step(epoch, index));
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

test('an epoch has every dialogue once, and each step counts the tokens of its batches', () => {
  fc.assert(
    fc.property(anyDialogues, anyOptions, fc.nat(5), (dialogues, options, epoch) => {
      const epochSteps = new EpochSteps(dialogues, options);
      const all = epochOf(epochSteps, epoch);
      const firsts = all.flatMap(({ batches }) =>
        batches.flatMap(({ tokens }) => [...tokens].filter((id) => id >= 1000)),
      );
      assert.deepEqual(
        firsts.sort((left, right) => left - right),
        [...dialogues.keys()].map((index) => 1000 + index),
      );
      for (const { batches, tokens, supervisedTokens } of all) {
        assert.ok(batches.length >= 1 && batches.length <= options.gradientAccumulationSteps);
        const laidOut = sum(batches.map((batch) => batch.tokens.length));
        assert.ok(options.packing ? tokens === laidOut : tokens <= laidOut);
        assert.equal(supervisedTokens, sum(batches.map(({ targets }) => targets.length)));
        for (const batch of batches) assert.ok(batch.tokens.length <= epochSteps.largestBatch);
      }
      assert.equal(sum(all.map(({ tokens }) => tokens)), sum(dialogues.map((one) => one.tokens.length)));
    }),
    { seed: 8, numRuns: 150 },
  );
});

test('a run resumed at any step gets the same batches as the original run', () => {
  fc.assert(
    fc.property(anyDialogues, anyOptions, fc.nat(3), fc.nat(), (dialogues, options, epoch, draw) => {
      const epochSteps = new EpochSteps(dialogues, options);
      const index = draw % epochSteps.stepsPerEpoch;
      const wanted = epochOf(epochSteps, epoch)[index];
      assert.deepEqual(new EpochSteps(dialogues, options).step(epoch, index), wanted);
      // Reading another epoch in between changes nothing.
      epochSteps.step(epoch + 1, 0);
      assert.deepEqual(epochSteps.step(epoch, index), wanted);
    }),
    { seed: 9, numRuns: 100 },
  );
});

test('only the last step of an epoch can be short', () => {
  const dialogues = Array.from({ length: 7 }, (_, index) => dialogueOf(maxLength, index));
  const options = { maxLength, packing: true, batchSize: 2, gradientAccumulationSteps: 2, seed: 1 };
  const epochSteps = new EpochSteps(dialogues, options);
  const rowsOf = epochOf(epochSteps, 0).map(({ batches }) =>
    batches.map(({ tokens }) => tokens.length / maxLength),
  );
  assert.deepEqual(rowsOf, [
    [2, 2],
    [2, 1],
  ]);
  assert.equal(epochSteps.sequences, 7);
  assert.equal(epochSteps.largestBatch, 2 * maxLength);
});

test('without packing, every sequence is padded to maxLength, and padding does not count as tokens', () => {
  const options = { maxLength, packing: false, batchSize: 4, gradientAccumulationSteps: 1, seed: 1 };
  const { batches, tokens } = new EpochSteps([3, 5].map(dialogueOf), options).step(0, 0);
  assert.deepEqual(
    batches.map((batch) => batch.tokens.length),
    [2 * maxLength],
  );
  assert.equal(tokens, 8);
});

test('a step that the epoch does not have is refused', () => {
  const epochSteps = new EpochSteps([dialogueOf(3, 0)], {
    maxLength,
    packing: true,
    batchSize: 1,
    gradientAccumulationSteps: 1,
    seed: 1,
  });
  assert.throws(() => epochSteps.step(0, 1), RangeError);
  assert.throws(() => epochSteps.step(0, -1), RangeError);
});
