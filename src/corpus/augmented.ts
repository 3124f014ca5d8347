// Keeps augmented dialogues out of an evaluation. An augmented dialogue and its original form a family, which stands on one
// side: if the original is evaluated on, what was made from it is neither trained nor evaluated on.

import type { Dialogue } from './dialogue.js';
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
  return union.numbers();
}

/**
 * Divides dialogues so that no augmented one is evaluated on. Units that hold only augmented ones are trained on.
 * @param divide divides units, numbered 0, 1, ... in order of first appearance; `indices` says which dialogues it sees.
 */
export function divideOriginals(
  units: Int32Array,
  isAugmented: (index: number) => boolean,
  divide: (units: Int32Array, indices: Int32Array) => Split,
): Split {
  // An iterator of them would first become a list of objects.
  const all = Int32Array.from({ length: units.length }, (_, index) => index);
  const hasOriginal = new Uint8Array(units.length);
  for (const [index, unit] of units.entries()) if (!isAugmented(index)) hasOriginal[unit] = 1;
  const seen = all.filter((index) => hasOriginal[units[index] ?? 0] === 1);
  const divided = divide(
    renumbered(
      seen.map((index) => units[index] ?? 0),
      units.length,
    ),
    seen,
  );
  const of = (places: Int32Array) => places.map((place) => seen[place] ?? 0);
  const train = of(divided.train);
  const alone = all.filter((index) => hasOriginal[units[index] ?? 0] === 0);
  return {
    train: alone.length === 0 ? train : joined(train, alone).sort(),
    evaluation: of(divided.evaluation).filter((index) => !isAugmented(index)),
  };
}

function joined(one: Int32Array, other: Int32Array): Int32Array {
  const both = new Int32Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/** Not with a Map: it takes some 50 bytes a unit, twice that while it grows, and holds at most 2^24. */
function renumbered(units: Int32Array, most: number): Int32Array {
  const numbers = new Int32Array(most).fill(-1);
  let found = 0;
  return units.map((unit) => {
    const known = numbers[unit] ?? -1;
    if (known >= 0) return known;
    numbers[unit] = found;
    return found++;
  });
}
