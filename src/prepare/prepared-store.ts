// Prepared dialogues that need not fit in memory, in order. They are kept as the lines that the corpus will hold.

import { GrowingNumbers } from '../corpus/growing-numbers.js';
import { type PreparedDialogue, parsePrepared, preparedLine } from '../corpus/prepared/prepared-dialogue.js';
import { Spool } from '../files/spool.js';

export class PreparedStore {
  private readonly spool = new Spool();
  private readonly ends = new GrowingNumbers();

  get length(): number {
    return this.ends.length;
  }

  push(dialogue: PreparedDialogue): void {
    this.spool.append(Buffer.from(preparedLine(dialogue)));
    this.ends.push(this.spool.length);
  }

  /** @param index in [0, length). */
  line(index: number): string {
    const start = index === 0 ? 0 : this.ends.at(index - 1);
    return this.spool.read(start, this.ends.at(index) - start).toString('utf8');
  }

  *lines(indices: Iterable<number>): Generator<string> {
    for (const index of indices) yield this.line(index);
  }

  at(index: number): PreparedDialogue {
    return parsePrepared(this.line(index), `dialogue ${index + 1}`);
  }

  *[Symbol.iterator](): Generator<PreparedDialogue> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }

  release(): void {
    this.spool.release();
  }
}
