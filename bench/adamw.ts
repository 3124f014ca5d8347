// Times AdamW over the parameters of a model. Between updates it measures how fast the same number of threads reads and
// writes memory in place, because that is what bounds AdamW.
//
//     node dist/bench/adamw.js --threads 2 --precision bf16

import { parseArgs } from 'node:util';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import { dtypeOf } from '../src/device/device.js';
import type { Tensor } from '../src/device/tensor.js';
import { learnerSettings } from './learner.js';
import { median, precisionOf, seconds, threadsByDefault } from './measure.js';
import { NativeLoops } from './native.js';
import { adamwBytes } from './operation-costs.js';

export interface AdamwResult {
  readonly updateSeconds: number;
  /** Bytes that an update reads and writes. */
  readonly bytes: number;
  /** The memory's bytes per second read and written in place. */
  readonly updateBandwidth: number;
  readonly device: string;
  readonly precision: string;
}

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: String(threadsByDefault) },
    precision: { type: 'string', default: 'fp32' },
    /** Those of DialoGPT-small. */
    parameters: { type: 'string', default: '124439808' },
    repetitions: { type: 'string', default: '7' },
  },
});
const precision = precisionOf(values.precision);
const device = createCpuDevice({ threads: Number(values.threads) });
const loops = new NativeLoops(device);
const filled = (label: string, value: number): Tensor => {
  const tensor = device.allocate(label, [Number(values.parameters)]);
  device.fill(tensor, value);
  return tensor;
};
const parameters = filled('parameters', 0.02);
const gradients = filled('gradients', 0.001);
const first = filled('first moment', 0.001);
const second = filled('second moment', 0.00001);
const working =
  precision === 'fp32' ? undefined : device.allocate('working copy', parameters.shape, dtypeOf[precision]);
const step = device.allocate('step', [6]);
const { beta1, beta2, epsilon, weightDecay } = learnerSettings;
device.upload(step, Float32Array.of(5e-5, 1, 1 - beta1, 1 - beta2, 1, 1));

const updates: number[] = [];
const bandwidths: number[] = [];
// The first repetition is not counted.
for (let repetition = 0; repetition <= Number(values.repetitions); repetition++) {
  const time = seconds(() =>
    device.adamw(parameters, gradients, first, second, {
      ...{ step, beta1, beta2, epsilon, weightDecay },
      ...(working && { working }),
    }),
  );
  const bandwidth = loops.updateBandwidth(time);
  if (repetition === 0) continue;
  updates.push(time);
  bandwidths.push(bandwidth);
}
const result: AdamwResult = {
  updateSeconds: median(updates),
  bytes: adamwBytes(parameters, working),
  updateBandwidth: median(bandwidths),
  device: device.description,
  precision,
};
console.log(JSON.stringify(result));
