// Binds the functions of NVIDIA's libraries: turns a table of C signatures into typed functions. Addresses, handles and
// sizes are 64-bit integers that fit a JavaScript number. Typed arrays are passed without a copy, as inputs and as
// outputs. Knows no particular function.

import koffi, { type LibraryHandle } from 'koffi';
import { messageOf } from '../../errors.js';
import { UnusableLibrary } from './errors.js';

/** A device address or a handle. */
export const U = 'uint64_t';
/** size_t or int64_t. */
export const N = 'int64_t';
/** int or an enumeration. */
export const I = 'int32_t';
/** unsigned int. */
export const W = 'uint32_t';
/** A JavaScript typed array, or null. */
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
/** The result type, then the argument types. */
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
 * @throws UnusableLibrary if the library does not load or lacks one of them
 */
export function bind<Signatures extends Readonly<Record<string, Signature>>>(
  path: string,
  signatures: Signatures,
): Calls<Signatures> {
  return bindLibrary(path, signatures).calls;
}

/** Like `bind`, and also returns a function that unloads the library. No function may be called after that. */
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
      throw new UnusableLibrary(`${path} is too old and has no ${symbol}`, '--upgrade', { cause: thrown });
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

/** Memory in which C functions return values other than their status. */
export class Out {
  readonly #bytes = new ArrayBuffer(32);
  /** The array to pass to the function. */
  readonly place = new Uint8Array(this.#bytes);
  readonly #words = new Int32Array(this.#bytes);
  readonly #longs = new BigUint64Array(this.#bytes);

  /** The result as a 32-bit integer. */
  get int(): number {
    return this.#words[0] ?? 0;
  }

  /** The result as the `at`-th 64-bit integer: a size, an address or a handle. */
  long(at = 0): number {
    return Number(this.#longs[at]);
  }

  /** Zeroes the memory, so that a result of only 32 bits also reads correctly as 64. */
  clear(): Uint8Array {
    return this.place.fill(0);
  }
}

/** The address of a typed array's bytes. It stays valid as long as the array is in use. */
export function addressOf(bytes: ArrayBufferView): bigint {
  return koffi.address(bytes);
}
