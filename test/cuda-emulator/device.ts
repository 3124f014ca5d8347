// The CUDA device on the emulated card, and what only an emulator tells of it.

import { join } from 'node:path';
import koffi from 'koffi';
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

/** Bytes that kernels of this process have brought into shared memory by cp.async, so far. */
export function copiedBytes(): number {
  return asked('libcuda.so.1', 'emulator_copied_bytes', 'uint64_t');
}

/** How often this process has made a card's primary context. */
export function contextsMade(): number {
  return asked('libcuda.so.1', 'emulator_contexts_made', 'int');
}

/** How many handles, descriptions, layouts and preferences of cuBLASLt this process has created and not destroyed. */
export function cublasLtObjects(): number {
  return asked('libcublasLt.so.13', 'emulator_cublaslt_alive', 'int');
}

function asked(library: string, name: string, type: string): number {
  return Number(koffi.load(join(emulatorFolder(), library)).func(name, type, [])());
}
