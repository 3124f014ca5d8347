// GPT-2 against PyTorch and transformers in float64 (scripts/make-goldens.py), on the CPU device or on the device in
// CHATBOT_TRAIN_TEST_DEVICE. With CHATBOT_TRAIN_TEST_WAYS=one each model runs either with or without gradient checkpointing.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Device } from '../src/device/device.js';
import { selectDevice } from '../src/device/select.js';
import type { Batch } from '../src/nn/batch.js';
import { GPT2 } from '../src/nn/gpt2.js';
import { parseGPT2Config } from '../src/nn/gpt2-config.js';
import { ScoringPass } from '../src/nn/scoring-pass.js';
import { TrainingPass } from '../src/nn/training-pass.js';
import { AdamW } from '../src/train/optimizer.js';
import { openSafetensors } from '../src/weights/safetensors.js';
import { goldenBatch, goldenProjection, goldenWeights } from './golden-model.js';
import { repositoryRoot } from './repository.js';

interface Golden {
  readonly config: Record<string, unknown>;
  readonly names: readonly string[];
  readonly lengths: readonly (readonly number[])[];
  readonly loss: number;
  readonly losses: readonly number[];
  readonly norms: readonly number[];
  readonly parameter_norms: Readonly<Record<string, number>>;
  readonly projections: Readonly<Record<string, number>>;
}

const folder = join(repositoryRoot, 'test/goldens/gpt2');
const random = { seed: 1n, microStep: 0 };

function norm(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}

/** |actual - expected| / |expected|, with the Euclidean norm. */
function relativeError(actual: Float32Array, expected: Float32Array): number {
  assert.equal(actual.length, expected.length);
  return norm(actual.map((value, index) => value - (expected[index] ?? Number.NaN))) / norm(expected);
}

function largestDifference(actual: Float32Array, expected: Float32Array): number {
  assert.equal(actual.length, expected.length);
  return actual.reduce(
    (most, value, index) => Math.max(most, Math.abs(value - (expected[index] ?? Number.NaN))),
    0,
  );
}

/**
 * The largest difference, without the key's third of the attention bias. A constant shift of all inputs does not change the
 * softmax, so the exact gradient of that part is zero, and AdamW turns its rounding errors into full-size steps.
 */
function learntDifference(parameter: string, actual: Float32Array, expected: Float32Array): number {
  if (!parameter.endsWith('c_attn.bias')) return largestDifference(actual, expected);
  const third = actual.length / 3;
  const [query, value] = [0, 2 * third].map((from) =>
    largestDifference(actual.subarray(from, from + third), expected.subarray(from, from + third)),
  );
  return Math.max(query ?? Number.NaN, value ?? Number.NaN);
}

for (const [index, name] of ['plain', 'odd', 'variant', 'unscaled'].entries()) {
  const ways = process.env.CHATBOT_TRAIN_TEST_WAYS === 'one' ? [index % 2 === 1] : [false, true];
  for (const gradientCheckpointing of ways) {
    describe(`golden model ${name}${gradientCheckpointing ? ' with gradient checkpointing' : ''}`, () => {
      const golden: Golden = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
      const expected = openSafetensors(join(folder, `${name}.safetensors`));
      const config = parseGPT2Config(golden.config, name);
      const batches = golden.lengths.map((lengths, index) =>
        goldenBatch(lengths, config.vocabSize, 100 + 20 * index),
      );
      let device: Device;

      const build = () => {
        const model = new GPT2(device, config, { trainable: true });
        golden.names.forEach((parameter, index) => {
          const { value } = model.parameters.get(parameter);
          model.parameters.load(device, parameter, goldenWeights(parameter, value.size, index + 1));
        });
        const capacity = Math.max(...batches.map(({ tokens }) => tokens.length));
        return {
          model,
          pass: new TrainingPass(model, { capacity, gradientCheckpointing, labelSmoothing: 0 }),
        };
      };
      const meanLoss = (pass: TrainingPass, count: number) => (device.download(pass.lossSum)[0] ?? 0) / count;
      const first = (): Batch => {
        const [batch] = batches;
        assert.ok(batch);
        return batch;
      };

      before(async () => {
        device = await selectDevice(process.env.CHATBOT_TRAIN_TEST_DEVICE ?? 'cpu', { threads: 2 });
      });
      after(() => device.dispose());

      test('the logits match', () => {
        const { model } = build();
        const pass = new ScoringPass(model, { capacity: first().tokens.length });
        assert.ok(largestDifference(pass.logits(first()), expected.read('logits')) < 1e-4);
      });

      test('the loss and the gradient of every parameter match', () => {
        const { model, pass } = build();
        const count = first().targets.length;
        pass.accumulate(first(), 1 / count, random);
        assert.ok(Math.abs(meanLoss(pass, count) - golden.loss) < 1e-5);
        for (const parameter of model.parameters) {
          const error = relativeError(
            device.download(parameter.gradient),
            expected.read(`grad.${parameter.name}`),
          );
          assert.ok(error < 1e-6, `${parameter.name}: ${error}`);
        }
      });

      test('20 AdamW steps with accumulation and clipping match', () => {
        const { model, pass } = build();
        const settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 };
        const optimizer = new AdamW(device, model.parameters, settings);
        const count = batches.reduce((sum, { targets }) => sum + targets.length, 0);
        for (const [step, expectedLoss] of golden.losses.entries()) {
          device.fill(pass.lossSum, 0);
          for (const batch of batches) pass.accumulate(batch, 1 / count, random);
          assert.ok(Math.abs(meanLoss(pass, count) / expectedLoss - 1) < 1e-5, `loss of step ${step}`);
          const gradNorm = optimizer.update(1e-3).wait().norm;
          assert.ok(
            Math.abs(gradNorm / (golden.norms[step] ?? 0) - 1) < 1e-4,
            `gradient norm of step ${step}`,
          );
        }
        for (const { name: parameter, value } of model.parameters) {
          const reached = device.download(value);
          if (value.shape.length > 1) {
            const expectedNorm = golden.parameter_norms[parameter] ?? 0;
            assert.ok(Math.abs(norm(reached) / expectedNorm - 1) < 1e-5, parameter);
            const projected = goldenProjection(reached, 500 + golden.names.indexOf(parameter));
            const apart = Math.abs(projected - (golden.projections[parameter] ?? Number.NaN)) / expectedNorm;
            assert.ok(apart < 5e-6, `${parameter}: ${apart}`);
          } else {
            const difference = learntDifference(parameter, reached, expected.read(`after.${parameter}`));
            assert.ok(difference < 2e-4, `${parameter}: ${difference}`);
          }
        }
      });
    });
  }
}
