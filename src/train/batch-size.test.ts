import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunOptions } from '../config/output-folder.js';
import { completeOptions } from '../config/schema.js';
import { trainOptions } from '../config/train-options.js';
import { type BatchSizeLimits, batchSizeNote, settleBatchSize } from './batch-size.js';

const options: RunOptions = {
  ...completeOptions(trainOptions, []),
  outputDir: 'results/mine',
  perDeviceTrainBatchSize: 'auto',
};
const settled = (accumulation: number, limits: Partial<BatchSizeLimits>) => {
  const { perDeviceTrainBatchSize, gradientAccumulationSteps } = settleBatchSize(
    { ...options, gradientAccumulationSteps: accumulation },
    {
      ...{ maxLength: 100, usefulTokens: Number.POSITIVE_INFINITY, fits: () => true },
      ...{ recorded: () => undefined, ...limits },
    },
  );
  return [perDeviceTrainBatchSize, gradientAccumulationSteps];
};
const upTo = (rows: number) => ({ fits: (tokens: number) => tokens <= 100 * rows });

test('as many rows as fit are computed at once, and a step has as many as ever', () => {
  assert.deepEqual(settled(1, {}), [8, 1]);
  assert.deepEqual(settled(4, {}), [32, 1]);
  assert.deepEqual(settled(4, upTo(16)), [16, 2]);
  assert.deepEqual(settled(3, upTo(7)), [6, 4]);
  assert.deepEqual(settled(1, upTo(7)), [4, 2]);
  assert.deepEqual(settled(1, upTo(0)), [1, 8]);
});

test('no more than the device has use for', () => {
  assert.deepEqual(settled(4, { usefulTokens: 1000 }), [8, 4]);
  assert.deepEqual(settled(1, { usefulTokens: 50 }), [1, 8]);
});

test('a resumed run keeps how its rows were divided, where a step has as many', () => {
  const run: Readonly<Record<string, number>> = { perDeviceTrainBatchSize: 2, gradientAccumulationSteps: 4 };
  assert.deepEqual(settled(1, { recorded: (key) => run[key] }), [2, 4]);
  assert.deepEqual(settled(2, { recorded: (key) => run[key] }), [16, 1]);
});

test('a number stays', () => {
  const limits = { maxLength: 1, usefulTokens: 1, fits: () => false, recorded: () => undefined };
  const given = settleBatchSize({ ...options, perDeviceTrainBatchSize: 5 }, limits);
  assert.equal(given.perDeviceTrainBatchSize, 5);
  assert.match(batchSizeNote({ ...given, gradientAccumulationSteps: 2 }), /10 rows .* in 2 batches of 5$/);
});
