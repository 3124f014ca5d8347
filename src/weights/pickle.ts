// Reads Python pickles without running code. It knows the opcodes that build plain data, and looks up each global in a list
// from its caller. Any other global, and any opcode that a tensor file does not need, is refused by name.
// Tuples and lists both become arrays, and dicts become Maps. (Opcodes: Lib/pickletools.py of CPython.)

import { quoted } from '../quote.js';
import type { BinaryFile } from './weight-file.js';

/** The caller's replacement for a Python function. */
export type PickleFunction = (args: readonly unknown[]) => unknown;

export interface PickleContext {
  /** The value of each allowed `module.name`. Only a PickleFunction can be called. */
  readonly globals: ReadonlyMap<string, unknown>;
  /** Resolves a persistent id (in PyTorch: a storage). */
  readonly persistent: (id: unknown) => unknown;
}

function isFunction(value: unknown): value is PickleFunction {
  return typeof value === 'function';
}

/** Most bytes of a pickle. A tensor's description takes about 100 bytes, so this is far more than any model needs. */
const longestPickle = 2 ** 26;
const windowBytes = 2 ** 16;

/**
 * Most work of a pickle: values that it pushes, and elements that a container takes up or a function copies. A tensor costs
 * about 40, so this is enough for 200,000 tensors. Without this limit, a few bytes could copy the same million pairs again
 * and again.
 */
const mostWork = 2 ** 23;

/** Reads a range of a file sequentially. */
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
      throw this.file.damaged('a string in its pickle is not UTF-8');
    }
  }

  /** Reads up to a line feed, which is consumed but not returned. */
  line(): string {
    const letters: number[] = [];
    for (let letter = this.byte(); letter !== 0x0a; letter = this.byte()) {
      if (letters.length === 1000) throw this.file.damaged('a name in its pickle is too long');
      letters.push(letter);
    }
    return String.fromCharCode(...letters);
  }
}

/** The value that the opcode MARK pushes. */
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
    return this.source.file.damaged('its pickle is inconsistent');
  }

  /** Pops the values above the topmost mark, and the mark. */
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
        `asks to run ${quoted(path)}, which no weight file needs; nothing was run; do not trust this file, and use a model.safetensors instead`,
      );
    return known;
  }

  private globalFromStack(): unknown {
    const [module, name] = this.popMany(2);
    // Anything else would be converted to a string, and nested tuples can make that string enormous.
    if (typeof module !== 'string' || typeof name !== 'string') throw this.broken();
    return this.global(module, name);
  }

  private reduce(): unknown {
    const args = this.pop();
    const called = this.pop();
    if (!isFunction(called) || !Array.isArray(args)) throw this.broken();
    // A function may copy its arguments and the elements of those that are arrays.
    this.charge(args.length);
    for (const argument of args) if (Array.isArray(argument)) this.charge(argument.length);
    return called(args) ?? null;
  }

  private recall(index: number): unknown {
    const value = this.memo.get(index);
    if (value === undefined) throw this.broken();
    return value;
  }

  /** BUILD: the attributes of an OrderedDict (PyTorch's `_metadata`) do not describe tensors, so they are dropped. */
  private build(): void {
    this.pop();
    if (!(this.top() instanceof Map)) throw this.broken();
  }

  /** The value of an opcode that pushes one value from the bytes alone; undefined for any other opcode. */
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

  /** The value of an opcode that uses the stack or the memo to push one value; undefined for any other opcode. */
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

  /** Runs an opcode that changes existing values or the memo. @returns false for any other opcode. */
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
          `has pickle opcode 0x${opcode.charCodeAt(0).toString(16)}, which no weight file needs; nothing was run; use a model.safetensors instead`,
        );
    }
  }
}

/**
 * Reads one pickle (protocols 2 to 5) and leaves `source` at its end.
 * @throws UserError (model) for a global that is not in `context.globals`, an unsupported opcode, or damage.
 */
export function unpickle(source: ByteSource, context: PickleContext): unknown {
  return new Unpickler(source, context).run();
}
