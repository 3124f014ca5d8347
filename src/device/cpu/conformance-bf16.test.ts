// Checks the CPU device against the contract in bf16.

import { describeDevice } from '../../../test/device/conformance.js';
import { createCpuDevice } from './cpu-device.js';

describeDevice('cpu', () => createCpuDevice(), 'bf16');
