// Where records lie that follow one another without gaps: 4 bytes per record, and a position for every 64th. A position is
// found by adding up the lengths after the nearest known one.

import { GrowingIntegers, GrowingNumbers } from './growing-numbers.js';

const blockBits = 6;
const blockLength = 2 ** blockBits;

export class Extents {
  private readonly lengths = new GrowingIntegers();
  /** The position of every 64th record. */
  private readonly starts = new GrowingNumbers();
  private end = 0;

  /** @param bytesOf the size of a record of this length, if lengths are not in bytes. */
  constructor(private readonly bytesOf: (length: number) => number = (length) => length) {}

  /** Number of records. */
  get length(): number {
    return this.lengths.length;
  }

  push(length: number): void {
    if ((this.length & (blockLength - 1)) === 0) this.starts.push(this.end);
    this.lengths.push(length);
    this.end += this.bytesOf(length);
  }

  /** The length of a record as it was given. NaN outside of [0, length). */
  lengthOf(index: number): number {
    return this.lengths.at(index);
  }

  /** The position of the first byte of a record. @param index in [0, length). */
  startOf(index: number): number {
    const first = index & ~(blockLength - 1);
    let start = this.starts.at(index >>> blockBits);
    for (let before = first; before < index; before++) start += this.bytesOf(this.lengths.at(before));
    return start;
  }
}
