// Rows of at most `maxLength` tokens out of dialogues of all lengths. How many rows there are depends on the lengths
// alone, so every epoch has the same number; which dialogue lies in which place is dealt anew each epoch.

import { seededRandom, shuffled } from '../random.js';

/** The lengths that lie together in each row. */
export type RowPlan = readonly (readonly number[])[];

/**
 * Best-fit decreasing: the longest dialogue that is left goes into the fullest row that still has room.
 * @param lengths tokens of each dialogue, none above maxLength.
 */
export function planRows(lengths: readonly number[], maxLength: number, packing: boolean): RowPlan {
  if (!packing) return lengths.map((length) => [length]);
  const rows: number[][] = [];
  // Open rows by how much room they have; the row that fits best is the first non-empty list from `length` on.
  const byRoom: number[][][] = Array.from({ length: maxLength + 1 }, () => []);
  for (const length of [...lengths].sort((a, b) => b - a)) {
    let room = length;
    while (room <= maxLength && byRoom[room]?.length === 0) room++;
    const open = byRoom[room]?.pop();
    const row = open ?? [];
    if (!open) {
      rows.push(row);
      room = maxLength;
    }
    row.push(length);
    byRoom[room - length]?.push(row);
  }
  return rows;
}

/**
 * Which dialogues lie in which row in one epoch, rows in random order.
 * @param lengths as given to planRows. @returns indices into lengths, row by row.
 */
export function dealEpoch(plan: RowPlan, lengths: readonly number[], seed: number, epoch: number): number[][] {
  const random = seededRandom(seed, 'epoch', epoch);
  const waiting = new Map<number, number[]>();
  for (const index of shuffled([...lengths.keys()], random)) {
    const length = lengths[index] ?? 0;
    const same = waiting.get(length);
    if (same) same.push(index);
    else waiting.set(length, [index]);
  }
  const deal = (length: number): number => {
    const index = waiting.get(length)?.pop();
    if (index === undefined) throw new RangeError(`the plan has more dialogues of ${length} tokens than there are`);
    return index;
  };
  return shuffled(plan, random).map((row) => row.map(deal));
}
