// The TensorFlow.js device against the contract, on its backend 'cpu': its products are TensorFlow.js's own, in plain
// JavaScript, and cut into nothing by us, so that the small ones say all.

import { describeDevice } from '../../../test/device/conformance.js';
import { createTfjsDevice } from './tfjs-device.js';

describeDevice('tfjs:cpu', () => createTfjsDevice('cpu'), 'fp32', { largeProducts: false });
