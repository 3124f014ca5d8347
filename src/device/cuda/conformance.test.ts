// Checks the CUDA device against the contract in float32, on the emulator in test/cuda-emulator. Its large matrix products
// are in conformance.heavy.test.ts.

import { createEmulatedDevice } from '../../../test/cuda-emulator/device.js';
import { describeDevice } from '../../../test/device/conformance.js';

describeDevice('cuda (emulated)', () => createEmulatedDevice(), 'fp32', { largeProducts: false });
