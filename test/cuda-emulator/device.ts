// The CUDA device on the emulated card, and figures that only an emulator can report.

import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';
import {
  type CudaDevice,
  type CudaDeviceOptions,
  createCudaDevice,
} from '../../src/device/cuda/cuda-device.js';
import { kernelCacheFolders } from '../../src/files/user-folders.js';
import { emulatorFolder } from './build.js';

export function createEmulatedDevice(options: CudaDeviceOptions = {}): CudaDevice {
  return createCudaDevice({
    ...options,
    env: { ...process.env, ...options.env, CHATBOT_TRAIN_CUDA_LIBRARIES: emulatorFolder() },
  });
}

/** Makes `cache`, for XDG_CACHE_HOME, a cache in which nothing is measured but all kernels are compiled. */
export function keepCompiledKernels(cache: string): void {
  const [kernels = ''] = kernelCacheFolders(process.env);
  mkdirSync(join(cache, 'chatbot-train'), { recursive: true });
  symlinkSync(kernels, join(cache, 'chatbot-train', 'kernels'));
}

/** Bytes that this process's kernels have copied to shared memory with cp.async so far. */
export function copiedBytes(): number {
  return asked('libcuda.so.1', 'emulator_copied_bytes', 'uint64_t');
}

/** How many times this process has created a card's primary context. */
export function contextsMade(): number {
  return asked('libcuda.so.1', 'emulator_contexts_made', 'int');
}

/** The number of cuBLASLt handles, descriptions, layouts and preferences that this process has not destroyed. */
export function cublasLtObjects(): number {
  return asked('libcublasLt.so.13', 'emulator_cublaslt_alive', 'int');
}

function asked(library: string, name: string, type: string): number {
  return Number(koffi.load(join(emulatorFolder(), library)).func(name, type, [])());
}
