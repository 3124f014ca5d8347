// Times the CPU device's matrix products at the shapes of DialoGPT-small. With --python it compares them with NumPy's: both
// alternate, so that they run under the same conditions. Each NumPy round is a separate process, because its BLAS keeps its
// threads spinning after a product, which would slow down the next measurement. In half precision only the products of
// training are timed, and the gradients of weights are float32.
//
//     node dist/bench/gemm.js --threads 2 --python .bench/venv/bin/python
//     node dist/bench/gemm.js --threads 2 --precision bf16

import { parseArgs } from 'node:util';
import { type CpuDevice, createCpuDevice } from '../src/device/cpu/cpu-device.js';
import { dtypeOf } from '../src/device/device.js';
import type { Tensor } from '../src/device/tensor.js';
import { measure, median, peer, precisionOf, seconds, threadsByDefault } from './measure.js';

interface Shape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

interface Product {
  readonly name: string;
  readonly shape: Shape;
  /** Whether the product is added to the output, as for weight gradients; NumPy's product overwrites it. */
  readonly accumulate: boolean;
}

export interface MeasuredProduct {
  readonly name: string;
  readonly shape: Shape;
  readonly gflops: number;
  /** null without --python. */
  readonly numpyGflops: number | null;
}

export interface GemmResult {
  readonly threads: number;
  readonly precision: string;
  readonly device: string;
  /** NumPy's; null without --python. */
  readonly blas: string | null;
  readonly products: readonly MeasuredProduct[];
}

interface PeerReport {
  readonly blas: string;
  readonly results: readonly { readonly seconds: readonly number[] }[];
}

const channels = 768;
const vocabulary = 50257;
/** Inputs and outputs of a block's linear layers. */
const layers = [
  ['qkv', channels, 3 * channels],
  ['attention out', channels, channels],
  ['mlp in', channels, 4 * channels],
  ['mlp out', 4 * channels, channels],
] as const;

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: String(threadsByDefault) },
    precision: { type: 'string', default: 'fp32' },
    /** A Python with NumPy. */
    python: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    repetitions: { type: 'string', default: '3' },
    /** Only products whose name contains this. */
    only: { type: 'string', default: '' },
  },
});
const threads = Number(values.threads);
const precision = precisionOf(values.precision);
const rounds = Number(values.rounds);
const repetitions = Number(values.repetitions);

function forward(name: string, rows: number, [inputs, outputs]: readonly [number, number]): Product {
  return product(`${name}, ${rows} rows`, rows, outputs, inputs);
}

function product(
  name: string,
  m: number,
  n: number,
  k: number,
  { transposeA = false, transposeB = false } = {},
): Product {
  return { name, shape: { m, n, k, transposeA, transposeB }, accumulate: transposeA };
}

const transposeA = { transposeA: true };
const transposeB = { transposeB: true };

const trainingProducts: readonly Product[] = [
  ...[512, 2048].flatMap((rows) =>
    layers.map(([name, inputs, outputs]) => forward(name, rows, [inputs, outputs])),
  ),
  ...layers.map(([name, inputs, outputs]) =>
    product(`${name}, gradient of input`, 512, inputs, outputs, transposeB),
  ),
  ...layers.map(([name, inputs, outputs]) =>
    product(`${name}, gradient of weight`, inputs, outputs, 512, transposeA),
  ),
  product('logits, 128 rows', 128, vocabulary, channels, transposeB),
  product('logits, 512 rows', 512, vocabulary, channels, transposeB),
  product('head, gradient of input', 512, channels, vocabulary),
  product('head, gradient of weight', vocabulary, channels, 512, transposeA),
];
const decodingProducts: readonly Product[] = [1, 8].flatMap((rows) => [
  ...layers.map(([name, inputs, outputs]) => forward(`decoding: ${name}`, rows, [inputs, outputs])),
  product(`decoding: logits, ${rows} rows`, rows, vocabulary, channels, transposeB),
]);

/** Buffers for the largest product, which all products share. */
class Operands {
  private readonly a: Tensor;
  private readonly b: Tensor;
  private readonly out: Tensor;
  /** For gradients of weights. */
  private readonly sums: Tensor;

  constructor(
    private readonly device: CpuDevice,
    products: readonly Product[],
  ) {
    const largest = (size: (product: Product) => number) => Math.max(1, ...products.map(size));
    const room = (label: string, size: (product: Product) => number) => {
      const tensor = device.allocate(label, [largest(size)], dtypeOf[precision]);
      const pattern = Float32Array.from({ length: 1 << 16 }, (_, at) => ((at * 7919) % 997) / 997 - 0.5);
      for (let from = 0; from < tensor.size; from += pattern.length) {
        const count = Math.min(pattern.length, tensor.size - from);
        device.upload(tensor.view(from, [count]), pattern.subarray(0, count));
      }
      return tensor;
    };
    this.a = room('a', ({ shape: { m, k } }) => m * k);
    this.b = room('b', ({ shape: { n, k } }) => n * k);
    this.out = room('out', ({ shape: { m, n }, accumulate }) => (accumulate ? 1 : m * n));
    const sums = largest(({ shape: { m, n }, accumulate }) => (accumulate ? m * n : 1));
    this.sums = device.allocate('sums', [sums], 'f32');
  }

  /** Seconds per product, one value per repetition; the first call is not timed. */
  times({ shape, accumulate }: Product, calls: number): number[] {
    const { m, n, k, transposeA, transposeB } = shape;
    const a = this.a.view(0, transposeA ? [k, m] : [m, k]);
    const b = this.b.view(0, transposeB ? [n, k] : [k, n]);
    const out = (accumulate ? this.sums : this.out).view(0, [m, n]);
    const run = () => this.device.matmul(out, a, b, { transposeA, transposeB, accumulate });
    run();
    return Array.from(
      { length: repetitions },
      () =>
        seconds(() => {
          for (let call = 0; call < calls; call++) run();
        }) / calls,
    );
  }
}

function timed(operands: Operands, candidate: Product): MeasuredProduct & { readonly blas: string | null } {
  const { name, shape } = candidate;
  const operations = 2 * shape.m * shape.n * shape.k;
  // Short products are timed in groups.
  const calls = Math.min(100, Math.ceil(1e9 / operations));
  const ours: number[] = [];
  const theirs: number[] = [];
  let blas: string | null = null;
  for (let round = 0; round < rounds; round++) {
    if (values.python !== undefined) {
      const report = numpyTimes(values.python, { ...shape, calls });
      blas = report.blas;
      theirs.push(...report.results.flatMap((result) => result.seconds));
    }
    ours.push(...operands.times(candidate, calls));
  }
  const gflops = (times: readonly number[]) => operations / median(times) / 1e9;
  return { name, shape, gflops: gflops(ours), numpyGflops: blas === null ? null : gflops(theirs), blas };
}

function numpyTimes(python: string, shape: Shape & { readonly calls: number }): PeerReport {
  return measure<PeerReport>(
    python,
    [peer('numpy_gemm'), '--threads', String(threads), '--repetitions', String(repetitions)],
    JSON.stringify([shape]),
  );
}

const candidates = precision === 'fp32' ? [...trainingProducts, ...decodingProducts] : trainingProducts;
const products = candidates.filter(({ name }) => name.includes(values.only));
const device = createCpuDevice({ threads });
const operands = new Operands(device, products);
const measured: MeasuredProduct[] = [];
let blas: string | null = null;
console.log(
  `${'product'.padEnd(34)}${['m', 'n', 'k', 'ours', 'NumPy', 'ratio'].map((title) => title.padStart(8)).join('')}   (GFLOP/s)`,
);
for (const candidate of products) {
  const { blas: described, ...product } = timed(operands, candidate);
  blas = described;
  measured.push(product);
  const { m, n, k } = product.shape;
  const { gflops, numpyGflops } = product;
  const theirs = numpyGflops === null ? [] : [numpyGflops.toFixed(1), (gflops / numpyGflops).toFixed(2)];
  const cells = [m, n, k, gflops.toFixed(1), ...theirs].map((cell) => String(cell).padStart(8));
  console.log(`${product.name.padEnd(34)}${cells.join('')}`);
}
const result: GemmResult = { threads, precision, device: device.description, blas, products: measured };
console.log(JSON.stringify(result));
