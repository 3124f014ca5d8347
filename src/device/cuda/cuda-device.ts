// The device of one NVIDIA card: kernels compiled at first use, matrix products by cuBLASLt, everything in one stream.
// Calls return before the card is done; `download` waits. A card needs compute capability 7.0.

import { formatBytes } from '../../files/format-bytes.js';
import type { Precision } from '../device.js';
import { KernelDevice, type OperationKernels } from '../kernel-device.js';
import { type CublasLt, openCublasLt } from './cublaslt.js';
import { CudaKernels } from './cuda-kernels.js';
import { type Card, type Context, openDriver } from './driver.js';
import { requireCapability } from './errors.js';
import { kernelImage } from './kernel-cache.js';
import { suitableMajors } from './libraries.js';
import { CudaMemory } from './memory.js';
import { architectureOf, openNvrtc } from './nvrtc.js';

export interface CudaDeviceOptions {
  /** Which card, from 0 on. */
  readonly ordinal?: number | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Called before kernels are compiled, which takes some seconds. */
  readonly onCompile?: (() => void) | undefined;
}

/** What cuBLASLt may use between its own kernels. */
const workspaceBytes = 32 * 2 ** 20;

/** @throws UserError (device) without a driver, a library, that card, or where the card is too old. */
export function createCudaDevice(options: CudaDeviceOptions = {}): CudaDevice {
  const { ordinal = 0, env = process.env, onCompile } = options;
  const driver = openDriver(env);
  const card = driver.card(ordinal);
  requireCapability(ordinal, card);
  const majors = suitableMajors(driver.version, card.computeCapability);
  const nvrtc = openNvrtc(env, majors);
  const architecture = architectureOf(nvrtc, card.computeCapability);
  const context = driver.openContext(ordinal);
  const memory = new CudaMemory(context);
  const workspace = { address: memory.scratch('workspace', workspaceBytes), bytes: workspaceBytes };
  const cublasLt = openCublasLt(workspace, env, majors);
  const kernels = new CudaKernels({
    context,
    cublasLt,
    image: (source) => kernelImage(nvrtc, architecture, source, { env, onCompile }),
    scratch: (label, bytes) => memory.scratch(label, bytes),
  });
  return new CudaDevice({ context, memory, kernels, cublasLt }, card, `CUDA ${nvrtc.version}`);
}

interface Parts {
  readonly context: Context;
  readonly memory: CudaMemory;
  readonly kernels: CudaKernels;
  readonly cublasLt: CublasLt;
}

export class CudaDevice extends KernelDevice {
  readonly kind = 'cuda';
  readonly description: string;
  readonly precisions: readonly Precision[] = ['fp32'];
  readonly weightPrecisions: readonly Precision[] = ['fp32'];
  readonly vocabularyMultiple: number = 1;
  protected readonly memory: CudaMemory;
  readonly #parts: Parts;
  #peak = 0;
  #open = true;

  constructor(parts: Parts, card: Card, toolkit: string) {
    super();
    this.#parts = parts;
    this.memory = parts.memory;
    const capability = card.computeCapability.join('.');
    this.description = `CUDA: ${card.name}, ${formatBytes(card.totalMemory)}, compute capability ${capability}, ${toolkit}`;
  }

  /** Bytes that this device has allocated. */
  peakMemory(): number {
    this.#peak = Math.max(this.#peak, this.memory.allocated);
    return this.#peak;
  }

  override dispose(): void {
    if (!this.#open) return;
    this.#open = false;
    this.peakMemory();
    super.dispose();
    this.#parts.cublasLt.close();
    this.#parts.context.close();
  }

  protected kernels(): OperationKernels {
    return this.#parts.kernels;
  }
}
