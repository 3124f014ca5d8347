// A growing list of texts, kept as UTF-8 outside the JavaScript heap, and on disk if they are many: millions of short strings
// would take several times their size as objects. A text becomes a string again only when it is read.

import { Spool } from '../files/spool.js';
import { GrowingNumbers } from './growing-numbers.js';

export class StoredTexts {
  private readonly spool = new Spool();
  /** Where each text ends. It begins where the one before ends. */
  private readonly ends = new GrowingNumbers();

  get length(): number {
    return this.ends.length;
  }

  push(text: string): void {
    if (text !== '') this.spool.append(Buffer.from(text));
    this.ends.push(this.spool.length);
  }

  /** Empty outside of [0, length). */
  at(index: number): string {
    if (!(index >= 0 && index < this.length)) return '';
    const start = index === 0 ? 0 : this.ends.at(index - 1);
    return this.spool.read(start, this.ends.at(index) - start).toString('utf8');
  }
}
