// Products of bf16 numbers in the CPU kernels. Where they widen their operands, the sums are those of the float32 product, bit
// for bit.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  type Curves,
  expectedOf,
  forms,
  type Inputs,
  multiply,
  nameOf,
  randomInputs,
  type Shape,
  transposes,
} from '../../../test/device/bf16-products.js';
import { Bench, expectClose, expectSameBits, rowsWithNaN } from '../../../test/device/conformance/harness.js';
import { activate, activationGradient, matmul } from '../../../test/device/reference.js';
import type { Activation } from '../device.js';
import { kernelLibrary } from './compiler.js';
import { createCpuDevice } from './cpu-device.js';
import { loadKernels } from './library.js';

const device = createCpuDevice({ threads: 1 });
const kernels = loadKernels(kernelLibrary().code);
after(() => device.dispose());

/** Single rows, columns and depths, edges of tiles and vectors, few rows, and more than a part or a stage holds. */
const shapes: readonly Shape[] = [
  [1, 1, 1],
  [1, 517, 60],
  [2, 3, 0],
  [3, 50, 1100],
  [17, 1, 31],
  [37, 60, 61],
  [97, 33, 257],
  [33, 800, 801],
  [20, 30, 1600],
  [2085, 50, 20],
];

/** The activations as the float32 kernels compute them. */
const inFloat32: Curves = {
  activate: (activation, values) => curve(activation, values, 'bias-activation'),
  slopes: (activation, values) => curve(activation, values, 'activation-gradient'),
};

function curve(
  activation: Activation,
  values: Float64Array,
  kind: 'bias-activation' | 'activation-gradient',
): Float64Array {
  const bench = new Bench(device);
  const n = values.length;
  const [one, factors] = [bench.floats('one', [1, 1], [1]), bench.floats('ones', [1, n], Array(n).fill(1))];
  const [out, given] = [bench.output('out', [1, n]), bench.floats('given', [1, n], values)];
  const bias = given.view(0, [n]);
  const preActivation = kind === 'bias-activation' ? bench.output('pre-activation', [1, n]) : given;
  if (kind === 'bias-activation') device.fill(factors, 0);
  device.matmul(out, one, factors, { epilogue: { kind, activation, bias, preActivation } });
  return Float64Array.from(bench.read(out));
}

function productInFloat32({ shape: [m, n, k], transposes: chosen, a, b }: Inputs, before?: Float64Array) {
  const bench = new Bench(device);
  const out = before ? bench.floats('out', [m, n], before) : bench.output('out', [m, n]);
  const { transposeA, transposeB } = chosen;
  const wideA = bench.floats('a', transposeA ? [k, m] : [m, k], a);
  const wideB = bench.floats('b', transposeB ? [n, k] : [k, n], b);
  device.matmul(out, wideA, wideB, { ...chosen, accumulate: before !== undefined });
  return Float64Array.from(bench.read(out));
}

for (const shape of shapes)
  test(`[${shape}]: widened operands give the bits of float32, rounded where they are stored`, () => {
    for (const chosen of transposes) {
      const inputs = randomInputs(shape, chosen);
      const product = productInFloat32(inputs);
      const added = productInFloat32(inputs, inputs.before);
      for (const threads of [1, 3]) {
        kernels.set_threads(threads);
        for (const form of threads === 1 ? forms : (['f32, added', 'gelu'] as const)) {
          const stored = multiply(kernels, new Bench(device), inputs, form);
          // A long float32 sum is added to the output part by part.
          const wanted = form === 'f32, added' ? [added] : expectedOf(product, inputs, form, inFloat32);
          wanted.forEach((expected, index) => {
            const what = `${nameOf(inputs)}, ${form}, ${threads} threads, output ${index}`;
            expectSameBits(stored[index] ?? new Float32Array(), Float32Array.from(expected), what);
          });
        }
      }
    }
  });

test('every form is as exact as its dtype', () => {
  const exact: Curves = {
    activate: (activation, values) => values.map((value) => activate(activation, value)),
    slopes: (activation, values) => values.map((value) => activationGradient(activation, value)),
  };
  for (const shape of [[37, 60, 61] as const, [9, 21, 1700] as const])
    for (const chosen of transposes) {
      const inputs = randomInputs(shape, chosen);
      const product = matmul(inputs.a, inputs.b, shape, chosen);
      for (const form of forms) {
        const stored = multiply(kernels, new Bench(device), inputs, form);
        const [expected = new Float64Array()] = expectedOf(product, inputs, form, exact);
        const tolerance = form.startsWith('f32') ? 3e-6 : 2 ** -7;
        expectClose(stored[0] ?? [], expected, `${nameOf(inputs)}, ${form}`, tolerance);
      }
    }
});

for (const m of [1, 9, 40])
  test(`NaN and infinity stay in their rows and columns, of ${m} rows`, () => {
    const [n, k] = [60, 33];
    for (const chosen of transposes) {
      const inputs = randomInputs([m, n, k], chosen);
      const row = m - 1;
      inputs.a[chosen.transposeA ? 3 * m + row : row * k + 3] = Number.NaN;
      const [inRow = new Float32Array()] = multiply(kernels, new Bench(device), inputs, 'bf16');
      assert.deepEqual(rowsWithNaN(inRow, n), [row]);
      const infinite = randomInputs([m, n, k], chosen);
      infinite.b[chosen.transposeB ? 7 * k + 5 : 5 * n + 7] = Number.NEGATIVE_INFINITY;
      const [inColumn = new Float32Array()] = multiply(kernels, new Bench(device), infinite, 'f32');
      inColumn.forEach((value, index) => {
        assert.equal(Math.abs(value) === Number.POSITIVE_INFINITY, index % n === 7, `${index} is ${value}`);
      });
    }
  });
