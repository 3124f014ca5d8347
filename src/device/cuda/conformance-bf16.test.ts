// The CUDA device against the contract in bf16, on the emulated card: tensors lie as tensor cores and fused epilogues
// ask for it.

import { createEmulatedDevice } from '../../../test/cuda-emulator/device.js';
import { describeDevice } from '../../../test/device/conformance.js';

describeDevice('cuda (emulated)', () => createEmulatedDevice(), 'bf16', { aligned: true });
