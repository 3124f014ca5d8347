// Times training steps with CUDA graphs and without, in one process, and counts the graphs' nodes. Both by the wall clock
// and by events on the card; how long the host takes to queue a step shows what graphs can save.
//
//     node dist/bench/gpu-check/graphs.js --device cuda --model medium --batch 16 --tokens 1024 --precision bf16

import { parseArgs } from 'node:util';
import { freshLearner } from '../learner.js';
import { median, precisionOf, seconds } from '../measure.js';
import { TrainingSteps } from '../training-steps.js';
import { openCard } from './card.js';

export interface StepTimes {
  /** Seconds per step over all steps together, by the wall clock. */
  readonly stepSeconds: number;
  /** The same, between two events on the card. */
  readonly cardSeconds: number;
  /** How long the host takes to queue a step. */
  readonly queueSeconds: number;
}

export interface GraphsResult {
  readonly withGraphs: StepTimes;
  readonly withoutGraphs: StepTimes;
  /** The kernels, copies and fills in each graph, by the work that it replays. */
  readonly graphs: readonly { readonly key: string; readonly nodes: number }[];
}

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    precision: { type: 'string', default: 'bf16' },
    model: { type: 'string', default: 'medium' },
    vocabulary: { type: 'string', default: '50257' },
    batch: { type: 'string', default: '16' },
    tokens: { type: 'string', default: '1024' },
    steps: { type: 'string', default: '20' },
    /** Untimed steps before the timed ones. */
    warmup: { type: 'string', default: '4' },
  },
});
const [sequences, length, steps] = [Number(values.batch), Number(values.tokens), Number(values.steps)];
const [withGraphs, withoutGraphs] = [measured(true), measured(false)];
const result: GraphsResult = {
  withGraphs: withGraphs.times,
  withoutGraphs: withoutGraphs.times,
  graphs: withGraphs.graphs,
};
console.log(JSON.stringify(result));

function measured(graphs: boolean): { readonly times: StepTimes; readonly graphs: GraphsResult['graphs'] } {
  const device = openCard(values.device, { graphs });
  const learner = freshLearner(device, {
    model: values.model,
    vocabulary: Number(values.vocabulary),
    precision: precisionOf(values.precision),
    capacity: sequences * length,
  });
  const training = new TrainingSteps(learner, sequences, length);
  const many = (count: number) => {
    for (let step = 0; step < count; step++) training.step();
    training.finish();
  };
  many(Number(values.warmup));
  const start = performance.now();
  const cardSeconds = device.timed(() => many(steps)) / 1000 / steps;
  const stepSeconds = (performance.now() - start) / 1000 / steps;
  const queueSeconds = median(Array.from({ length: Math.min(5, steps) }, () => queued(training)));
  const captured = device.graphs();
  device.dispose();
  return { times: { stepSeconds, cardSeconds, queueSeconds }, graphs: captured };
}

/** Seconds until a step is queued, while no other one is. */
function queued(training: TrainingSteps): number {
  const taken = seconds(() => training.step());
  training.finish();
  return taken;
}
