// Checks the CUDA device against the contract in bf16, on the emulated card, with tensors aligned as tensor cores and
// fused epilogues require.

import { createEmulatedDevice } from '../../../test/cuda-emulator/device.js';
import { describeDevice } from '../../../test/device/conformance.js';

describeDevice('cuda (emulated)', () => createEmulatedDevice(), 'bf16', { aligned: true });
