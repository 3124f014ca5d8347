// Sets part of the dialogues aside for evaluation. Dialogues with the same text always go to the same side.
// This file sees only numbers: a dialogue is an index, and its text is a number (DialogueStore.textNumbers).

import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { Random } from '../random.js';
import { indicesWhere } from './indices.js';

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
  const shuffled = new Random(seed, stream).shuffle(sizes.map((_, text) => text));
  const chosen = choose(shuffled, sizes, wanted);
  const isChosen = (index: number) => chosen[texts[index] ?? 0] === 1;
  return {
    train: indicesWhere(texts.length, (index) => !isChosen(index)),
    evaluation: indicesWhere(texts.length, isChosen),
  };
}

/**
 * Uses all dialogues from index `count` on for evaluation. Trains on the first `count`, except those whose text also
 * occurs in the evaluation set.
 */
export function apart(texts: Int32Array, count: number): Split {
  const held = new Uint8Array(texts.length);
  for (const text of texts.subarray(count)) held[text] = 1;
  return {
    train: indicesWhere(count, (index) => held[texts[index] ?? 0] === 0),
    evaluation: Int32Array.from({ length: texts.length - count }, (_, index) => count + index),
  };
}

/**
 * Marks texts that together cover at most `wanted` dialogues. If every text has more dialogues than that, only the rarest text.
 * Never all texts.
 */
function choose(texts: Int32Array, sizes: Int32Array, wanted: number): Uint8Array {
  const chosen = new Uint8Array(texts.length);
  let [room, count] = [wanted, 0];
  const sizeOf = (text: number) => sizes[text] ?? 0;
  for (const text of texts) {
    if (sizeOf(text) > room || count === texts.length - 1) continue;
    chosen[text] = 1;
    count++;
    room -= sizeOf(text);
  }
  if (count === 0) chosen[texts.reduce((least, text) => (sizeOf(text) < sizeOf(least) ? text : least))] = 1;
  return chosen;
}

function groupSizes(texts: Int32Array): Int32Array {
  const sizes = new Int32Array(texts.length);
  let count = 0;
  for (const text of texts) {
    sizes[text] = (sizes[text] ?? 0) + 1;
    count = Math.max(count, text + 1);
  }
  return sizes.subarray(0, count);
}
