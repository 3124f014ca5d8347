// Prepared dialogues that need not fit in memory, in order. They are kept as the lines that the corpus will hold. Where each line
// ends lies on disk as well, so that a dialogue takes no memory at all.

import { type PreparedDialogue, parsePrepared, preparedLine } from '../corpus/prepared/prepared-dialogue.js';
import { Spool } from '../files/spool.js';

const lineFeed = 10;
const bytesPerEnd = Float64Array.BYTES_PER_ELEMENT;
/** Those of 131,072 lines. */
const endsInMemory = 2 ** 20;

export class PreparedStore {
  private readonly spool = new Spool();
  /** Positions in the spool. */
  private readonly ends = new Spool(endsInMemory, endsInMemory / 4);
  private readonly end = Buffer.alloc(bytesPerEnd);

  get length(): number {
    return this.ends.length / bytesPerEnd;
  }

  push(dialogue: PreparedDialogue): void {
    this.appendLines(Buffer.from(`${preparedLine(dialogue)}\n`));
  }

  /** @param lines of dialogues, each with a line feed. */
  appendLines(lines: Uint8Array): void {
    const start = this.spool.append(lines);
    for (let end = lines.indexOf(lineFeed); end >= 0; end = lines.indexOf(lineFeed, end + 1))
      this.pushEnd(start + end + 1);
  }

  /** @param index in [0, length). */
  line(index: number): string {
    return this.bytes(index).toString('utf8').slice(0, -1);
  }

  /** The line with its line feed, valid until the next call of any method. @param index in [0, length). */
  bytes(index: number): Buffer {
    const start = index === 0 ? 0 : this.endOf(index - 1);
    return this.spool.read(start, this.endOf(index) - start);
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

  /** Afterwards the store is empty. */
  release(): void {
    this.spool.release();
    this.ends.release();
  }

  private pushEnd(position: number): void {
    this.end.writeDoubleLE(position);
    this.ends.append(this.end);
  }

  private endOf(index: number): number {
    return this.ends.read(index * bytesPerEnd, bytesPerEnd).readDoubleLE();
  }
}
