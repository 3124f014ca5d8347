// The error if Node.js has no SIMD support in WebAssembly.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../../errors.js';
import { openBackend } from './backends.js';

test('WebAssembly without SIMD is refused', async () => {
  await import('@tensorflow/tfjs-backend-wasm');
  tf.env().set('WASM_HAS_SIMD_SUPPORT', false);
  await assert.rejects(
    openBackend('wasm'),
    (thrown) =>
      thrown instanceof UserError &&
      thrown.fault === 'device' &&
      /^this Node\.js has no SIMD support in WebAssembly, .*device: 'tfjs:cpu'\.$/.test(thrown.message),
  );
});
