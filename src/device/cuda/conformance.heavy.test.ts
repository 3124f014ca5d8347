// Checks large matrix products of the CUDA device against the contract in float32, on the emulator in test/cuda-emulator.

import { createEmulatedDevice } from '../../../test/cuda-emulator/device.js';
import { describeDevice } from '../../../test/device/conformance.js';

describeDevice('cuda (emulated)', () => createEmulatedDevice(), 'fp32', { part: 'products' });
