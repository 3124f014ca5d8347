// Measures what the processor and its memory reach without our kernels.
//
//     node dist/bench/limits.js --threads 2

import { parseArgs } from 'node:util';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import { threadsByDefault } from './measure.js';
import { NativeLoops } from './native.js';

export interface LimitsResult {
  /** The instruction of the unit for bf16 products, and its rate. null without a unit. */
  readonly unit: { readonly instruction: string; readonly flops: number } | null;
  /** Bytes per second. */
  readonly readBandwidth: number;
  /** Bytes per second read and written. */
  readonly updateBandwidth: number;
}

const { values } = parseArgs({ options: { threads: { type: 'string', default: String(threadsByDefault) } } });
const loops = new NativeLoops(createCpuDevice({ threads: Number(values.threads) }));
const instruction = loops.unitInstruction();
const result: LimitsResult = {
  unit: instruction === undefined ? null : { instruction, flops: loops.unitFlops() },
  readBandwidth: loops.readBandwidth(1),
  updateBandwidth: loops.updateBandwidth(1),
};
console.log(JSON.stringify(result));
