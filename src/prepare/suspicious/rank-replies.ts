// Ranks replies by their losses. The mean loss of a short reply varies more than that of a long one, and long replies have other
// losses than short ones, so a reply is compared with those of about its length: its score is how many standard deviations its
// loss lies above their mean.

import type { ScoredReplies } from './reply-scorer.js';

/** Fewer replies say too little about the losses of their length, so neighbouring lengths are put together. */
const fewestTogether = 200;

/** @returns the score of each reply. */
export function scoresOf(replies: ScoredReplies): Float64Array {
  const groupOf = groupsByLength(replies);
  const groups = Math.max(-1, ...groupOf.values()) + 1;
  const [counts, means, squares] = [
    new Float64Array(groups),
    new Float64Array(groups),
    new Float64Array(groups),
  ];
  const add = (sums: Float64Array, group: number, value: number) => {
    sums[group] = (sums[group] ?? 0) + value;
  };
  const each = (see: (group: number, loss: number, index: number) => void) => {
    for (let index = 0; index < replies.length; index++) {
      const { tokens, loss } = replies.at(index);
      see(groupOf.get(stepOf(tokens)) ?? 0, loss, index);
    }
  };
  each((group, loss) => {
    add(counts, group, 1);
    add(means, group, loss);
  });
  for (let group = 0; group < groups; group++) means[group] = (means[group] ?? 0) / (counts[group] ?? 1);
  each((group, loss) => add(squares, group, (loss - (means[group] ?? 0)) ** 2));
  const scores = new Float64Array(replies.length);
  each((group, loss, index) => {
    const deviation = Math.sqrt((squares[group] ?? 0) / (counts[group] ?? 1));
    scores[index] = deviation > 0 ? (loss - (means[group] ?? 0)) / deviation : 0;
  });
  return scores;
}

/** The indices of the replies, the highest score first. Of equal scores, the first comes first. */
export function rankedBy(scores: Float64Array): Uint32Array {
  return Uint32Array.from(scores.keys()).sort(
    (one, other) => (scores[other] ?? 0) - (scores[one] ?? 0) || one - other,
  );
}

/** Lengths in steps: one by one up to 8 tokens, then four to a doubling. */
function stepOf(tokens: number): number {
  return tokens < 8 ? tokens : Math.round(4 * Math.log2(tokens)) - 4;
}

/** The group of each step: neighbouring steps that have enough replies together. */
function groupsByLength(replies: ScoredReplies): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (let index = 0; index < replies.length; index++) {
    const step = stepOf(replies.at(index).tokens);
    counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  const groups = new Map<number, number>();
  let [group, size, left] = [0, 0, replies.length];
  for (const [step, count] of [...counts].sort(([one], [other]) => one - other)) {
    // What is left at the end may be too little for a group.
    if (size >= fewestTogether && left >= fewestTogether) {
      group++;
      size = 0;
    }
    groups.set(step, group);
    size += count;
    left -= count;
  }
  return groups;
}
