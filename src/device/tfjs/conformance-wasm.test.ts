// The TensorFlow.js device against the contract, on its backend 'wasm'.

import { describeDevice } from '../../../test/device/conformance.js';
import { createTfjsDevice } from './tfjs-device.js';

describeDevice('tfjs:wasm', () => createTfjsDevice('wasm'));
