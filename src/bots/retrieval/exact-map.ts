// Finds a text among millions by its hash. The table holds only numbers; the texts are compared where they are kept.

import { grown } from './text-column.js';

const free = 0;

export class ExactMap {
  /** Index + 1 of a text, or `free`. A power of two long, and never more than half full. */
  private slots = new Uint32Array(1024);
  private hashes = new Uint32Array(512);
  private count = 0;
  /** The text whose hash was computed last, and its hash. */
  private hashed = '';
  private hash = hashOf('');

  /** @param isAt whether a text is the one of an index that was added. */
  constructor(private readonly isAt: (index: number, text: string) => boolean) {}

  /** @returns the index of the text; -1 if it was not added. */
  find(text: string): number {
    const hash = this.hashOf(text);
    for (let slot = hash & (this.slots.length - 1); ; slot = (slot + 1) & (this.slots.length - 1)) {
      const index = (this.slots[slot] ?? free) - 1;
      if (index < 0) return -1;
      if (this.hashes[index] === hash && this.isAt(index, text)) return index;
    }
  }

  /** @param index one more than that of the text added before. */
  add(text: string, index: number): void {
    if (index !== this.count) throw new RangeError(`the next index is ${this.count}, not ${index}`);
    if (index === this.hashes.length) this.grow();
    const hash = this.hashOf(text);
    this.hashes[index] = hash;
    this.put(index, hash);
    this.count++;
  }

  /** A text is looked for before it is added. */
  private hashOf(text: string): number {
    if (text !== this.hashed) [this.hashed, this.hash] = [text, hashOf(text)];
    return this.hash;
  }

  private put(index: number, hash: number): void {
    let slot = hash & (this.slots.length - 1);
    while (this.slots[slot] !== free) slot = (slot + 1) & (this.slots.length - 1);
    this.slots[slot] = index + 1;
  }

  private grow(): void {
    this.hashes = grown(this.hashes);
    this.slots = new Uint32Array(2 * this.slots.length);
    for (let index = 0; index < this.count; index++) this.put(index, this.hashes[index] ?? 0);
  }
}

/** FNV-1a over UTF-16 code units, then the finalizer of MurmurHash3. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
