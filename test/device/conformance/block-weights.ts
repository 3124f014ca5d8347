// Read-only weights in 8 bits: how uploads round, and the operations that widen the weights. Devices without such weights
// skip these tests.

import assert from 'node:assert/strict';
import type { Tensor } from '../../../src/device/tensor.js';
import { activate, at, dropoutMask, embedding, matmul, roundToBf16 } from '../reference.js';
import { type Bench, type Check, expectClose, expectEqual, Random, tight } from './harness.js';

const block = 32;

/** [m, n, k]: single rows, few rows, and enough rows that devices pack them. */
const shapes: readonly (readonly [number, number, number])[] = [
  [1, 32, 32],
  [1, 544, 96],
  [1, 2112, 512],
  [2, 64, 256],
  [7, 704, 1056],
  [16, 128, 512],
  [37, 96, 64],
  [33, 800, 832],
];

/** Uploads numbers as q8. @returns the tensor and the numbers that it holds. */
function blocks(bench: Bench, shape: readonly number[], values: Float64Array): [Tensor, Float64Array] {
  const tensor = bench.device.allocate('blocks', shape, 'q8');
  bench.device.upload(tensor, Float32Array.from(values));
  return [tensor, Float64Array.from(bench.device.download(tensor))];
}

export function testBlockWeights(checkAll: Check): void {
  const check: Check = (name, body) =>
    checkAll(name, (bench) => {
      if (bench.device.precisions.int8.stores) body(bench);
    });

  check(
    'an upload rounds to multiples of a 127th of the largest number, and errors of a block cancel out',
    (bench) => {
      const values = new Random(6).normals(40 * block, 3);
      values.fill(0, block, 2 * block);
      values.fill(1.37, 2 * block + 1, 3 * block);
      const [, held] = blocks(bench, [40, block], values);
      for (let first = 0; first < values.length; first += block) {
        const largest = values
          .subarray(first, first + block)
          .reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const scale = roundToBf16(Math.fround(largest / 127));
        let sum = 0;
        for (let index = first; index < first + block; index++) {
          const [value, kept] = [at(values, index), at(held, index)];
          assert.equal(kept, scale * Math.round(kept / (scale || 1)), 'a multiple');
          assert.ok(Math.abs(kept - value) <= 1.0001 * scale, `${value} became ${kept}`);
          sum += kept - value;
        }
        assert.ok(
          Math.abs(sum) <= 0.501 * scale,
          `errors of block ${first / block} add up to ${sum / scale}`,
        );
      }
    },
  );

  check('a block with NaN or infinity becomes NaN, and no other block does', (bench) => {
    const values = new Float64Array(4 * block).fill(1);
    values[block + 3] = Number.NaN;
    values[3 * block] = Number.POSITIVE_INFINITY;
    const [, held] = blocks(bench, [4, block], values);
    expectEqual(
      held,
      held.map((_, index) => (Math.floor(index / block) % 2 === 1 ? Number.NaN : roundToBf16(1 / 127) * 127)),
      'held',
    );
  });

  for (const shape of shapes)
    for (const transposeB of [false, true])
      check(`matmul [${shape}]${transposeB ? ' b transposed' : ''} with b in 8 bits`, (bench) => {
        const { device } = bench;
        const [m, n, k] = shape;
        const random = new Random(m * 10_007 + n * 101 + k);
        const a = random.normals(m * k);
        const bias = random.normals(n);
        const shapeOfB = transposeB ? [n, k] : [k, n];
        const [right, b] = blocks(bench, shapeOfB, random.normals(k * n, 1 / Math.sqrt(k)));
        const product = matmul(a, b, shape, { transposeA: false, transposeB });
        const left = bench.floats('a', [m, k], a);
        // A device may round the rows of a by half a 127th of the largest number in a block.
        const tolerance = transposeB ? 0.015 : tight * Math.max(1, Math.sqrt(k / 256));
        const out = bench.output('out', [m, n]);
        device.matmul(out, left, right, { transposeB });
        expectClose(bench.read(out), product, 'out', tolerance);
        const preActivation = bench.output('preActivation', [m, n]);
        const activation = 'gelu_new';
        device.matmul(out, left, right, {
          transposeB,
          epilogue: {
            kind: 'bias-activation',
            bias: bench.floats('bias', [n], bias),
            activation,
            preActivation,
          },
        });
        const biased = product.map((value, index) => value + at(bias, index % n));
        expectClose(bench.read(preActivation), biased, 'biased', tolerance);
        expectClose(
          bench.read(out),
          biased.map((value) => activate(activation, value)),
          'activated',
          tolerance,
        );
      });

  check('embedding with tables in 8 bits', (bench) => {
    const random = new Random(3);
    const [rows, channels, vocabulary, longest] = [37, 96, 23, 41];
    const settings = { probability: 0.1, site: 3, counter: [0x12345678, -5, 9] } as const;
    const [tokenTable, token] = blocks(bench, [vocabulary, channels], random.normals(vocabulary * channels));
    const [positionTable, position] = blocks(bench, [longest, channels], random.normals(longest * channels));
    const [tokens, positions] = [random.integers(rows, vocabulary), random.integers(rows, longest)];
    const out = bench.output('out', [rows, channels]);
    bench.device.embedding(
      out,
      bench.integers('tokens', tokens),
      bench.integers('positions', positions),
      { token: tokenTable, position: positionTable },
      bench.dropout(settings),
    );
    const mask = dropoutMask(settings, rows, channels);
    expectClose(
      bench.read(out),
      embedding({ token, position }, tokens, positions, mask, channels),
      'out',
      2e-7,
    );
  });

  check('rows that are not whole blocks are refused', (bench) => {
    const { device } = bench;
    assert.throws(
      () => device.allocate('odd', [3, 33], 'q8'),
      /allocate: \[3,33\] is not whole blocks of q8/,
    );
    const cut = device.allocate('cut', [2, 48], 'q8');
    const [out, a] = [bench.output('out', [1, 48]), bench.floats('a', [1, 2], [1, 1])];
    assert.throws(() => device.matmul(out, a, cut), /the rows of cut q8\[2,48\] are not whole blocks/);
  });
}
