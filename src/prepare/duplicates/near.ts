// Decides which of many similar texts stays. The best stays: the one with the most text. A text is dropped only if it is similar
// to one that stays, so a chain of similar texts does not drop what has little in common with any that stays.

import { GrowingIntegers } from '../../corpus/growing-numbers.js';
import { Union } from '../../corpus/union.js';
import { type SeePair, SimilarPairs } from './similar-pairs.js';
import { sortedIndices } from './sorted-indices.js';

export interface NearDuplicates {
  /** For each text, 1 plus the number of the one that it is a duplicate of, or 0 if it stays. */
  readonly duplicateOf: Uint32Array;
  /** For each text, the number of its group: texts that are connected by similar pairs. Groups are numbered 0, 1, ... */
  readonly groups: Int32Array;
}

/**
 * @param texts each is taken once. @param threshold the least Jaccard similarity, in (0, 1].
 * @param anchors texts that always stay and come first in the result. They are not compared with each other.
 * @param isApart whether a text is no duplicate of any but anchors, and no other text is one of it.
 * @param tell told how much is compared, from 0 to 1, once all texts are taken.
 */
export function nearDuplicates(
  texts: Iterable<string>,
  threshold: number,
  anchors: readonly string[] = [],
  isApart: (text: number) => boolean = () => false,
  tell?: (share: number) => void,
): NearDuplicates {
  const pairs = { better: new GrowingIntegers(), worse: new GrowingIntegers() };
  const see = (better: number, worse: number) => {
    pairs.better.push(better);
    pairs.worse.push(worse);
  };
  const order = bestFirst(texts, threshold, anchors, see, tell);
  const compares = (better: number, text: number) =>
    better < anchors.length || !(isApart(better - anchors.length) || isApart(text - anchors.length));
  return { duplicateOf: duplicates(order, pairs, compares), groups: groupsOf(order.length, pairs) };
}

/**
 * All texts, the one with the most shingles first. A function of its own, so that what finds pairs is gone afterwards.
 * @param see told of each similar pair.
 */
function bestFirst(
  texts: Iterable<string>,
  threshold: number,
  anchors: readonly string[],
  see: SeePair,
  tell?: (share: number) => void,
): Uint32Array {
  const similar = new SimilarPairs(threshold);
  for (const text of anchors) similar.addAnchor(text);
  let count = anchors.length;
  for (const text of texts) {
    similar.add(text);
    count++;
  }
  similar.forEachPair(see, tell);
  return sortedIndices(count, (text) => ~similar.sizeOf(text));
}

/** Numbers of texts, pair by pair. */
interface Pairs {
  readonly better: GrowingIntegers;
  readonly worse: GrowingIntegers;
}

/** @param order all texts, the best first. @param compares whether a text can be a duplicate of a better one. */
function duplicates(
  order: Uint32Array,
  { better, worse }: Pairs,
  compares: (better: number, text: number) => boolean,
): Uint32Array {
  /** The pairs by their worse text: those of text i are at [ends[i - 1], ends[i]) of `betters`. */
  const ends = new Uint32Array(order.length + 1);
  for (let pair = 0; pair < worse.length; pair++) {
    const place = worse.at(pair) + 1;
    ends[place] = (ends[place] ?? 0) + 1;
  }
  for (let text = 1; text < ends.length; text++) ends[text] = (ends[text] ?? 0) + (ends[text - 1] ?? 0);
  const betters = new Uint32Array(better.length);
  for (let pair = 0; pair < worse.length; pair++) {
    const text = worse.at(pair);
    const place = ends[text] ?? 0;
    betters[place] = better.at(pair);
    ends[text] = place + 1;
  }
  const duplicateOf = new Uint32Array(order.length);
  for (const text of order) {
    const mine = betters.subarray(text === 0 ? 0 : ends[text - 1], ends[text]);
    for (const one of mine)
      if (duplicateOf[one] === 0 && compares(one, text)) {
        duplicateOf[text] = one + 1;
        break;
      }
  }
  return duplicateOf;
}

function groupsOf(count: number, { better, worse }: Pairs): Int32Array {
  const union = new Union(count);
  for (let pair = 0; pair < better.length; pair++) union.join(better.at(pair), worse.at(pair));
  return union.takeNumbers();
}
