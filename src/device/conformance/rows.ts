// Copies, embeddings, gathered and scattered rows, and sums.

import assert from 'node:assert/strict';
import { at, dropoutMask, embedding, type Numbers } from '../reference.js';
import { type Check, dot, expectClose, expectEqual, expectGradient, Random, rowsWithNaN } from './harness.js';

const sizes = [
  [1, 1],
  [37, 60],
  [130, 517],
] as const;

export function testRows(check: Check): void {
  check('allocate gives zeros; upload, download, copy and fill move exact numbers', (bench) => {
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
        const token = random.normals(vocabulary * channels);
        const position = random.normals(longest * channels);
        const [t, p] = [bench.integers('tokens', tokens), bench.integers('positions', positions)];
        const out = bench.output('out', [rows, channels]);
        const tables = {
          token: bench.floats('token table', [vocabulary, channels], token),
          position: bench.floats('position table', [longest, channels], position),
        };
        const dropout = bench.dropout(settings);
        device.embedding(out, t, p, tables, dropout);
        const forward = () => embedding({ token, position }, tokens, positions, mask, channels);
        expectClose(bench.read(out), forward(), 'out', 2e-7);

        const gradOut = random.normals(rows * channels);
        const before = { token: random.normals(token.length), position: random.normals(position.length) };
        const gradients = {
          token: bench.floats('token gradient', [vocabulary, channels], before.token),
          position: bench.floats('position gradient', [longest, channels], before.position),
        };
        device.embeddingBackward(
          gradients,
          bench.floats('gradOut', [rows, channels], gradOut),
          t,
          p,
          dropout,
        );
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
      const x = random.normals(rows * channels);
      const expected = Float64Array.from({ length: chosen * channels }, (_, element) =>
        at(x, at(index, Math.floor(element / channels)) * channels + (element % channels)),
      );
      const indexTensor = bench.integers('index', index);
      const gathered = bench.output('gathered', [chosen, channels]);
      device.gatherRows(gathered, bench.floats('x', [rows, channels], x), indexTensor);
      expectEqual(bench.read(gathered), expected, 'gathered');
      const scattered = bench.output('scattered', [rows, channels]);
      device.scatterRows(scattered, gathered, indexTensor);
      const kept = new Set(index);
      expectEqual(
        bench.read(scattered),
        x.map((value, element) => (kept.has(Math.floor(element / channels)) ? value : 0)),
        'scattered',
      );
    });
  }

  for (const size of [1, 517, 100_003]) {
    check(`sum and sumOfSquares of ${size} accumulate`, (bench) => {
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

  check('no rows at all are allowed: a batch may have nothing to learn from', (bench) => {
    const { device } = bench;
    const x = bench.floats('x', [5, 60], new Random(1).normals(300));
    const [none, index] = [bench.output('none', [0, 60]), bench.integers('index', [])];
    device.gatherRows(none, x, index);
    const scattered = bench.output('scattered', [5, 60]);
    device.scatterRows(scattered, none, index);
    expectEqual(bench.read(scattered), new Float64Array(300), 'scattered');
    const total = bench.floats('total', [1], [3]);
    device.sum(total, bench.output('losses', [0]));
    expectEqual(bench.read(total), [3], 'total');
  });

  check('a NaN stays in its row of an embedding, and shows in sums', (bench) => {
    const { device } = bench;
    const [rows, channels] = [5, 60];
    const table = new Float64Array(rows * channels).fill(1);
    table[3 * channels + 7] = Number.NaN;
    const token = bench.floats('token table', [rows, channels], table);
    const position = bench.floats('position table', [1, channels], new Float64Array(channels));
    const out = bench.output('out', [3, channels]);
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
      device[operation](total, token);
      assert.ok(Number.isNaN(bench.read(total)[0]), operation);
    }
  });
}

function minus(after: Numbers, before: Numbers): Float64Array {
  return Float64Array.from({ length: after.length }, (_, index) => at(after, index) - at(before, index));
}
