// From a record's turns to dialogues: turns without text leave, and nothing is learnt across the place where one was;
// one speaker's turns in a row become one. A dialogue in which nobody answers anybody is none.

import type { Dialogue, Turn } from './dialogue.js';
import type { RawTurn } from './readers/record.js';
import type { Tally } from './tally.js';
import { tidyText } from './tidy-text.js';

/** What GPT-2's corpora end a turn with: a text of nothing else has no words. */
const endMarker = '<|endoftext|>';

/**
 * The dialogues of two turns or more that the turns make: one, or where turns without text part them, several. Each
 * begins with the instructions that stand before the first turn.
 */
export function conversationParts(turns: readonly RawTurn[], source: string, tally: Tally): Dialogue[] {
  const first: Turn[] = [];
  const parts = [first];
  /** Whether a turn is missing just before this one. */
  let gap = false;
  for (const [index, raw] of turns.entries()) {
    const text = wordsOf(raw.text);
    if (text === '') {
      if (raw.calls !== true) tally.count('emptyTurn');
      gap ||= isMissed(raw, turns[index - 1], turns[index + 1]);
      continue;
    }
    const turn = turnOf(raw, text);
    if (gap && parts.at(-1)?.some(isSpoken)) parts.push(first.slice(0, first.findIndex(isSpoken)));
    join(parts.at(-1) ?? first, gap ? { ...turn, supervised: false } : turn, tally);
    gap &&= !isSpoken(turn);
  }
  return parts.filter(isConversation).map((part) => ({ turns: part, source }));
}

/**
 * Whether something is missing where a turn has no text. A tool's answer stands for the call that led to it; where the
 * speaker also has the turn before or after, that is the turn.
 */
function isMissed(empty: RawTurn, before: RawTurn | undefined, after: RawTurn | undefined): boolean {
  if (empty.role === 'system') return false;
  const speaks = (turn: RawTurn | undefined) => turn !== undefined && wordsOf(turn.text) !== '';
  if (empty.calls === true) return !(after?.role === 'tool' && speaks(after));
  return ![before, after].some((turn) => turn && speaks(turn) && isSameSpeaker(turn, empty));
}

/** Empty where there is nothing to say but the end. */
function wordsOf(text: string | null): string {
  const tidied = tidyText(text ?? '');
  return tidied.includes(endMarker) && tidied.replaceAll(endMarker, '').trim() === '' ? '' : tidied;
}

function turnOf({ supervised, role, speaker }: RawTurn, text: string): Turn {
  return { text, supervised, ...(role && { role }), ...(speaker !== undefined && { speaker }) };
}

/** What is partly not to be learnt is not learnt. */
function join(part: Turn[], turn: Turn, tally: Tally): void {
  const before = part.at(-1);
  if (!before || !isSameSpeaker(before, turn)) {
    part.push(turn);
    return;
  }
  tally.count('joinedTurn');
  part[part.length - 1] = {
    ...before,
    text: `${before.text}\n${turn.text}`,
    supervised: before.supervised && turn.supervised,
  };
}

type Speaker = Pick<Turn, 'role' | 'speaker'>;

function isSameSpeaker(one: Speaker, other: Speaker): boolean {
  const isKnown = one.role !== undefined || one.speaker !== undefined;
  return isKnown && one.role === other.role && one.speaker === other.speaker;
}

function isConversation(turns: readonly Turn[]): boolean {
  return turns.filter(isSpoken).length >= 2;
}

function isSpoken({ role }: Turn): boolean {
  return role !== 'system';
}
