// Times every operation of the device contract at the shapes of a model's training step, and of a decoded token, with
// events on the card: microseconds, GB/s and TFLOP/s. Each operation gets a new device, so that the operands of all do
// not have to fit on the card at once. Calls are replayed as a graph, so that the time to launch them does not count, and
// use as many sets of operands as exceed the card's cache.
//
//     node dist/bench/gpu-check/operations.js --device cuda --model medium --batch 16 --tokens 1024 --precision bf16

import { parseArgs } from 'node:util';
import type { CudaDevice } from '../../src/device/cuda/cuda-device.js';
import { presetConfig } from '../../src/nn/gpt2-config.js';
import { median, precisionOf } from '../measure.js';
import { openCard } from './card.js';
import { Operands } from './operands.js';
import { operations } from './operations/all.js';
import { type OperationCase, Setting } from './operations/setting.js';

export interface OperationTime {
  readonly operation: string;
  readonly variant: string;
  readonly shape: string;
  readonly microseconds: number;
  readonly gigabytesPerSecond: number;
  readonly teraflops: number;
}

export interface OperationsResult {
  readonly precision: string;
  readonly times: readonly OperationTime[];
}

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    precision: { type: 'string', default: 'bf16' },
    model: { type: 'string', default: 'medium' },
    vocabulary: { type: 'string', default: '50257' },
    batch: { type: 'string', default: '16' },
    tokens: { type: 'string', default: '1024' },
    /** Operands of one call that together exceed any cache, in bytes. 0: one set of operands. */
    spread: { type: 'string', default: String(2 ** 28) },
    /** The least time of one measurement. */
    milliseconds: { type: 'string', default: '20' },
    repetitions: { type: 'string', default: '5' },
  },
});
/** Sets of operands, and calls in a graph. */
const [mostSets, mostCalls] = [24, 240];
/** Of events on a card, in milliseconds. */
const resolution = 5e-4;

const config = presetConfig(values.model, Number(values.vocabulary));
const times: OperationTime[] = [];
for (const [operation, casesOf] of Object.entries(operations)) {
  const device = openCard(values.device);
  const operands = new Operands(device, precisionOf(values.precision));
  const setting = new Setting(operands, config, Number(values.batch), Number(values.tokens));
  for (const each of [casesOf(setting)].flat()) times.push(timeOf(device, operation, each));
  device.dispose();
  // The last line counts, so what was measured survives a time limit or an operation that fails.
  const result: OperationsResult = { precision: values.precision, times };
  console.log(JSON.stringify(result));
}

function timeOf(device: CudaDevice, operation: string, each: OperationCase): OperationTime {
  const measured = each.transfer ? timeDirectly(device, each) : timeInGraph(device, each);
  const milliseconds = Math.max(measured, resolution / mostCalls);
  return {
    operation,
    variant: each.variant ?? '',
    shape: each.shape,
    microseconds: 1000 * milliseconds,
    gigabytesPerSecond: each.bytes / milliseconds / 1e6,
    teraflops: each.flops / milliseconds / 1e9,
  };
}

/** Milliseconds of a transfer, including the host's part in it. */
function timeDirectly(device: CudaDevice, each: OperationCase): number {
  const call = each.prepare();
  call();
  return median(repeated(() => device.timed(call)));
}

function timeInGraph(device: CudaDevice, each: OperationCase): number {
  const sets = Math.max(1, Math.min(mostSets, Math.ceil(Number(values.spread) / each.bytes)));
  const calls = Array.from({ length: sets }, () => each.prepare());
  const callAll = () => {
    for (const call of calls) call();
  };
  callAll();
  const once = Math.max(resolution, device.timed(callAll)) / sets;
  const wanted = Math.min(mostCalls, Math.ceil(Number(values.milliseconds) / once));
  const rounds = Math.max(1, Math.ceil(wanted / sets));
  const replayed = () =>
    device.replay(each, 'calls', () => {
      for (let round = 0; round < rounds; round++) callAll();
    });
  // The first call runs directly, the second captures.
  replayed();
  replayed();
  return median(repeated(() => device.timed(replayed))) / (rounds * sets);
}

function repeated(measure: () => number): number[] {
  return Array.from({ length: Number(values.repetitions) }, measure);
}
