// Times the tokens of one stream of decoding twice: by the wall clock, as a program sees them, with its uploads and the
// download of the logits, and by events on the card around its graph alone. The difference is what the host adds.
//
//     node dist/bench/gpu-check/decode-times.js --device cuda --model medium --precision bf16

import { parseArgs } from 'node:util';
import type { CudaDevice } from '../../src/device/cuda/cuda-device.js';
import { bytesPerElement } from '../../src/device/tensor.js';
import { DecodingPass } from '../../src/nn/decoding-pass.js';
import { GPT2 } from '../../src/nn/gpt2.js';
import { presetConfig } from '../../src/nn/gpt2-config.js';
import { median, precisionOf, seconds } from '../measure.js';
import { loadRepeatedWeights } from '../weights.js';
import { openCard } from './card.js';

export interface DecodeTimesResult {
  /** Milliseconds per token. */
  readonly wallMilliseconds: number;
  readonly cardMilliseconds: number;
  /** Kernels, copies and fills of one token. */
  readonly nodes: number;
  /** Tokens in the key-value cache. */
  readonly cached: number;
  /** The bytes of weights that a token reads: every matrix except the position embeddings. */
  readonly weightBytes: number;
}

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    precision: { type: 'string', default: 'bf16' },
    model: { type: 'string', default: 'medium' },
    prompt: { type: 'string', default: '200' },
    tokens: { type: 'string', default: '256' },
  },
});
const [prompt, tokens] = [Number(values.prompt), Number(values.tokens)];
const device = openCard(values.device);
const replayed = rememberedReplay(device);
const config = presetConfig(values.model, 50257);
const model = new GPT2(device, config, { trainable: false, precision: precisionOf(values.precision) });
loadRepeatedWeights(model);
const pass = new DecodingPass(model, { sequences: 1, contextLength: config.nPositions });
const token = (index: number) => (index * 7919) % config.vocabSize;

pass.prompt(Array.from({ length: prompt }, (_, index) => token(index)));
const wall = Array.from({ length: tokens }, (_, index) => seconds(() => pass.advance([token(index)])));
const times = Array.from({ length: 5 }, () =>
  device.timed(() => {
    for (let index = 0; index < tokens; index++) replayed();
  }),
);
const [graph] = device.graphs();
const result: DecodeTimesResult = {
  // The first token runs directly, the second is captured.
  wallMilliseconds: 1000 * median(wall.slice(2)),
  cardMilliseconds: median(times) / tokens,
  nodes: graph?.nodes ?? 0,
  cached: pass.length,
  weightBytes: matrixBytes(),
};
console.log(JSON.stringify(result));
device.dispose();

/** @returns a function that replays once more what the device replayed last. */
function rememberedReplay(card: CudaDevice): () => void {
  const replay = card.replay.bind(card);
  let again = () => {};
  card.replay = (owner, key, work) => {
    again = () => replay(owner, key, work);
    again();
  };
  return () => again();
}

function matrixBytes(): number {
  let bytes = 0;
  for (const { name, value } of model.parameters)
    if (value.shape.length > 1 && name !== 'wpe.weight') bytes += value.size * bytesPerElement[value.dtype];
  return bytes;
}
