// Products of bf16 numbers in the CPU kernels: widened, which must have the bits of the float32 product, and on the portable
// units, which must round in the order of the instructions that they stand for. The rest of a unit's code is the same on the
// processor's own.

import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import {
  type Curves,
  expectedOf,
  type Form,
  forms,
  type Inputs,
  nameOf,
  Product,
  productByDepth,
  productByPairs,
  productOnTiles,
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
/** As in gemm-bf16-units.h. */
const [widening, portableTiles, portablePairs, portableSquares] = [0, 1, 2, 3];
beforeEach(() => {
  kernels.use_bf16_unit(widening);
  kernels.set_threads(1);
});
after(() => device.dispose());

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

function expectForm(product: Product, form: Form, expected: Float64Array[], what: string) {
  const stored = product.stored(form);
  expected.forEach((wanted, index) => {
    const name = `${form}, ${what}, output ${index}`;
    expectSameBits(stored[index] ?? new Float32Array(), Float32Array.from(wanted), name);
  });
}

/** Several threads share the work of every form in the same way, and large outputs take long: one form of each dtype. */
const someForms = ['f32, added', 'gelu'] as const satisfies readonly Form[];
function formsFor([m, n]: Shape, threads: number): readonly Form[] {
  return threads === 1 && m * n < 20_000 ? forms : someForms;
}

/** Single rows, columns and depths, edges of tiles and vectors, few rows, and more than a part or a stage holds. */
const shapes: readonly Shape[] = [
  [1, 1, 1],
  [1, 517, 60],
  [2, 3, 0],
  [3, 50, 1100],
  [17, 1, 31],
  [37, 60, 61],
  [97, 33, 257],
  [17, 800, 801],
  [20, 30, 1600],
  [2085, 5, 20],
];
for (const shape of shapes)
  test(`[${shape}]: widened operands give the bits of float32, rounded where they are stored`, () => {
    for (const chosen of transposes) {
      const inputs = randomInputs(shape, chosen);
      const product = productInFloat32(inputs);
      const added = productInFloat32(inputs, inputs.before);
      const narrow = new Product(kernels, new Bench(device), inputs);
      for (const threads of [1, 3]) {
        kernels.set_threads(threads);
        for (const form of formsFor(shape, threads)) {
          // A long float32 sum is added to the output part by part.
          const expected = form === 'f32, added' ? [added] : expectedOf(product, inputs, form, inFloat32);
          expectForm(narrow, form, expected, `${nameOf(inputs)}, ${threads} threads`);
        }
      }
    }
  });

const orders = [
  ['portable tiles', portableTiles, productOnTiles],
  ['portable pairs', portablePairs, productByPairs],
  ['portable squares', portableSquares, productByDepth],
] as const;
/** More rows than the narrow path takes: edges of panels, steps and blocks, more panels than a job, more than a stage. */
const shapesOfUnits: readonly Shape[] = [
  [17, 1, 1],
  [18, 3, 0],
  [32, 64, 96],
  [37, 60, 61],
  [97, 33, 257],
  [17, 1100, 40],
  [20, 30, 2100],
  [530, 20, 300],
  [2085, 5, 20],
];
for (const [name, unit, productOf] of orders)
  for (const shape of shapesOfUnits)
    test(`[${shape}]: ${name} round in the order of the instruction`, () => {
      for (const chosen of transposes) {
        const inputs = randomInputs(shape, chosen);
        const product = productOf(inputs);
        const narrow = new Product(kernels, new Bench(device), inputs);
        kernels.use_bf16_unit(unit);
        for (const threads of [1, 3]) {
          kernels.set_threads(threads);
          for (const form of formsFor(shape, threads))
            expectForm(
              narrow,
              form,
              expectedOf(product, inputs, form, inFloat32),
              `${nameOf(inputs)}, ${threads} threads`,
            );
        }
      }
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

test('an output that is larger than the caches is the same', () => {
  const inputs = randomInputs([1050, 512, 20], { transposeA: false, transposeB: false });
  const product = productOnTiles(inputs);
  kernels.use_bf16_unit(portableTiles);
  for (const alignment of ['aligned', 'unaligned'] as const) {
    const narrow = new Product(kernels, new Bench(device, 'f32', alignment), inputs);
    for (const form of ['bf16', 'bias', 'gelu_new', 'gradient of gelu'] as const)
      expectForm(narrow, form, expectedOf(product, inputs, form, inFloat32), alignment);
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
