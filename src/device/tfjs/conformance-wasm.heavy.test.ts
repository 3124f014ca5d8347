// The TensorFlow.js device on the backend 'wasm' against the contract.

import { describeDevice } from '../../../test/device/conformance.js';
import { createTfjsDevice } from './tfjs-device.js';

describeDevice('tfjs:wasm', () => createTfjsDevice('wasm'));
