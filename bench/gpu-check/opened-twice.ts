// Opens the card, multiplies with it and disposes of it, twice in one process: the second device must find what the first
// one left. Both products, one plain and one with a fused bias and GELU, are compared with float64.
//
//     node dist/bench/gpu-check/opened-twice.js --device cuda --precision bf16

import { parseArgs } from 'node:util';
import type { CudaDevice } from '../../src/device/cuda/cuda-device.js';
import { dtypeOf } from '../../src/device/device.js';
import type { Tensor } from '../../src/device/tensor.js';
import { Bench, expectClose, Random } from '../../test/device/conformance/harness.js';
import { activate, at, matmul } from '../../test/device/reference.js';
import { precisionOf, seconds } from '../measure.js';
import { openCard } from './card.js';

export interface OpenedTwiceResult {
  /** How long each device took to open. */
  readonly openSeconds: readonly number[];
  /** How long its first two products took, with the choice of their algorithms and compiling kernels. */
  readonly multiplySeconds: readonly number[];
}

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    precision: { type: 'string', default: 'bf16' },
    /** Rows and columns of the square matrices. */
    size: { type: 'string', default: '256' },
  },
});
const size = Number(values.size);
const type = dtypeOf[precisionOf(values.precision)];
const openSeconds: number[] = [];
const multiplySeconds: number[] = [];
for (let time = 0; time < 2; time++) {
  const start = performance.now();
  const device = openCard(values.device);
  openSeconds.push((performance.now() - start) / 1000);
  multiplySeconds.push(seconds(() => multiply(device)));
  device.dispose();
}
const result: OpenedTwiceResult = { openSeconds, multiplySeconds };
console.log(JSON.stringify(result));

function multiply(device: CudaDevice): void {
  const bench = new Bench(device, type, 'aligned');
  const random = new Random(1);
  const [a, b, bias] = [size * size, size * size, size].map((count) => bench.rounded(random.normals(count)));
  if (!a || !b || !bias) throw new RangeError('three operands');
  const shape = [size, size];
  const [left, right] = [bench.typed('a', shape, a), bench.typed('b', shape, b)];
  const [plain, fused] = [bench.typedOutput('plain', shape), bench.typedOutput('fused', shape)];
  const preActivation = bench.typedOutput('preActivation', shape);
  device.matmul(plain, left, right);
  const epilogue = { kind: 'bias-activation', activation: 'gelu_new', preActivation } as const;
  device.matmul(fused, left, right, { epilogue: { ...epilogue, bias: bench.typed('bias', [size], bias) } });
  const product = matmul(a, b, [size, size, size], {});
  const compare = (tensor: Tensor, expected: Float64Array) =>
    expectClose(bench.read(tensor), expected, tensor.storage.label, bench.tolerance(3));
  compare(plain, product);
  compare(
    fused,
    product.map((value, index) => activate('gelu_new', value + at(bias, index % size))),
  );
}
