// Training on TensorFlow.js leaks no tensors, however many steps it takes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { goldenBatch, goldenWeights } from '../../../test/golden-model.js';
import { tinyConfig } from '../../../test/tiny-run.js';
import { GPT2 } from '../../nn/gpt2.js';
import { TrainingPass } from '../../nn/training-pass.js';
import { AdamW } from '../../train/optimizer.js';
import { createTfjsDevice } from './tfjs-device.js';

test('the number of tensors is the same after 1,000 steps as after two', async () => {
  const device = await createTfjsDevice('wasm');
  const config = { ...tinyConfig, vocabSize: 31, nEmbd: 8, nInner: 16, nLayer: 1 };
  const model = new GPT2(device, config, { trainable: true });
  let stream = 0;
  for (const { name, value } of model.parameters)
    model.parameters.load(device, name, goldenWeights(name, value.size, ++stream));
  const batch = goldenBatch([4, 3], config.vocabSize, 7);
  const pass = new TrainingPass(model, { capacity: 9, gradientCheckpointing: false, labelSmoothing: 0.1 });
  const settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 };
  const optimizer = new AdamW(device, model.parameters, settings);
  optimizer.restore(0);
  const losses: number[] = [];
  const step = (microStep: number) => {
    device.fill(pass.lossSum, 0);
    pass.accumulate(batch, 1 / batch.targets.length, { seed: 1n, microStep });
    optimizer.update(1e-3).wait();
    losses.push(device.download(pass.lossSum)[0] ?? Number.NaN);
  };
  const before = tf.memory().numTensors;
  step(0);
  step(1);
  const { numTensors, numBytes } = tf.memory();
  for (let count = 2; count < 1000; count++) step(count);
  assert.equal(tf.memory().numTensors, numTensors);
  assert.equal(tf.memory().numBytes, numBytes);
  assert.ok((losses.at(-1) ?? Number.NaN) < (losses[0] ?? 0));
  device.dispose();
  assert.ok(tf.memory().numTensors < before);
});
