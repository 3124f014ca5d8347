// Checks the CUDA device against the contract in fp16, on the emulated card. Tensors are unaligned, so every operation
// uses the kernels without alignment requirements; attention also runs once with the alignment tensor cores require.

import { createEmulatedDevice } from '../../../test/cuda-emulator/device.js';
import { describeDevice } from '../../../test/device/conformance.js';

describeDevice('cuda (emulated)', () => createEmulatedDevice(), 'fp16');
describeDevice('cuda (emulated, aligned)', () => createEmulatedDevice(), 'fp16', {
  aligned: true,
  part: 'attention',
});
