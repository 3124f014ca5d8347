// Turns the raw turns of a record into dialogues. It removes turns without text and splits the dialogue there, so that
// no reply is learned across a gap. It joins consecutive turns of one speaker, and drops dialogues that have no reply.

import type { Dialogue, Turn } from './dialogue.js';
import type { RawTurn } from './readers/record.js';
import type { Tally } from './tally.js';
import { tidyText } from './tidy-text.js';

/** GPT-2 corpora end a turn with this marker. A text that consists only of markers counts as empty. */
const endMarker = '<|endoftext|>';

/**
 * The dialogues in `turns`, each with at least two spoken turns: one dialogue, or several if turns without text split
 * it. Each begins with the system turns that precede the first spoken turn.
 */
export function conversationParts(
  turns: readonly RawTurn[],
  source: string,
  tally: Tally,
  { persona, prepared }: Pick<Dialogue, 'persona' | 'prepared'> = {},
): Dialogue[] {
  const first: Turn[] = [];
  const parts = [first];
  /** Whether a turn is missing directly before the current one. */
  let gap = false;
  for (const [index, raw] of turns.entries()) {
    const text = wordsOf(raw.text);
    if (text.includes('\ufffd')) tally.count('loneSurrogate', loneSurrogates(raw.text));
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
  const about = { ...(persona && { persona }), ...(prepared && { prepared }) };
  return parts.filter(isConversation).map((part) => ({ turns: part, source, ...about }));
}

/**
 * Whether a turn without text leaves a gap. A tool call leaves none if the tool's answer follows. Other turns leave none
 * if the same speaker has text directly before or after.
 */
function isMissed(empty: RawTurn, before: RawTurn | undefined, after: RawTurn | undefined): boolean {
  if (empty.role === 'system') return false;
  const speaks = (turn: RawTurn | undefined) => turn !== undefined && wordsOf(turn.text) !== '';
  if (empty.calls === true) return !(after?.role === 'tool' && speaks(after));
  return ![before, after].some((turn) => turn && speaks(turn) && sameSpeaker(turn, empty));
}

/** UTF-16 code units that are half of a character. Tidying replaces them. */
function loneSurrogates(text: string | null): number {
  return text?.match(/\p{Surrogate}/gu)?.length ?? 0;
}

/** The tidied text. Empty if the text holds only end markers and white space. */
function wordsOf(text: string | null): string {
  const tidied = tidyText(text ?? '');
  return tidied.includes(endMarker) && tidied.replaceAll(endMarker, '').trim() === '' ? '' : tidied;
}

function turnOf({ supervised, role, speaker, speakerId, time, replyTo }: RawTurn, text: string): Turn {
  return {
    text,
    supervised,
    ...(role && { role }),
    ...(speaker !== undefined && { speaker }),
    ...(speakerId !== undefined && { speakerId }),
    ...(time !== undefined && { time }),
    ...(replyTo !== undefined && { replyTo }),
  };
}

function join(part: Turn[], turn: Turn, tally: Tally): void {
  const before = part.at(-1);
  if (!before || !sameSpeaker(before, turn)) {
    part.push(turn);
    return;
  }
  tally.count('joinedTurn');
  part[part.length - 1] = joinedTurn(before, turn);
}

/** A joined turn is learned only if both of its parts are. It keeps the time of its first part. */
export function joinedTurn(before: Turn, turn: Turn): Turn {
  return {
    ...before,
    text: `${before.text}\n${turn.text}`,
    supervised: before.supervised && turn.supervised,
  };
}

type Speaker = Pick<Turn, 'role' | 'speaker' | 'speakerId'>;

/** Two people can have the same name, so ids decide if both turns have one. */
export function sameSpeaker(one: Speaker, other: Speaker): boolean {
  if (one.role !== other.role) return false;
  if (one.speakerId !== undefined && other.speakerId !== undefined) return one.speakerId === other.speakerId;
  const isKnown = one.role !== undefined || one.speaker !== undefined;
  return isKnown && one.speaker === other.speaker;
}

function isConversation(turns: readonly Turn[]): boolean {
  return turns.filter(isSpoken).length >= 2;
}

function isSpoken({ role }: Turn): boolean {
  return role !== 'system';
}
