// The TensorFlow.js device on the backend 'cpu' against the contract. Matrix products are TensorFlow.js's own plain
// JavaScript, with no blocking of ours, so small products are enough.

import { describeDevice } from '../../../test/device/conformance.js';
import { createTfjsDevice } from './tfjs-device.js';

describeDevice('tfjs:cpu', () => createTfjsDevice('cpu'), 'fp32', { largeProducts: false });
