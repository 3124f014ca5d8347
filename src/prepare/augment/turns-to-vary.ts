// Which turns of a dialogue are varied. A bot should learn to understand what others say in other words, and speak with the
// words of the one who is learned from. So what others say is varied, and replies stay as they are.

import type { Dialogue, Turn } from '../../corpus/dialogue.js';
import { learntTurns } from '../../corpus/learnt-turns.js';

/** Longer turns are no chat, and judging variants of them takes long. */
const longestTurn = 10_000;

/** The indices of the turns, ascending. Empty if the dialogue holds nothing that is learned. */
export function turnsToVary(dialogue: Dialogue, vary: 'context' | 'all'): readonly number[] {
  const { turns } = dialogue;
  // Training ends there, unless it is told what to learn.
  const last = learntTurns(dialogue, 'auto').length - 1;
  const learned = turns[last];
  const before = [...turns.keys()].filter((index) => index <= last && isSpoken(turns[index]));
  if (learned === undefined || before.length < 2) return [];
  const isShort = (index: number) => (turns[index]?.text.length ?? 0) <= longestTurn;
  if (vary === 'all') return before.filter(isShort);
  const place = before.indexOf(last);
  return before.filter((index, at) => {
    if (!isShort(index)) return false;
    const turn = turns[index];
    const sameSpeaker = turn && sameOne(turn, learned);
    // Without roles and names, two people take turns.
    return sameSpeaker === undefined ? (place - at) % 2 === 1 : !sameSpeaker;
  });
}

function isSpoken(turn: Turn | undefined): boolean {
  return turn !== undefined && turn.role !== 'system' && turn.role !== 'tool';
}

/** Whether two turns are of one speaker; undefined if that is unknown. */
function sameOne(one: Turn, other: Turn): boolean | undefined {
  if (one.role !== undefined && other.role !== undefined && one.role !== other.role) return false;
  if (one.speakerId !== undefined && other.speakerId !== undefined) return one.speakerId === other.speakerId;
  if (one.speaker !== undefined && other.speaker !== undefined) return one.speaker === other.speaker;
  if (one.role !== undefined && other.role !== undefined) return true;
  return undefined;
}

/** The names of the speakers. */
export function namesIn({ turns }: Dialogue): readonly string[] {
  return [...new Set(turns.flatMap(({ speaker }) => (speaker === undefined ? [] : [speaker])))];
}
