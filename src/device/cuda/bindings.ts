// How the functions of NVIDIA's libraries are bound: from a table of their C signatures to typed functions. Addresses,
// handles and sizes are 64-bit integers that a JavaScript number holds; typed arrays of JavaScript pass without a copy,
// also to be written to. Knows no function by itself.

import koffi, { type LibraryHandle } from 'koffi';
import { messageOf } from '../../errors.js';
import { UnusableLibrary } from './errors.js';

/** A device address or a handle. */
export const U = 'uint64_t';
/** size_t, int64_t. */
export const N = 'int64_t';
/** int, enumerations. */
export const I = 'int32_t';
/** unsigned int. */
export const W = 'uint32_t';
/** A typed array of JavaScript or null. */
export const A = 'void *';
/** const char *. */
export const S = 'str';

interface Values {
  uint64_t: number;
  int64_t: number;
  int32_t: number;
  uint32_t: number;
  'void *': ArrayBufferView | null;
  str: string;
}
/** result, ...arguments. */
export type Signature = readonly [keyof Values, ...(keyof Values)[]];
type Call<Of extends Signature> = Of extends readonly [
  infer Returned extends keyof Values,
  ...infer Parameters extends readonly (keyof Values)[],
]
  ? (...values: { [At in keyof Parameters]: Values[Parameters[At]] }) => Values[Returned]
  : never;
export type Calls<Signatures extends Readonly<Record<string, Signature>>> = {
  readonly [Name in keyof Signatures]: Call<Signatures[Name]>;
};

/**
 * The functions of the library at `path`, by their C names.
 * @throws UnusableLibrary where it does not load or lacks one.
 */
export function bind<Signatures extends Readonly<Record<string, Signature>>>(
  path: string,
  signatures: Signatures,
): Calls<Signatures> {
  return bindLibrary(path, signatures).calls;
}

/** The same, and what takes the library out of the process again; no function may be called afterwards. */
export function bindLibrary<Signatures extends Readonly<Record<string, Signature>>>(
  path: string,
  signatures: Signatures,
): { readonly calls: Calls<Signatures>; readonly unload: () => void } {
  const library = open(path);
  const calls: Record<string, unknown> = {};
  for (const [symbol, [returned, ...parameters]] of Object.entries(signatures)) {
    try {
      calls[symbol] = library.func(symbol, returned, parameters);
    } catch (thrown) {
      throw new UnusableLibrary(`${path} is too old, it has no ${symbol}`, '--upgrade', { cause: thrown });
    }
  }
  return { calls: calls as Calls<Signatures>, unload: () => library.unload() };
}

function open(path: string): LibraryHandle {
  try {
    return koffi.load(path);
  } catch (thrown) {
    const reason = `${path} does not load (${messageOf(thrown)})`;
    throw new UnusableLibrary(reason, '--force-reinstall', { cause: thrown });
  }
}

/** Where C functions write what they give back besides their status. */
export class Out {
  readonly #bytes = new ArrayBuffer(32);
  /** What to pass. */
  readonly place = new Uint8Array(this.#bytes);
  readonly #words = new Int32Array(this.#bytes);
  readonly #longs = new BigUint64Array(this.#bytes);

  /** The 32-bit integer. */
  get int(): number {
    return this.#words[0] ?? 0;
  }

  /** The 64-bit integer in place `at`: a size, address or handle. */
  long(at = 0): number {
    return Number(this.#longs[at]);
  }

  /** So that what a function writes only 32 bits of reads well. */
  clear(): Uint8Array {
    return this.place.fill(0);
  }
}

/** Where the bytes of a typed array lie; they stay there for as long as it is in use. */
export function addressOf(bytes: ArrayBufferView): bigint {
  return koffi.address(bytes);
}
