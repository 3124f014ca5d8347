// The bounds that our kernels are compared with: what the processor and its memory reach in loops that do nothing else. The
// loops are in bench/native/, and compiled like the kernels. They have their own threads, as many as the device.

import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { loadablePath } from '../src/device/code-cache.js';
import { kernelLibrary } from '../src/device/cpu/compiler.js';
import type { CpuDevice } from '../src/device/cpu/cpu-device.js';
import type { Tensor } from '../src/device/tensor.js';
import { median } from './measure.js';

type Bandwidth = (threads: number, memory: number, size: number, seconds: number) => number;

export class NativeLoops {
  private readonly threads: number;
  /** Memory of the same kind as the device's tensors, more than any cache holds. */
  private readonly memory: Tensor;
  private readonly instruction: () => string;
  private readonly unitRate: (threads: number, rounds: number) => number;
  private readonly read: Bandwidth;
  private readonly update: Bandwidth;

  /** @throws UserError (device) if the loops cannot be compiled. */
  constructor(device: CpuDevice) {
    const kernels = fileURLToPath(new URL('../../bench/native/', import.meta.url));
    const library = koffi.load(loadablePath(kernelLibrary({ kernels }).code));
    const bandwidth = ['int32_t', 'uint64_t', 'int64_t', 'double'];
    this.instruction = library.func('unit_instruction', 'str', []);
    this.unitRate = library.func('unit_rate', 'double', ['int32_t', 'int64_t']);
    this.read = library.func('read_bandwidth', 'double', bandwidth);
    this.update = library.func('update_bandwidth', 'double', bandwidth);
    this.threads = device.threads;
    this.memory = device.allocate('bandwidth', [2 ** 26]);
    device.fill(this.memory, 1);
  }

  /** The instruction of the processor's unit for bf16 products; undefined without one. */
  unitInstruction(): string | undefined {
    return this.instruction() || undefined;
  }

  /** The highest rate of that instruction, in operations per second: the median of some runs. */
  unitFlops(): number {
    const rate = () => this.unitRate(this.threads, 2e6);
    rate();
    return median(Array.from({ length: 5 }, rate));
  }

  /** Bytes per second. */
  readBandwidth(seconds: number): number {
    return this.read(this.threads, this.memory.address, this.memory.size, seconds);
  }

  /** Bytes per second read and written, of memory that is changed in place. */
  updateBandwidth(seconds: number): number {
    return this.update(this.threads, this.memory.address, this.memory.size, seconds);
  }
}
