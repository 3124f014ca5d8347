// Texts of any number as UTF-16 code units, to be compared without making strings of them. A string costs an object each, and a
// million of them slow every garbage collection down.

import { grown } from './text-column.js';

const chunkUnits = 2 ** 19;

export class UnitColumn {
  private readonly chunks: Uint16Array[] = [];
  /** Free units begin here in the last chunk. */
  private filled = chunkUnits;
  /** Where each text is: chunk, first unit, end. */
  private places = new Uint32Array(3 * 1024);
  private count = 0;

  get length(): number {
    return this.count;
  }

  /** @returns the index of the text. */
  add(text: string): number {
    const { length } = text;
    if (this.filled + length > (this.chunks.at(-1)?.length ?? 0)) {
      this.chunks.push(new Uint16Array(Math.max(chunkUnits, length)));
      this.filled = 0;
    }
    const chunk = this.chunks.at(-1) ?? new Uint16Array(0);
    for (let at = 0; at < length; at++) chunk[this.filled + at] = text.charCodeAt(at);
    if (3 * this.count === this.places.length) this.places = grown(this.places);
    this.places[3 * this.count] = this.chunks.length - 1;
    this.places[3 * this.count + 1] = this.filled;
    this.filled += length;
    this.places[3 * this.count + 2] = this.filled;
    return this.count++;
  }

  /** @throws RangeError if there is no such text. */
  at(index: number): string {
    if (!(index >= 0 && index < this.count)) throw new RangeError(`there is no text ${index}`);
    const { buffer } = this.chunkOf(index);
    const start = this.startOf(index);
    return Buffer.from(buffer, 2 * start, 2 * (this.endOf(index) - start)).toString('utf16le');
  }

  /** Whether a text is the one of an index. */
  is(index: number, text: string): boolean {
    const [chunk, start, end] = [this.chunkOf(index), this.startOf(index), this.endOf(index)];
    if (end - start !== text.length) return false;
    for (let at = start; at < end; at++) if (chunk[at] !== text.charCodeAt(at - start)) return false;
    return true;
  }

  /** The units of a text lie in its chunk from its start to before its end. */
  chunkOf(index: number): Uint16Array {
    return this.chunks[this.places[3 * index] ?? 0] ?? new Uint16Array(0);
  }

  startOf(index: number): number {
    return this.places[3 * index + 1] ?? 0;
  }

  endOf(index: number): number {
    return this.places[3 * index + 2] ?? 0;
  }
}
