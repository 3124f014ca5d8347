// Stores dialogues compactly, outside the JavaScript heap. As objects, the dialogues of a 400 MB file would take several
// times that size. Texts are stored one after the other as UTF-8, on disk if there are many. The other attributes of a turn
// have few distinct combinations, and each combination is stored once. A dialogue becomes an object only when it is read.
// Times, reply-to, personas and ids are stored only on request, because training does not need them. It needs to know which
// dialogues belong to one family (augmented.ts).

import { randomBytes } from 'node:crypto';
import { Spool } from '../files/spool.js';
import { familyNumber } from './augmented.js';
import type { Dialogue, Turn } from './dialogue.js';
import { Extents } from './extents.js';

/** Dialogues that can be iterated more than once. Each iteration creates new objects. */
export interface DialogueList extends Iterable<Dialogue> {
  readonly length: number;
  at(index: number): Dialogue | undefined;
}

/** Ends the text of a turn. This byte never occurs in UTF-8. */
const textEnd = 0xff;

type Attributes = Omit<Turn, 'text' | 'time' | 'replyTo'>;

/** What training does not need. A turn without time and reply-to is an empty object. */
interface Details extends Pick<Dialogue, 'persona' | 'prepared'> {
  readonly turns?: readonly { readonly time?: number; readonly replyTo?: string }[];
}

export class DialogueStore implements DialogueList {
  private readonly spool = new Spool();
  private scratch = Buffer.allocUnsafeSlow(2 ** 16);
  /** The dialogues in `spool`. */
  private extents = new Extents();
  private readonly attributes = new Interned<Attributes>((key) => JSON.parse(key));
  private readonly paths = new Interned<string>((path) => path);

  /** @param keeps whether dialogues come back whole, or without times, reply-to, personas and ids. */
  constructor(private readonly keeps: 'whole' | 'what is learned' = 'what is learned') {}

  get length(): number {
    return this.extents.length;
  }

  push(dialogue: Dialogue): void {
    const { turns, source } = dialogue;
    const details = this.keeps === 'whole' ? detailsOf(dialogue) : '';
    const textBytes = turns.reduce((sum, { text }) => sum + Buffer.byteLength(text) + 1, 0);
    const bytes = textBytes + 4 * turns.length + Buffer.byteLength(details) + footerBytes;
    if (bytes > this.scratch.length) this.scratch = Buffer.allocUnsafeSlow(2 * bytes);
    const { scratch } = this;
    let filled = 0;
    let numbers = textBytes;
    for (const { text, time, replyTo, ...attributes } of turns) {
      filled += scratch.write(text, filled);
      scratch[filled++] = textEnd;
      numbers = scratch.writeUInt32LE(this.attributes.idOf(JSON.stringify(attributes)), numbers);
    }
    numbers += scratch.write(details, numbers);
    const [, path = source, line = '0'] = /^(.*):([1-9]\d{0,8})$/s.exec(source) ?? [];
    numbers = scratch.writeUInt32LE(this.paths.idOf(path), numbers);
    numbers = scratch.writeUInt32LE(Number(line), numbers);
    numbers = scratch.writeUInt32LE(textBytes, numbers);
    scratch.writeDoubleLE(familyNumber(dialogue), numbers);
    this.spool.append(scratch.subarray(0, bytes));
    this.extents.push(bytes);
  }

  at(index: number): Dialogue | undefined {
    const bytes = this.bytesOf(index);
    if (bytes === undefined) return undefined;
    const [path, line, textBytes] = footerOf(bytes);
    const turns: Turn[] = [];
    for (let start = 0; start < textBytes; ) {
      const end = bytes.indexOf(textEnd, start);
      const attributes = this.attributes.value(bytes.readUInt32LE(textBytes + 4 * turns.length));
      turns.push({ text: bytes.toString('utf8', start, end), ...attributes });
      start = end + 1;
    }
    const name = this.paths.value(path);
    const dialogue = { turns, source: line === 0 ? name : `${name}:${line}` };
    return withDetails(dialogue, bytes.subarray(textBytes + 4 * turns.length, -footerBytes));
  }

  *[Symbol.iterator](): Generator<Dialogue> {
    for (let index = 0; index < this.length; index++) {
      const dialogue = this.at(index);
      if (dialogue) yield dialogue;
    }
  }

  /** A view of some of the dialogues. It shares the memory of this store. */
  subset(indices: ArrayLike<number>): DialogueList {
    const at = (place: number) => this.at(indices[place] ?? this.length);
    return {
      length: indices.length,
      at,
      *[Symbol.iterator]() {
        for (let place = 0; place < indices.length; place++) {
          const dialogue = at(place);
          if (dialogue) yield dialogue;
        }
      },
    };
  }

  /** Frees all dialogues. From now on, this store is empty, and its subsets yield no dialogues. */
  release(): void {
    this.spool.release();
    this.extents = new Extents();
  }

  /**
   * Gives each dialogue the number of its text. Distinct texts are numbered 0, 1, ... in order of first appearance. Two
   * dialogues have the same text if the texts of all their turns are equal.
   */
  textNumbers(): Int32Array {
    const numbers = new Int32Array(this.length);
    const hashes = new Uint32Array(this.length);
    /** A hash table: 1 plus the index of the first dialogue with a text, or 0 for a free place. At most half full. */
    const table = new Int32Array(2 ** Math.ceil(Math.log2(2 * this.length + 2)));
    // Unknown to whoever wrote the texts, so that they cannot choose texts with equal hashes. The numbers do not depend on it.
    const start = randomBytes(4).readUInt32LE();
    let different = 0;
    for (let index = 0; index < this.length; index++) {
      const hash = hashOf(this.textsOf(index) ?? Buffer.alloc(0), start);
      hashes[index] = hash;
      for (let place = hash % table.length; ; place = (place + 1) % table.length) {
        const first = (table[place] ?? 0) - 1;
        if (first < 0) {
          table[place] = index + 1;
          numbers[index] = different++;
          break;
        }
        if (hashes[first] === hash && this.areEqual(first, index)) {
          numbers[index] = numbers[first] ?? 0;
          break;
        }
      }
    }
    return numbers;
  }

  /** The number of each dialogue's family (augmented.ts). */
  families(): Float64Array {
    return Float64Array.from({ length: this.length }, (_, index) => this.familyOf(index));
  }

  isAugmented(index: number): boolean {
    return this.familyOf(index) < 0;
  }

  private familyOf(index: number): number {
    const bytes = this.bytesOf(index);
    return bytes?.readDoubleLE(bytes.length - 8) ?? 0;
  }

  private areEqual(one: number, other: number): boolean {
    // A copy, because reading the other texts can overwrite the first ones.
    const texts = Buffer.from(this.textsOf(one) ?? []);
    return this.textsOf(other)?.equals(texts) === true;
  }

  /** The texts of a dialogue, valid until the next ones are read. */
  private textsOf(index: number): Buffer | undefined {
    const bytes = this.bytesOf(index);
    return bytes?.subarray(0, footerOf(bytes)[2]);
  }

  /** Everything that is stored of a dialogue, valid until the next one is read. */
  private bytesOf(index: number): Buffer | undefined {
    if (!(index >= 0 && index < this.length)) return undefined;
    return this.spool.read(this.extents.startOf(index), this.extents.lengthOf(index));
  }
}

/** As JSON, or an empty text if there are none. */
function detailsOf({ persona, prepared, turns }: Dialogue): string {
  const ofTurns = turns.map(({ time, replyTo }) => ({
    ...(time !== undefined && { time }),
    ...(replyTo !== undefined && { replyTo }),
  }));
  const isEmpty = ofTurns.every((turn) => Object.keys(turn).length === 0);
  const details: Details = {
    ...(persona && { persona }),
    ...(prepared && { prepared }),
    ...(!isEmpty && { turns: ofTurns }),
  };
  return Object.keys(details).length === 0 ? '' : JSON.stringify(details);
}

function withDetails(dialogue: Dialogue, bytes: Buffer): Dialogue {
  if (bytes.length === 0) return dialogue;
  const { persona, prepared, turns }: Details = JSON.parse(bytes.toString('utf8'));
  return {
    ...dialogue,
    turns: turns ? dialogue.turns.map((turn, index) => ({ ...turn, ...turns[index] })) : dialogue.turns,
    ...(persona && { persona }),
    ...(prepared && { prepared }),
  };
}

/**
 * A dialogue is stored as its texts, the number of each turn's attributes, its details, and a footer of three 32-bit
 * integers and the number of its family.
 */
const footerBytes = 20;

function footerOf(bytes: Buffer): readonly [path: number, line: number, textBytes: number] {
  const start = bytes.length - footerBytes;
  return [bytes.readUInt32LE(start), bytes.readUInt32LE(start + 4), bytes.readUInt32LE(start + 8)];
}

/** Stores each distinct value once and gives it a number. */
class Interned<Value> {
  private readonly ids = new Map<string, number>();
  private readonly values: Value[] = [];

  constructor(private readonly parse: (key: string) => Value) {}

  idOf(key: string): number {
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    this.ids.set(key, this.values.length);
    this.values.push(this.parse(key));
    return this.values.length - 1;
  }

  value(id: number): Value {
    const value = this.values[id];
    if (value === undefined) throw new RangeError(`there is no value ${id}`);
    return value;
  }
}

/** FNV-1a, 32 bits, from a start of one's own. */
function hashOf(bytes: Uint8Array, start: number): number {
  let hash = start;
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return hash >>> 0;
}
