// Tests of the bits of bf16 products in the CPU kernels, for given shapes: widened, which must have the bits of the float32
// product, and on the portable units, which must round in the order of the instructions that they stand for. The rest of a
// unit's code is the same on the processor's own.

import { after, beforeEach, test } from 'node:test';
import { kernelLibrary } from '../../src/device/cpu/compiler.js';
import { createCpuDevice } from '../../src/device/cpu/cpu-device.js';
import { loadKernels } from '../../src/device/cpu/library.js';
import type { Activation } from '../../src/device/device.js';
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
} from './bf16-products.js';
import { Bench, expectSameBits } from './conformance/harness.js';

export const device = createCpuDevice({ threads: 1 });
export const kernels = loadKernels(kernelLibrary().code);
/** As in gemm-bf16-units.h. */
export const [widening, portableTiles, portablePairs, portableSquares] = [0, 1, 2, 3];
beforeEach(() => {
  kernels.use_bf16_unit(widening);
  kernels.set_threads(1);
});
after(() => device.dispose());

/** The activations as the float32 kernels compute them. */
export const inFloat32: Curves = {
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

export function expectForm(product: Product, form: Form, expected: Float64Array[], what: string) {
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

export interface Shapes {
  /** For products with widened operands. */
  readonly widened: readonly Shape[];
  /** For the portable units, with more rows than the narrow path takes. */
  readonly onUnits: readonly Shape[];
}

/** Declares the tests of the bits of products. */
export function testBitsOfProducts({ widened, onUnits }: Shapes): void {
  for (const shape of widened) testWidened(shape);
  for (const order of orders) for (const shape of onUnits) testOrder(order, shape);
}

function testWidened(shape: Shape) {
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
}

export const orders = [
  ['portable tiles', portableTiles, productOnTiles],
  ['portable pairs', portablePairs, productByPairs],
  ['portable squares', portableSquares, productByDepth],
] as const;
function testOrder([name, unit, productOf]: (typeof orders)[number], shape: Shape) {
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
}
