// Checks that two models can work together: one that learned to reply, and one that learned reversed conversations. If they
// were swapped, they would still compute, but only nonsense, so the direction recorded in their folders is checked.

import { UserError } from '../errors.js';
import type { GPT2Config } from '../nn/gpt2-config.js';
import { option, training } from '../option-names.js';
import { quoted } from '../quote.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';

/** An opened model. */
export interface OpenedModel {
  /** The folder or hub id that the user gave. */
  readonly name: string;
  readonly config: GPT2Config;
  readonly tokenizer: Tokenizer;
}

/** @throws UserError (model) when the chat model was trained on reversed conversations. */
export function checkChatModel({ name, config }: Pick<OpenedModel, 'name' | 'config'>): void {
  if (config.dialogueOrder === 'reversed')
    throw new UserError(
      'model-wrong-direction',
      `${name} was trained with ${option('reverse', true)}, to predict the message from its reply, and cannot chat; pass it to ${option('mmi')}, and chat with a model that was trained without ${option('reverse', true)}`,
    );
}

/**
 * @throws UserError (model) when the model for reranking was not trained on reversed conversations, or encodes texts to
 * other ids than the chat model.
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
      `${option('mmi', mmi.name)} has another tokenizer than ${chat.name} (it encodes ${quoted(text)} to other ids); train it with ${option('reverse', true)} from the same ${option('model')}`,
    );
}

/** Covers all bytes of UTF-8's shorter forms, and text that tokenizers split differently. */
const samples: readonly string[] = [
  "Hello, how are you? I'm fine, thanks; we'll see what they've done, won't we?",
  'HELLO  THERE \n\n\tit costs 1,234.50€ (or 99%), see https://example.org/a_b?c=d#e',
  'Füße, déjà vu, Ångström, żółć, Привет, как дела? Γειά, שלום, مرحبا, नमस्ते, สวัสดี, 你好，世界, こんにちは, 안녕',
  '😀👍🏽👩‍👩‍👧 … — “quoted” ‘text’ \u00a0\u200b\ufffd <b>&amp;</b> {"a": [1, 2]} C:\\x ~^|`$@*+=_-',
];

/** The number of vocabulary ids that are compared: all at the end, where tokens are added, and some of the rest. */
const triedIds = 2048;

/** A text with other ids in `one` than in `other`, or '<|endoftext|>' when the end tokens differ; null if none is found. */
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
