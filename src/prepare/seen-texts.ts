// Numbers texts in the order in which they first appear. Memory holds 20 bytes a text and not the texts.

import { createHash } from 'node:crypto';
import { GrowingIntegers } from '../corpus/growing-numbers.js';

export class SeenTexts {
  /** The first 64 bits of each text's hash, in two halves. Among ten million texts, one in 300,000 runs has an accident. */
  private readonly high = new GrowingIntegers();
  private readonly low = new GrowingIntegers();
  /** A hash table with 1 plus the number of a distinct text, at most half full. */
  private table = new Uint32Array(2 ** 12);

  /** How many distinct texts were seen. */
  get count(): number {
    return this.high.length;
  }

  /** @returns the number of the text. A new text gets the number of distinct texts before it. */
  numberOf(text: string): number {
    const [high, low] = hashOf(text);
    const place = this.placeOf(high, low);
    const known = this.table[place] ?? 0;
    if (known > 0) return known - 1;
    const number = this.count;
    this.high.push(high);
    this.low.push(low);
    this.table[place] = number + 1;
    if (2 * this.count > this.table.length) this.grow();
    return number;
  }

  /** @returns the number of the text, or undefined if it was not seen. */
  find(text: string): number | undefined {
    const known = this.table[this.placeOf(...hashOf(text))] ?? 0;
    return known > 0 ? known - 1 : undefined;
  }

  /** Where the hash is in the table, or belongs. */
  private placeOf(high: number, low: number): number {
    const mask = this.table.length - 1;
    for (let place = low & mask; ; place = (place + 1) & mask) {
      const number = (this.table[place] ?? 0) - 1;
      if (number < 0 || (this.high.at(number) === high && this.low.at(number) === low)) return place;
    }
  }

  private grow(): void {
    this.table = new Uint32Array(2 * this.table.length);
    for (let number = 0; number < this.count; number++)
      this.table[this.placeOf(this.high.at(number), this.low.at(number))] = number + 1;
  }
}

function hashOf(text: string): [high: number, low: number] {
  const digest = createHash('sha256').update(text).digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}
