// Times optimizer steps of our engine: DialoGPT-small's shape with dropout, one row of 512 tokens a micro-batch, all
// supervised. Between steps it times the step's matrix products alone, so that both see the same machine.
//
//     node dist/bench/train-step.js --threads 2 --accumulation 1

import { parseArgs } from 'node:util';
import { Random } from '../src/corpus/random.js';
import type { TrainingInput } from '../src/nn/packed-pass.js';
import { median, peakMemoryBytes, seconds, threadsByDefault } from './measure.js';
import { smallLearner } from './small-model.js';
import { StepProducts } from './step-products.js';

export interface StepResult {
  readonly stepSeconds: readonly number[];
  readonly tokensPerSecond: number;
  readonly peakMemoryBytes: number;
  /** Of the products alone, at the model's shapes. */
  readonly gemmFlops: number;
  /** 6 * parameters * tokens / time, over gemmFlops. */
  readonly gemmShare: number;
  readonly device: string;
}

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: String(threadsByDefault) },
    tokens: { type: 'string', default: '512' },
    accumulation: { type: 'string', default: '1' },
    steps: { type: 'string', default: '5' },
  },
});
const tokens = Number(values.tokens);
const accumulation = Number(values.accumulation);

const { device, model, pass, optimizer } = smallLearner(tokens, Number(values.threads));
const row = randomRow(tokens, model.config.vocabSize);
let microStep = 0;

function step(): void {
  device.fill(pass.lossSum, 0);
  for (let micro = 0; micro < accumulation; micro++)
    pass.accumulate(row, 1 / (tokens * accumulation), { seed: 1n, microStep: microStep++ });
  optimizer.update(5e-5);
  const [loss = Number.NaN] = device.download(pass.lossSum);
  if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss}`);
}

step();
const peak = peakMemoryBytes();
const products = new StepProducts(model, tokens);
const stepSeconds: number[] = [];
const gemmSeconds: number[] = [];
for (let count = Number(values.steps); count > 0; count--) {
  products.reset();
  gemmSeconds.push(seconds(() => products.run()));
  products.reset();
  stepSeconds.push(seconds(step));
}

const tokensPerSecond = (tokens * accumulation) / median(stepSeconds);
const gemmFlops = products.operations / median(gemmSeconds);
const result: StepResult = {
  stepSeconds,
  tokensPerSecond,
  peakMemoryBytes: peak,
  gemmFlops,
  gemmShare: (6 * model.parameters.count * tokensPerSecond) / gemmFlops,
  device: device.description,
};
console.log(JSON.stringify(result));

function randomRow(length: number, vocabulary: number): TrainingInput {
  const random = new Random(2);
  const ids = () => Int32Array.from({ length }, () => random.below(vocabulary));
  const rows = Int32Array.from({ length }, (_, index) => index);
  return {
    tokens: ids(),
    positions: rows,
    segmentStarts: new Int32Array(length),
    segmentEnds: new Int32Array(length).fill(length),
    supervisedRows: rows,
    targets: ids(),
  };
}
