// No longer learns the replies that a trained model finds least likely. A dialogue with no other reply is dropped.

import type { Dialogue } from '../../corpus/dialogue.js';
import type { Ledger } from '../ledger.js';
import { unlearn } from '../rule.js';
import { applyToAll, type Surveyed } from '../survey-corpus.js';
import type { ReplyScorer, ScoringProgress } from './reply-scorer.js';
import { type RankedReplies, rankReplies, type Suspicion } from './suspicion.js';

/** What reports call it, beside the names of rules. */
export const suspiciousName = 'suspicious';

export interface SuspiciousOptions {
  readonly scorer: ReplyScorer;
  /** The share of all replies that is not learned. */
  readonly dropSuspicious: number;
  /** How many replies the report lists at each end. */
  readonly top: number;
  readonly progress: ScoringProgress;
}

export interface Judged extends Surveyed {
  readonly suspicion: Suspicion;
}

/** @param surveyed is released if another store is left. @throws what `ReplyScorer.score` throws. */
export async function unlearnSuspicious(
  surveyed: Surveyed,
  ledger: Ledger,
  { scorer, dropSuspicious, top, progress }: SuspiciousOptions,
): Promise<Judged> {
  const ranked = await rankReplies(surveyed.left, scorer, top, progress);
  const unlearned = Math.floor(dropSuspicious * ranked.order.length);
  const suspicion = { ...ranked.suspicion, unlearned };
  const unfit = suspiciousTurns(ranked, unlearned);
  if (unfit.size === 0) return { ...surveyed, suspicion };
  let number = 0;
  const judge = (dialogue: Dialogue) => {
    const turns = unfit.get(number++);
    return unlearn(dialogue, 'the model finds every reply unlikely', (_, turn) => turns?.has(turn) === true);
  };
  return { ...applyToAll(surveyed, { name: suspiciousName, judge }, ledger), suspicion };
}

/** The suspicious turns, by the number of their dialogue. */
function suspiciousTurns({ scored, order }: RankedReplies, count: number): Map<number, Set<number>> {
  const turns = new Map<number, Set<number>>();
  for (const index of order.subarray(0, count)) {
    const { dialogue, turn } = scored.at(index);
    turns.set(dialogue, (turns.get(dialogue) ?? new Set()).add(turn));
  }
  return turns;
}
