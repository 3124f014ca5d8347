// Shows where the time of a training step on the CPU goes: per operation of the device contract, products by shape. Operations
// that move bytes are compared with the rate at which memory can be read and written in place, which bounds them unless their
// bytes are in the caches.
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
const loops = new NativeLoops(device);
training.step();
training.finish();
const bandwidthBefore = loops.updateBandwidth(0.5);
clock.reset();
const stepSeconds =
  seconds(() => {
    for (let step = 0; step < steps; step++) training.step();
    training.finish();
  }) / steps;
const operations = clock.operations();
// The largest of two measurements: what else the machine does lowers it.
const bandwidth = Math.max(bandwidthBefore, loops.updateBandwidth(0.5));

console.log(`${device.description}; ${values.model}, ${batch} x ${tokens} tokens, ${precision}`);
console.log(
  `${(stepSeconds * 1000).toFixed(1)} ms per step, ${((batch * tokens) / stepSeconds).toFixed(1)} tokens/s; ` +
    `memory, read and written in place: ${giga(bandwidth)} GB/s`,
);
console.log(markdownTable(['operation', 'calls', 'ms', 'share', 'rate', 'of the memory'], rows()));
console.log(summary());

/** Calls, time and share of a step. */
function rows(): string[][] {
  const computed = operations.reduce((sum, operation) => sum + operation.seconds, 0) / steps;
  const row = (name: string, calls: string, time: number, rate: string, ofMemory: string) => [
    name,
    calls,
    (time * 1000).toFixed(1),
    share(time),
    rate,
    ofMemory,
  ];
  return [
    ...operations.map((operation) =>
      row(
        operation.name,
        (operation.calls / steps).toFixed(0),
        operation.seconds / steps,
        rateOf(operation),
        ofMemory(operation),
      ),
    ),
    row('between operations', '', stepSeconds - computed, '', ''),
  ];
}

/** Whether products or the memory are the limit: what would be gained if everything else moved its bytes at the memory's rate. */
function summary(): string {
  const time = (some: readonly OperationTime[]) =>
    some.reduce((sum, { seconds }) => sum + seconds, 0) / steps;
  const isProduct = ({ name }: OperationTime) => name.startsWith('matmul');
  const isAttention = ({ name }: OperationTime) => name.startsWith('attention');
  const others = operations.filter((operation) => !isProduct(operation) && !isAttention(operation));
  const bytes = others.reduce((sum, operation) => sum + operation.bytes, 0) / steps;
  return (
    `products ${share(time(operations.filter(isProduct)))}, attention ${share(time(operations.filter(isAttention)))}, ` +
    `other operations ${share(time(others))}: they move ${(bytes / 1e9).toFixed(2)} GB, which the memory alone would take ` +
    `${share(bytes / bandwidth)} for`
  );
}

function rateOf({ seconds: time, flops, bytes }: OperationTime): string {
  if (flops > 0) return `${giga(flops / time)} GFLOP/s`;
  return bytes > 0 ? `${giga(bytes / time)} GB/s` : '';
}

/** More than 1 if the bytes were still in the caches. */
function ofMemory({ seconds: time, bytes }: OperationTime): string {
  return bytes > 0 ? (bytes / time / bandwidth).toFixed(2) : '';
}

function share(time: number): string {
  return `${((100 * time) / stepSeconds).toFixed(1)}%`;
}

function giga(rate: number): string {
  return (rate / 1e9).toFixed(1);
}
