// Times a greedy reply of a model of DialoGPT's shape with fresh weights, as the product makes it: the prompt, then one
// token a step. Between replies it measures the device's memory bandwidth, because each token reads every matrix once.
//
//     node dist/bench/decode.js --threads 2 --weights bf16
//     node dist/bench/decode.js --device cuda --model medium --precision bf16 --weights bf16

import { parseArgs } from 'node:util';
import { dtypeOf } from '../src/device/device.js';
import { selectDevice } from '../src/device/select.js';
import { bytesPerElement } from '../src/device/tensor.js';
import { generateReplies } from '../src/generate/generate-replies.js';
import { KnownPast } from '../src/generate/known-past.js';
import { defaultSettings } from '../src/generate/settings.js';
import { DecodingPass } from '../src/nn/decoding-pass.js';
import { GPT2 } from '../src/nn/gpt2.js';
import { presetConfig } from '../src/nn/gpt2-config.js';
import { gpt2Tokenizer } from '../src/tokenizer/gpt2-tokenizer.js';
import { median, precisionOf, seconds, threadsByDefault, weightPrecisionOf } from './measure.js';
import { loadRepeatedWeights } from './weights.js';

export interface DecodeResult {
  /** With a prompt that is not in the key-value cache. */
  readonly secondsToFirstToken: number;
  /** After the first token. */
  readonly tokensPerSecond: number;
  /** The bytes that a token reads: every matrix except the position embeddings. */
  readonly weightBytes: number;
  /** Bytes per second. */
  readonly readBandwidth: number;
  readonly repetitions: {
    readonly tokensPerSecond: readonly number[];
    readonly readBandwidth: readonly number[];
  };
  readonly device: string;
}

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: String(threadsByDefault) },
    device: { type: 'string', default: 'cpu' },
    model: { type: 'string', default: 'small' },
    /** The dtype of computations. */
    precision: { type: 'string', default: 'fp32' },
    weights: { type: 'string', default: 'fp32' },
    prompt: { type: 'string', default: '200' },
    tokens: { type: 'string', default: '128' },
    repetitions: { type: 'string', default: '3' },
    /** Floats to read when measuring bandwidth; the default does not fit in any cache. */
    stretch: { type: 'string', default: String(2 ** 26) },
  },
});
const weights = weightPrecisionOf(values.weights);
const newTokens = Number(values.tokens) + 1;

const device = await selectDevice(values.device, { threads: Number(values.threads) });
const tokenizer = gpt2Tokenizer();
const config = presetConfig(values.model, tokenizer.vocabularySize);
const model = new GPT2(device, config, {
  trainable: false,
  packed: true,
  precision: precisionOf(values.precision),
  weights,
});
loadRepeatedWeights(model);
const pass = new DecodingPass(model, { sequences: 1, contextLength: config.nPositions });
const settings = {
  ...defaultSettings,
  doSample: false,
  minNewTokens: newTokens,
  maxNewTokens: newTokens,
};
const long = device.allocate('bandwidth', [Number(values.stretch)]);
const total = device.allocate('bandwidth', [1]);
device.fill(long, 1);

const first: number[] = [];
const rates: number[] = [];
const bandwidths: number[] = [];
for (let repetition = 0; repetition <= Number(values.repetitions); repetition++) {
  const times = await reply();
  const [begun = 0, one = 0, last = 0] = [times[0], times[1], times.at(-1)];
  const bandwidth = sustainedBandwidth(last - begun);
  if (repetition === 0) continue;
  first.push(one - begun);
  rates.push((times.length - 2) / (last - one));
  bandwidths.push(bandwidth);
}
const result: DecodeResult = {
  secondsToFirstToken: median(first),
  tokensPerSecond: median(rates),
  weightBytes: matrixBytes(),
  readBandwidth: median(bandwidths),
  repetitions: { tokensPerSecond: rates, readBandwidth: bandwidths },
  device: device.description,
};
console.log(JSON.stringify(result));

/** The time of the request and the time of each token, in seconds. */
async function reply(): Promise<number[]> {
  const prompt = Array.from(
    { length: Number(values.prompt) },
    (_, index) => (index * 7919) % config.vocabSize,
  );
  const times = [performance.now() / 1000];
  const watcher = {
    text: () => {},
    shouldStop: () => {
      times.push(performance.now() / 1000);
      return false;
    },
  };
  await generateReplies(new KnownPast(pass), tokenizer, prompt, settings, 1, watcher);
  return times;
}

/** Bytes per second over at least the time of a reply: memory can be faster in a short burst. */
function sustainedBandwidth(atLeastSeconds: number): number {
  let bytes = 0;
  let taken = 0;
  for (; taken < atLeastSeconds; bytes += 4 * long.size) {
    taken += seconds(() => {
      device.sum(total, long);
      device.download(total);
    });
  }
  return bytes / taken;
}

function matrixBytes(): number {
  let elements = 0;
  for (const { name, value } of model.parameters)
    if (value.shape.length > 1 && name !== 'wpe.weight') elements += value.size;
  return elements * bytesPerElement[dtypeOf[weights]];
}
