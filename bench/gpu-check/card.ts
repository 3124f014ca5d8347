// The card that a program of the check measures, opened directly: only a CUDA device times work on the card itself.

import {
  type CudaDevice,
  type CudaDeviceOptions,
  createCudaDevice,
} from '../../src/device/cuda/cuda-device.js';

/** @param name cuda or cuda:N. */
export function openCard(name: string, options: CudaDeviceOptions = {}): CudaDevice {
  return createCudaDevice({ ...options, ordinal: Number(name.split(':')[1] ?? 0) });
}
