// The CUDA device on the emulated card.

import {
  type CudaDevice,
  type CudaDeviceOptions,
  createCudaDevice,
} from '../../src/device/cuda/cuda-device.js';
import { emulatorFolder } from './build.js';

export function createEmulatedDevice(options: CudaDeviceOptions = {}): CudaDevice {
  return createCudaDevice({
    ...options,
    env: { ...process.env, CHATBOT_TRAIN_CUDA_LIBRARIES: emulatorFolder() },
  });
}
