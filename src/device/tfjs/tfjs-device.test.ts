// Tests specific to the TensorFlow.js device: dropout masks, storages, errors.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { dropoutMask } from '../../../test/device/reference.js';
import { asyncRefusal } from '../../../test/refusal.js';
import { openBackend } from './backends.js';
import { maskOf } from './dropout-masks.js';
import { FlatStorage } from './flat-storage.js';
import { TfjsMemory } from './memory.js';
import { TfjsDevice } from './tfjs-device.js';

test('masks match the reference for every seed, step, site and row', () => {
  const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  fc.assert(
    fc.property(
      word,
      word,
      word,
      fc.nat(1000),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      (low, high, step, site, probability) => {
        const drawn = maskOf({ probability, site, counter: Int32Array.of(low, high, step) }, 3, 11);
        const expected = dropoutMask({ probability, site, counter: [low, high, step] }, 3, 11);
        assert.deepEqual(drawn, Float32Array.from(expected));
      },
    ),
    { seed: 1, numRuns: 50 },
  );
});

test('a storage returns what was written last, for all ranges', async () => {
  await openBackend('cpu');
  const size = 24;
  const range = fc
    .tuple(fc.nat(size - 1), fc.integer({ min: 1, max: size }))
    .map(([from, count]) => [from, Math.min(count, size - from)] as const);
  const action = fc.tuple(fc.constantFrom('write', 'fill', 'read'), range);
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      const before = tf.memory().numTensors;
      const [storage, expected] = [new FlatStorage(size), new Float32Array(size)];
      actions.forEach(([what, [from, count]], index) => {
        tf.tidy(() => {
          if (what === 'read')
            assert.deepEqual(storage.read(from, count).dataSync(), expected.slice(from, from + count));
          else if (what === 'fill') storage.fill(from, count, index + 1);
          else storage.write(from, tf.fill([count], -index - 1));
        });
        if (what !== 'read') expected.fill(what === 'fill' ? index + 1 : -index - 1, from, from + count);
      });
      tf.tidy(() => assert.deepEqual(storage.read(0, size).dataSync(), expected));
      storage.release();
      assert.equal(tf.memory().numTensors, before);
    }),
    { seed: 1, numRuns: 200 },
  );
});

const refused = (backend: string): Promise<string> => asyncRefusal('device', () => openBackend(backend));

test('the error for an unknown backend lists the known ones', async () => {
  const known =
    'use tfjs:node-gpu, tfjs:node, tfjs:wasm, tfjs:cpu, or tfjs for the best of them that is installed';
  assert.equal(await refused('webgl'), `unknown TensorFlow.js backend 'webgl': ${known}.`);
  assert.equal(
    await refused('wasn'),
    `unknown TensorFlow.js backend 'wasn' (did you mean 'wasm'?): ${known}.`,
  );
});

test('an out-of-memory error says how much is needed and what the limit is', () => {
  const memory = new TfjsMemory(2 ** 20);
  memory.allocate('weights', [2 ** 17], 'f32');
  assert.throws(
    () => memory.allocate('activations', [2 ** 18], 'f32'),
    /^UserError: not enough memory: activations needs .* are available \(WebAssembly addresses .* at most; .*maxLength/,
  );
});

test('WebAssembly that runs out of memory during an operation gives an out-of-memory error', async () => {
  const device = new TfjsDevice(await openBackend('wasm'));
  // Memory runs out in a backend that has computed before.
  const one = device.allocate('one', [1, 1]);
  device.matmul(one, device.allocate('left', [1, 1]), device.allocate('right', [1, 1]));
  // The operands are never touched, so they use no memory. The product would need 40 GB.
  const tall = device.allocate('tall', [100_000, 1]);
  const huge = Object.assign(Object.create(tall), { shape: [100_000, 100_000], size: 1e10 });
  assert.throws(
    () => device.matmul(huge, tall, device.allocate('wide', [1, 100_000])),
    /not enough memory: an operation of TensorFlow\.js/,
  );
  device.dispose();
});
