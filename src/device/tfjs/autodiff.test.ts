// An independent check of the hand-written gradients. GPT-2's loss is written again with TensorFlow.js operations only, and
// differentiated by TensorFlow.js. The gradients of the CPU kernels and of the TensorFlow.js device must match.

import assert from 'node:assert/strict';
import { register } from 'node:module';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { goldenBatch, goldenWeights } from '../../../test/golden-model.js';
import type { Batch } from '../../nn/batch.js';
import { GPT2 } from '../../nn/gpt2.js';
import { type GPT2Config, presetConfig } from '../../nn/gpt2-config.js';
import { TrainingPass } from '../../nn/training-pass.js';
import { createCpuDevice } from '../cpu/cpu-device.js';
import type { Device } from '../device.js';
import { createTfjsDevice } from './tfjs-device.js';

const config: GPT2Config = {
  ...presetConfig('tiny', 61),
  ...{ nPositions: 16, nEmbd: 24, nLayer: 2, nHead: 3, nInner: 40 },
  ...{ embdPdrop: 0, attnPdrop: 0, residPdrop: 0 },
};
const batch = goldenBatch([9, 1, 14, 5], config.vocabSize, 40);

type Weights = ReadonlyMap<string, tf.Tensor>;

function weight(weights: Weights, name: string): tf.Tensor {
  const found = weights.get(name);
  assert.ok(found, name);
  return found;
}

function layernorm(x: tf.Tensor, weights: Weights, name: string): tf.Tensor {
  const { mean, variance } = tf.moments(x, 1, true);
  const normal = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, config.layerNormEpsilon)));
  return tf.add(tf.mul(normal, weight(weights, `${name}.weight`)), weight(weights, `${name}.bias`));
}

function linear(x: tf.Tensor, weights: Weights, name: string): tf.Tensor {
  return tf.add(tf.matMul(x, weight(weights, `${name}.weight`)), weight(weights, `${name}.bias`));
}

/** Attention over all positions at once, with a mask for later positions and other segments. */
function attention(qkv: tf.Tensor, { segmentStarts }: Batch): tf.Tensor {
  const [rows, heads, channels] = [segmentStarts.length, config.nHead, config.nEmbd];
  const allowed = tf.tensor2d(
    Float32Array.from({ length: rows * rows }, (_, index) => {
      const [row, column] = [Math.floor(index / rows), index % rows];
      return column <= row && column >= (segmentStarts[row] ?? 0) ? 0 : -1e9;
    }),
    [rows, rows],
  );
  const [query, key, value] = tf
    .split(qkv, 3, 1)
    .map((third) => tf.transpose(tf.reshape(third, [rows, heads, channels / heads]), [1, 0, 2]));
  assert.ok(query && key && value);
  const scores = tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(channels / heads));
  const mixed = tf.matMul(tf.softmax(tf.add(scores, allowed)), value);
  return tf.reshape(tf.transpose(mixed, [1, 0, 2]), [rows, channels]);
}

function gelu(x: tf.Tensor): tf.Tensor {
  const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.pow(x, 3))));
  return tf.mul(tf.mul(0.5, x), tf.add(1, tf.tanh(inner)));
}

/** The mean loss over supervised positions, as in the GPT-2 paper and its code. */
function loss(weights: Weights, input: Batch): tf.Scalar {
  const integers = (values: Int32Array) => tf.tensor1d(values, 'int32');
  const table = weight(weights, 'wte.weight');
  let stream = tf.add(
    tf.gather(table, integers(input.tokens)),
    tf.gather(weight(weights, 'wpe.weight'), integers(input.positions)),
  );
  for (let layer = 0; layer < config.nLayer; layer++) {
    const block = `h.${layer}`;
    const qkv = linear(layernorm(stream, weights, `${block}.ln_1`), weights, `${block}.attn.c_attn`);
    stream = tf.add(stream, linear(attention(qkv, input), weights, `${block}.attn.c_proj`));
    const wide = gelu(linear(layernorm(stream, weights, `${block}.ln_2`), weights, `${block}.mlp.c_fc`));
    stream = tf.add(stream, linear(wide, weights, `${block}.mlp.c_proj`));
  }
  const hidden = tf.gather(layernorm(stream, weights, 'ln_f'), integers(input.supervisedRows));
  const logits = tf.matMul(hidden, table, false, true);
  const wanted = tf.cast(tf.oneHot(integers(input.targets), config.vocabSize), 'float32');
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), wanted), 1)));
}

/**
 * Registers TensorFlow.js's own gradients, which its bundle for Node.js does not include. They are imported from its
 * modules; hooks add the file extension and the module format, which Node.js needs and these modules lack. The modules
 * share the global registry with the bundle.
 */
async function registerGradients(): Promise<void> {
  const hooks = `
    const own = (url) => url?.includes('/tfjs-core/dist/');
    export const resolve = (name, context, next) =>
      next(own(context.parentURL) && name.startsWith('.') && !name.endsWith('.js') ? name + '.js' : name, context);
    export const load = (url, context, next) =>
      next(url, own(url) && !url.endsWith('.node.js') ? { ...context, format: 'module' } : context);`;
  register(`data:text/javascript,${encodeURIComponent(hooks)}`);
  await import('@tensorflow/tfjs-core/dist/register_all_gradients.js');
}

/** The values and gradients by parameter, and the loss. */
function ownGradients(device: Device) {
  const model = new GPT2(device, config, { trainable: true });
  const values = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const { name, value } of model.parameters) {
    const data = goldenWeights(name, value.size, values.size + 1);
    values.set(name, { shape: value.shape, data });
    model.parameters.load(device, name, data);
  }
  const count = batch.targets.length;
  const pass = new TrainingPass(model, {
    capacity: batch.tokens.length,
    gradientCheckpointing: false,
    labelSmoothing: 0,
  });
  pass.accumulate(batch, 1 / count, { seed: 1n, microStep: 0 });
  const gradients = new Map(
    Array.from(model.parameters, ({ name, gradient }) => [name, device.download(gradient)]),
  );
  return { values, gradients, loss: (device.download(pass.lossSum)[0] ?? Number.NaN) / count };
}

test('the automatic gradients of TensorFlow.js match those of the CPU and of the TensorFlow.js device', async () => {
  const tfjs = await createTfjsDevice('cpu');
  await registerGradients();
  const cpu = createCpuDevice({ threads: 1 });
  const [own, other] = [ownGradients(cpu), ownGradients(tfjs)];
  const names = [...own.values.keys()];
  tf.tidy(() => {
    const arguments_ = [...own.values.values()].map(({ shape, data }) => tf.tensor(data.slice(), [...shape]));
    const differentiate = tf.valueAndGrads((...given: tf.Tensor[]) =>
      loss(new Map(names.map((name, index) => [name, given[index] ?? tf.scalar(Number.NaN)])), batch),
    );
    const { value, grads } = differentiate(arguments_);
    const expected = value.dataSync()[0] ?? Number.NaN;
    assert.ok(Math.abs(own.loss / expected - 1) < 1e-5, `${own.loss} and ${expected}`);
    names.forEach((name, index) => {
      const wanted = grads[index]?.dataSync();
      assert.ok(wanted);
      const size = Math.hypot(...wanted);
      for (const [device, { gradients }] of [
        ['cpu', own],
        ['tfjs', other],
      ] as const) {
        const given = gradients.get(name);
        assert.ok(given && given.length === wanted.length);
        const apart = Math.hypot(...given.map((number, at) => number - (wanted[at] ?? Number.NaN)));
        assert.ok(apart <= 2e-5 * size, `${device}, ${name}: ${apart / size}`);
      }
    });
  });
  cpu.dispose();
  tfjs.dispose();
});
