// Measures the highest rate at which the card multiplies large matrices through the device: the reference for the rate
// of a training step. The operands are random, because a card that multiplies zeros draws less power and clocks higher.
//
//     node dist/bench/gpu-check/gemm-peak.js --device cuda --precision bf16

import { parseArgs } from 'node:util';
import { selectDevice } from '../../src/device/select.js';
import type { Tensor } from '../../src/device/tensor.js';
import { median, precisionOf, seconds } from '../measure.js';
import { Operands } from './operands.js';

export interface GemmPeakResult {
  readonly precision: string;
  /** Floating point operations per second for the best size. */
  readonly flops: number;
  readonly sizes: readonly {
    readonly m: number;
    readonly n: number;
    readonly k: number;
    readonly flops: number;
  }[];
}

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    precision: { type: 'string', default: 'bf16' },
    /** Sizes of the square matrices. */
    sizes: { type: 'string', default: '4096,8192,16384' },
    repetitions: { type: 'string', default: '7' },
    /** Minimum time of one repetition. */
    seconds: { type: 'string', default: '0.1' },
  },
});
const precision = precisionOf(values.precision);
const device = await selectDevice(values.device);
const sizes = values.sizes.split(',').map(Number);
const largest = Math.max(...sizes);
const operands = new Operands(device, precision);
const [a, b] = [operands.random([largest * largest]), operands.random([largest * largest])];
const out = operands.zeros([largest * largest]);
const measured = sizes.map((size) => ({ m: size, n: size, k: size, flops: rate(size) }));
const result: GemmPeakResult = {
  precision,
  flops: Math.max(...measured.map(({ flops }) => flops)),
  sizes: measured,
};
console.log(JSON.stringify(result));
device.dispose();

/** The median of the repetitions, so that the first moments before the clock settles do not count. */
function rate(size: number): number {
  const square = (tensor: Tensor) => tensor.view(0, [size, size]);
  const wait = () => device.download(out.view(0, [1]));
  const multiply = (times: number) =>
    seconds(() => {
      for (let time = 0; time < times; time++) device.matmul(square(out), square(a), square(b));
      wait();
    });
  multiply(1);
  const once = multiply(1);
  const times = Math.max(1, Math.min(1000, Math.ceil(Number(values.seconds) / once)));
  const taken = Array.from({ length: Number(values.repetitions) }, () => multiply(times) / times);
  return (2 * size ** 3) / median(taken);
}
