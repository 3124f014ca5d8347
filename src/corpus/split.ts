// Keeps a part of the dialogues aside for evaluation. Dialogues of the same text are one: they stand on one side.
// A dialogue is its index here, and its text is a number (DialogueStore.textNumbers).

import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { Random } from '../random.js';

/** Tells this use of a seed from the others. */
const stream = 0x5917;

/** Indices of dialogues, ascending. */
export interface Split {
  readonly train: Int32Array;
  readonly evaluation: Int32Array;
}

/**
 * About `ratio` (in 0..1, both excluded) of the dialogues for evaluation, at least one, and at least one for training.
 * @param texts of each dialogue the number of its text, in the order in which different ones come.
 * @throws UserError (data) when all dialogues have the same text.
 */
export function split(texts: Int32Array, ratio: number, seed: number): Split {
  const sizes = groupSizes(texts);
  if (sizes.length < 2)
    throw new UserError(
      'corpus-too-small',
      `an evaluation set needs at least 2 different dialogues, and the data has ${sizes.length}; add more, or give ${option('evalRatio', 0)}`,
    );
  const wanted = Math.max(1, Math.round(texts.length * ratio));
  const shuffled = new Random(seed, stream).shuffle([...sizes.keys()]);
  const chosen = choose(shuffled, sizes, wanted);
  return {
    train: indicesWhere(texts, (text) => !chosen.has(text)),
    evaluation: indicesWhere(texts, (text) => chosen.has(text)),
  };
}

/** The first `count` dialogues, less those whose text one of the others has, and the others. */
export function apart(texts: Int32Array, count: number): Split {
  const held = new Set(texts.subarray(count));
  return {
    train: indicesWhere(texts.subarray(0, count), (text) => !held.has(text)),
    evaluation: Int32Array.from({ length: texts.length - count }, (_, index) => count + index),
  };
}

/** Texts that together have at most `wanted` dialogues; the rarest one where none is that rare; never all. */
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
