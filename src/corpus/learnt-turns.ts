// Decides which turns of a dialogue are targets of the loss. It does not know about tokens.

import type { Turn } from './dialogue.js';

/**
 * The turns to learn: those of the assistant, every turn after the first, all turns, or the last turn. `auto` means
 * `assistant` if the dialogue marks the assistant's turns, and `responses` otherwise.
 */
export type LossOn = 'auto' | 'assistant' | 'responses' | 'all' | 'last';

export type LossRule = Exclude<LossOn, 'auto'>;

/** What decides whether a turn is learned. The turn itself can be a text or its tokens. */
export type LearnableTurn = Pick<Turn, 'supervised' | 'role'>;

export interface LearnableDialogue<Said extends LearnableTurn = LearnableTurn> {
  readonly turns: readonly Said[];
}

export interface MarkedTurn<Said extends LearnableTurn> {
  readonly turn: Said;
  readonly learned: boolean;
  /** Instructions before the conversation. A system turn is never a question that a reply answers. */
  readonly system: boolean;
}

/** Resolves `auto` for one dialogue. Returns any other value unchanged. */
export function lossRule({ turns }: LearnableDialogue, lossOn: LossOn): LossRule {
  if (lossOn !== 'auto') return lossOn;
  return turns.some(({ role }) => role === 'assistant') ? 'assistant' : 'responses';
}

/**
 * The turns up to the last learned one. Empty if no turn is learned. Later turns would take up context without
 * contributing to the loss.
 */
export function learntTurns<Said extends LearnableTurn>(
  dialogue: LearnableDialogue<Said>,
  lossOn: LossOn,
): MarkedTurn<Said>[] {
  const { turns } = dialogue;
  const rule = lossRule(dialogue, lossOn);
  const first = turns.findIndex(({ role }) => role !== 'system');
  const counts = (turn: Said, index: number): boolean => {
    if (!turn.supervised || turn.role === 'system' || turn.role === 'tool') return false;
    if (rule === 'assistant') return turn.role === 'assistant';
    if (rule === 'last') return index === turns.length - 1;
    return rule === 'all' || index > first;
  };
  return upToLastLearnt(
    turns.map((turn, index) => ({ turn, learned: counts(turn, index), system: turn.role === 'system' })),
  );
}

/**
 * Like `learntTurns`, for a model that learns the reverse direction, P(source | response): the last turn comes first,
 * and system turns are left out. It learns the same pairs: a turn is learned if the forward direction learns the turn
 * that answers it. A turn's own flag is not used, because DialoGPT's files switch off the source and keep the response,
 * which would leave nothing to learn. Only `all` also learns the turn that comes first here, which has no answer.
 */
export function learntTurnsReversed<Said extends LearnableTurn>(
  dialogue: LearnableDialogue<Said>,
  lossOn: LossOn,
): MarkedTurn<Said>[] {
  const rule = lossRule(dialogue, lossOn);
  const forward = learntTurns(dialogue, lossOn);
  const spoken = dialogue.turns
    .map((turn, index) => ({ turn, learned: forward[index]?.learned === true }))
    .filter(({ turn }) => turn.role !== 'system');
  const reversed = spoken.map(({ turn, learned }, index): MarkedTurn<Said> => {
    const answer = spoken[index + 1];
    const counts = answer === undefined ? rule === 'all' && learned : answer.learned && turn.role !== 'tool';
    return { turn, learned: counts, system: false };
  });
  return upToLastLearnt(reversed.reverse());
}

function upToLastLearnt<Said extends LearnableTurn>(turns: readonly MarkedTurn<Said>[]): MarkedTurn<Said>[] {
  return turns.slice(0, turns.findLastIndex(({ learned }) => learned) + 1);
}
