// The CUDA device against the contract, on the emulator of test/cuda-emulator.

import { emulatorFolder } from '../../../test/cuda-emulator/build.js';
import { describeDevice } from '../conformance.js';
import { createCudaDevice } from './cuda-device.js';

describeDevice('cuda (emulated)', () =>
  createCudaDevice({ env: { ...process.env, CHATBOT_TRAIN_CUDA_LIBRARIES: emulatorFolder() } }),
);
