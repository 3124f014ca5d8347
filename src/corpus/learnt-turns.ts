// Which turns of a dialogue the model learns to say. Knows nothing of tokens.

import type { Dialogue, Turn } from './dialogue.js';

/**
 * The turns that are learnt: the assistant's, those after the first, all, or the last. `auto` is `assistant` where the
 * dialogue says which turns are the assistant's, else `responses`.
 */
export type LossOn = 'auto' | 'assistant' | 'responses' | 'all' | 'last';

export type LossRule = Exclude<LossOn, 'auto'>;

export interface MarkedTurn {
  readonly text: string;
  readonly learnt: boolean;
  /** Instructions before a conversation; never the turn that is answered. */
  readonly system: boolean;
}

/** What `auto` means for this dialogue; any other choice is itself. */
export function lossRule({ turns }: Dialogue, lossOn: LossOn): LossRule {
  if (lossOn !== 'auto') return lossOn;
  return turns.some(({ role }) => role === 'assistant') ? 'assistant' : 'responses';
}

/**
 * The turns up to the last one that is learnt; none where nothing is. What follows it teaches nothing, and would only
 * take room.
 */
export function learntTurns(dialogue: Dialogue, lossOn: LossOn): MarkedTurn[] {
  const { turns } = dialogue;
  const rule = lossRule(dialogue, lossOn);
  const first = turns.findIndex(({ role }) => role !== 'system');
  const counts = (turn: Turn, index: number): boolean => {
    if (!turn.supervised || turn.role === 'system' || turn.role === 'tool') return false;
    if (rule === 'assistant') return turn.role === 'assistant';
    if (rule === 'last') return index === turns.length - 1;
    return rule === 'all' || index > first;
  };
  return upToLastLearnt(
    turns.map((turn, index) => ({
      text: turn.text,
      learnt: counts(turn, index),
      system: turn.role === 'system',
    })),
  );
}

/**
 * The same for a model that learns conversations backwards, P(source | response): the last turn first, instructions left
 * out. What is learnt are the same pairs: a turn is, where the turn that answers it is learnt forward. (DialoGPT's files
 * turn off the source and leave on the response; its own flag would leave nothing to learn.) Only `all` also learns the
 * turn that comes first here, which nothing answers.
 */
export function learntTurnsReversed(dialogue: Dialogue, lossOn: LossOn): MarkedTurn[] {
  const rule = lossRule(dialogue, lossOn);
  const forward = learntTurns(dialogue, lossOn);
  const spoken = dialogue.turns
    .map((turn, index) => ({ turn, learnt: forward[index]?.learnt === true }))
    .filter(({ turn }) => turn.role !== 'system');
  const reversed = spoken.map(({ turn, learnt }, index): MarkedTurn => {
    const answer = spoken[index + 1];
    const counts = answer === undefined ? rule === 'all' && learnt : answer.learnt && turn.role !== 'tool';
    return { text: turn.text, learnt: counts, system: false };
  });
  return upToLastLearnt(reversed.reverse());
}

function upToLastLearnt(turns: readonly MarkedTurn[]): MarkedTurn[] {
  return turns.slice(0, turns.findLastIndex(({ learnt }) => learnt) + 1);
}
