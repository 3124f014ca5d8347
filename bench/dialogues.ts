// Times an epoch of our engine over real conversations, each truncated to the maximum length: DialoGPT-small's shape, packed
// sequences. With --write it only writes the same dialogues for the Hugging Face Trainer and prints how many a step has.
//
//     node dist/bench/dialogues.js --data valid_self_original_no_cands.txt --threads 2

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { EpochSteps, type StepBatches } from '../src/corpus/epoch-steps.js';
import { selectDevice } from '../src/device/select.js';
import type { PendingUpdate } from '../src/train/optimizer.js';
import { freshLearner } from './learner.js';
import { peakMemoryBytes, precisionOf, seconds, threadsByDefault } from './measure.js';
import { asTrainerExample, encodedSample, type Unit } from './persona-chat.js';

export interface DialoguesResult {
  readonly seconds: number;
  readonly steps: number;
  readonly supervisedTokens: number;
  readonly supervisedTokensPerSecond: number;
  readonly tokensPerSecond: number;
  readonly peakMemoryBytes: number;
}

export interface WrittenDialogues {
  /** The average in our packed sequences. */
  readonly dialoguesPerStep: number;
}

const units: readonly Unit[] = ['conversation', 'exchange', 'reply'];

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    threads: { type: 'string', default: String(threadsByDefault) },
    device: { type: 'string', default: 'cpu' },
    precision: { type: 'string', default: 'fp32' },
    model: { type: 'string', default: 'small' },
    unit: { type: 'string', default: 'conversation' },
    dialogues: { type: 'string', default: '48' },
    /** Tokens of a packed sequence, and the most tokens of a dialogue. */
    'max-length': { type: 'string', default: '128' },
    /** Packed sequences per step. */
    batch: { type: 'string', default: '8' },
    write: { type: 'string' },
  },
});
if (values.data === undefined) throw new Error('--data names a file in the form of Persona-Chat');
const unit = units.find((known) => known === values.unit);
const maxLength = Number(values['max-length']);
if (unit === undefined) throw new Error(`--unit is one of ${units}`);
// Our engine learns all replies of a conversation at once; only the Trainer needs one example per reply.
const sample = (of: Unit) => encodedSample(values.data ?? '', of, Number(values.dialogues), maxLength);
const dialogues = sample(unit === 'reply' ? 'conversation' : unit);
const epochSteps = new EpochSteps(dialogues, {
  maxLength,
  packing: true,
  batchSize: Number(values.batch),
  gradientAccumulationSteps: 1,
  seed: 1,
});
console.log(JSON.stringify(values.write === undefined ? await epoch() : writeTo(values.write)));

function writeTo(path: string): WrittenDialogues {
  const examples = sample(unit ?? 'conversation');
  writeFileSync(path, JSON.stringify(examples.map(asTrainerExample)));
  return { dialoguesPerStep: examples.length / epochSteps.stepsPerEpoch };
}

async function epoch(): Promise<DialoguesResult> {
  const device = await selectDevice(values.device, { threads: Number(values.threads) });
  const { pass, optimizer } = freshLearner(device, {
    model: values.model,
    precision: precisionOf(values.precision),
    capacity: epochSteps.largestBatch,
  });
  let microStep = 0;
  const accumulate = ({ batches, supervisedTokens }: StepBatches) => {
    for (const batch of batches)
      pass.accumulate(batch, 1 / supervisedTokens, { seed: 1n, microStep: microStep++ });
  };
  // The first batch is not timed, as in the peer's program.
  accumulate(epochSteps.step(0, 0));
  device.download(pass.lossSum);

  let [supervisedTokens, tokens] = [0, 0];
  let last: PendingUpdate | undefined;
  const time = seconds(() => {
    for (let index = 0; index < epochSteps.stepsPerEpoch; index++) {
      const stepBatches = epochSteps.step(0, index);
      device.fill(pass.lossSum, 0);
      accumulate(stepBatches);
      const update = optimizer.update(5e-5);
      // Wait for the previous step, as a training run does.
      last?.wait();
      last = update;
      supervisedTokens += stepBatches.supervisedTokens;
      tokens += stepBatches.tokens;
    }
    device.download(pass.lossSum);
  });
  return {
    seconds: time,
    steps: epochSteps.stepsPerEpoch,
    supervisedTokens,
    supervisedTokensPerSecond: supervisedTokens / time,
    tokensPerSecond: tokens / time,
    peakMemoryBytes: device.kind === 'cpu' ? peakMemoryBytes() : device.peakMemory(),
  };
}
