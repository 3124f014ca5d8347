// The replies that are learned most often, counted as the rule frequent-replies counts them.

import { textHash } from '../../corpus/text-hash.js';
import { HashCounts } from '../hash-counts.js';
import type { PreparedStore } from '../prepared-store.js';
import { learnedReplies } from '../rule.js';
import { sameReply } from '../rules/frequent-replies.js';

export interface CommonReplies {
  /** All learned replies. */
  readonly replies: number;
  /** The most frequent first; each occurs at least twice. */
  readonly common: readonly CommonReply[];
}

export interface CommonReply {
  /** As it is written where it is first. */
  readonly text: string;
  readonly count: number;
}

const mostListed = 20;

export function findCommonReplies(dialogues: PreparedStore): CommonReplies {
  const counts = new HashCounts();
  let replies = 0;
  for (const { hash } of repliesOf(dialogues)) {
    counts.add(hash);
    replies++;
  }
  const common = new Map<number, CommonReply>();
  /** What a reply must exceed to be listed. */
  let least = 1;
  for (const { hash, text } of repliesOf(dialogues)) {
    const count = counts.of(hash);
    if (count <= least || common.has(hash)) continue;
    common.set(hash, { text, count });
    if (common.size <= mostListed) continue;
    const [rarest] = [...common].sort(([, one], [, other]) => one.count - other.count);
    if (rarest) common.delete(rarest[0]);
    least = Math.min(...[...common.values()].map((reply) => reply.count));
  }
  return { replies, common: [...common.values()].sort((one, other) => other.count - one.count) };
}

function* repliesOf(dialogues: PreparedStore): Generator<{ readonly text: string; readonly hash: number }> {
  for (const { dialogue } of dialogues)
    for (const index of learnedReplies(dialogue)) {
      const text = dialogue.turns[index]?.text ?? '';
      yield { text, hash: textHash(sameReply(text)) };
    }
}
