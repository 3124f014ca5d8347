// Times tokenizing generated dialogues: from stored dialogues to stored tokens and targets, as training does it. The dialogues
// are the same in every run. For the peer, `--write` puts them and GPT-2's tokenizer.json into a folder, and nothing is timed.
//
//     node dist/bench/tokenize.js --dialogues 200000

import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Dialogue } from '../src/corpus/dialogue.js';
import { DialogueStore } from '../src/corpus/dialogue-store.js';
import { encodeDialogue } from '../src/corpus/encode-dialogue.js';
import { EncodedCorpus } from '../src/corpus/encoded-corpus.js';
import { TrainingText } from '../src/corpus/training-text.js';
import { Random } from '../src/random.js';
import { gpt2Tokenizer } from '../src/tokenizer/gpt2-tokenizer.js';
import { gpt2ByteStrings } from '../src/tokenizer/gpt2-vocabulary.js';
import { seconds } from './measure.js';

export interface TokenizeResult {
  readonly seconds: number;
  /** The tokens of all dialogues, with an end of text after each turn but the last. */
  readonly tokens: number;
}

/** What `--write` writes. */
const written = { dialogues: 'dialogues.jsonl', tokenizer: 'tokenizer.json' } as const;

const { values } = parseArgs({
  options: { dialogues: { type: 'string', default: '200000' }, write: { type: 'string' } },
});
const count = Number(values.dialogues);
const tokenizer = gpt2Tokenizer();
console.log(JSON.stringify(values.write === undefined ? timed() : write(values.write)));

function timed(): TokenizeResult {
  const store = new DialogueStore();
  for (const dialogue of generated()) store.push(dialogue);
  const corpus = new EncodedCorpus(tokenizer.vocabularySize);
  const text = new TrainingText(tokenizer);
  const spent = seconds(() => {
    for (const dialogue of store) {
      const encoded = encodeDialogue(dialogue, text, { lossOn: 'all', maxLength: 1024, order: 'forward' });
      if (encoded) corpus.push(encoded);
    }
  });
  if (corpus.length !== count) throw new Error('dialogues were lost');
  return { seconds: spent, tokens: corpus.tokens };
}

/** One line per dialogue: its turns with the end of text between them, as people give dialogues to transformers. */
function write(folder: string): { readonly bytes: number } {
  writeFileSync(join(folder, written.tokenizer), tokenizer.files().get('tokenizer.json') ?? '');
  const file = openSync(join(folder, written.dialogues), 'w');
  let bytes = 0;
  for (const { turns } of generated())
    bytes += writeSync(
      file,
      `${JSON.stringify({ text: turns.map(({ text }) => text).join('<|endoftext|>') })}\n`,
    );
  closeSync(file);
  return { bytes };
}

/**
 * Dialogues of 2 to 7 turns of 6 to 20 words. Words are distributed like those of a language: few are frequent and many are
 * rare. One of 16 is a number, and one of 8 consists of two words.
 */
function* generated(): Generator<Dialogue> {
  const words = gpt2ByteStrings()
    .filter((token) => /^ [a-z]{2,}$/.test(token))
    .map((token) => token.slice(1));
  const random = new Random(1);
  const word = () => words[Math.floor(words.length * (random.below(2 ** 20) / 2 ** 20) ** 3)] ?? '';
  const spoken = () => {
    const kind = random.below(16);
    return kind === 0 ? `${random.below(100_000)}` : kind < 3 ? word() + word() : word();
  };
  const turn = () => ({
    text: `${Array.from({ length: 6 + random.below(15) }, spoken).join(' ')}${'.?!'.charAt(random.below(3))}`,
    supervised: true,
  });
  for (let index = 0; index < count; index++)
    yield { turns: Array.from({ length: 2 + random.below(6) }, turn), source: `generated:${index + 1}` };
}
