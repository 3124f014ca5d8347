// When the trainer waits for the device: it submits a step before it reads the result of the previous one, and waits only
// where something depends on a step. The tests use the CPU and delay its results like those of an asynchronous device.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { letters } from '../../test/letter-model.js';
import { scratchFolder, tinyConfig } from '../../test/tiny-run.js';
import { EpochSteps } from '../corpus/epoch-steps.js';
import { createCpuDevice } from '../device/cpu/cpu-device.js';
import { buildLearner } from './learner.js';
import { freshState } from './run-state.js';
import { Trainer } from './trainer.js';

const folder = scratchFolder('trainer');

/** What is asked of the device and waited for, in order, in a run of so many steps. @param ready what the device says. */
async function orderOf(
  totalSteps: number,
  { saveSteps = 100, evalSteps = null as number | null, ready = false },
): Promise<string[]> {
  const device = createCpuDevice({ threads: 1 });
  const epochSteps = new EpochSteps(
    Array.from({ length: 8 }, (_, at) => ({
      tokens: Int32Array.of(at, 1, 2, 3),
      targets: Int32Array.of(1, 2, 3, at),
      supervisedTokens: 4,
    })),
    { maxLength: 4, packing: true, batchSize: 2, gradientAccumulationSteps: 1, seed: 1 },
  );
  const learner = buildLearner(device, tinyConfig, {
    ...{
      capacity: epochSteps.largestBatch,
      precision: 'fp32',
      gradientCheckpointing: false,
      labelSmoothing: 0,
    },
    ...{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1, samples: false },
  });
  const { model, optimizer } = learner;
  optimizer.restore(0);
  const order: string[] = [];
  let asked = 0;
  const update = optimizer.update.bind(optimizer);
  mock.method(optimizer, 'update', (learningRate: number) => {
    const step = ++asked;
    order.push(`ask ${step}`);
    const pending = update(learningRate);
    const wait = () => {
      order.push(`take ${step}`);
      return pending.wait();
    };
    return { ready: () => ready, wait };
  });
  const trainer = new Trainer(
    {
      outputDir: folder,
      seed: 1,
      totalSteps,
      gradientAccumulationSteps: 1,
      schedule: { type: 'constant', learningRate: 1e-3, warmupSteps: 0, totalSteps },
      loggingSteps: 100,
      evalSteps,
      saveSteps,
      saveTotalLimit: null,
      earlyStopping: { patience: 0, threshold: 0 },
    },
    {
      learner,
      checkpointed: { model, optimizer, tokenizer: letters, options: {} },
      epochSteps,
      evaluationBatches: () => epochSteps.step(0, 0).batches,
      prompts: [],
      questions: { trained: [], heldOut: [] },
    },
    freshState({ training: '', evaluation: null }),
    {
      step: () => {},
      event: ({ kind, step }) => {
        if (kind !== 'step') order.push(`${kind} ${step}`);
      },
      shouldStop: () => false,
    },
  );
  assert.equal(await trainer.run(), true);
  device.dispose();
  return order;
}

test('a step is asked for before the one before is taken', async () => {
  assert.deepEqual(await orderOf(4, {}), [
    ...['ask 1', 'ask 2', 'take 1', 'ask 3', 'take 2', 'ask 4', 'take 3', 'take 4', 'checkpoint 4'],
  ]);
});

test('a step that is done is taken at once', async () => {
  assert.deepEqual(await orderOf(2, { ready: true }), [
    ...['ask 1', 'take 1', 'ask 2', 'take 2', 'checkpoint 2'],
  ]);
});

test('a checkpoint and an evaluation come when every step before them is taken', async () => {
  assert.deepEqual(await orderOf(4, { saveSteps: 2 }), [
    ...['ask 1', 'ask 2', 'take 1', 'take 2', 'checkpoint 2'],
    ...['ask 3', 'ask 4', 'take 3', 'take 4', 'checkpoint 4'],
  ]);
  const order = await orderOf(3, { evalSteps: 2 });
  assert.deepEqual(
    order.filter((what) => !what.startsWith('checkpoint')),
    [
      ...['evaluation 0', 'ask 1', 'ask 2', 'take 1', 'take 2', 'evaluation 2'],
      ...['ask 3', 'take 3', 'evaluation 3'],
    ],
  );
});
