// Layer normalization, alone and with the residual addition and its dropout.

import assert from 'node:assert/strict';
import type { Tensor } from '../../../src/device/tensor.js';
import { at, type DropoutSettings, dropoutMask, layernorm, type Numbers } from '../reference.js';
import {
  type Bench,
  type Check,
  dot,
  expectClose,
  expectEqual,
  expectGradient,
  Random,
  rowsWithNaN,
  tight,
} from './harness.js';

const sizes = [
  [1, 4],
  [37, 60],
  [130, 517],
  [8, 768],
] as const;
const epsilon = 1e-5;

/** dropout(x[rows,channels]), computed as the gradient of a branch whose normalisation contributes nothing. */
function dropped(
  bench: Bench,
  x: Numbers,
  [rows, channels]: readonly [number, number],
  settings: DropoutSettings,
): Float32Array {
  const zeros = () => bench.typed('zeros', [rows, channels], new Float64Array(rows * channels));
  const vector = () => bench.floats('vector', [channels], new Float64Array(channels));
  const gradient = bench.typedOutput('branch gradient', [rows, channels]);
  bench.device.layernormBackward(
    bench.floats('gradX', [rows, channels], x),
    { weight: vector(), bias: vector() },
    zeros(),
    zeros(),
    bench.floats('stats', [rows, 2], new Float64Array(2 * rows).fill(1)),
    vector(),
    { gradient, dropout: bench.dropout(settings) },
  );
  return bench.read(gradient);
}

export function testNormalization(check: Check): void {
  for (const probability of [0, 0.1, 0.999]) {
    check(`dropout ${probability} draws the mask that the contract defines`, (bench) => {
      for (const [rows, channels] of sizes) {
        const settings = { probability, site: 11, counter: [-1, 77, 3] } as const;
        const x = new Random(5).normals(rows * channels);
        const mask = dropoutMask(settings, rows, channels);
        expectEqual(
          dropped(bench, x, [rows, channels], settings),
          bench.rounded(x.map((value, index) => Math.fround(value * at(mask, index)))),
          `[${rows},${channels}]`,
        );
      }
    });
  }

  check('dropout draws a different mask for a different seed, site, step or row', (bench) => {
    const [rows, channels] = [2, 64];
    const ones = new Float64Array(rows * channels).fill(1);
    const drawn = [
      { site: 0, counter: [1, 2, 3] },
      { site: 1, counter: [1, 2, 3] },
      { site: 0, counter: [9, 2, 3] },
      { site: 0, counter: [1, 9, 3] },
      { site: 0, counter: [1, 2, 9] },
    ] as const;
    const masks = drawn.flatMap((settings) => {
      const mask = dropped(bench, ones, [rows, channels], { probability: 0.5, ...settings });
      return [mask.subarray(0, channels).join(), mask.subarray(channels).join()];
    });
    assert.equal(new Set(masks).size, masks.length);
  });

  for (const [rows, channels] of sizes) {
    check(`layernorm and its gradients, [${rows},${channels}]`, (bench) => {
      const { device } = bench;
      const random = new Random(rows);
      const x = bench.rounded(random.normals(rows * channels, 3, 1));
      const weight = random.normals(channels, 0.5, 1);
      const bias = random.normals(channels);
      const [out, stats] = [bench.typedOutput('out', [rows, channels]), bench.output('stats', [rows, 2])];
      const xTensor = bench.typed('x', [rows, channels], x);
      const parameters = {
        weight: bench.floats('weight', [channels], weight),
        bias: bench.floats('bias', [channels], bias),
      };
      device.layernorm(out, stats, xTensor, parameters, epsilon);
      const expected = layernorm(x, weight, bias, epsilon);
      expectClose(bench.read(out), expected.out, 'out', bench.tolerance(1));
      expectClose(bench.read(stats), expected.stats, 'stats');

      const gradOut = bench.rounded(random.normals(rows * channels));
      const zeros = (shape: readonly number[], size: number) =>
        bench.floats('gradient', shape, new Float64Array(size));
      const gradX = zeros([rows, channels], rows * channels);
      const gradients = { weight: zeros([channels], channels), bias: zeros([channels], channels) };
      const settings = { probability: 0.3, site: 2, counter: [3, 4, 5] } as const;
      const mask = dropoutMask(settings, rows, channels);
      const backward = (apart?: Tensor) => {
        const gradOutTensor = bench.typed('gradOut', [rows, channels], gradOut);
        const gradient = apart ?? gradOutTensor;
        const branch = { gradient, dropout: bench.dropout(settings) };
        device.layernormBackward(gradX, gradients, gradOutTensor, xTensor, stats, parameters.weight, branch);
        const wanted = Float64Array.from(bench.read(gradX), (value, index) =>
          Math.fround(value * at(mask, index)),
        );
        expectEqual(bench.read(gradient), bench.rounded(wanted), 'gradient of the branch');
      };
      backward();
      const loss = () => dot(layernorm(x, weight, bias, epsilon).out, gradOut);
      const once = [gradX, gradients.weight, gradients.bias].map((tensor) => bench.read(tensor));
      const names = ['gradX', 'weight gradient', 'bias gradient'];
      [x, weight, bias].forEach((values, index) => {
        expectGradient(once[index] ?? [], values, loss, names[index] ?? '', { sample: 60, tolerance: 1e-5 });
      });
      backward(bench.typedOutput('branch gradient', [rows, channels]));
      [gradX, gradients.weight, gradients.bias].forEach((tensor, index) => {
        const doubled = (once[index] ?? new Float32Array()).map((value) => 2 * value);
        expectClose(bench.read(tensor), doubled, `accumulated ${names[index]}`, tight);
      });
    });

    for (const probability of [0, 0.3]) {
      check(`residualLayernorm [${rows},${channels}], dropout ${probability}, in place or not`, (bench) => {
        const { device } = bench;
        const random = new Random(channels);
        const settings = { probability, site: 2, counter: [3, 4, 5] } as const;
        const mask = dropoutMask(settings, rows, channels);
        const rowNumbers = () => bench.rounded(random.normals(rows * channels));
        const [residual, branch] = [rowNumbers(), rowNumbers()];
        const weight = random.normals(channels);
        const bias = random.normals(channels);
        const total = residual.map((value, index) => value + at(branch, index) * at(mask, index));
        const residualTensor = bench.typed('residual', [rows, channels], residual);
        for (const sum of [bench.typedOutput('sum', [rows, channels]), residualTensor]) {
          const [out, stats] = [bench.typedOutput('out', [rows, channels]), bench.output('stats', [rows, 2])];
          device.residualLayernorm(
            sum,
            out,
            stats,
            residualTensor,
            bench.typed('branch', [rows, channels], branch),
            {
              weight: bench.floats('weight', [channels], weight),
              bias: bench.floats('bias', [channels], bias),
            },
            epsilon,
            bench.dropout(settings),
          );
          expectClose(bench.read(sum), total, 'sum', bench.tolerance(1, 2e-7));
          // The rounded sum is normalised.
          const expected = layernorm(bench.read(sum), weight, bias, epsilon);
          expectClose(bench.read(out), expected.out, 'out', bench.tolerance(1));
          expectClose(bench.read(stats), expected.stats, 'stats', tight);
        }
      });
    }
  }

  check('layernorm is accurate for values far from zero', (bench) => {
    const { device } = bench;
    const [rows, channels] = [3, 60];
    const x = bench.rounded(new Random(1).normals(rows * channels, 1, 1000));
    const [ones, zeros] = [new Float64Array(channels).fill(1), new Float64Array(channels)];
    const [out, stats] = [bench.typedOutput('out', [rows, channels]), bench.output('stats', [rows, 2])];
    device.layernorm(
      out,
      stats,
      bench.typed('x', [rows, channels], x),
      { weight: bench.floats('weight', [channels], ones), bias: bench.floats('bias', [channels], zeros) },
      epsilon,
    );
    expectClose(bench.read(out), layernorm(x, ones, zeros, epsilon).out, 'out', bench.tolerance(1, 1e-4));
  });

  check('NaN or infinity in a layernorm affects only its row', (bench) => {
    const { device } = bench;
    const [rows, channels] = [7, 60];
    const x = new Random(1).normals(rows * channels);
    x[2 * channels + 59] = Number.NaN;
    x[4 * channels] = Number.POSITIVE_INFINITY;
    const [out, stats] = [bench.typedOutput('out', [rows, channels]), bench.output('stats', [rows, 2])];
    const xTensor = bench.typed('x', [rows, channels], x);
    const ones = bench.floats('ones', [channels], new Float64Array(channels).fill(1));
    device.layernorm(out, stats, xTensor, { weight: ones, bias: ones }, epsilon);
    assert.deepEqual(rowsWithNaN(bench.read(out), channels), [2, 4]);
    const zeros = (count: number, shape: readonly number[]) =>
      bench.floats('gradient', shape, new Float64Array(count));
    const gradX = zeros(rows * channels, [rows, channels]);
    const gradients = { weight: zeros(channels, [channels]), bias: zeros(channels, [channels]) };
    device.layernormBackward(gradX, gradients, xTensor, xTensor, stats, ones);
    assert.deepEqual(rowsWithNaN(bench.read(gradX), channels), [2, 4]);
    assert.deepEqual(rowsWithNaN(bench.read(gradients.weight), channels), [0]);
  });
}
