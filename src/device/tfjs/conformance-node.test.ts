// The TensorFlow.js device on the backend 'node' against the contract. Runs only if tfjs-node is installed
// (scripts/setup-tfjs-node.mjs builds it).

import { describeDevice } from '../../../test/device/conformance.js';
import { findPackage } from '../../files/installed-package.js';
import { packages } from './backends.js';
import { createTfjsDevice } from './tfjs-device.js';

if (findPackage(packages.node) !== undefined) describeDevice('tfjs:node', () => createTfjsDevice('node'));
