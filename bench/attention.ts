// Times the attention of one layer of DialoGPT-small in training: forward and backward over one sequence, with dropout.
//
//     node dist/bench/attention.js --threads 2 --precision bf16 --tokens 512

import { parseArgs } from 'node:util';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import { dtypeOf } from '../src/device/device.js';
import { Random } from '../src/random.js';
import { median, precisionOf, seconds, threadsByDefault } from './measure.js';

export interface AttentionResult {
  /** Medians. */
  readonly forwardSeconds: number;
  readonly backwardSeconds: number;
  readonly device: string;
  readonly precision: string;
}

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: String(threadsByDefault) },
    precision: { type: 'string', default: 'fp32' },
    tokens: { type: 'string', default: '512' },
    channels: { type: 'string', default: '768' },
    heads: { type: 'string', default: '12' },
    repetitions: { type: 'string', default: '51' },
  },
});
const [tokens, channels, heads] = [Number(values.tokens), Number(values.channels), Number(values.heads)];
const dtype = dtypeOf[precisionOf(values.precision)];
const device = createCpuDevice({ threads: Number(values.threads) });

const random = new Random(1);
const randomTensor = (label: string, columns: number) => {
  const tensor = device.allocate(label, [tokens, columns], dtype);
  device.upload(
    tensor,
    Float32Array.from({ length: tensor.size }, () => random.next() / 2 ** 31 - 1),
  );
  return tensor;
};
const integers = (label: string, numbers: ArrayLike<number>) => {
  const tensor = device.allocate(label, [numbers.length], 'i32');
  device.upload(tensor, Int32Array.from(numbers));
  return tensor;
};
const qkv = randomTensor('qkv', 3 * channels);
const gradOut = randomTensor('gradient of out', channels);
const out = device.allocate('out', [tokens, channels], dtype);
const gradQkv = device.allocate('gradient of qkv', [tokens, 3 * channels], dtype);
const logSumExp = device.allocate('log-sum-exp', [heads, tokens]);
const options = {
  heads,
  scale: 1 / Math.sqrt(channels / heads),
  segments: {
    starts: integers('starts', new Array<number>(tokens).fill(0)),
    ends: integers('ends', new Array<number>(tokens).fill(tokens)),
  },
  dropout: { probability: 0.1, site: 0, counter: integers('counter', [1, 0, 0]) },
};

const forward: number[] = [];
const backward: number[] = [];
// The first repetition is not counted.
for (let repetition = Number(values.repetitions); repetition >= 0; repetition--) {
  const times = [
    seconds(() => device.attention(out, logSumExp, qkv, options)),
    seconds(() => device.attentionBackward(gradQkv, gradOut, out, logSumExp, qkv, options)),
  ];
  if (repetition === Number(values.repetitions)) continue;
  forward.push(times[0] ?? Number.NaN);
  backward.push(times[1] ?? Number.NaN);
}
const result: AttentionResult = {
  forwardSeconds: median(forward),
  backwardSeconds: median(backward),
  device: device.description,
  precision: values.precision,
};
console.log(JSON.stringify(result));
