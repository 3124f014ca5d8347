// Conversations in the form of the Persona-Chat corpus (Zhang et al. 2018), which the product itself does not read:
// `N text<TAB>reply` lines, `N your persona: ...` lines between them, and a new conversation wherever N starts at 1.

import { readFileSync } from 'node:fs';
import type { Dialogue, Turn } from '../src/corpus/dialogue.js';
import { type EncodedDialogue, encodeDialogue } from '../src/corpus/encode-dialogue.js';
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

/** What is taken for a dialogue: a whole conversation, or each line of it by itself, a text and its reply. */
export type Unit = 'conversation' | 'exchange';

/**
 * `count` dialogues from all over the file, encoded as the product encodes them. A whole sequence has `limit` tokens at
 * most, its last one included, which is a target and no input.
 */
export function encodedSample(path: string, unit: Unit, count: number, limit: number): EncodedDialogue[] {
  const conversations = readPersonaChat(path);
  const dialogues = unit === 'conversation' ? conversations : conversations.flatMap(exchanges);
  const tokenizer = gpt2Tokenizer();
  const stride = Math.max(1, Math.floor(dialogues.length / count));
  return dialogues
    .filter((_, index) => index % stride === 0)
    .slice(0, count)
    .flatMap(
      (dialogue) => encodeDialogue(dialogue, tokenizer, { lossOn: 'responses', maxLength: limit - 1 }) ?? [],
    );
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
