// The TensorFlow.js device against the contract, on its backend 'cpu'.

import { describeDevice } from '../conformance.js';
import { createTfjsDevice } from './tfjs-device.js';

describeDevice('tfjs:cpu', () => createTfjsDevice('cpu'));
