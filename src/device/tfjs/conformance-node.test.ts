// The TensorFlow.js device on the backend 'node' against the contract. Runs only if tfjs-node is installed
// (scripts/setup-tfjs-node.mjs builds it).

import { describeDevice } from '../../../test/device/conformance.js';
import { findPackage } from './backends.js';
import { createTfjsDevice } from './tfjs-device.js';

if (findPackage('node') !== undefined) describeDevice('tfjs:node', () => createTfjsDevice('node'));
