// Shows where the time of a training step on the CPU goes: per operation of the device contract, products by shape. A rate
// stands beside what has one, and AdamW's beside the rate at which memory can be read and written in place.
//
//     node dist/bench/profile.js --model small --tokens 512
//     node dist/bench/profile.js --model small --tokens 512 --batch 4 --precision bf16 --threads 2

import { parseArgs } from 'node:util';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import { markdownTable } from './findings.js';
import { freshLearner } from './learner.js';
import { precisionOf, seconds, threadsByDefault } from './measure.js';
import { NativeLoops } from './native.js';
import { OperationClock, type OperationTime } from './timed-device.js';
import { TrainingSteps } from './training-steps.js';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: String(threadsByDefault) },
    precision: { type: 'string', default: 'fp32' },
    model: { type: 'string', default: 'small' },
    /** Sequences per step. */
    batch: { type: 'string', default: '1' },
    /** Tokens per sequence. */
    tokens: { type: 'string', default: '512' },
    /** Timed steps, after one that is not timed. */
    steps: { type: 'string', default: '3' },
  },
});
const [batch, tokens, steps] = [Number(values.batch), Number(values.tokens), Number(values.steps)];
const precision = precisionOf(values.precision);
const device = createCpuDevice({ threads: Number(values.threads) });
if (!device.precisions[precision].computes) {
  console.error(`--precision: the CPU device does not train in ${precision}`);
  process.exit(2);
}
const clock = new OperationClock(device, tokens);
const learner = freshLearner(clock.device, { model: values.model, precision, capacity: batch * tokens });
const training = new TrainingSteps(learner, batch, tokens);
training.step();
training.finish();
clock.reset();
const stepSeconds =
  seconds(() => {
    for (let step = 0; step < steps; step++) training.step();
    training.finish();
  }) / steps;
const operations = clock.operations();
const adamw = operations.find(({ name }) => name === 'adamw');
const bandwidth = new NativeLoops(device).updateBandwidth(1);

console.log(`${device.description}; ${values.model}, ${batch} x ${tokens} tokens, ${precision}`);
console.log(
  `${(stepSeconds * 1000).toFixed(1)} ms per step, ${((batch * tokens) / stepSeconds).toFixed(1)} tokens/s`,
);
console.log(markdownTable(['operation', 'calls', 'ms', 'share', 'rate'], rows()));
if (adamw)
  console.log(
    `AdamW moves ${giga(adamw.bytes / adamw.seconds)} GB/s; the memory, read and written in place, ${giga(bandwidth)} GB/s: ` +
      `${(adamw.bytes / adamw.seconds / bandwidth).toFixed(2)} of it`,
  );

/** Calls, time and share of a step. */
function rows(): string[][] {
  const computed = operations.reduce((sum, operation) => sum + operation.seconds, 0) / steps;
  const row = (name: string, calls: string, time: number, rate: string) => [
    name,
    calls,
    (time * 1000).toFixed(1),
    `${((100 * time) / stepSeconds).toFixed(1)}%`,
    rate,
  ];
  return [
    ...operations.map((operation) =>
      row(operation.name, String(operation.calls / steps), operation.seconds / steps, rateOf(operation)),
    ),
    row('between operations', '', stepSeconds - computed, ''),
  ];
}

function rateOf({ seconds: time, flops, bytes }: OperationTime): string {
  if (flops > 0) return `${giga(flops / time)} GFLOP/s`;
  return bytes > 0 ? `${giga(bytes / time)} GB/s` : '';
}

function giga(rate: number): string {
  return (rate / 1e9).toFixed(1);
}
