// Copies, embeddings, gathering and scattering of rows, and sums.

import assert from 'node:assert/strict';
import type { FloatType } from '../../../src/device/tensor.js';
import { at, dropoutMask, embedding, type Numbers } from '../reference.js';
import { type Check, dot, expectClose, expectEqual, expectGradient, Random, rowsWithNaN } from './harness.js';

const sizes = [
  [1, 1],
  [37, 60],
  [130, 517],
] as const;

export function testRows(check: Check, type: FloatType): void {
  if (type === 'f32') testWholeBuffers(check);
  else testRounding(check);

  for (const probability of [0, 0.1, 0.5]) {
    for (const [rows, channels] of sizes) {
      check(`embedding and its gradient, ${rows} rows of ${channels}, dropout ${probability}`, (bench) => {
        const { device } = bench;
        const random = new Random(rows);
        const [vocabulary, longest] = [23, 41];
        const settings = { probability, site: 3, counter: [0x12345678, -5, 9] } as const;
        const mask = dropoutMask(settings, rows, channels);
        const tokens = random.integers(rows, vocabulary);
        const positions = random.integers(rows, longest);
        const token = bench.rounded(random.normals(vocabulary * channels));
        const position = bench.rounded(random.normals(longest * channels));
        const [t, p] = [bench.integers('tokens', tokens), bench.integers('positions', positions)];
        const out = bench.typedOutput('out', [rows, channels]);
        const tables = {
          token: bench.typed('token table', [vocabulary, channels], token),
          position: bench.typed('position table', [longest, channels], position),
        };
        const dropout = bench.dropout(settings);
        device.embedding(out, t, p, tables, dropout);
        const forward = () => embedding({ token, position }, tokens, positions, mask, channels);
        expectClose(bench.read(out), forward(), 'out', bench.tolerance(1, 2e-7));

        const gradOut = bench.rounded(random.normals(rows * channels));
        const before = { token: random.normals(token.length), position: random.normals(position.length) };
        const gradients = {
          token: bench.floats('token gradient', [vocabulary, channels], before.token),
          position: bench.floats('position gradient', [longest, channels], before.position),
        };
        device.embeddingBackward(gradients, bench.typed('gradOut', [rows, channels], gradOut), t, p, dropout);
        const loss = () => dot(forward(), gradOut);
        const sampling = { sample: rows > 100 ? 12 : 100 };
        expectGradient(
          minus(bench.read(gradients.token), before.token),
          token,
          loss,
          'token gradient',
          sampling,
        );
        expectGradient(
          minus(bench.read(gradients.position), before.position),
          position,
          loss,
          'position gradient',
          sampling,
        );
      });
    }
  }

  for (const [rows, channels] of sizes) {
    check(`gatherRows and scatterRows, ${rows} rows of ${channels}`, (bench) => {
      const { device } = bench;
      const random = new Random(rows);
      const chosen = Math.ceil(rows / 2);
      const index = random.distinct(chosen, rows);
      const x = bench.rounded(random.normals(rows * channels));
      const expected = Float64Array.from({ length: chosen * channels }, (_, element) =>
        at(x, at(index, Math.floor(element / channels)) * channels + (element % channels)),
      );
      const indexTensor = bench.integers('index', index);
      const gathered = bench.typedOutput('gathered', [chosen, channels]);
      device.gatherRows(gathered, bench.typed('x', [rows, channels], x), indexTensor);
      expectEqual(bench.read(gathered), expected, 'gathered');
      const scattered = bench.typedOutput('scattered', [rows, channels]);
      device.scatterRows(scattered, gathered, indexTensor);
      const kept = new Set(index);
      expectEqual(
        bench.read(scattered),
        x.map((value, element) => (kept.has(Math.floor(element / channels)) ? value : 0)),
        'scattered',
      );
    });
  }

  check('zero rows are allowed, because a batch may have no supervised positions', (bench) => {
    const { device } = bench;
    const x = bench.typed('x', [5, 60], new Random(1).normals(300));
    const [none, index] = [bench.typedOutput('none', [0, 60]), bench.integers('index', [])];
    device.gatherRows(none, x, index);
    const scattered = bench.typedOutput('scattered', [5, 60]);
    device.scatterRows(scattered, none, index);
    expectEqual(bench.read(scattered), new Float64Array(300), 'scattered');
    const total = bench.floats('total', [1], [3]);
    device.sum(total, bench.output('losses', [0]));
    expectEqual(bench.read(total), [3], 'total');
  });

  check('NaN affects only its row of an embedding, and propagates into sums', (bench) => {
    const { device } = bench;
    const [rows, channels] = [5, 60];
    const table = new Float64Array(rows * channels).fill(1);
    table[3 * channels + 7] = Number.NaN;
    const token = bench.typed('token table', [rows, channels], table);
    const position = bench.typed('position table', [1, channels], new Float64Array(channels));
    const out = bench.typedOutput('out', [3, channels]);
    const dropout = bench.dropout({ probability: 0, site: 0, counter: [0, 0, 0] });
    device.embedding(
      out,
      bench.integers('tokens', [2, 3, 4]),
      bench.integers('positions', [0, 0, 0]),
      { token, position },
      dropout,
    );
    assert.deepEqual(rowsWithNaN(bench.read(out), channels), [1]);
    const sums = bench.floats('sums', [channels], new Float64Array(channels));
    device.sumRows(sums, token);
    assert.deepEqual(
      [...bench.read(sums)].flatMap((value, column) => (Number.isNaN(value) ? [column] : [])),
      [7],
    );
    for (const operation of ['sum', 'sumOfSquares'] as const) {
      const total = bench.floats('total', [1], [0]);
      device[operation](total, sums);
      assert.ok(Number.isNaN(bench.read(total)[0]), operation);
    }
  });
}

/** Transfers, and sums over whole buffers. These are float32 on every device. */
function testWholeBuffers(check: Check): void {
  check('allocate gives zeros; upload, download, copy and fill are exact', (bench) => {
    const { device } = bench;
    const values = Float64Array.from([1.5, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e-42, 3]);
    const source = bench.floats('source', [2, 3], values);
    expectEqual(bench.read(source), values.map(Math.fround), 'source');
    expectEqual(bench.read(source.rows(1, 1)), values.slice(3).map(Math.fround), 'second row');
    const target = device.allocate('target', [6]);
    expectEqual(bench.read(target), new Float64Array(6), 'fresh memory');
    device.copy(target, source);
    expectEqual(bench.read(target), values.map(Math.fround), 'copy');
    device.fill(target.view(2, [3]), -2.5);
    expectEqual(bench.read(target), [1.5, -0, -2.5, -2.5, -2.5, 3], 'filled middle');
    const large = device.allocate('large', [700_001]);
    device.fill(large, 4);
    const second = bench.output('second', [700_001]);
    device.copy(second, large);
    expectEqual(bench.read(second), new Float64Array(700_001).fill(4), 'large copy');
  });

  for (const size of [1, 517, 100_003]) {
    check(`sum and sumOfSquares of ${size} elements accumulate`, (bench) => {
      const { device } = bench;
      const x = new Random(size).normals(size, 1, 0.1);
      const tensor = bench.floats('x', [size], x);
      const [sum, squares] = [bench.floats('sum', [1], [2]), bench.floats('squares', [1], [3])];
      device.sum(sum, tensor);
      device.sumOfSquares(squares, tensor);
      const total = x.reduce((before, value) => before + value, 2);
      const totalOfSquares = x.reduce((before, value) => before + value ** 2, 3);
      expectClose(bench.read(sum), [total], 'sum', 2e-7);
      expectClose(bench.read(squares), [totalOfSquares], 'squares', 2e-7);
    });
  }
}

/** Conversion between floats and half-precision tensors. */
function testRounding(check: Check): void {
  check('uploads and fills round to nearest, ties to even; copies and downloads are exact', (bench) => {
    const { device } = bench;
    const random = new Random(5);
    const unit = bench.type === 'bf16' ? 2 ** -7 : 2 ** -10;
    const chosen = [0, -0, 1, 1 + unit / 2, 1 + (3 * unit) / 2, -1 - unit / 2, 1 + unit / 2 + unit / 4096];
    const small = [1e-40, 6e-8, 3e-8, 2.9e-8, -4.5e-5, 6.1e-5, 65_504, 65_519];
    const values = Float64Array.from([...chosen, ...small, ...random.normals(2000, 100)], Math.fround);
    const expected = bench.rounded(values);
    assert.deepEqual([...expected.subarray(2, 7)], [1, 1, 1 + 2 * unit, -1, 1 + unit]);
    const tensor = bench.typed('tensor', [values.length], values);
    expectEqual(bench.read(tensor), expected, 'rounded');
    const edges = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3.4028e38];
    expectEqual(
      bench.read(bench.typed('edges', [4], edges)),
      [...edges.slice(0, 3), Number.POSITIVE_INFINITY],
      'edges',
    );
    const copy = bench.typedOutput('copy', [values.length]);
    device.copy(copy, tensor);
    device.fill(copy.view(3, [3]), 1 + unit / 2 + unit / 4);
    expected.fill(1 + unit, 3, 6);
    expectEqual(bench.read(copy), expected, 'copied and filled');
    const large = device.allocate('large', [700_001], bench.type);
    expectEqual(bench.read(large.view(700_000, [1])), [0], 'fresh memory');
    device.upload(large, new Float32Array(700_001).fill(3));
    expectEqual(bench.read(large), new Float64Array(700_001).fill(3), 'large');
  });
}

function minus(after: Numbers, before: Numbers): Float64Array {
  return Float64Array.from({ length: after.length }, (_, index) => at(after, index) - at(before, index));
}
