// Products of few rows and weights in 8 bits in the CPU kernels: widened, and on the portable code for products of bytes, both
// against float64 references of the same rounding. The instructions of this processor must have the bits of the portable code.

import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import {
  Bench,
  expectClose,
  expectSameBits,
  Random,
  rowsWithNaN,
} from '../../../test/device/conformance/harness.js';
import { activate, at, matmul } from '../../../test/device/reference.js';
import type { Tensor } from '../tensor.js';
import { kernelLibrary } from './compiler.js';
import { createCpuDevice } from './cpu-device.js';
import { loadKernels } from './library.js';

const devices = [1, 3].map((threads) => createCpuDevice({ threads }));
const [device = createCpuDevice()] = devices;
const kernels = loadKernels(kernelLibrary().code);
/** As in gemm-q8.h. */
const dots = { widening: 0, portable: 1, AVX2: 2, 'AVX-VNNI': 3, 'AVX-512 VNNI': 4, SDOT: 5 } as const;
const instructions = (['AVX2', 'AVX-VNNI', 'AVX-512 VNNI', 'SDOT'] as const).filter(
  (name) => kernels.has_q8_unit(dots[name]) !== 0,
);
afterEach(() => kernels.use_q8_unit(device.q8.kind));
after(() => {
  for (const one of devices) one.dispose();
});

const block = 32;
/** [m, n, k]: single rows, groups of rows and single ones; odd numbers of blocks; more columns than a strip; threads. */
const shapes: readonly (readonly [number, number, number])[] = [
  [1, 1, 32],
  [1, 70, 96],
  [1, 600, 768],
  [2, 33, 64],
  [4, 129, 160],
  [7, 65, 1056],
  [16, 300, 256],
];

interface Inputs {
  readonly shape: readonly [number, number, number];
  readonly a: Float64Array;
  /** [n, k], as the device holds it. */
  readonly b: Float64Array;
  readonly right: Tensor;
}

function inputsOf(shape: readonly [number, number, number]): Inputs {
  const [m, n, k] = shape;
  const random = new Random(m * 10_007 + n * 101 + k);
  const a = random.normals(m * k).map((value, index) => (index % 5 === 0 ? 0 : value));
  const right = device.allocate('blocks', [n, k], 'q8');
  device.upload(right, Float32Array.from(random.normals(n * k, 1 / Math.sqrt(k))));
  return { shape, a, b: Float64Array.from(device.download(right)), right };
}

function product(kind: number, { shape: [m, n, k], a, right }: Inputs, on = device): Float32Array {
  const bench = new Bench(on);
  const out = bench.output('out', [m, n]);
  kernels.use_q8_unit(kind);
  on.matmul(out, bench.floats('a', [m, k], a), right, { transposeB: true });
  return bench.read(out);
}

/** Each block in whole multiples of a 127th of its largest number, rounded to even. */
function inEightBits(numbers: Float64Array): Float64Array {
  return numbers.map((value, index) => {
    const first = index - (index % block);
    const largest = numbers
      .subarray(first, first + block)
      .reduce((most, number) => Math.max(most, Math.abs(number)), 0);
    const step = Math.fround(largest / 127);
    const steps = Math.fround(value / (step || 1));
    const low = Math.floor(steps);
    const up = steps - low > 0.5 || (steps - low === 0.5 && low % 2 !== 0);
    return step * (up ? low + 1 : low);
  });
}

const untransposed = { transposeA: false, transposeB: true };
for (const shape of shapes) {
  test(`[${shape}]: weights in 8 bits are widened exactly`, () => {
    const inputs = inputsOf(shape);
    const expected = matmul(inputs.a, inputs.b, shape, untransposed);
    expectClose(product(dots.widening, inputs), expected, 'widened');
  });

  test(`[${shape}]: products of bytes are those of activations rounded to 8 bits`, () => {
    const inputs = inputsOf(shape);
    const rounded = inEightBits(inputs.a);
    const difference = rounded.reduce(
      (most, value, index) => Math.max(most, Math.abs(value - at(inputs.a, index))),
      0,
    );
    assert.ok(difference > 0, 'rounding shows');
    const actual = product(dots.portable, inputs);
    expectClose(actual, matmul(rounded, inputs.b, shape, untransposed), 'of bytes');
    for (const one of devices) {
      for (const name of instructions)
        expectSameBits(product(dots[name], inputs, one), actual, `${name}, ${one.threads} threads`);
      expectSameBits(product(dots.portable, inputs, one), actual, `${one.threads} threads`);
    }
  });
}

test('a row has the same bits alone and among others', () => {
  const inputs = inputsOf([7, 65, 352]);
  const [m, n, k] = inputs.shape;
  for (const kind of [dots.portable, ...instructions.map((name) => dots[name])]) {
    const together = product(kind, inputs);
    for (let row = 0; row < m; row++) {
      const alone = product(kind, {
        ...inputs,
        shape: [1, n, k],
        a: inputs.a.subarray(row * k, (row + 1) * k),
      });
      expectSameBits(alone, together.subarray(row * n, (row + 1) * n), `row ${row} with ${kind}`);
    }
  }
});

test('the smallest and largest numbers, and blocks of zeros, are multiplied like others', () => {
  const [n, k] = [5, 128];
  const inputs = inputsOf([1, n, k]);
  const scales = [2 ** -149, 2 ** -126, 0, 2 ** 100];
  const a = Float64Array.from(
    { length: k },
    (_, index) => at(scales, Math.floor(index / block)) * ((index % 7) - 3),
  );
  for (const [of, from] of [
    ['denormal', 0],
    ['small', 1],
    ['zero', 2],
    ['large', 3],
  ] as const) {
    const only = a.map((value, index) => (Math.floor(index / block) === from ? value : 0));
    const actual = product(dots.portable, { ...inputs, a: only });
    const expected = matmul(only, inputs.b, [1, n, k], untransposed);
    const largest = Math.max(...expected.map(Math.abs));
    expectClose(actual, expected, of, of === 'denormal' ? 2 : 0.02 * (largest > 0 ? 1 : 0));
    for (const name of instructions)
      expectSameBits(product(dots[name], { ...inputs, a: only }), actual, `${name}, ${of}`);
  }
});

test('NaN and infinity make NaN of their row, and of no other', () => {
  const inputs = inputsOf([6, 40, 96]);
  const [, n, k] = inputs.shape;
  for (const [row, value] of [
    [1, Number.NaN],
    [5, Number.POSITIVE_INFINITY],
  ] as const) {
    const a = inputs.a.slice();
    a[row * k + 40] = value;
    for (const kind of [dots.portable, ...instructions.map((name) => dots[name])])
      assert.deepEqual(rowsWithNaN(product(kind, { ...inputs, a }), n), [row]);
  }
});

test('products of bytes have epilogues', () => {
  const inputs = inputsOf([3, 70, 96]);
  const [m, n, k] = inputs.shape;
  const bench = new Bench(device);
  const bias = new Random(8).normals(n);
  const [out, preActivation] = [bench.output('out', [m, n]), bench.output('pre-activation', [m, n])];
  kernels.use_q8_unit(dots.portable);
  device.matmul(out, bench.floats('a', [m, k], inputs.a), inputs.right, {
    transposeB: true,
    epilogue: {
      kind: 'bias-activation',
      bias: bench.floats('bias', [n], bias),
      activation: 'gelu_new',
      preActivation,
    },
  });
  const expected = matmul(inEightBits(inputs.a), inputs.b, inputs.shape, untransposed).map(
    (value, index) => value + at(bias, index % n),
  );
  expectClose(bench.read(preActivation), expected, 'pre-activation');
  expectClose(
    bench.read(out),
    expected.map((value) => activate('gelu_new', value)),
    'activated',
  );
});
