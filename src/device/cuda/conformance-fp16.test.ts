// The CUDA device against the contract in fp16, on the emulated card: tensors lie anywhere, so everything is done by
// kernels that ask for nothing; attention once more as tensor cores ask for it.

import { createEmulatedDevice } from '../../../test/cuda-emulator/device.js';
import { describeDevice } from '../../../test/device/conformance.js';

describeDevice('cuda (emulated)', () => createEmulatedDevice(), 'fp16');
describeDevice('cuda (emulated, aligned)', () => createEmulatedDevice(), 'fp16', {
  aligned: true,
  attentionOnly: true,
});
