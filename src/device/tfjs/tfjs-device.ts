// The device made of TensorFlow.js operations. It is slower than the others, but it runs wherever a TensorFlow.js backend
// runs. A backend is global to the process, so it is opened before the device is created.

import * as tf from '@tensorflow/tfjs-core';
import { messageOf } from '../../errors.js';
import { formatBytes } from '../../files/format-bytes.js';
import type { Precisions } from '../device.js';
import { KernelDevice } from '../kernel-device.js';
import { type Backend, openBackend } from './backends.js';
import { TfjsMemory } from './memory.js';
import { TfjsKernels } from './tfjs-kernels.js';

/** @param backend one of `backendNames`; undefined for the best one. @throws UserError (device) like openBackend. */
export async function createTfjsDevice(backend?: string): Promise<TfjsDevice> {
  return new TfjsDevice(await openBackend(backend));
}

export class TfjsDevice extends KernelDevice {
  readonly kind = 'tfjs';
  readonly description: string;
  /** TensorFlow.js has no half-precision type. */
  readonly precisions: Precisions = {
    fp32: { computes: 'fast', stores: 'fast' },
    bf16: { computes: false, stores: false },
    fp16: { computes: false, stores: false },
    int8: { computes: false, stores: false },
  };
  readonly memoryBound?: string;
  readonly vocabularyMultiple = 1;
  readonly rowMultiple = 1;
  readonly mostChannels = { row: Number.POSITIVE_INFINITY, head: Number.POSITIVE_INFINITY };
  protected readonly memory: TfjsMemory;
  readonly #kernels: TfjsKernels;

  constructor(readonly backend: Backend) {
    super();
    this.description = backend.description;
    this.memory = new TfjsMemory(backend.addressable);
    if (Number.isFinite(backend.addressable))
      this.memoryBound = `WebAssembly addresses ${formatBytes(backend.addressable)} at most`;
    this.#kernels = new TfjsKernels(this.memory, (work) => this.#inTidy(work));
  }

  peakMemory(): number {
    return process.resourceUsage().maxRSS * 1024;
  }

  override dispose(): void {
    this.#kernels.release();
    super.dispose();
  }

  protected kernels(): TfjsKernels {
    return this.#kernels;
  }

  #inTidy(work: () => void): void {
    try {
      tf.tidy(work);
    } catch (thrown) {
      if (
        !/out of memory|memory access out of bounds|OOM|Array buffer allocation failed/i.test(
          messageOf(thrown),
        )
      )
        throw thrown;
      throw this.memory.outOfMemory('an operation of TensorFlow.js needs more than it can get');
    }
  }
}
