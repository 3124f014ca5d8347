// Reads the format of the Persona-Chat corpus (Zhang et al. 2018), which the product itself does not read:
// `N text<TAB>reply` lines with `N your persona: ...` lines between them. A new conversation begins where N is 1.

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
 * What counts as one dialogue: a whole conversation; an exchange, which is one text and its reply; or, for the Trainer
 * only, each reply with all earlier turns, which is the form of DialoGPT's own training data.
 */
export type Unit = 'conversation' | 'exchange' | 'reply';

/**
 * `count` dialogues from evenly spaced places in the file (for `reply`: all replies of `count` conversations), encoded as
 * the product does it.
 * @param limit the most tokens of a sequence, including the last one, which is only a target.
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

/** One dialogue for each turn except the first, with all earlier turns. */
function replies({ turns, source }: Dialogue): Dialogue[] {
  return turns.slice(1).map((_, index) => ({ turns: turns.slice(0, index + 2), source }));
}

function exchanges({ turns, source }: Dialogue): Dialogue[] {
  return Array.from({ length: turns.length / 2 }, (_, index) => ({
    turns: turns.slice(2 * index, 2 * index + 2),
    source,
  }));
}

/** The dialogue in the form of the Hugging Face Trainer, which shifts labels itself and needs the last token too. */
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
