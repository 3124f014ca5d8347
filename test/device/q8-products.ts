// Products of float32 rows and weights in 8 bits, on a kind of products of bytes that the kernels have.

import type { CpuDevice } from '../../src/device/cpu/cpu-device.js';
import type { NativeKernels } from '../../src/device/cpu/library.js';
import type { Tensor } from '../../src/device/tensor.js';
import type { Shape } from './bf16-products.js';
import { Bench, expectSameBits, Random } from './conformance/harness.js';

/** As in gemm-q8.h. */
export const dotKinds = {
  widening: 0,
  portable: 1,
  AVX2: 2,
  'AVX-VNNI': 3,
  'AVX-512 VNNI': 4,
  SDOT: 5,
} as const;
export type DotKind = keyof typeof dotKinds;

/** Single rows, groups of rows and single ones; odd numbers of blocks; more columns than a strip; work for several threads. */
export const fewRows: readonly Shape[] = [
  [1, 1, 32],
  [1, 70, 96],
  [1, 600, 768],
  [2, 33, 64],
  [4, 129, 160],
  [7, 65, 1056],
  [16, 300, 256],
];

export interface Q8Inputs {
  readonly shape: Shape;
  readonly a: Float64Array;
  /** [n, k], the numbers that `right` holds. */
  readonly b: Float64Array;
  readonly right: Tensor;
}

export function q8Inputs(device: CpuDevice, shape: Shape): Q8Inputs {
  const [m, n, k] = shape;
  const random = new Random(m * 10_007 + n * 101 + k);
  const a = random.normals(m * k).map((value, index) => (index % 5 === 0 ? 0 : value));
  const right = device.allocate('blocks', [n, k], 'q8');
  device.upload(right, Float32Array.from(random.normals(n * k, 1 / Math.sqrt(k))));
  return { shape, a, b: Float64Array.from(device.download(right)), right };
}

export function q8Product(
  kernels: NativeKernels,
  device: CpuDevice,
  kind: DotKind,
  { shape: [m, n, k], a, right }: Q8Inputs,
): Float32Array {
  const bench = new Bench(device);
  const out = bench.output('out', [m, n]);
  kernels.use_q8_unit(dotKinds[kind]);
  device.matmul(out, bench.floats('a', [m, k], a), right, { transposeB: true });
  return bench.read(out);
}

/** Expects the bits of the portable code in every shape. @returns how many products were compared */
export function compareDots(kernels: NativeKernels, device: CpuDevice, kind: DotKind): number {
  for (const shape of fewRows) {
    const inputs = q8Inputs(device, shape);
    const expected = q8Product(kernels, device, 'portable', inputs);
    expectSameBits(q8Product(kernels, device, kind, inputs), expected, `${kind}, [${shape}]`);
  }
  return fewRows.length;
}
