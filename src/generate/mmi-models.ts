// Which two models can talk together: one that learnt replies from what they answer, and one that learnt it the other
// way round. Mixed up they would still compute, only nonsense, so what their folders record is checked.

import { UserError } from '../errors.js';
import type { GPT2Config } from '../nn/gpt2-config.js';
import { option, training } from '../option-names.js';
import { quoted } from '../quote.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';

/** A model that was opened. */
export interface OpenedModel {
  /** As the person named it: a folder or a hub id. */
  readonly name: string;
  readonly config: GPT2Config;
  readonly tokenizer: Tokenizer;
}

/** @throws UserError (model) when the model that is to talk was trained on reversed conversations. */
export function checkChatModel({ name, config }: Pick<OpenedModel, 'name' | 'config'>): void {
  if (config.dialogueOrder === 'reversed')
    throw new UserError(
      'model-wrong-direction',
      `${name} was trained with ${option('reverse', true)}, to guess what a reply answers, and cannot talk; give it to ${option('mmi')}, and talk to the model that was trained without`,
    );
}

/**
 * @throws UserError (model) when the model that is to rerank was not trained on reversed conversations, or gives texts
 * other ids than the model that talks.
 */
export function checkMmiModel(mmi: OpenedModel, chat: OpenedModel): void {
  if (mmi.config.dialogueOrder !== 'reversed')
    throw new UserError(
      'model-wrong-direction',
      `${option('mmi', mmi.name)} was not trained on reversed conversations; train one with ${training({ reverse: true })}`,
    );
  const text = differing(mmi.tokenizer, chat.tokenizer);
  if (text !== null)
    throw new UserError(
      'model-wrong-direction',
      `${option('mmi', mmi.name)} has another tokenizer than ${chat.name} (it gives ${quoted(text)} other ids); train it with ${option('reverse', true)} from the same ${option('model')}`,
    );
}

/** Every byte of UTF-8's shorter forms, and what tokenizers cut differently. */
const samples: readonly string[] = [
  "Hello, how are you? I'm fine, thanks; we'll see what they've done, won't we?",
  'HELLO  THERE \n\n\tit costs 1,234.50€ (or 99%), see https://example.org/a_b?c=d#e',
  'Füße, déjà vu, Ångström, żółć, Привет, как дела? Γειά, שלום, مرحبا, नमस्ते, สวัสดี, 你好，世界, こんにちは, 안녕',
  '😀👍🏽👩‍👩‍👧 … — “quoted” ‘text’ \u00a0\u200b\ufffd <b>&amp;</b> {"a": [1, 2]} C:\\x ~^|`$@*+=_-',
];

/** Ids of a vocabulary that are tried: all of its end, where tokens are added, and some of the rest. */
const triedIds = 2048;

/** A text that gets other ids from `one` than from `other`, or '<|endoftext|>' where turns end in another; null if none is found. */
function differing(one: Tokenizer, other: Tokenizer): string | null {
  if (one.endOfText !== other.endOfText) return '<|endoftext|>';
  const texts = function* () {
    yield* samples;
    yield* spelt(one);
    yield* spelt(other);
  };
  for (const text of texts()) if (!sameIds(one.encode(text), other.encode(text))) return text;
  return null;
}

function* spelt(tokenizer: Tokenizer): Iterable<string> {
  const { vocabularySize } = tokenizer;
  const stride = Math.max(1, Math.floor(vocabularySize / triedIds));
  for (let id = 0; id < vocabularySize; id += id + triedIds / 8 < vocabularySize ? stride : 1)
    yield tokenizer.decode([id]);
}

function sameIds(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((id, index) => id === other[index]);
}
