// Keeps augmented dialogues out of an evaluation. An augmented dialogue and its original form a family, which stands on one
// side: if the original is evaluated on, what was made from it is neither trained nor evaluated on.

import type { Dialogue } from './dialogue.js';
import { indicesWhere } from './indices.js';
import type { Split } from './split.js';
import { textHash } from './text-hash.js';
import { Union } from './union.js';

/** Equal for a dialogue of a prepared corpus, its parts, and what was made from it. */
export function familyOf({ id, augmented }: NonNullable<Dialogue['prepared']>): string {
  return (augmented?.from ?? id).replace(/(?:-\d+)+$/, '');
}

/** The family as a number, negative for an augmented dialogue, and 0 for none. */
export function familyNumber({ prepared }: Dialogue): number {
  if (prepared === undefined) return 0;
  const number = 1 + textHash(familyOf(prepared));
  return prepared.augmented ? -number : number;
}

/** @returns the groups in `numbers`, of which those that hold members of one family are joined. */
export function withFamilies(numbers: Int32Array, families: Float64Array): Int32Array {
  if (families.every((family) => family === 0)) return numbers;
  const union = new Union(numbers.length);
  const [firsts, firstOfFamily] = [new Map<number, number>(), new Map<number, number>()];
  const join = (known: Map<number, number>, key: number, index: number) => {
    const first = known.get(key);
    if (first === undefined) known.set(key, index);
    else union.join(first, index);
  };
  for (const [index, family] of families.entries()) {
    join(firsts, numbers[index] ?? 0, index);
    if (family !== 0) join(firstOfFamily, Math.abs(family), index);
  }
  return union.takeNumbers();
}

/**
 * Divides dialogues so that no augmented one is evaluated on. Units that hold only augmented ones are trained on.
 * @param units for each dialogue, numbered 0, 1, ... in order of first appearance.
 * @param divide divides some dialogues by their units, numbered in the same way; `indexOf` says which dialogue each is.
 */
export function divideOriginals(
  units: Int32Array,
  isAugmented: (index: number) => boolean,
  divide: (units: Int32Array, indexOf: (place: number) => number) => Split,
): Split {
  const { length } = units;
  const originals = new Uint8Array(length);
  let augmented = 0;
  for (let index = 0; index < length; index++)
    if (isAugmented(index)) augmented++;
    else originals[units[index] ?? 0] = 1;
  if (augmented === 0) return divide(units, (place) => place);
  const hasOriginal = (index: number) => originals[units[index] ?? 0] === 1;
  const seen = indicesWhere(length, hasOriginal);
  const indexOf = (place: number) => seen[place] ?? 0;
  const divided = divide(renumbered(seen, units), indexOf);
  const train = divided.train.map(indexOf);
  const alone = indicesWhere(length, (index) => !hasOriginal(index));
  const evaluation = divided.evaluation.map(indexOf);
  const kept = indicesWhere(evaluation.length, (place) => !isAugmented(evaluation[place] ?? 0));
  return {
    train: alone.length === 0 ? train : joined(train, alone).sort(),
    evaluation: kept.map((place) => evaluation[place] ?? 0),
  };
}

function joined(one: Int32Array, other: Int32Array): Int32Array {
  const both = new Int32Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/**
 * The units of some dialogues, numbered anew. Not with a Map: it takes some 50 bytes a unit, twice that while it grows, and holds
 * at most 2^24.
 */
function renumbered(indices: Int32Array, units: Int32Array): Int32Array {
  const numbers = new Int32Array(units.length).fill(-1);
  let found = 0;
  return indices.map((index) => {
    const unit = units[index] ?? 0;
    const known = numbers[unit] ?? -1;
    if (known >= 0) return known;
    numbers[unit] = found;
    return found++;
  });
}
