// Computes the gradients of one micro-batch twice from the same state, and hashes every gradient tensor both times. The
// first pass runs directly, the second as a graph; the same bits must come out.
//
//     node dist/bench/gpu-check/gradients.js --device cuda --model medium --batch 16 --tokens 1024 --precision bf16

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { fullBatch } from '../full-batch.js';
import { freshLearner } from '../learner.js';
import { precisionOf } from '../measure.js';
import { openCard } from './card.js';

export interface GradientsResult {
  /** Of all gradients, in the order of the model's parameters; the same both times. */
  readonly sha256: string;
  readonly tensors: number;
  readonly loss: number;
}

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    precision: { type: 'string', default: 'bf16' },
    model: { type: 'string', default: 'medium' },
    vocabulary: { type: 'string', default: '50257' },
    batch: { type: 'string', default: '16' },
    tokens: { type: 'string', default: '1024' },
  },
});
const [sequences, length] = [Number(values.batch), Number(values.tokens)];
const capacity = sequences * length;
const device = openCard(values.device);
const precision = precisionOf(values.precision);
const { model, pass } = freshLearner(device, {
  model: values.model,
  vocabulary: Number(values.vocabulary),
  precision,
  capacity,
});
const batch = fullBatch(sequences, length, model.config.vocabSize);
const [first, second] = [gradients(), gradients()];
const differing = [...first.hashes].filter(([name, hash]) => second.hashes.get(name) !== hash);
assert.deepEqual(
  differing.map(([name]) => name),
  [],
  'a second pass over the same batch gives other gradients',
);
assert.equal(second.loss, first.loss, 'a second pass over the same batch gives another loss');
const whole = createHash('sha256');
for (const hash of first.hashes.values()) whole.update(hash);
const result: GradientsResult = {
  sha256: whole.digest('hex'),
  tensors: first.hashes.size,
  loss: first.loss / capacity,
};
console.log(JSON.stringify(result));
device.dispose();

/** The hash of each gradient, by the parameter's name, and the sum of losses. */
function gradients() {
  const { gradients: flat } = model.parameters;
  assert.ok(flat);
  device.fill(flat, 0);
  device.fill(pass.lossSum, 0);
  pass.accumulate(batch, 1 / capacity, { seed: 1n, microStep: 0 });
  const hashes = new Map<string, string>();
  for (const { name, gradient } of model.parameters) {
    const numbers = device.download(gradient);
    // In fp16, the initial loss scale may be too large for them.
    assert.ok(
      precision === 'fp16' || numbers.every(Number.isFinite),
      `the gradient of ${name} is not finite`,
    );
    hashes.set(name, createHash('sha256').update(numbers).digest('hex'));
  }
  const [loss = Number.NaN] = device.download(pass.lossSum);
  return { hashes, loss };
}
