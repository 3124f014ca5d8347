// Read-only weights stored in bf16: the rounding of uploads, and the operations that widen the weights. Devices without
// bf16 weights skip these tests.

import assert from 'node:assert/strict';
import { activate, at, dropoutMask, embedding, matmul, roundToBf16 } from '../reference.js';
import { type Check, expectClose, expectEqual, Random, rowsWithNaN, tight } from './harness.js';

/** [m, n, k]: single rows, few rows, and enough rows that devices pack them; odd sizes. */
const shapes: readonly (readonly [number, number, number])[] = [
  [1, 1, 1],
  [1, 517, 61],
  [1, 2100, 501],
  [2, 33, 257],
  [7, 700, 1031],
  [16, 129, 512],
  [37, 61, 60],
  [33, 800, 801],
];

/** The numbers of the matrices, however they are laid out, and of the bias. */
function numbersOf([m, n, k]: readonly [number, number, number]) {
  const random = new Random(m * 10_007 + n * 101 + k);
  const a = random.normals(m * k);
  const b = random.normals(k * n, 1 / Math.sqrt(k)).map(roundToBf16);
  return { a, b, bias: random.normals(n) };
}

export function testNarrowWeights(checkAll: Check): void {
  const check: Check = (name, body) =>
    checkAll(name, (bench) => {
      if (bench.device.precisions.bf16.stores) body(bench);
    });

  check('an upload rounds to the nearest bf16, ties to even', (bench) => {
    const { device } = bench;
    const random = new Random(5);
    const chosen = [
      0,
      -0,
      1,
      1 + 2 ** -8,
      1 + 3 * 2 ** -8,
      -1 - 2 ** -8,
      1 + 2 ** -8 + 2 ** -20,
      1e-40,
      3e38,
    ];
    const values = Float64Array.from([...chosen, ...random.normals(2000, 100)], Math.fround);
    const tensor = bench.narrow('tensor', [values.length], values);
    const expected = values.map(roundToBf16);
    assert.deepEqual([...expected.subarray(2, 7)], [1, 1, 1 + 2 ** -6, -1, 1 + 2 ** -7]);
    expectEqual(bench.read(tensor), expected, 'rounded');
    const edges = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3.4e38];
    expectEqual(
      bench.read(bench.narrow('edges', [4], edges)),
      [...edges.slice(0, 3), Number.POSITIVE_INFINITY],
      'edges',
    );
    const copy = bench.narrow('copy', [values.length], new Float64Array(values.length));
    device.copy(copy, tensor);
    device.fill(copy.view(3, [2]), -2.5);
    expected.fill(-2.5, 3, 5);
    expectEqual(bench.read(copy), expected, 'copied and filled');
    const large = device.allocate('large', [700_001], 'bf16');
    expectEqual(bench.read(large.view(700_000, [1])), [0], 'fresh memory');
    device.fill(large, 3);
    expectEqual(bench.read(large), new Float64Array(700_001).fill(3), 'large');
  });

  for (const shape of shapes) {
    let numbers: ReturnType<typeof numbersOf> | undefined;
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const options = { transposeA, transposeB };
        const [m, n, k] = shape;
        const name = `[${shape}]${transposeA ? ' a transposed' : ''}${transposeB ? ' b transposed' : ''}`;
        check(`matmul ${name} with b in bf16`, (bench) => {
          const { device } = bench;
          numbers ??= numbersOf(shape);
          const { a, b, bias } = numbers;
          const product = matmul(a, b, shape, options);
          const left = bench.floats('a', transposeA ? [k, m] : [m, k], a);
          const right = bench.narrow('b', transposeB ? [n, k] : [k, n], b);
          const tolerance = tight * Math.max(1, Math.sqrt(k / 256));
          const out = bench.output('out', [m, n]);
          device.matmul(out, left, right, options);
          expectClose(bench.read(out), product, 'out', tolerance);
          device.matmul(out, left, right, { ...options, accumulate: true });
          expectClose(
            bench.read(out),
            product.map((value) => 2 * value),
            'accumulated',
            tolerance,
          );
          const preActivation = bench.output('preActivation', [m, n]);
          device.matmul(out, left, right, {
            ...options,
            epilogue: {
              kind: 'bias-activation',
              bias: bench.floats('bias', [n], bias),
              activation: 'gelu_new',
              preActivation,
            },
          });
          const biased = product.map((value, index) => value + at(bias, index % n));
          expectClose(bench.read(preActivation), biased, 'biased', tolerance);
          expectClose(
            bench.read(out),
            biased.map((value) => activate('gelu_new', value)),
            'activated',
            tolerance,
          );
        });
      }
    }
  }

  for (const rows of [1, 9, 37]) {
    check(`NaN and infinity in bf16 weights affect only their column, ${rows} rows`, (bench) => {
      const [n, k] = [60, 33];
      const b = new Float64Array(k * n).fill(1);
      b[3 * n + 5] = Number.NaN;
      b[4 * n + 7] = Number.NEGATIVE_INFINITY;
      const a = bench.floats('a', [rows, k], new Float64Array(rows * k).fill(0.5));
      const out = bench.output('out', [rows, n]);
      bench.device.matmul(out, a, bench.narrow('b', [k, n], b));
      const expected = new Float64Array(rows * n).fill(k / 2);
      for (let row = 0; row < rows; row++) {
        expected[row * n + 5] = Number.NaN;
        expected[row * n + 7] = Number.NEGATIVE_INFINITY;
      }
      expectEqual(bench.read(out), expected, 'out');
    });
  }

  for (const probability of [0, 0.1]) {
    check(`embedding with bf16 tables, dropout ${probability}`, (bench) => {
      const random = new Random(3);
      const [rows, channels, vocabulary, longest] = [37, 61, 23, 41];
      const settings = { probability, site: 3, counter: [0x12345678, -5, 9] } as const;
      const token = random.normals(vocabulary * channels).map(roundToBf16);
      const position = random.normals(longest * channels).map(roundToBf16);
      const tokens = random.integers(rows, vocabulary);
      const positions = random.integers(rows, longest);
      token[at(tokens, 4) * channels] = Number.NaN;
      const out = bench.output('out', [rows, channels]);
      bench.device.embedding(
        out,
        bench.integers('tokens', tokens),
        bench.integers('positions', positions),
        {
          token: bench.narrow('token table', [vocabulary, channels], token),
          position: bench.narrow('position table', [longest, channels], position),
        },
        bench.dropout(settings),
      );
      const written = bench.read(out);
      assert.ok(rowsWithNaN(written, channels).includes(4));
      const expected = embedding(
        { token, position },
        tokens,
        positions,
        dropoutMask(settings, rows, channels),
        channels,
      );
      const finite = (values: ArrayLike<number>) => Array.from(values, (value) => value || 0);
      expectClose(finite(written), finite(expected), 'out', 2e-7);
    });
  }
}
