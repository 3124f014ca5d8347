// The TensorFlow.js device against the contract on TensorFlow itself. Where tfjs-node is not installed
// (scripts/setup-tfjs-node.mjs builds it, which takes long), there is no test.

import { describeDevice } from '../../../test/device/conformance.js';
import { findPackage } from './backends.js';
import { createTfjsDevice } from './tfjs-device.js';

if (findPackage('node') !== undefined) describeDevice('tfjs:node', () => createTfjsDevice('node'));
