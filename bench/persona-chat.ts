// Conversations in the form of the Persona-Chat corpus (Zhang et al. 2018), which the product itself does not read:
// `N text<TAB>reply` lines, `N your persona: ...` lines between them, and a new conversation wherever N starts at 1.

import { readFileSync } from 'node:fs';
import type { Dialogue, Turn } from '../src/corpus/dialogue.js';
import { type EncodedDialogue, encodeDialogue } from '../src/corpus/encode-dialogue.js';
import { TrainingText } from '../src/corpus/training-text.js';
import { gpt2Tokenizer } from '../src/tokenizer/gpt2-tokenizer.js';

export function readPersonaChat(path: string): Dialogue[] {
  const dialogues: { turns: Turn[]; source: string }[] = [];
  for (const [index, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    const [, number, content] = /^(\d+) (.*)$/.exec(line) ?? [];
    if (content === undefined) continue;
    if (number === '1') dialogues.push({ turns: [], source: `${path}:${index + 1}` });
    const [text, reply] = content.split('\t');
    if (text === undefined || reply === undefined) continue;
    for (const said of [text, reply]) dialogues.at(-1)?.turns.push({ text: said, supervised: true });
  }
  return dialogues.filter(({ turns }) => turns.length > 1);
}

/**
 * What is taken for a dialogue: a whole conversation; each line of it by itself, a text and its reply; or, for the
 * Trainer only, each reply with everything said before it, which is the form of DialoGPT's own training data.
 */
export type Unit = 'conversation' | 'exchange' | 'reply';

/**
 * `count` dialogues from all over the file (for `reply`: all replies of as many conversations), encoded as the product encodes them. A whole sequence has `limit` tokens at
 * most, its last one included, which is a target and no input.
 */
export function encodedSample(path: string, unit: Unit, count: number, limit: number): EncodedDialogue[] {
  const conversations = readPersonaChat(path);
  const dialogues = unit === 'exchange' ? conversations.flatMap(exchanges) : conversations;
  const text = new TrainingText(gpt2Tokenizer());
  const stride = Math.max(1, Math.floor(dialogues.length / count));
  const sample = dialogues.filter((_, index) => index % stride === 0).slice(0, count);
  const lossOn = unit === 'reply' ? 'last' : 'responses';
  return (unit === 'reply' ? sample.flatMap(replies) : sample).flatMap(
    (dialogue) => encodeDialogue(dialogue, text, { lossOn, maxLength: limit - 1, order: 'forward' }) ?? [],
  );
}

/** Every turn but the first, each with all that came before it. */
function replies({ turns, source }: Dialogue): Dialogue[] {
  return turns.slice(1).map((_, index) => ({ turns: turns.slice(0, index + 2), source }));
}

function exchanges({ turns, source }: Dialogue): Dialogue[] {
  return Array.from({ length: turns.length / 2 }, (_, index) => ({
    turns: turns.slice(2 * index, 2 * index + 2),
    source,
  }));
}

/** The same dialogue as the Hugging Face Trainer takes it: it shifts labels by itself, and wants the last token too. */
export function asTrainerExample({ tokens, targets }: EncodedDialogue): {
  input_ids: number[];
  labels: number[];
} {
  const last = targets.at(-1) ?? 0;
  return {
    input_ids: [...tokens, Math.max(0, last)],
    labels: [-100, ...Array.from(targets, (target) => (target < 0 ? -100 : target))],
  };
}
