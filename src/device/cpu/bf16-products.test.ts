// Products of bf16 numbers in the CPU kernels, in every form. bf16-products.heavy.test.ts has larger ones.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  device,
  kernels,
  orders,
  portablePairs,
  testBitsOfProducts,
  widening,
} from '../../../test/device/bf16-bits.js';
import {
  type Curves,
  expectedOf,
  forms,
  nameOf,
  Product,
  randomInputs,
  type Shape,
  transposes,
} from '../../../test/device/bf16-products.js';
import { Bench, expectClose, expectSameBits, rowsWithNaN } from '../../../test/device/conformance/harness.js';
import { activate, activationGradient, matmul } from '../../../test/device/reference.js';

testBitsOfProducts({
  /** Single rows, columns and depths, edges of tiles and vectors, few rows, and more than a part or a stage holds. */
  widened: [
    [1, 1, 1],
    [1, 517, 60],
    [2, 3, 0],
    [3, 50, 1100],
    [17, 1, 31],
    [37, 60, 61],
    [97, 33, 257],
    [20, 30, 1600],
    [2085, 5, 20],
  ],
  /** Edges of panels, steps and blocks, more panels than a job, more than a stage. */
  onUnits: [
    [17, 1, 1],
    [18, 3, 0],
    [32, 64, 96],
    [37, 60, 61],
    [97, 33, 257],
    [2085, 5, 20],
  ],
});

/** The same edges, and more than one stage of rows, columns and depth. */
const shapesOfKept: readonly Shape[] = [
  [17, 1, 1],
  [18, 3, 0],
  [97, 33, 257],
  [2080, 5, 1100],
  [17, 1100, 1030],
];
for (const shape of shapesOfKept)
  test(`[${shape}]: panels that are kept for later products give the same bits`, () => {
    kernels.use_bf16_unit(portablePairs);
    kernels.set_threads(3);
    for (const transposeB of shape.some((extent) => extent > 1000) ? [true] : [false, true]) {
      const inputs = randomInputs(shape, { transposeA: false, transposeB });
      const product = new Product(kernels, new Bench(device), inputs);
      const [expected = new Float32Array()] = product.stored('f32');
      for (const panels of ['kept', 'packed'] as const) {
        const [given = new Float32Array()] = product.stored('f32', panels);
        expectSameBits(given, expected, `${nameOf(inputs)}, ${panels}`);
      }
    }
  });

for (const [name, unit] of [['widened operands', widening] as const, ...orders])
  test(`${name}: every form is as exact as its dtype`, () => {
    const exact: Curves = {
      activate: (activation, values) => values.map((value) => activate(activation, value)),
      slopes: (activation, values) => values.map((value) => activationGradient(activation, value)),
    };
    kernels.use_bf16_unit(unit);
    for (const shape of [[37, 60, 61] as const, [9, 21, 1700] as const, [21, 9, 1700] as const])
      for (const chosen of transposes) {
        const inputs = randomInputs(shape, chosen);
        const product = matmul(inputs.a, inputs.b, shape, chosen);
        const narrow = new Product(kernels, new Bench(device), inputs);
        for (const form of forms) {
          const stored = narrow.stored(form);
          const [expected = new Float64Array()] = expectedOf(product, inputs, form, exact);
          const tolerance = form.startsWith('f32') ? 3e-6 : 2 ** -7;
          expectClose(stored[0] ?? [], expected, `${nameOf(inputs)}, ${form}`, tolerance);
        }
      }
  });

for (const [name, unit] of [['widened operands', widening] as const, ...orders])
  for (const m of unit === widening ? [1, 9, 40] : [40])
    test(`${name}: NaN and infinity stay in their rows and columns, of ${m} rows`, () => {
      const [n, k] = [60, 33];
      kernels.use_bf16_unit(unit);
      for (const chosen of transposes) {
        const inputs = randomInputs([m, n, k], chosen);
        const row = m - 1;
        inputs.a[chosen.transposeA ? 3 * m + row : row * k + 3] = Number.NaN;
        const [inRow = new Float32Array()] = new Product(kernels, new Bench(device), inputs).stored('bf16');
        assert.deepEqual(rowsWithNaN(inRow, n), [row]);
        const infinite = randomInputs([m, n, k], chosen);
        infinite.b[chosen.transposeB ? 7 * k + 5 : 5 * n + 7] = Number.NEGATIVE_INFINITY;
        const [inColumn = new Float32Array()] = new Product(kernels, new Bench(device), infinite).stored(
          'f32',
        );
        inColumn.forEach((value, index) => {
          assert.equal(Math.abs(value) === Number.POSITIVE_INFINITY, index % n === 7, `${index} is ${value}`);
        });
      }
    });
