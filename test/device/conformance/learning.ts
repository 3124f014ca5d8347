// Cross-entropy, gradient clipping and AdamW.

import assert from 'node:assert/strict';
import type { FloatType, Tensor } from '../../../src/device/tensor.js';
import { adamw, crossEntropy } from '../reference.js';
import {
  type Bench,
  type Check,
  expectClose,
  expectEqual,
  expectGradient,
  Random,
  rowsWithNaN,
} from './harness.js';

const stepOf = (t: number, learningRate: number, scale: number, beta1: number, beta2: number) => [
  learningRate,
  scale,
  1 - beta1 ** t,
  1 - beta2 ** t,
  t,
  0,
];

export function testLearning(check: Check, type: FloatType): void {
  testLoss(check);
  if (type === 'f32') testClipping(check);
  testAdamW(check);
}

function testLoss(check: Check): void {
  for (const [rows, vocabulary] of [
    [1, 2],
    [7, 517],
    [37, 1031],
  ] as const) {
    for (const labelSmoothing of [0, 0.1]) {
      check(
        `crossEntropy and its gradient, [${rows},${vocabulary}], label smoothing ${labelSmoothing}`,
        (bench) => {
          const { device } = bench;
          const random = new Random(vocabulary);
          const logits = bench.rounded(random.normals(rows * vocabulary, 4));
          const targets = random.integers(rows, vocabulary);
          if (rows > 1) targets[rows - 2] = -100;
          const t = bench.integers('targets', targets);
          const losses = bench.output('losses', [rows]);
          const tensor = bench.typed('logits', [rows, vocabulary], logits);
          device.crossEntropy(losses, tensor, t, { labelSmoothing });
          const forward = () => crossEntropy(logits, targets, labelSmoothing);
          expectClose(bench.read(losses), forward(), 'losses');
          expectEqual(bench.read(tensor), logits, 'logits without a gradient scale');

          const again = bench.output('losses', [rows]);
          const gradientScale = bench.floats('scale', [2], [0.5, 0.5]);
          device.crossEntropy(again, tensor, t, { labelSmoothing, gradientScale });
          expectClose(bench.read(again), forward(), 'losses with a gradient');
          const loss = () => 0.25 * forward().reduce((sum, value) => sum + value, 0);
          const gradient = bench.read(tensor);
          expectGradient(gradient, logits, loss, 'gradient', {
            sample: 120,
            tolerance: bench.tolerance(1, 1e-5),
          });
          if (rows > 1) {
            const ignored = gradient.subarray((rows - 2) * vocabulary, (rows - 1) * vocabulary);
            assert.ok(ignored.every((value) => value === 0));
          }
        },
      );
    }
  }

  check('crossEntropy of rows with padding logits', (bench) => {
    const { device } = bench;
    const [rows, vocabulary, width] = [5, 61, 128];
    const all = bench.rounded(new Random(9).normals(rows * width, 4));
    const own = all.filter((_, index) => index % width < vocabulary);
    const targets = [0, 60, -100, 7, 33];
    const [losses, tensor] = [bench.output('losses', [rows]), bench.typed('logits', [rows, width], all)];
    device.crossEntropy(losses, tensor, bench.integers('targets', targets), {
      labelSmoothing: 0.1,
      vocabulary,
      gradientScale: bench.floats('scale', [2], [4, 0.5]),
    });
    const forward = () => crossEntropy(own, targets, 0.1);
    expectClose(bench.read(losses), forward(), 'losses');
    const gradient = bench.read(tensor);
    expectGradient(
      gradient.filter((_, index) => index % width < vocabulary),
      own,
      () => 2 * forward().reduce((sum, value) => sum + value, 0),
      'gradient',
      { tolerance: bench.tolerance(1, 1e-5) },
    );
    assert.ok(gradient.every((value, index) => index % width < vocabulary || value === 0));
  });

  check('crossEntropy of huge, infinite and NaN logits', (bench) => {
    const { device } = bench;
    const vocabulary = 60;
    const logits = new Float64Array(4 * vocabulary).fill(-200);
    logits[3] = 30_000;
    logits[vocabulary + 5] = Number.NaN;
    logits.fill(Number.NEGATIVE_INFINITY, 3 * vocabulary + 10);
    const losses = bench.output('losses', [4]);
    const tensor = bench.typed('logits', [4, vocabulary], logits);
    device.crossEntropy(losses, tensor, bench.integers('targets', [3, 3, 3, 3]), {
      labelSmoothing: 0,
      gradientScale: bench.floats('scale', [2], [1, 1]),
    });
    const [certain, nan, uniform, masked] = bench.read(losses);
    assert.equal(certain, 0);
    assert.ok(Number.isNaN(nan));
    expectClose([uniform ?? 0, masked ?? 0], [Math.log(60), Math.log(10)], 'losses');
    assert.deepEqual(rowsWithNaN(bench.read(tensor), vocabulary), [1]);
  });

  check('crossEntropy propagates a NaN gradient scale', (bench) => {
    const { device } = bench;
    const tensor = bench.typed('logits', [2, 60], new Random(1).normals(120));
    device.crossEntropy(bench.output('losses', [2]), tensor, bench.integers('targets', [1, 2]), {
      labelSmoothing: 0,
      gradientScale: bench.floats('scale', [2], [Number.NaN, 1]),
    });
    assert.deepEqual(rowsWithNaN(bench.read(tensor), 60), [0, 1]);
  });
}

function testClipping(check: Check): void {
  check(
    'prepareUpdate clips as clip_grad_norm_, counts updates, and skips one whose sum is not finite',
    (bench) => {
      const { device } = bench;
      const [beta1, beta2] = [0.9, 0.999];
      const prepared = (sum: number, maxNorm: number) => {
        const step = bench.floats('step', [6], [0.01, 7, 3, 4, 2, 5]);
        const sumOfSquares = bench.floats('sum of squares', [1], [sum]);
        device.prepareUpdate(step, sumOfSquares, { maxNorm, beta1, beta2 });
        return bench.read(step);
      };
      const corrections = [1 - beta1 ** 3, 1 - beta2 ** 3, 3];
      expectClose(prepared(16, 1), [0.01, 1 / (4 + 1e-6), ...corrections, 4], 'clipped', 1e-7);
      expectClose(prepared(0.25, 1), [0.01, 1, ...corrections, 0.5], 'within the bound', 1e-7);
      expectClose(prepared(0, 1), [0.01, 1, ...corrections, 0], 'zero', 1e-7);
      expectClose(prepared(1e30, 0), [0.01, 1, ...corrections, 1e15], 'no bound', 1e-7);
      for (const sum of [Number.NaN, Number.POSITIVE_INFINITY])
        for (const maxNorm of [0, 1]) {
          const [, scale, third, fourth, t, norm] = prepared(sum, maxNorm);
          assert.ok(Number.isNaN(scale));
          assert.deepEqual([third, fourth, t, norm], [3, 4, 2, sum]);
        }
    },
  );

  check(
    'prepareUpdate takes the loss scale out, halves it where it overflows, doubles it where it holds',
    (bench) => {
      const { device } = bench;
      const lossScale = bench.floats('loss scale', [2], [1024, 5]);
      const prepared = (sum: number, maxNorm: number) => {
        const step = bench.floats('step', [6], [0.01, 0, 0, 0, 0, 0]);
        const sumOfSquares = bench.floats('sum of squares', [1], [sum]);
        device.prepareUpdate(step, sumOfSquares, { maxNorm, beta1: 0.9, beta2: 0.999, lossScale });
        return bench.read(step);
      };
      const [, scale = 0, , , t, norm] = prepared((4 * 1024) ** 2, 1);
      expectClose([scale, norm ?? 0], [1 / (4 + 1e-6) / 1024, 4], 'unscaled', 1e-7);
      assert.equal(t, 1);
      assert.deepEqual([...bench.read(lossScale)], [1024, 6]);
      assert.ok(Number.isNaN(prepared(Number.POSITIVE_INFINITY, 1)[1]));
      assert.deepEqual([...bench.read(lossScale)], [512, 0]);
      assert.equal(prepared(16, 0)[1], 1 / 512);
      device.upload(lossScale, Float32Array.of(512, 1999));
      assert.equal(prepared(16, 0)[1], 1 / 512);
      assert.deepEqual([...bench.read(lossScale)], [1024, 0]);
    },
  );
}

function testAdamW(check: Check): void {
  for (const [size, weightDecay, decayed] of [
    [3, 0.01, 3],
    [517, 0, 517],
    [1031, 0.1, 0],
    [50_003, 0.1, 20_001],
  ] as const) {
    check(`adamw, 5 steps over ${size} numbers, weight decay ${weightDecay} of ${decayed}`, (bench) => {
      const { device } = bench;
      const random = new Random(size);
      const [beta1, beta2, epsilon, learningRate, gradientScale] = [0.9, 0.999, 1e-8, 0.01, 0.5];
      const state = {
        parameters: random.normals(size),
        firstMoment: new Float64Array(size),
        secondMoment: new Float64Array(size),
      };
      const parameters = bench.floats('parameters', [size], state.parameters);
      const gradients = bench.output('gradients', [size]);
      const moments = [state.firstMoment, state.secondMoment].map((zeros) =>
        bench.floats('moment', [size], zeros),
      );
      const [firstMoment, secondMoment] = moments;
      assert.ok(firstMoment && secondMoment);
      const step = bench.output('step', [6]);
      const working = workingOf(bench, size);
      for (let t = 1; t <= 5; t++) {
        const gradient = random.normals(size, 0.1);
        device.upload(gradients, Float32Array.from(gradient));
        device.upload(step, Float32Array.from(stepOf(t, learningRate, gradientScale, beta1, beta2)));
        device.adamw(parameters, gradients, firstMoment, secondMoment, {
          step,
          beta1,
          beta2,
          epsilon,
          weightDecay,
          ...(decayed < size && { decayed }),
          ...working,
        });
        adamw(state, gradient, {
          t,
          learningRate,
          gradientScale,
          beta1,
          beta2,
          epsilon,
          weightDecay,
          decayed,
        });
        expectEqual(bench.read(gradients), new Float64Array(size), 'gradients');
      }
      expectClose(bench.read(parameters), state.parameters, 'parameters');
      expectWorking(bench, working, parameters);
      expectClose(bench.read(firstMoment), state.firstMoment, 'firstMoment');
      expectClose(bench.read(secondMoment), state.secondMoment, 'secondMoment');
    });
  }

  check('adamw with a gradient scale of NaN only sets the gradients to zero', (bench) => {
    const { device } = bench;
    const random = new Random(2);
    const values = [
      random.normals(517),
      random.normals(517).fill(Number.NaN),
      random.normals(517),
      random.normals(517),
    ];
    const [parameters, gradients, first, second] = values.map((numbers) =>
      bench.floats('state', [517], numbers),
    );
    assert.ok(parameters && gradients && first && second);
    const working = workingOf(bench, 517);
    device.adamw(parameters, gradients, first, second, {
      step: bench.floats('step', [6], [0.1, Number.NaN, 0.1, 0.001, 1, 0]),
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0.1,
      ...working,
    });
    expectWorking(bench, working, parameters);
    expectEqual(bench.read(parameters), values[0] ?? [], 'parameters');
    expectEqual(bench.read(gradients), new Float64Array(517), 'gradients');
    expectEqual(bench.read(first), values[2] ?? [], 'firstMoment');
    expectEqual(bench.read(second), values[3] ?? [], 'secondMoment');
  });
}

/** The working copy that adamw also writes in mixed precision. */
function workingOf(bench: Bench, size: number): { readonly working?: Tensor } {
  return bench.type === 'f32' ? {} : { working: bench.typedOutput('working', [size]) };
}

function expectWorking(bench: Bench, { working }: { readonly working?: Tensor }, parameters: Tensor): void {
  if (working === undefined) return;
  expectEqual(bench.read(working), bench.rounded(Float64Array.from(bench.read(parameters))), 'working');
}
