// A growing list of values that need not fit in memory.

import { Spool } from './spool.js';

/** Characters that are collected before they are added to the spool, and bytes that are read at once. */
const batch = 2 ** 18;

export class JsonSpool<Value> {
  count = 0;
  private readonly spool = new Spool();
  private waiting: string[] = [];
  private waitingLength = 0;

  /** @param value what JSON can hold. @throws UserError (device) if the temporary folder is full. */
  add(value: Value): void {
    const line = `${JSON.stringify(value)}\n`;
    this.waiting.push(line);
    this.waitingLength += line.length;
    this.count++;
    if (this.waitingLength >= batch) this.flush();
  }

  /** In the order in which they were added. Nothing may be added meanwhile. */
  *values(): Generator<Value> {
    this.flush();
    let rest = Buffer.alloc(0);
    for (let at = 0; at < this.spool.length; ) {
      const piece = this.spool.read(at, Math.min(batch, this.spool.length - at));
      at += piece.length;
      const end = piece.lastIndexOf(0x0a);
      if (end < 0) {
        rest = Buffer.concat([rest, piece]);
        continue;
      }
      const lines = Buffer.concat([rest, piece.subarray(0, end)]).toString('utf8');
      rest = Buffer.from(piece.subarray(end + 1));
      for (const line of lines.split('\n')) yield JSON.parse(line) as Value;
    }
  }

  release(): void {
    this.spool.release();
    this.waiting = [];
    this.waitingLength = 0;
    this.count = 0;
  }

  private flush(): void {
    if (this.waiting.length > 0) this.spool.append(Buffer.from(this.waiting.join('')));
    this.waiting = [];
    this.waitingLength = 0;
  }
}
