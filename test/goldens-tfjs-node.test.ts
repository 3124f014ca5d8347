// The golden models on TensorFlow itself. Where tfjs-node is not installed, which takes long to build, there is no test.

import { findPackage } from '../src/device/tfjs/backends.js';

if (findPackage('node') !== undefined) {
  process.env.CHATBOT_TRAIN_TEST_DEVICE = 'tfjs:node';
  await import('./goldens.test.js');
}
