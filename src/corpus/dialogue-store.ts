// Dialogues in little memory, outside JavaScript's heap: as objects, those of a 400 MB file would take several times its
// size. Texts lie one after the other as UTF-8; what else is known of a turn is one of a few combinations, kept once.
// A dialogue becomes an object again only while somebody looks at it.

import type { Dialogue, Turn } from './dialogue.js';
import { GrowingIntegers } from './growing-integers.js';

/** Dialogues that can be gone through more than once; each time as new objects. */
export interface DialogueList extends Iterable<Dialogue> {
  readonly length: number;
  at(index: number): Dialogue | undefined;
}

/** Bytes that texts are laid into at a time. */
const chunkBytes = 2 ** 22;
/** Ends the text of a turn: no byte of UTF-8. */
const textEnd = 0xff;

type Attributes = Omit<Turn, 'text'>;

export class DialogueStore implements DialogueList {
  private chunks: Buffer[] = [];
  private filled = chunkBytes;
  /** Of each dialogue. */
  private readonly chunkOf = new GrowingIntegers();
  private readonly starts = new GrowingIntegers();
  private readonly ends = new GrowingIntegers();
  private readonly firstTurns = new GrowingIntegers();
  private readonly files = new GrowingIntegers();
  private readonly lines = new GrowingIntegers();
  /** Of each turn, an index into `attributes`. */
  private readonly attributesOf = new GrowingIntegers();
  private readonly attributes = new Interned<Attributes>((key) => JSON.parse(key));
  private readonly paths = new Interned<string>((path) => path);

  get length(): number {
    return this.starts.length;
  }

  push({ turns, source }: Dialogue): void {
    const bytes = turns.reduce((sum, { text }) => sum + Buffer.byteLength(text) + 1, 0);
    const chunk = this.chunkFor(bytes);
    this.chunkOf.push(this.chunks.length - 1);
    this.starts.push(this.filled);
    this.firstTurns.push(this.attributesOf.length);
    for (const { text, ...attributes } of turns) {
      this.filled += chunk.write(text, this.filled);
      chunk[this.filled++] = textEnd;
      this.attributesOf.push(this.attributes.idOf(JSON.stringify(attributes)));
    }
    this.ends.push(this.filled);
    const [, path = source, line = '0'] = /^(.*):([1-9]\d{0,8})$/s.exec(source) ?? [];
    this.files.push(this.paths.idOf(path));
    this.lines.push(Number(line));
  }

  at(index: number): Dialogue | undefined {
    const texts = this.textsOf(index);
    if (texts === undefined) return undefined;
    const turns: Turn[] = [];
    const first = this.firstTurns.at(index);
    for (let start = 0; start < texts.length; ) {
      const end = texts.indexOf(textEnd, start);
      const attributes = this.attributes.value(this.attributesOf.at(first + turns.length));
      turns.push({ text: texts.toString('utf8', start, end), ...attributes });
      start = end + 1;
    }
    const line = this.lines.at(index);
    const path = this.paths.value(this.files.at(index));
    return { turns, source: line === 0 ? path : `${path}:${line}` };
  }

  *[Symbol.iterator](): Generator<Dialogue> {
    for (let index = 0; index < this.length; index++) {
      const dialogue = this.at(index);
      if (dialogue) yield dialogue;
    }
  }

  /** Some of the dialogues, which stay here. */
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

  /** Forgets all texts: whoever holds a list of dialogues finds none from now on. */
  release(): void {
    this.chunks = [];
  }

  /**
   * For each dialogue the number of its text: 0, 1, ... in the order in which different ones come. Dialogues have the same
   * text where their turns do.
   */
  textNumbers(): Int32Array {
    const numbers = new Int32Array(this.length);
    /** The first dialogue of each text, less one; 0 where a place is free. At most half full. */
    const table = new Int32Array(2 ** Math.ceil(Math.log2(2 * this.length + 2)));
    let different = 0;
    for (let index = 0; index < this.length; index++) {
      const texts = this.textsOf(index) ?? Buffer.alloc(0);
      for (let place = hashOf(texts) % table.length; ; place = (place + 1) % table.length) {
        const first = (table[place] ?? 0) - 1;
        if (first < 0) {
          table[place] = index + 1;
          numbers[index] = different++;
          break;
        }
        if (this.textsOf(first)?.equals(texts)) {
          numbers[index] = numbers[first] ?? 0;
          break;
        }
      }
    }
    return numbers;
  }

  private textsOf(index: number): Buffer | undefined {
    if (index >= this.length) return undefined;
    return this.chunks[this.chunkOf.at(index)]?.subarray(this.starts.at(index), this.ends.at(index));
  }

  /** The last chunk, with room for so many bytes. */
  private chunkFor(bytes: number): Buffer {
    let chunk = this.chunks.at(-1);
    if (chunk === undefined || this.filled + bytes > chunk.length) {
      chunk = Buffer.allocUnsafeSlow(Math.max(chunkBytes, bytes));
      this.chunks.push(chunk);
      this.filled = 0;
    }
    return chunk;
  }
}

/** A few different values, each kept once and known by a number. */
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

/** FNV-1a, 32 bits. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return hash >>> 0;
}
