// A reader of Python pickles that runs nothing: it knows the opcodes that build plain data, and looks every global up
// in a list that its caller gives. Any other global, and any opcode that a tensor file has no use for, is refused by name.
// Tuples and lists are both arrays here, dicts are Maps. (Opcodes: Lib/pickletools.py of CPython.)

import { quoted } from '../quote.js';
import type { BinaryFile } from './weight-file.js';

/** A Python function that the caller stands in for. */
export type PickleFunction = (args: readonly unknown[]) => unknown;

export interface PickleContext {
  /** What each allowed `module.name` is; only a PickleFunction can be called. */
  readonly globals: ReadonlyMap<string, unknown>;
  /** What a persistent id (torch: a storage) stands for. */
  readonly persistent: (id: unknown) => unknown;
}

function isFunction(value: unknown): value is PickleFunction {
  return typeof value === 'function';
}

/** The object graph of a model's tensors takes some 100 bytes each; this is far beyond any. */
const longestPickle = 2 ** 26;
const windowBytes = 2 ** 16;

/**
 * What a pickle may cost altogether: every value that it pushes, and every element that one of its containers takes up or
 * a function copies. A tensor costs some 40, so this is enough for 200,000 of them. Without it a few bytes could have the
 * same million pairs copied again and again.
 */
const mostWork = 2 ** 23;

/** Reads a range of a file from front to back. */
export class ByteSource {
  private window: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  private windowStart: number;

  constructor(
    readonly file: BinaryFile,
    public position: number,
    private readonly end: number,
  ) {
    this.windowStart = position;
  }

  take(length: number): Uint8Array {
    if (length > this.end - this.position) throw this.file.damaged('a pickle in it ends early');
    const from = this.position - this.windowStart;
    this.position += length;
    if (from + length <= this.window.length) return this.window.subarray(from, from + length);
    this.windowStart = this.position - length;
    this.window = this.file.bytes(
      this.windowStart,
      Math.min(Math.max(length, windowBytes), this.end - this.windowStart),
    );
    return this.window.subarray(0, length);
  }

  view(length: number): DataView {
    const bytes = this.take(length);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }

  byte(): number {
    return this.take(1)[0] ?? 0;
  }

  text(length: number): string {
    const bytes = this.take(length);
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      throw this.file.damaged('a text in its pickle is not UTF-8');
    }
  }

  /** Up to a line feed, which is taken but not returned. */
  line(): string {
    const letters: number[] = [];
    for (let letter = this.byte(); letter !== 0x0a; letter = this.byte()) {
      if (letters.length === 1000) throw this.file.damaged('a name in its pickle never ends');
      letters.push(letter);
    }
    return String.fromCharCode(...letters);
  }
}

/** What MARK leaves on the stack. */
const mark = Symbol('mark');

function signedInteger(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let index = bytes.length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index] ?? 0);
  const signed = BigInt.asIntN(bytes.length * 8, value);
  const number = Number(signed);
  return Number.isSafeInteger(number) ? number : signed;
}

class Unpickler {
  private readonly stack: unknown[] = [];
  private readonly memo = new Map<number, unknown>();
  private work = 0;

  constructor(
    private readonly source: ByteSource,
    private readonly context: PickleContext,
  ) {}

  private pop(): unknown {
    const value = this.stack.pop();
    if (value === undefined || value === mark) throw this.broken();
    return value;
  }

  private top(): unknown {
    const value = this.stack.at(-1);
    if (value === undefined || value === mark) throw this.broken();
    return value;
  }

  /** Counts values that are pushed, moved or copied. */
  private charge(values: number): void {
    this.work += values;
    if (this.work > mostWork)
      throw this.source.file.damaged('its pickle builds more values than any model needs');
  }

  private broken(): Error {
    return this.source.file.damaged('its pickle does not fit together');
  }

  /** What stands above the topmost mark. */
  private popToMark(): unknown[] {
    const at = this.stack.lastIndexOf(mark);
    if (at < 0) throw this.broken();
    const values = this.stack.splice(at);
    values.shift();
    this.charge(values.length);
    return values;
  }

  private popMany(count: number): unknown[] {
    const values = Array.from({ length: count }, () => this.pop());
    return values.reverse();
  }

  private setItems(pairs: readonly unknown[]): void {
    const dict = this.top();
    if (!(dict instanceof Map) || pairs.length % 2 !== 0) throw this.broken();
    for (let index = 0; index < pairs.length; index += 2) dict.set(pairs[index], pairs[index + 1]);
  }

  private append(values: readonly unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw this.broken();
    for (const value of values) list.push(value);
  }

  private global(module: string, name: string): unknown {
    const path = `${module}.${name}`;
    const known = this.context.globals.get(path);
    if (known === undefined)
      throw this.source.file.fail(
        `asks to run ${quoted(path)}, which no file of weights needs; nothing was run; do not trust this file, and use a model.safetensors instead`,
      );
    return known;
  }

  private globalFromStack(): unknown {
    const [module, name] = this.popMany(2);
    // Anything else would have to be made a text, and a tuple of tuples of tuples can be one without end.
    if (typeof module !== 'string' || typeof name !== 'string') throw this.broken();
    return this.global(module, name);
  }

  private reduce(): unknown {
    const args = this.pop();
    const called = this.pop();
    if (!isFunction(called) || !Array.isArray(args)) throw this.broken();
    // What a function may copy: its arguments, and the elements of those that are containers.
    this.charge(args.length);
    for (const argument of args) if (Array.isArray(argument)) this.charge(argument.length);
    return called(args) ?? null;
  }

  private recall(index: number): unknown {
    const value = this.memo.get(index);
    if (value === undefined) throw this.broken();
    return value;
  }

  /** BUILD: an OrderedDict's attributes (torch's `_metadata`) say nothing about tensors and are dropped. */
  private build(): void {
    this.pop();
    if (!(this.top() instanceof Map)) throw this.broken();
  }

  /** Opcodes that push one value which follows from the bytes alone; undefined for any other. */
  private literal(opcode: string): unknown {
    const { source } = this;
    switch (opcode) {
      case 'N':
        return null;
      case '\x88':
        return true;
      case '\x89':
        return false;
      case 'J':
        return source.view(4).getInt32(0, true);
      case 'K':
        return source.byte();
      case 'M':
        return source.view(2).getUint16(0, true);
      case '\x8a':
        return signedInteger(source.take(source.byte()));
      case 'G':
        return source.view(8).getFloat64(0);
      case 'X':
        return source.text(source.view(4).getUint32(0, true));
      case '\x8c':
      case 'U':
        return source.text(source.byte());
      case 'T':
        return source.text(source.view(4).getUint32(0, true));
      case '}':
        return new Map();
      case ']':
      case ')':
        return [];
      case '(':
        return mark;
      default:
        return undefined;
    }
  }

  /** Opcodes that make one value of what is on the stack; undefined for any other. */
  private compound(opcode: string): unknown {
    const { source } = this;
    switch (opcode) {
      case 't':
      case 'l':
        return this.popToMark();
      case '\x85':
        return this.popMany(1);
      case '\x86':
        return this.popMany(2);
      case '\x87':
        return this.popMany(3);
      case 'c':
        return this.global(source.line(), source.line());
      case '\x93':
        return this.globalFromStack();
      case 'R':
        return this.reduce();
      case 'Q':
        return this.context.persistent(this.pop());
      case 'h':
        return this.recall(source.byte());
      case 'j':
        return this.recall(source.view(4).getUint32(0, true));
      default:
        return undefined;
    }
  }

  /** Opcodes that change what is there; @returns false for an opcode that is none of these. */
  private change(opcode: string): boolean {
    const { source } = this;
    switch (opcode) {
      case 'q':
        this.memo.set(source.byte(), this.top());
        return true;
      case 'r':
        this.memo.set(source.view(4).getUint32(0, true), this.top());
        return true;
      case '\x94':
        this.memo.set(this.memo.size, this.top());
        return true;
      case 's':
        this.setItems(this.popMany(2));
        return true;
      case 'u':
        this.setItems(this.popToMark());
        return true;
      case 'a':
        this.append(this.popMany(1));
        return true;
      case 'e':
        this.append(this.popToMark());
        return true;
      case 'b':
        this.build();
        return true;
      case '\x95':
        source.take(8);
        return true;
      default:
        return false;
    }
  }

  run(): unknown {
    const { source } = this;
    const start = source.position;
    if (source.byte() !== 0x80)
      throw source.file.fail('is not a PyTorch file or is damaged: no pickle where one should be');
    const protocol = source.byte();
    if (protocol < 2 || protocol > 5) throw source.file.damaged(`pickle protocol ${protocol} is unknown`);
    for (;;) {
      if (source.position - start > longestPickle)
        throw source.file.damaged('its pickle is longer than any model needs');
      this.charge(1);
      const opcode = String.fromCharCode(source.byte());
      if (opcode === '.') return this.pop();
      let value = this.literal(opcode);
      if (value === undefined) value = this.compound(opcode);
      if (value !== undefined) this.stack.push(value);
      else if (!this.change(opcode))
        throw source.file.fail(
          `has pickle opcode 0x${opcode.charCodeAt(0).toString(16)}, which no file of weights needs; nothing was run; use a model.safetensors instead`,
        );
    }
  }
}

/**
 * Reads one pickle (protocols 2 to 5) and leaves `source` behind it.
 * @throws UserError (model) for a global outside `context.globals`, an opcode outside the plain ones, or damage.
 */
export function unpickle(source: ByteSource, context: PickleContext): unknown {
  return new Unpickler(source, context).run();
}
