// The golden models on TensorFlow itself. Where tfjs-node is not installed, which takes long to build, there is no test.

import { packages } from '../src/device/tfjs/backends.js';
import { findPackage } from '../src/files/installed-package.js';

if (findPackage(packages.node) !== undefined) {
  process.env.CHATBOT_TRAIN_TEST_DEVICE = 'tfjs:node';
  await import('./goldens.test.js');
}
