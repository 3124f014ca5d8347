// Sets part of the dialogues aside for evaluation. Dialogues with the same text always go to the same side.
// This file sees only numbers: a dialogue is an index, and its text is a number (DialogueStore.textNumbers).

import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { Random } from '../random.js';

/** Keeps the random numbers used here independent of other uses of the same seed. */
const stream = 0x5917;

/** Indices of dialogues, ascending. */
export interface Split {
  readonly train: Int32Array;
  readonly evaluation: Int32Array;
}

/**
 * Splits off about `ratio` of the dialogues for evaluation. Each side gets at least one dialogue.
 * @param texts the text number of each dialogue; distinct texts are numbered 0, 1, ... in order of first appearance.
 * @param ratio in (0, 1).
 * @throws UserError (data) if all dialogues have the same text.
 */
export function split(texts: Int32Array, ratio: number, seed: number): Split {
  const sizes = groupSizes(texts);
  if (sizes.length < 2)
    throw new UserError(
      'corpus-too-small',
      `an evaluation set needs at least 2 different dialogues, but the data has ${sizes.length}; add more, or set ${option('evalRatio', 0)}`,
    );
  const wanted = Math.max(1, Math.round(texts.length * ratio));
  const shuffled = new Random(seed, stream).shuffle([...sizes.keys()]);
  const chosen = choose(shuffled, sizes, wanted);
  return {
    train: indicesWhere(texts, (text) => !chosen.has(text)),
    evaluation: indicesWhere(texts, (text) => chosen.has(text)),
  };
}

/**
 * Uses all dialogues from index `count` on for evaluation. Trains on the first `count`, except those whose text also
 * occurs in the evaluation set.
 */
export function apart(texts: Int32Array, count: number): Split {
  const held = new Set(texts.subarray(count));
  return {
    train: indicesWhere(texts.subarray(0, count), (text) => !held.has(text)),
    evaluation: Int32Array.from({ length: texts.length - count }, (_, index) => count + index),
  };
}

/**
 * Texts that together cover at most `wanted` dialogues. If every text has more dialogues than that, only the rarest text.
 * Never all texts.
 */
function choose(texts: readonly number[], sizes: readonly number[], wanted: number): Set<number> {
  const chosen = new Set<number>();
  let room = wanted;
  const sizeOf = (text: number) => sizes[text] ?? 0;
  for (const text of texts) {
    if (sizeOf(text) > room || chosen.size === texts.length - 1) continue;
    chosen.add(text);
    room -= sizeOf(text);
  }
  if (chosen.size === 0)
    chosen.add(texts.reduce((least, text) => (sizeOf(text) < sizeOf(least) ? text : least)));
  return chosen;
}

function groupSizes(texts: Int32Array): number[] {
  const sizes: number[] = [];
  for (const text of texts) sizes[text] = (sizes[text] ?? 0) + 1;
  return sizes;
}

function indicesWhere(texts: Int32Array, wanted: (text: number) => boolean): Int32Array {
  const indices: number[] = [];
  for (const [index, text] of texts.entries()) if (wanted(text)) indices.push(index);
  return Int32Array.from(indices);
}
