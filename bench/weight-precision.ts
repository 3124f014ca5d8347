// Measures the effect of narrow weights: the perplexity of a model on conversations with weights in float32, bf16 and int8. The
// conversations are read as replies are made, token by token: then a device may round activations to 8 bits as well.
//
//     node dist/bench/weight-precision.js --model results/quickstart --data data/faq.json --data data/small-talk.jsonl

import { parseArgs } from 'node:util';
import { DialogueStore } from '../src/corpus/dialogue-store.js';
import { type EncodedDialogue, encodeDialogue, unsupervised } from '../src/corpus/encode-dialogue.js';
import { readDialogues } from '../src/corpus/read-corpus.js';
import { split } from '../src/corpus/split.js';
import { TrainingText } from '../src/corpus/training-text.js';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import { DecodingPass } from '../src/nn/decoding-pass.js';
import { GPT2 } from '../src/nn/gpt2.js';
import { openTokenizer } from '../src/tokenizer/open-tokenizer.js';
import { openModelFolder } from '../src/weights/model-folder.js';

export interface WeightPrecisionResult {
  readonly perplexity: { readonly fp32: number; readonly bf16: number; readonly int8: number };
  readonly dialogues: number;
  readonly supervisedTokens: number;
}

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'results/quickstart' },
    data: { type: 'string', multiple: true, default: ['data/faq.json', 'data/small-talk.jsonl'] },
    /** The seed of the run that made the model, and the supervised tokens after which no further dialogue is read. */
    seed: { type: 'string', default: '42' },
    tokens: { type: 'string', default: '3000' },
  },
});
const folder = openModelFolder(values.model);
const tokenizer = openTokenizer(values.model);
const text = new TrainingText(tokenizer);
const maxLength = Math.min(256, folder.config.nPositions);
// The evaluation set of a run with this seed and the default ratio.
const dialogues = new DialogueStore();
readDialogues(values.data, { format: 'auto', encoding: 'auto' }, (dialogue) => dialogues.push(dialogue));
const { evaluation } = split(dialogues.textNumbers(), 0.1, Number(values.seed));
let supervisedTokens = 0;
const encoded: EncodedDialogue[] = [];
for (const dialogue of dialogues.subset(evaluation)) {
  const one = encodeDialogue(dialogue, text, { lossOn: 'auto', maxLength, order: 'forward' });
  if (one === null || supervisedTokens >= Number(values.tokens)) continue;
  encoded.push(one);
  supervisedTokens += one.supervisedTokens;
}
const result: WeightPrecisionResult = {
  perplexity: { fp32: perplexity('fp32'), bf16: perplexity('bf16'), int8: perplexity('int8') },
  dialogues: encoded.length,
  supervisedTokens,
};
console.log(JSON.stringify(result));

function perplexity(weights: 'fp32' | 'bf16' | 'int8'): number {
  const device = createCpuDevice();
  const model = new GPT2(device, folder.config, { trainable: false, weights });
  for (const name of folder.names) model.parameters.load(device, name, folder.read(name));
  const pass = new DecodingPass(model, { sequences: 1, contextLength: maxLength });
  let sum = 0;
  for (const { tokens, targets } of encoded) {
    pass.rewind(0);
    tokens.forEach((token, position) => {
      const logits = pass.advance([token]);
      const target = targets[position] ?? unsupervised;
      if (target !== unsupervised) sum += loss(logits, target);
    });
  }
  device.dispose();
  return Math.exp(sum / supervisedTokens);
}

function loss(logits: Float32Array, target: number): number {
  const largest = logits.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const total = logits.reduce((sum, value) => sum + Math.exp(value - largest), 0);
  return Math.log(total) + largest - (logits[target] ?? Number.NaN);
}
