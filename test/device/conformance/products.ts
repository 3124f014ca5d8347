// Matrix products with their epilogues, and column sums, which are the gradients of biases.

import assert from 'node:assert/strict';
import type { Activation, MatmulOptions } from '../../../src/device/device.js';
import type { FloatType } from '../../../src/device/tensor.js';
import { activate, activationGradient, at, matmul } from '../reference.js';
import {
  type Bench,
  type Check,
  expectClose,
  expectSumsClose,
  Random,
  rowsWithNaN,
  tight,
} from './harness.js';

type Shape = readonly [m: number, n: number, k: number];

/** Single elements, odd sizes, sizes near vector lengths and register tiles, long sums. */
const shapes: readonly Shape[] = [
  [1, 1, 1],
  [1, 517, 60],
  [1, 2100, 501],
  [3, 50, 1100],
  [37, 60, 60],
  [37, 180, 60],
  [5, 3, 1031],
  [64, 64, 64],
  [97, 33, 257],
  [16, 129, 512],
  // Larger than the blocks that devices split large products into.
  [7, 700, 1031],
  [20, 30, 1600],
  [33, 800, 800],
  [2085, 18, 20],
];
/** The shapes that are fast enough for other dtypes and slow devices, and one that is aligned for every epilogue. */
const someShapes: typeof shapes = [
  [1, 1, 1],
  [1, 517, 60],
  // Few rows and long sums, as in decoding.
  [1, 72, 1100],
  [3, 50, 520],
  [37, 60, 60],
  [64, 64, 64],
  [97, 33, 257],
  [24, 72, 520],
];
const transposes = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB) => ({ transposeA, transposeB })),
);
const activations: readonly Activation[] = ['gelu_new', 'gelu'];

/** What `compute` gives, again as long as the key is the same: large inputs and references take long to compute. */
function remembered<Value>(compute: (bench: Bench, shape: Shape, options: MatmulOptions) => Value) {
  let last: { readonly key: string; readonly value: Value } | null = null;
  return (bench: Bench, shape: Shape, options: MatmulOptions): Value => {
    const key = JSON.stringify([bench.type, shape, options]);
    if (last?.key !== key) last = { key, value: compute(bench, shape, options) };
    return last.value;
  };
}

/** The numbers of both matrices, however they are laid out. */
const numbersOf = remembered((bench, [m, n, k]) => {
  const random = new Random(m * 10_007 + n * 101 + k);
  const a = bench.rounded(random.normals(m * k));
  return { a, b: bench.rounded(random.normals(k * n, 1 / Math.sqrt(k))) };
});

const productOf = remembered((bench, shape, options) => {
  const { a, b } = numbersOf(bench, shape, {});
  return matmul(a, b, shape, options);
});

function operands(bench: Bench, shape: Shape, options: MatmulOptions) {
  const [m, n, k] = shape;
  const { a, b } = numbersOf(bench, shape, {});
  return {
    random: new Random(m + n + k),
    product: productOf(bench, shape, options),
    a: bench.typed('a', options.transposeA ? [k, m] : [m, k], a),
    b: bench.typed('b', options.transposeB ? [n, k] : [k, n], b),
  };
}

function columnSums(x: Float64Array, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  x.forEach((value, index) => {
    sums[index % columns] = at(sums, index % columns) + value;
  });
  return sums;
}

export function testProducts(check: Check, type: FloatType, large: boolean): void {
  for (const shape of type === 'f32' && large ? shapes : someShapes) {
    const [m, n, k] = shape;
    // The rounding error of a sum grows with the square root of its length.
    const exact = tight * Math.max(1, Math.sqrt(k / 256));
    for (const options of transposes) {
      const name = `[${shape}]${options.transposeA ? ' a transposed' : ''}${options.transposeB ? ' b transposed' : ''}`;
      check(`matmul ${name}, overwriting and accumulating`, (bench) => {
        const { device } = bench;
        const { random, product, a, b } = operands(bench, shape, options);
        const out = bench.typedOutput('out', [m, n]);
        device.matmul(out, a, b, options);
        expectClose(bench.read(out), product, 'out', bench.tolerance(1, exact));
        // Sums are not rounded if the output is float32.
        const kept = bench.output('kept', [m, n]);
        device.matmul(kept, a, b, options);
        expectClose(bench.read(kept), product, 'kept', exact);
        const before = random.normals(m * n);
        const sum = bench.floats('sum', [m, n], before);
        device.matmul(sum, a, b, { ...options, accumulate: true });
        expectClose(
          bench.read(sum),
          product.map((value, index) => value + at(before, index)),
          'sum',
          exact,
        );
      });

      check(`matmul ${name} with bias, activation and activation gradient`, (bench) => {
        const { device } = bench;
        const { random, product, a, b } = operands(bench, shape, options);
        const bias = bench.rounded(random.normals(n));
        const biased = product.map((value, index) => value + at(bias, index % n));
        const biasTensor = bench.typed('bias', [n], bias);
        // The product may be rounded before the epilogue uses it.
        const tolerance = bench.tolerance(3, exact);
        const out = bench.typedOutput('out', [m, n]);
        device.matmul(out, a, b, { ...options, epilogue: { kind: 'bias', bias: biasTensor } });
        expectClose(bench.read(out), biased, 'biased', tolerance);
        for (const activation of activations) {
          const preActivation = bench.typedOutput('preActivation', [m, n]);
          device.matmul(out, a, b, {
            ...options,
            epilogue: { kind: 'bias-activation', bias: biasTensor, activation, preActivation },
          });
          expectClose(bench.read(preActivation), biased, `${activation} preActivation`, tolerance);
          expectClose(
            bench.read(out),
            biased.map((value) => activate(activation, value)),
            activation,
            tolerance,
          );
          const before = bench.rounded(random.normals(m * n, 2));
          const gradient = product.map(
            (value, index) => value * activationGradient(activation, at(before, index)),
          );
          const epilogue = {
            kind: 'activation-gradient',
            activation,
            preActivation: bench.typed('preActivation', [m, n], before),
          } as const;
          device.matmul(out, a, b, { ...options, epilogue });
          expectClose(bench.read(out), gradient, `${activation} gradient`, tolerance);
          const summed = random.normals(n);
          const biasGradient = bench.floats('biasGradient', [n], summed);
          device.matmul(out, a, b, { ...options, epilogue: { ...epilogue, biasGradient } });
          expectClose(bench.read(out), gradient, `${activation} gradient beside its sums`, tolerance);
          expectSumsClose(
            bench.read(biasGradient).map((value, column) => value - at(summed, column)),
            columnSums(gradient, n),
            columnSums(gradient.map(Math.abs), n),
            `${activation} gradient, summed`,
            tolerance,
          );
        }
      });
    }
  }

  check('activations and their gradients over the whole range', (bench) => {
    const { device } = bench;
    const inputs = bench.rounded(
      Float64Array.from({ length: 801 }, (_, index) => Math.fround((index - 400) / 40)),
    );
    const n = inputs.length;
    const ones = bench.typed('ones', [1, n], new Float64Array(n).fill(1));
    const one = bench.typed('one', [1, 1], [1]);
    const zero = bench.typed('zero', [1, n], new Float64Array(n));
    const bias = bench.typed('bias', [n], inputs);
    for (const activation of activations) {
      const out = bench.typedOutput('out', [1, n]);
      const preActivation = bench.typedOutput('preActivation', [1, n]);
      device.matmul(out, one, zero, {
        epilogue: { kind: 'bias-activation', bias, activation, preActivation },
      });
      const values = inputs.map((value) => activate(activation, value));
      expectClose(bench.read(out), values, activation, bench.tolerance(1, 1e-7));
      device.matmul(out, one, ones, { epilogue: { kind: 'activation-gradient', activation, preActivation } });
      const slopes = inputs.map((value) => activationGradient(activation, value));
      expectClose(bench.read(out), slopes, `${activation} gradient`, bench.tolerance(1, 1e-6));
    }
  });

  check('matmul propagates NaN and infinity only within their rows', (bench) => {
    const { device } = bench;
    const [m, n, k] = [37, 60, 33];
    const random = new Random(7);
    const [a, b] = [random.normals(m * k), random.normals(k * n)];
    a[5 * k + 3] = Number.NaN;
    a[9 * k + 1] = Number.POSITIVE_INFINITY;
    const out = bench.typedOutput('out', [m, n]);
    device.matmul(out, bench.typed('a', [m, k], a), bench.typed('b', [k, n], b));
    const result = bench.read(out);
    assert.deepEqual(rowsWithNaN(result, n), [5]);
    assert.ok(result.subarray(9 * n, 10 * n).every((value) => Math.abs(value) === Number.POSITIVE_INFINITY));
    const preActivation = bench.typedOutput('preActivation', [1, 3]);
    const activated = bench.typedOutput('activated', [1, 3]);
    const bias = bench.typed('bias', [3], [Number.NaN, Number.POSITIVE_INFINITY, 1]);
    const [one, zeros] = [bench.typed('one', [1, 1], [1]), bench.typed('zeros', [1, 3], [0, 0, 0])];
    for (const activation of activations) {
      device.matmul(activated, one, zeros, {
        epilogue: { kind: 'bias-activation', bias, activation, preActivation },
      });
      const [nan = 0, infinity = 0, finite = Number.NaN] = bench.read(activated);
      assert.ok(Number.isNaN(nan), `${activation}(NaN) is ${nan}`);
      assert.equal(infinity, Number.POSITIVE_INFINITY, `${activation}(Infinity)`);
      assert.ok(Number.isFinite(finite));
    }
  });

  for (const [rows, columns] of [
    [1, 1],
    [37, 60],
    [130, 517],
    [1000, 64],
  ] as const) {
    check(`sumRows [${rows},${columns}] accumulates`, (bench) => {
      const random = new Random(rows + columns);
      const [x, before] = [bench.rounded(random.normals(rows * columns)), random.normals(columns)];
      const out = bench.floats('out', [columns], before);
      bench.device.sumRows(out, bench.typed('x', [rows, columns], x));
      const expected = columnSums(x, columns).map((sum, column) => at(before, column) + sum);
      expectClose(bench.read(out), expected, 'out', 1e-6);
    });
  }
}
