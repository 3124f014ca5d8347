// What a model finds suspicious in a corpus: the replies that it least expects, which often do not belong there (another
// speaker or thread, another language, a paste), and those that it most expects, which are boilerplate.

import { normalized } from '../duplicates/exact.js';
import type { PreparedStore } from '../prepared-store.js';
import { rankedBy, scoresOf } from './rank-replies.js';
import type { Dialogues, ReplyScorer, ScoredReplies, ScoringProgress } from './reply-scorer.js';

export interface ListedReply {
  /** Empty before a corpus is prepared. */
  readonly id: string;
  readonly source: string;
  /** The number of the turn in its dialogue, from 1. */
  readonly turn: number;
  /** What it answers. */
  readonly before: string;
  readonly text: string;
  /** In nats, mean over its tokens. */
  readonly loss: number;
  /** Standard deviations above the mean loss of replies of its length. */
  readonly score: number;
}

export interface Suspicion {
  readonly model: string;
  /** How many replies were scored. */
  readonly replies: number;
  /** How many of them, the least likely ones, are not learned; undefined before a corpus is prepared. */
  readonly unlearned?: number;
  /** The least likely first. */
  readonly highest: readonly ListedReply[];
  /** The most likely first, each text once. */
  readonly lowest: readonly ListedReply[];
}

export interface RankedReplies {
  readonly scored: ScoredReplies;
  /** Indices in `scored`, the most suspicious first. */
  readonly order: Uint32Array;
  readonly suspicion: Suspicion;
}

/** @param top how many replies are listed at each end. @throws what `ReplyScorer.score` throws. */
export async function rankReplies(
  dialogues: PreparedStore,
  scorer: ReplyScorer,
  top: number,
  progress: ScoringProgress,
): Promise<RankedReplies> {
  const scored = await scorer.score(plainly(dialogues), progress);
  const scores = scoresOf(scored);
  const order = rankedBy(scores);
  const listed = (index: number) => listedReply(dialogues, scored, scores, index);
  return {
    scored,
    order,
    suspicion: {
      model: scorer.model,
      replies: scored.length,
      highest: Array.from(order.subarray(0, top), listed),
      lowest: distinct(order.toReversed(), top, listed),
    },
  };
}

function plainly(store: PreparedStore): Dialogues {
  return {
    length: store.length,
    *[Symbol.iterator]() {
      for (const { dialogue } of store) yield dialogue;
    },
  };
}

function listedReply(
  dialogues: PreparedStore,
  scored: ScoredReplies,
  scores: Float64Array,
  index: number,
): ListedReply {
  const { dialogue: number, turn, loss } = scored.at(index);
  const { id, dialogue } = dialogues.at(number);
  return {
    id,
    source: dialogue.source,
    turn: turn + 1,
    before: dialogue.turns[turn - 1]?.text ?? '',
    text: dialogue.turns[turn]?.text ?? '',
    loss,
    score: scores[index] ?? 0,
  };
}

/** Boilerplate can be most of a corpus, so not all of it is looked at. */
const mostLookedAt = 50;

function distinct(
  order: Uint32Array,
  top: number,
  listed: (index: number) => ListedReply,
): readonly ListedReply[] {
  const found = new Map<string, ListedReply>();
  for (const index of order.subarray(0, mostLookedAt * top)) {
    const reply = listed(index);
    const text = normalized(reply.text);
    if (!found.has(text)) found.set(text, reply);
    if (found.size === top) break;
  }
  return [...found.values()];
}
