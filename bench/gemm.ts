// Compares the CPU device's matrix products with NumPy's at the shapes of DialoGPT-small. Both alternate, so that they run
// under the same conditions. Each NumPy round is a separate process, because its BLAS keeps its threads spinning after a
// product, which would slow down the next measurement.
//
//     node dist/bench/gemm.js --threads 2 --python python3

import { parseArgs } from 'node:util';
import { type CpuDevice, createCpuDevice } from '../src/device/cpu/cpu-device.js';
import type { Tensor } from '../src/device/tensor.js';
import { geometricMean, measure, median, peer, seconds, threadsByDefault } from './measure.js';

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

interface Comparison {
  readonly name: string;
  readonly shape: Shape;
  readonly gflops: number;
  readonly numpyGflops: number;
  /** Our rate divided by NumPy's: above 1, ours is faster. */
  readonly ratio: number;
}

export interface GemmResult {
  readonly threads: number;
  readonly device: string;
  readonly blas: string;
  readonly geometricMean: number;
  readonly comparisons: readonly Comparison[];
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
    python: { type: 'string', default: 'python3' },
    rounds: { type: 'string', default: '3' },
    repetitions: { type: 'string', default: '3' },
    /** Only products whose name contains this. */
    only: { type: 'string', default: '' },
  },
});
const threads = Number(values.threads);
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

  constructor(
    private readonly device: CpuDevice,
    products: readonly Product[],
  ) {
    const room = (label: string, size: (shape: Shape) => number) => {
      const tensor = device.allocate(label, [Math.max(...products.map(({ shape }) => size(shape)))]);
      const pattern = Float32Array.from({ length: 1 << 16 }, (_, at) => ((at * 7919) % 997) / 997 - 0.5);
      for (let from = 0; from < tensor.size; from += pattern.length) {
        const count = Math.min(pattern.length, tensor.size - from);
        device.upload(tensor.view(from, [count]), pattern.subarray(0, count));
      }
      return tensor;
    };
    this.a = room('a', ({ m, k }) => m * k);
    this.b = room('b', ({ n, k }) => n * k);
    this.out = room('out', ({ m, n }) => m * n);
  }

  /** Seconds per product, one value per repetition; the first call is not timed. */
  times({ shape, accumulate }: Product, calls: number): number[] {
    const { m, n, k, transposeA, transposeB } = shape;
    const a = this.a.view(0, transposeA ? [k, m] : [m, k]);
    const b = this.b.view(0, transposeB ? [n, k] : [k, n]);
    const out = this.out.view(0, [m, n]);
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

function compare(operands: Operands, candidate: Product): Comparison & { readonly blas: string } {
  const { name, shape } = candidate;
  const operations = 2 * shape.m * shape.n * shape.k;
  // Short products are timed in groups.
  const calls = Math.min(100, Math.ceil(1e9 / operations));
  const ours: number[] = [];
  const theirs: number[] = [];
  let blas = '';
  for (let round = 0; round < rounds; round++) {
    const report = numpyTimes({ ...shape, calls });
    blas = report.blas;
    theirs.push(...report.results.flatMap((result) => result.seconds));
    ours.push(...operands.times(candidate, calls));
  }
  const gflops = operations / median(ours) / 1e9;
  const numpyGflops = operations / median(theirs) / 1e9;
  return { name, shape, gflops, numpyGflops, ratio: gflops / numpyGflops, blas };
}

function numpyTimes(shape: Shape & { readonly calls: number }): PeerReport {
  return measure<PeerReport>(
    values.python,
    [peer('numpy_gemm'), '--threads', String(threads), '--repetitions', String(repetitions)],
    JSON.stringify([shape]),
  );
}

const products = [...trainingProducts, ...decodingProducts].filter(({ name }) => name.includes(values.only));
const device = createCpuDevice({ threads });
const operands = new Operands(device, products);
const comparisons: Comparison[] = [];
let blas = '';
console.log(
  `${'product'.padEnd(34)}${['m', 'n', 'k', 'ours', 'NumPy', 'ratio'].map((title) => title.padStart(8)).join('')}   (GFLOP/s)`,
);
for (const candidate of products) {
  const { blas: described, ...comparison } = compare(operands, candidate);
  blas = described;
  comparisons.push(comparison);
  const { m, n, k } = comparison.shape;
  const rates = [
    comparison.gflops.toFixed(1),
    comparison.numpyGflops.toFixed(1),
    comparison.ratio.toFixed(2),
  ];
  console.log(
    `${comparison.name.padEnd(34)}${[m, n, k, ...rates].map((cell) => String(cell).padStart(8)).join('')}`,
  );
}
const result: GemmResult = {
  threads,
  device: device.description,
  blas,
  geometricMean: geometricMean(
    comparisons.filter(({ name }) => !name.startsWith('decoding')).map(({ ratio }) => ratio),
  ),
  comparisons,
};
console.log(JSON.stringify(result));
