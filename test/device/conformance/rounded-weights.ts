// Weights in f32 beside activations in half precision: a device that rounds them as it reads them computes the bits that rounded
// weights give. Other devices skip these tests.

import { dtypeOf, type Precision } from '../../../src/device/device.js';
import { type Bench, type Check, expectEqual, Random } from './harness.js';

/** [m, n, k]: single rows, few rows, and enough rows that devices pack the weights; whole tiles and their edges. */
const shapes: readonly (readonly [number, number, number])[] = [
  [1, 61, 517],
  [7, 70, 131],
  [33, 64, 96],
  [40, 97, 257],
];

/** Random weights, and numbers that round to even, to zero and to infinity, or not at all. */
function weights(random: Random, count: number): Float64Array {
  const values = random.normals(count);
  const special = [1 + 2 ** -8, 1 + 3 * 2 ** -8, -1 - 2 ** -8, 2 ** -140, -0, 3.4e38, Number.NaN];
  // In few places, because a sum with infinity or NaN shows nothing else.
  special.forEach((value, at) => {
    if (count > 1000) values[at * 3] = value;
  });
  return values;
}

/** The same numbers in f32, and rounded by an upload. */
function both(bench: Bench, name: string, shape: readonly number[], values: Float64Array) {
  return [bench.floats(name, shape, values), bench.typed(name, shape, values)] as const;
}

export function testRoundedWeights(checkAll: Check, precision: Precision): void {
  const check: Check = (name, body) =>
    checkAll(name, (bench) => {
      if (bench.device.precisions[precision].rounds && bench.type === dtypeOf[precision]) body(bench);
    });

  for (const shape of shapes)
    for (const transposeA of [false, true])
      for (const transposeB of [false, true]) {
        const options = { transposeA, transposeB };
        const [m, n, k] = shape;
        const name = `[${shape}]${transposeA ? ' a transposed' : ''}${transposeB ? ' b transposed' : ''}`;
        check(`matmul ${name} with b in f32`, (bench) => {
          const { device } = bench;
          const random = new Random(m * 10_007 + n * 101 + k);
          const a = bench.typed('a', transposeA ? [k, m] : [m, k], random.normals(m * k));
          const operands = both(bench, 'b', transposeB ? [n, k] : [k, n], weights(random, k * n));
          const bias = bench.typed('bias', [n], random.normals(n));
          const before = random.normals(m * n);
          const [given, expected] = operands.map((b) => {
            const [out, preActivation] = [bench.typedOutput('out', [m, n]), bench.typedOutput('pre', [m, n])];
            const sum = bench.floats('sum', [m, n], before);
            device.matmul(sum, a, b, { ...options, accumulate: true });
            device.matmul(out, a, b, options);
            const plain = bench.read(out);
            const epilogue = {
              kind: 'bias-activation',
              bias,
              activation: 'gelu_new',
              preActivation,
            } as const;
            const size = device.packedSize(b.shape, bench.type);
            const packedB = size > 0 ? device.allocate('packed', [size], bench.type) : undefined;
            device.matmul(out, a, b, { ...options, epilogue, packedB });
            device.matmul(out, a, b, { ...options, epilogue, packedB });
            return [bench.read(sum), plain, bench.read(preActivation), bench.read(out)];
          });
          given?.forEach((values, at) => {
            expectEqual(values, expected?.[at] ?? [], `product ${at}`);
          });
        });
      }

  check('embedding with tables in f32', (bench) => {
    const random = new Random(3);
    const [rows, channels, vocabulary, longest] = [37, 61, 23, 41];
    const tokens = bench.integers('tokens', random.integers(rows, vocabulary));
    const positions = bench.integers('positions', random.integers(rows, longest));
    const token = both(bench, 'token table', [vocabulary, channels], weights(random, vocabulary * channels));
    const position = both(bench, 'position table', [longest, channels], random.normals(longest * channels));
    const dropout = bench.dropout({ probability: 0.1, site: 3, counter: [0x12345678, -5, 9] });
    const [given, expected] = ([0, 1] as const).map((which) => {
      const out = bench.typedOutput('out', [rows, channels]);
      const tables = { token: token[which], position: position[which] };
      bench.device.embedding(out, tokens, positions, tables, dropout);
      return bench.read(out);
    });
    expectEqual(given ?? [], expected ?? [], 'out');
  });
}
