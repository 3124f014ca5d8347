// The golden models on the TensorFlow.js device, backend 'node'. Runs only if tfjs-node is installed.

import { test } from 'node:test';
import { findPackage } from '../src/device/tfjs/backends.js';

if (findPackage('node') === undefined)
  test('tfjs:node', { skip: '@tensorflow/tfjs-node is not installed' }, () => {});
else {
  process.env.CHATBOT_TRAIN_TEST_DEVICE = 'tfjs:node';
  await import('./goldens.test.js');
}
