// Times optimizer steps of our engine: DialoGPT's shape with dropout, full sequences of random tokens, all supervised. On
// the CPU it also times the step's matrix products alone, alternating with the steps, so that both run under the same
// conditions. Other devices work asynchronously: there all steps are timed together, and only the end is waited for.
//
//     node dist/bench/train-step.js --threads 2 --accumulation 1
//     node dist/bench/train-step.js --device cuda --precision bf16 --model medium --batch 16 --tokens 1024

import { parseArgs } from 'node:util';
import { selectDevice } from '../src/device/select.js';
import type { GPT2 } from '../src/nn/gpt2.js';
import { freshLearner } from './learner.js';
import { median, peakMemoryBytes, precisionOf, seconds, threadsByDefault } from './measure.js';
import { StepProducts } from './step-products.js';
import { TrainingSteps } from './training-steps.js';

export interface StepResult {
  readonly stepSeconds: readonly number[];
  readonly tokensPerSecond: number;
  /** Of the process on the CPU, otherwise of the device. */
  readonly peakMemoryBytes: number;
  /** 6 for every parameter, plus attention's products: see trainingFlops. */
  readonly flopsPerToken: number;
  /** Null if the products are not timed. */
  readonly products: {
    /** Operations per second of the products alone, at the model's shapes. */
    readonly flops: number;
    /** 6 * parameters * tokens / time, divided by `flops`. */
    readonly share: number;
  } | null;
  readonly device: string;
  readonly precision: string;
}

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: String(threadsByDefault) },
    device: { type: 'string', default: 'cpu' },
    precision: { type: 'string', default: 'fp32' },
    model: { type: 'string', default: 'small' },
    vocabulary: { type: 'string', default: '50257' },
    /** Sequences per micro-batch. */
    batch: { type: 'string', default: '1' },
    tokens: { type: 'string', default: '512' },
    accumulation: { type: 'string', default: '1' },
    steps: { type: 'string', default: '5' },
    /** Untimed steps before the timed ones. */
    warmup: { type: 'string', default: '1' },
  },
});
const length = Number(values.tokens);
const tokens = Number(values.batch) * length;
const accumulation = Number(values.accumulation);
const steps = Number(values.steps);

const device = await selectDevice(values.device, { threads: Number(values.threads) });
const learner = freshLearner(device, {
  model: values.model,
  vocabulary: Number(values.vocabulary),
  precision: precisionOf(values.precision),
  capacity: tokens,
  accumulation,
});
const { model } = learner;
const training = new TrainingSteps(learner, Number(values.batch), length, accumulation);

for (let count = Number(values.warmup); count > 0; count--) training.step();
training.finish();
const peak = device.kind === 'cpu' ? peakMemoryBytes() : device.peakMemory();
const timed = device.kind === 'cpu' ? stepsAndProducts() : { stepSeconds: [stretch()], products: null };
const tokensPerSecond = (tokens * accumulation) / median(timed.stepSeconds);
const { products } = timed;
const result: StepResult = {
  stepSeconds: timed.stepSeconds,
  tokensPerSecond,
  peakMemoryBytes: peak,
  flopsPerToken: trainingFlops(model, length),
  products: products && {
    flops: products.flops,
    share: (6 * model.parameters.count * tokensPerSecond) / products.flops,
  },
  device: device.description,
  precision: values.precision,
};
console.log(JSON.stringify(result));

/** Seconds per step, over all steps together. */
function stretch(): number {
  const time = seconds(() => {
    for (let count = steps; count > 0; count--) training.step();
    training.finish();
  });
  return time / steps;
}

function stepsAndProducts() {
  const products = new StepProducts(model, tokens);
  const stepSeconds: number[] = [];
  const gemmSeconds: number[] = [];
  for (let count = steps; count > 0; count--) {
    products.reset();
    gemmSeconds.push(seconds(() => products.run()));
    products.reset();
    stepSeconds.push(
      seconds(() => {
        training.step();
        training.finish();
      }),
    );
  }
  return { stepSeconds, products: { flops: products.operations / median(gemmSeconds) } };
}

/**
 * Floating-point operations per token of a full sequence in forward and backward: 6 N for the matrices (N counts every
 * parameter) and 6 L C T for the causal half of attention's two products. Recomputation in backward is not counted. This is
 * how llm.c counts; PaLM (Chowdhery et al. 2022, appendix B) counts both halves of attention.
 */
function trainingFlops({ parameters, config }: GPT2, sequenceLength: number): number {
  return 6 * parameters.count + 6 * config.nLayer * config.nEmbd * sequenceLength;
}
