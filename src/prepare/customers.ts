// Which dialogues have a customer in common. A corpus can have millions of customers, so no name is kept, and what is to be joined
// waits on disk until it is known whether the corpus is divided by customers.

import type { Dialogue } from '../corpus/dialogue.js';
import { GrowingIntegers } from '../corpus/growing-numbers.js';
import type { Union } from '../corpus/union.js';
import { Spool } from '../files/spool.js';
import { turnsOf } from './customer.js';
import { SeenTexts } from './seen-texts.js';

/** Two indices of dialogues. */
const bytesPerPair = 2 * Uint32Array.BYTES_PER_ELEMENT;
const bytesInMemory = 2 ** 20;

export class Customers {
  private readonly names = new SeenTexts();
  /** By customer, the first dialogue, and how many there are. */
  private readonly firsts = new GrowingIntegers();
  private readonly counts = new GrowingIntegers();
  private readonly pairs = new Spool(bytesInMemory, bytesInMemory / 4);
  private readonly pair = Buffer.alloc(bytesPerPair);

  /** @param index of the dialogue. */
  see(dialogue: Dialogue, index: number): void {
    for (const name of customersOf(dialogue)) {
      const number = this.names.numberOf(name);
      if (number === this.firsts.length) {
        this.firsts.push(index);
        this.counts.push(1);
      } else {
        this.counts.set(number, this.counts.at(number) + 1);
        this.pair.writeUInt32LE(this.firsts.at(number), 0);
        this.pair.writeUInt32LE(index, Uint32Array.BYTES_PER_ELEMENT);
        this.pairs.append(this.pair);
      }
    }
  }

  get count(): number {
    return this.names.count;
  }

  /** The number of dialogues of the customer who has most. */
  get largest(): number {
    let largest = 0;
    for (let number = 0; number < this.count; number++) largest = Math.max(largest, this.counts.at(number));
    return largest;
  }

  /** Joins the dialogues of each customer. */
  join(units: Union): void {
    for (let at = 0; at < this.pairs.length; at += bytesPerPair) {
      const pair = this.pairs.read(at, bytesPerPair);
      units.join(pair.readUInt32LE(0), pair.readUInt32LE(Uint32Array.BYTES_PER_ELEMENT));
    }
  }

  /** Nothing can be asked afterwards but the counts. */
  release(): void {
    this.pairs.release();
  }
}

function customersOf(dialogue: Dialogue): ReadonlySet<string> {
  const turns = turnsOf(dialogue, 'customer');
  const names = turns.map(({ speakerId, speaker }) => speakerId ?? speaker ?? '');
  return new Set(names.filter((name) => name !== ''));
}
