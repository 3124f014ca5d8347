// Which of several answers to one question is given.

import { Random } from '../../random.js';
import type { AnswerSettings } from '../answer-settings.js';
import type { StoredPair } from '../store/store.js';
import type { NormalForm } from './normal-form.js';
import { type Asked, asked, type Rarity, similarity } from './similarity.js';

export interface ChoiceContext {
  /** The form in which turns are compared. */
  readonly form: NormalForm;
  /** What was said before the question. */
  readonly previous: Asked | null;
  /** Answers that the bot has given lately. */
  readonly recent: ReadonlySet<string>;
  /** Answers that are not given. */
  readonly rejected: ReadonlySet<string>;
  readonly choice: AnswerSettings['choice'];
  readonly seed: number;
  /** The number of turns, so that not every turn draws the same number. */
  readonly turn: number;
}

export interface ChosenPair {
  readonly pair: StoredPair;
  /** From 0 to 1: how much the turn before the question is the one that the pair was learned after. */
  readonly previousSimilarity: number;
}

/** From this similarity on, two turns count as the same context. */
const sameContext = 0.7;

/** The bot's last texts. @param within turns. */
export function recentAnswers(turns: readonly string[], within: number): ReadonlySet<string> {
  // The last turn is the user's.
  const bots = turns.filter((_, index) => (turns.length - index) % 2 === 0);
  return new Set(within > 0 ? bots.slice(-within) : []);
}

/** @returns null when there is no pair that may be given. */
export function choosePair(
  pairs: readonly StoredPair[],
  context: ChoiceContext,
  rarity: Rarity,
): ChosenPair | null {
  const left = pairs.filter(({ answer }) => !context.rejected.has(answer));
  const fresh = left.filter(({ answer }) => !context.recent.has(answer));
  const rated = (fresh.length > 0 ? fresh : left).map((pair) => ({
    pair,
    previousSimilarity: previousSimilarity(pair, context, rarity),
  }));
  // What was learned in the same place of a conversation comes first.
  const fitting = rated.filter((one) => one.previousSimilarity >= sameContext);
  const from = fitting.length > 0 ? fitting : rated;
  if (from.length < 2 || context.choice === 'first') return from[0] ?? null;
  return context.choice === 'frequent' ? mostFrequent(from) : drawn(from, context);
}

function previousSimilarity({ previous }: StoredPair, context: ChoiceContext, rarity: Rarity): number {
  if (previous === null || context.previous === null) return 0;
  return similarity(context.previous, asked(context.form(previous)), rarity);
}

/** How often an answer was given and liked, less how often it was disliked; above 0. */
function weightOf({ pair: { count, up, down } }: ChosenPair): number {
  return Math.max(0.1, count + 2 * up - 3 * down);
}

function mostFrequent(pairs: readonly ChosenPair[]): ChosenPair | null {
  return pairs.reduce<ChosenPair | null>(
    (best, one) => (best === null || weightOf(one) > weightOf(best) ? one : best),
    null,
  );
}

function drawn(pairs: readonly ChosenPair[], { seed, turn }: ChoiceContext): ChosenPair | null {
  const all = pairs.reduce((sum, one) => sum + weightOf(one), 0);
  let left = (new Random(seed, turn).next() / 2 ** 32) * all;
  for (const one of pairs) {
    left -= weightOf(one);
    if (left < 0) return one;
  }
  return pairs.at(-1) ?? null;
}
