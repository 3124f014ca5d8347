// Decides which dialogues share a sequence. Sequences are planned once, from lengths alone, so that every epoch has the
// same number of them. Each epoch then shuffles dialogues of equal length among their places, and shuffles the sequences.
// The algorithm is best-fit decreasing (Johnson, "Near-optimal bin packing algorithms", 1973).

import { Random } from '../random.js';

export interface PackingPlan {
  /** For each sequence, the indices of its dialogues in the `lengths` given to `planPacking`. */
  readonly sequences: readonly (readonly number[])[];
  /** Dialogues grouped by length. Dialogues of one group can trade places. */
  readonly sameLength: readonly (readonly number[])[];
}

/**
 * @param lengths in tokens, each in [1, maxLength].
 * @param packing false: one dialogue per sequence.
 * @throws RangeError if a length is out of range.
 */
export function planPacking(lengths: ArrayLike<number>, maxLength: number, packing: boolean): PackingPlan {
  const byLength = new Map<number, number[]>();
  for (let index = 0; index < lengths.length; index++) {
    const length = lengths[index] ?? 0;
    if (length < 1 || length > maxLength)
      throw new RangeError(`a dialogue of ${length} tokens does not fit into ${maxLength} tokens`);
    const others = byLength.get(length);
    if (others) others.push(index);
    else byLength.set(length, [index]);
  }
  const longestFirst = [...byLength].sort(([left], [right]) => right - left);
  const sequences = packing ? bestFit(longestFirst, maxLength) : Array.from(lengths, (_, index) => [index]);
  return { sequences, sameLength: longestFirst.map(([, dialogues]) => dialogues) };
}

/** Puts each dialogue, longest first, into the fullest sequence that still has room for it. */
function bestFit(
  longestFirst: readonly (readonly [number, readonly number[]])[],
  maxLength: number,
): number[][] {
  const sequences: number[][] = [];
  const sequencesByRoom: number[][][] = Array.from({ length: maxLength + 1 }, () => []);
  for (const [length, dialogues] of longestFirst) {
    let room = length;
    for (const dialogue of dialogues) {
      // Entries between `length` and the last match are empty, because all dialogues of this group have the same length.
      while (room <= maxLength && sequencesByRoom[room]?.length === 0) room++;
      let sequence = sequencesByRoom[room]?.pop();
      if (!sequence) {
        sequence = [];
        sequences.push(sequence);
      }
      sequence.push(dialogue);
      const left = Math.min(room, maxLength) - length;
      sequencesByRoom[left]?.push(sequence);
      if (left >= length) room = Math.min(room, left);
    }
  }
  return sequences;
}

/** The sequences of one epoch, each a list of dialogue indices. Deterministic for a plan, seed and epoch. */
export function dealEpoch({ sequences, sameLength }: PackingPlan, seed: number, epoch: number): number[][] {
  const random = new Random(seed, epoch);
  const dealt = new Int32Array(sameLength.reduce((sum, dialogues) => sum + dialogues.length, 0));
  for (const dialogues of sameLength) {
    const shuffled = random.shuffle([...dialogues]);
    for (const [place, planned] of dialogues.entries()) dealt[planned] = shuffled[place] ?? planned;
  }
  return random.shuffle(sequences.map((sequence) => sequence.map((planned) => dealt[planned] ?? planned)));
}
