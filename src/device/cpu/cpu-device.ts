// The CPU device: kernels compiled for the machine's processor. Tensors live outside the JavaScript heap. Calls are
// synchronous: when an operation returns, it is done.

import { oneLine } from '../../quote.js';
import type { MeasuredChoices, Precisions } from '../device.js';
import { KernelDevice } from '../kernel-device.js';
import type { DType } from '../tensor.js';
import { bf16Attention, bf16Products } from './bf16-trials.js';
import type { Bf16Attention, Bf16Products } from './bf16-unit.js';
import { kernelLibrary, type LibraryOptions } from './compiler.js';
import { CpuKernels } from './cpu-kernels.js';
import { loadKernels, type NativeKernels } from './library.js';
import { NativeMemory } from './memory.js';
import { physicalCores, processorName } from './processor.js';
import { q8Products } from './q8-trials.js';
import type { Q8Products } from './q8-unit.js';

export interface CpuDeviceOptions extends LibraryOptions {
  /** Default: OMP_NUM_THREADS if set, otherwise the number of physical cores that this process may use. */
  readonly threads?: number | undefined;
}

/** @throws UserError (device) if there is no compiler, or if it cannot compile the kernels. */
export function createCpuDevice(options: CpuDeviceOptions = {}): CpuDevice {
  const library = kernelLibrary(options);
  const native = loadKernels(library.code);
  const wanted = options.threads ?? threadsOfEnvironment(options.env ?? process.env) ?? physicalCores();
  if (!Number.isInteger(wanted) || wanted < 1) throw new RangeError(`${wanted} is not a number of threads`);
  const env = options.env ?? process.env;
  const bf16 = bf16Products(native, library, env);
  return new CpuDevice(native, wanted, library.compiler.name, {
    bf16,
    bf16Attention: bf16Attention(native, library, env, bf16),
    q8: q8Products(native, library, env),
  });
}

function threadsOfEnvironment(env: NodeJS.ProcessEnv): number | undefined {
  // A list gives one number per level of nested parallelism; the first one applies here.
  const threads = Number.parseInt(env.OMP_NUM_THREADS ?? '', 10);
  return threads >= 1 ? threads : undefined;
}

/** The words of a checkpoint about how bf16 was multiplied. */
const [madeOn, inMatrices, inAttention, widened] = ['a CPU', 'bf16 matrices', 'bf16 attention', 'widened'];

/** kNarrowRows in gemm-stages.h. */
const mostNarrowRows = 16;
/** The lines of a panel and the depths of a step. */
const panel = 32;
const roundUp = (extent: number) => Math.ceil(extent / panel) * panel;

function inWords(unit: string): string {
  return unit === widened ? 'widened' : `multiplied with ${oneLine(unit, 40)}`;
}

export class CpuDevice extends KernelDevice {
  readonly kind = 'cpu';
  readonly description: string;
  readonly precisions: Precisions;
  readonly vocabularyMultiple = 1;
  readonly rowMultiple = 1;
  /** Products of few rows add up in another order (gemm-stages.h); attention does so with less than 8 positions (attention.cc). */
  override readonly steadyRows = [
    { least: 2, most: mostNarrowRows },
    { least: mostNarrowRows + 1, most: Number.POSITIVE_INFINITY },
  ];
  /** How it multiplies bf16 matrices, bf16 rows in attention, and few rows by weights in 8 bits. */
  readonly bf16: Bf16Products;
  readonly bf16Attention: Bf16Attention;
  readonly q8: Q8Products;
  readonly mostChannels = { row: Number.POSITIVE_INFINITY, head: Number.POSITIVE_INFINITY };
  readonly #native: NativeKernels;
  readonly #kernels: CpuKernels;
  protected readonly memory: NativeMemory;

  constructor(
    native: NativeKernels,
    readonly threads: number,
    compiler: string,
    { bf16, bf16Attention, q8 }: Pick<CpuDevice, 'bf16' | 'bf16Attention' | 'q8'>,
  ) {
    super();
    this.bf16 = bf16;
    this.bf16Attention = bf16Attention;
    this.q8 = q8;
    this.precisions = {
      fp32: { computes: 'fast', stores: 'fast' },
      bf16: { computes: bf16.isFast ? 'fast' : 'slow', stores: 'fast', rounds: true, note: bf16.note },
      fp16: { computes: false, stores: false },
      int8: { computes: false, stores: 'fast', note: q8.note },
    };
    this.#native = native;
    this.#kernels = new CpuKernels(native);
    this.memory = new NativeMemory(native);
    const count = `${threads} ${threads === 1 ? 'thread' : 'threads'}`;
    this.description = `CPU: ${processorName()}, ${count}, ${native.instruction_set()}, ${compiler}`;
  }

  /** Which units multiply bf16 numbers, if any were multiplied: they decide how sums round. */
  override measuredChoices(): MeasuredChoices | null {
    if (!this.#kernels.multipliedBf16) return null;
    const { bf16, bf16Attention } = this;
    return {
      madeOn,
      chosen: { [inMatrices]: bf16.unit ?? widened, [inAttention]: bf16Attention.unit ?? widened },
    };
  }

  override repeatChoices(choices: MeasuredChoices): string | null {
    if (choices.madeOn !== madeOn) return super.repeatChoices(choices);
    for (const [what, entry, { unit }] of [
      ['bf16', inMatrices, this.bf16],
      ['bf16 in attention', inAttention, this.bf16Attention],
    ] as const) {
      // Earlier versions widened in attention and recorded nothing about it.
      const [there, here] = [choices.chosen[entry] ?? widened, unit ?? widened];
      if (there !== here) return `${what} was ${inWords(there)} there, and is ${inWords(here)} here`;
    }
    return null;
  }

  /** In whole panels and steps, as packed_size in gemm-bf16-stages.h. Widened operands are packed at each product. */
  override packedSize([rows = 0, columns = 0]: readonly number[], dtype: DType): number {
    if (dtype !== 'bf16' || this.bf16.unit === null) return 0;
    return roundUp(rows) * roundUp(columns);
  }

  peakMemory(): number {
    return process.resourceUsage().maxRSS * 1024;
  }

  /** Sets the thread count first, because another device in this process may use a different one. */
  protected kernels(): CpuKernels {
    this.#native.set_threads(this.threads);
    return this.#kernels;
  }
}
