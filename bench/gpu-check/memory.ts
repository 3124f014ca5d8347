// Compares the memory plan of a training run with what the driver counts: the available memory before the learner is
// built, minus that after its first step.
//
//     node dist/bench/gpu-check/memory.js --model medium --batch 8 --tokens 512 --precision bf16

import { parseArgs } from 'node:util';
import { planMemory, totalBytes } from '../../src/device/memory-plan.js';
import { selectDevice } from '../../src/device/select.js';
import { fullBatch } from '../full-batch.js';
import { initializeLearner, learnerPlan } from '../learner.js';
import { precisionOf } from '../measure.js';

export interface MemoryResult {
  readonly plannedBytes: number;
  /** As cuMemGetInfo reports. */
  readonly takenBytes: number;
  /** What a run may take, before the learner is built. */
  readonly availableBytes: number;
  readonly parts: Readonly<Record<string, number>>;
}

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    precision: { type: 'string', default: 'bf16' },
    model: { type: 'string', default: 'medium' },
    vocabulary: { type: 'string', default: '50257' },
    batch: { type: 'string', default: '8' },
    tokens: { type: 'string', default: '512' },
    'gradient-checkpointing': { type: 'boolean', default: false },
  },
});
const [batch, tokens] = [Number(values.batch), Number(values.tokens)];
const device = await selectDevice(values.device);
const build = learnerPlan({
  model: values.model,
  vocabulary: Number(values.vocabulary),
  precision: precisionOf(values.precision),
  capacity: batch * tokens,
  gradientCheckpointing: values['gradient-checkpointing'],
});
const plan = planMemory(device, build);
const availableBytes = device.availableMemory();
device.reserve(totalBytes(plan));
const learner = initializeLearner(build(device));
learner.pass.accumulate(fullBatch(batch, tokens, learner.model.config.vocabSize), 1 / (batch * tokens), {
  seed: 1n,
  microStep: 0,
});
learner.optimizer.update(5e-5).wait();
const [loss = Number.NaN] = device.download(learner.pass.lossSum);
if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss}`);
const result: MemoryResult = {
  plannedBytes: totalBytes(plan),
  takenBytes: availableBytes - device.availableMemory(),
  availableBytes,
  parts: Object.fromEntries(plan),
};
console.log(JSON.stringify(result));
device.dispose();
