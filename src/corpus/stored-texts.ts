// A growing list of texts, kept as UTF-8 outside the JavaScript heap: millions of short strings would take several times
// their size as objects. A text becomes a string again only when it is read.

import { GrowingIntegers } from './growing-integers.js';

/** Size of one chunk, in bytes. A longer text has a chunk of its own. */
const chunkBytes = 2 ** 22;

export class StoredTexts {
  private readonly chunks: Buffer[] = [];
  private filled = chunkBytes;
  /** One entry per text. */
  private readonly chunkOf = new GrowingIntegers();
  private readonly starts = new GrowingIntegers();
  private readonly ends = new GrowingIntegers();

  get length(): number {
    return this.starts.length;
  }

  push(text: string): void {
    const bytes = Buffer.byteLength(text);
    let chunk = this.chunks.at(-1);
    if (chunk === undefined || this.filled + bytes > chunk.length) {
      chunk = Buffer.allocUnsafeSlow(Math.max(chunkBytes, bytes));
      this.chunks.push(chunk);
      this.filled = 0;
    }
    this.chunkOf.push(this.chunks.length - 1);
    this.starts.push(this.filled);
    this.filled += chunk.write(text, this.filled);
    this.ends.push(this.filled);
  }

  /** @param index in [0, length). */
  at(index: number): string {
    const chunk = this.chunks[this.chunkOf.at(index)];
    return chunk?.toString('utf8', this.starts.at(index), this.ends.at(index)) ?? '';
  }
}
