// Measures the effect of narrow weights: the perplexity of a model on conversations with weights in float32, bf16 and int8.
//
//     node dist/bench/weight-precision.js --model results/quickstart --data data/

import { parseArgs } from 'node:util';
import { collate } from '../src/corpus/batch.js';
import { DialogueStore } from '../src/corpus/dialogue-store.js';
import { encodeDialogue } from '../src/corpus/encode-dialogue.js';
import { readDialogues } from '../src/corpus/read-corpus.js';
import { split } from '../src/corpus/split.js';
import { TrainingText } from '../src/corpus/training-text.js';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import { GPT2 } from '../src/nn/gpt2.js';
import { ScoringPass } from '../src/nn/scoring-pass.js';
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
    data: { type: 'string', default: 'data' },
  },
});
const folder = openModelFolder(values.model);
const tokenizer = openTokenizer(values.model);
const text = new TrainingText(tokenizer);
const maxLength = Math.min(256, folder.config.nPositions);
// The evaluation set of a run with the default seed and ratio.
const dialogues = new DialogueStore();
readDialogues([values.data], { format: 'auto', encoding: 'auto' }, (dialogue) => dialogues.push(dialogue));
const { evaluation } = split(dialogues.textNumbers(), 0.1, 42);
const encoded = [...dialogues.subset(evaluation)].flatMap(
  (dialogue) => encodeDialogue(dialogue, text, { lossOn: 'auto', maxLength, order: 'forward' }) ?? [],
);
const supervisedTokens = encoded.reduce((sum, dialogue) => sum + dialogue.supervisedTokens, 0);
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
  const pass = new ScoringPass(model, { capacity: maxLength });
  let sum = 0;
  for (const dialogue of encoded)
    for (const loss of pass.losses(collate([[dialogue]], { maxLength, pad: false }))) sum += loss;
  device.dispose();
  return Math.exp(sum / supervisedTokens);
}
