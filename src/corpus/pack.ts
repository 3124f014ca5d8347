// Decides which dialogues share a sequence. Sequences are planned once, from lengths alone, so that every epoch has the
// same number of them. Each epoch then shuffles dialogues of equal length among their places, and shuffles the sequences.
// The algorithm is best-fit decreasing (Johnson, "Near-optimal bin packing algorithms", 1973). Everything is in flat arrays,
// because a corpus can have millions of dialogues.

import { Random } from '../random.js';
import { Lists } from './lists.js';

export interface PackingPlan {
  /** For each sequence, the indices of its dialogues in the `lengths` given to `planPacking`. */
  readonly sequences: Lists;
  /** Dialogues grouped by length, the longest first. Dialogues of one group can trade places. */
  readonly sameLength: Lists;
}

/** The sequences of an epoch. */
export interface DealtEpoch {
  readonly length: number;
  /** The dialogue indices of a sequence. @param index in [0, length). */
  at(index: number): Int32Array;
}

/**
 * @param lengths in tokens, each in [1, maxLength].
 * @param packing false: one dialogue per sequence.
 * @throws RangeError if a length is out of range.
 */
export function planPacking(lengths: ArrayLike<number>, maxLength: number, packing: boolean): PackingPlan {
  const sameLength = groupedByLength(lengths, maxLength);
  const sequences = packing ? bestFit(sameLength, lengths, maxLength) : singles(lengths.length);
  return { sequences, sameLength };
}

/** A counting sort by length, longest first. Dialogues of one length keep their order. */
function groupedByLength(lengths: ArrayLike<number>, maxLength: number): Lists {
  const counts = new Int32Array(maxLength + 1);
  for (let index = 0; index < lengths.length; index++) {
    const length = lengths[index] ?? 0;
    if (length < 1 || length > maxLength)
      throw new RangeError(`a dialogue of ${length} tokens does not fit into ${maxLength} tokens`);
    counts[length] = (counts[length] ?? 0) + 1;
  }
  const starts: number[] = [0];
  const next = new Int32Array(maxLength + 1);
  for (let length = maxLength; length > 0; length--) {
    const count = counts[length] ?? 0;
    next[length] = starts.at(-1) ?? 0;
    if (count > 0) starts.push((starts.at(-1) ?? 0) + count);
  }
  const items = new Int32Array(lengths.length);
  for (let index = 0; index < lengths.length; index++) {
    const length = lengths[index] ?? 0;
    const place = next[length] ?? 0;
    items[place] = index;
    next[length] = place + 1;
  }
  return new Lists(Int32Array.from(starts), items);
}

function singles(count: number): Lists {
  return new Lists(upTo(count + 1), upTo(count));
}

function upTo(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => index);
}

/** Marks the end of a linked list. */
const none = -1;

/** Puts each dialogue, longest first, into the fullest sequence that still has room for it. */
function bestFit(sameLength: Lists, lengths: ArrayLike<number>, maxLength: number): Lists {
  const { length: count } = lengths;
  /** For each dialogue, its sequence. */
  const sequenceOf = new Int32Array(count);
  let sequences = 0;
  /** For each room, the last sequence that got it, and for each sequence, the one before it with the same room. */
  const newest = new Int32Array(maxLength + 1).fill(none);
  const before = new Int32Array(count);
  for (const dialogues of sameLength) {
    const length = lengths[dialogues[0] ?? 0] ?? 0;
    let room = length;
    for (const dialogue of dialogues) {
      // Entries between `length` and the last match are empty, because all dialogues of this group have the same length.
      while (room <= maxLength && newest[room] === none) room++;
      let sequence = room <= maxLength ? (newest[room] ?? none) : none;
      if (sequence === none) sequence = sequences++;
      else newest[room] = before[sequence] ?? none;
      sequenceOf[dialogue] = sequence;
      const left = Math.min(room, maxLength) - length;
      before[sequence] = newest[left] ?? none;
      newest[left] = sequence;
      if (left >= length) room = Math.min(room, left);
    }
  }
  return gathered(sequenceOf, sequences, sameLength);
}

/** The dialogues of each sequence, the longest first. */
function gathered(sequenceOf: Int32Array, sequences: number, sameLength: Lists): Lists {
  const starts = new Int32Array(sequences + 1);
  for (const sequence of sequenceOf) starts[sequence + 1] = (starts[sequence + 1] ?? 0) + 1;
  for (let sequence = 0; sequence < sequences; sequence++)
    starts[sequence + 1] = (starts[sequence + 1] ?? 0) + (starts[sequence] ?? 0);
  const next = starts.slice();
  const items = new Int32Array(sequenceOf.length);
  for (const dialogues of sameLength)
    for (const dialogue of dialogues) {
      const sequence = sequenceOf[dialogue] ?? 0;
      const place = next[sequence] ?? 0;
      items[place] = dialogue;
      next[sequence] = place + 1;
    }
  return new Lists(starts, items);
}

/** The sequences of one epoch. Deterministic for a plan, seed and epoch. */
export function dealEpoch({ sequences, sameLength }: PackingPlan, seed: number, epoch: number): DealtEpoch {
  const random = new Random(seed, epoch);
  let dialogues = 0;
  for (const group of sameLength) dialogues += group.length;
  const dealt = new Int32Array(dialogues);
  for (const group of sameLength) {
    const shuffled = random.shuffle(group.slice());
    for (let place = 0; place < group.length; place++) dealt[group[place] ?? 0] = shuffled[place] ?? 0;
  }
  const order = random.shuffle(upTo(sequences.length));
  return {
    length: order.length,
    at: (index) => sequences.at(order[index] ?? 0).map((planned) => dealt[planned] ?? planned),
  };
}
