// Products of rows in float32 and weights in 8 bits in the CPU kernels: widened, as products of bytes, and on the units for bf16,
// each against a float64 reference of the same rounding. The instructions of this processor must have the bits of the portable
// code.

import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import {
  type Inputs,
  productByDepth,
  productByPairs,
  productOnTiles,
  type Shape,
} from '../../../test/device/bf16-products.js';
import {
  Bench,
  expectClose,
  expectSameBits,
  Random,
  rowsWithNaN,
} from '../../../test/device/conformance/harness.js';
import {
  type DotKind,
  dotKinds,
  fewRows,
  type Q8Inputs,
  q8Inputs,
  q8Product,
} from '../../../test/device/q8-products.js';
import { activate, at, matmul, roundToBf16 } from '../../../test/device/reference.js';
import { kernelLibrary } from './compiler.js';
import { createCpuDevice } from './cpu-device.js';
import { loadKernels } from './library.js';

const devices = [1, 3].map((threads) => createCpuDevice({ threads }));
const [device = createCpuDevice()] = devices;
const kernels = loadKernels(kernelLibrary().code);
const instructions = (['AVX2', 'AVX-VNNI', 'AVX-512 VNNI', 'SDOT'] as const).filter(
  (name) => kernels.has_q8_unit(dotKinds[name]) !== 0,
);
const kinds: readonly DotKind[] = ['portable', ...instructions];
afterEach(() => {
  kernels.use_q8_unit(device.q8.kind);
  kernels.use_bf16_unit(device.bf16.kind);
});
after(() => {
  for (const one of devices) one.dispose();
});

const block = 32;
const transposes = { transposeA: false, transposeB: true };
const product = (kind: DotKind, inputs: Q8Inputs, on = device) => q8Product(kernels, on, kind, inputs);

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

for (const shape of fewRows) {
  test(`[${shape}]: weights in 8 bits are widened exactly`, () => {
    const inputs = q8Inputs(device, shape);
    expectClose(product('widening', inputs), matmul(inputs.a, inputs.b, shape, transposes), 'widened');
  });

  test(`[${shape}]: products of bytes are those of activations rounded to 8 bits`, () => {
    const inputs = q8Inputs(device, shape);
    const rounded = inEightBits(inputs.a);
    assert.ok(rounded.some((value, index) => value !== inputs.a[index]));
    const actual = product('portable', inputs);
    expectClose(actual, matmul(rounded, inputs.b, shape, transposes), 'of bytes');
    for (const one of devices)
      for (const kind of kinds)
        expectSameBits(product(kind, inputs, one), actual, `${kind}, ${one.threads} threads`);
  });
}

test('a row has the same bits alone and among others', () => {
  const inputs = q8Inputs(device, [7, 65, 352]);
  const [m, n, k] = inputs.shape;
  for (const kind of kinds) {
    const together = product(kind, inputs);
    for (let row = 0; row < m; row++) {
      const alone = { ...inputs, shape: [1, n, k], a: inputs.a.subarray(row * k, (row + 1) * k) } as const;
      expectSameBits(
        product(kind, alone),
        together.subarray(row * n, (row + 1) * n),
        `row ${row} with ${kind}`,
      );
    }
  }
});

test('denormal and large numbers, and blocks of zeros, are multiplied like others', () => {
  const inputs = q8Inputs(device, [1, 5, 128]);
  // A denormal number has few bits, so its 127th is far from exact.
  for (const [scale, tolerance] of [
    [2 ** -149, 2],
    [2 ** -126, 0.02],
    [0, 0],
    [2 ** 100, 0.02],
  ] as const) {
    const a = inputs.a.map((_, index) => (index < block ? 0 : scale * ((index % 7) - 3)));
    const actual = product('portable', { ...inputs, a });
    expectClose(actual, matmul(a, inputs.b, inputs.shape, transposes), `${scale}`, tolerance);
    for (const kind of kinds) expectSameBits(product(kind, { ...inputs, a }), actual, `${kind}, ${scale}`);
  }
});

test('NaN and infinity make NaN of their row, and of no other', () => {
  const inputs = q8Inputs(device, [6, 40, 96]);
  const [, n, k] = inputs.shape;
  for (const [row, value] of [
    [1, Number.NaN],
    [5, Number.POSITIVE_INFINITY],
  ] as const) {
    const a = inputs.a.slice();
    a[row * k + 40] = value;
    for (const kind of kinds) assert.deepEqual(rowsWithNaN(product(kind, { ...inputs, a }), n), [row]);
  }
});

/** Stores the pre-activation and GELU of a product. */
function withEpilogue({ shape: [m, n, k], a, right }: Q8Inputs, bias: Float64Array) {
  const bench = new Bench(device);
  const [out, preActivation] = [bench.output('out', [m, n]), bench.output('pre-activation', [m, n])];
  device.matmul(out, bench.floats('a', [m, k], a), right, {
    transposeB: true,
    epilogue: {
      kind: 'bias-activation',
      bias: bench.floats('bias', [n], bias),
      activation: 'gelu_new',
      preActivation,
    },
  });
  return { out: bench.read(out), preActivation: bench.read(preActivation) };
}

test('products of bytes have epilogues', () => {
  const inputs = q8Inputs(device, [3, 70, 96]);
  const bias = new Random(8).normals(70);
  kernels.use_q8_unit(dotKinds.portable);
  const { out, preActivation } = withEpilogue(inputs, bias);
  const expected = matmul(inEightBits(inputs.a), inputs.b, inputs.shape, transposes).map(
    (value, index) => value + at(bias, index % 70),
  );
  expectClose(preActivation, expected, 'pre-activation');
  expectClose(
    out,
    expected.map((value) => activate('gelu_new', value)),
    'activated',
  );
});

/** As in gemm-bf16-units.h. */
const units = [
  ['portable tiles', 1, productOnTiles],
  ['portable pairs', 2, productByPairs],
  ['portable squares', 3, productByDepth],
] as const;
/** Edges of panels, steps and blocks; more than a part. */
const manyRows: readonly Shape[] = [
  [17, 1, 32],
  [37, 70, 352],
  [64, 33, 1088],
];
for (const [name, unit, productOf] of units)
  test(`many rows and weights in 8 bits are rounded to bf16 for ${name}`, () => {
    for (const shape of manyRows) {
      const { a, b, right } = q8Inputs(device, shape);
      const rounded: Inputs = {
        shape,
        transposes,
        a: a.map(roundToBf16),
        b: b.map(roundToBf16),
        bias: new Float64Array(),
        before: new Float64Array(),
      };
      const expected = Float32Array.from(productOf(rounded));
      kernels.use_bf16_unit(unit);
      for (const one of devices)
        expectSameBits(
          product('portable', { shape, a, b, right }, one),
          expected,
          `[${shape}], ${one.threads} threads`,
        );
      const bias = new Random(9).normals(shape[1]);
      const { preActivation } = withEpilogue({ shape, a, b, right }, bias);
      const biased = expected.map((value, index) => value + at(bias, index % shape[1]));
      expectSameBits(preActivation, biased, `[${shape}] with a bias`);
    }
  });
