// Tries units in the compiled kernels, how fast they are and whether they are right, and makes the kernels use the one that is
// chosen. Knows no dtype: `bf16-trials.ts` and `q8-trials.ts` say what is multiplied.

import { kernelCacheFolders } from '../../files/user-folders.js';
import { Random } from '../../random.js';
import { CodeCache, digest } from '../code-cache.js';
import { bytesPerElement, type DType, Tensor } from '../tensor.js';
import type { KernelLibrary } from './compiler.js';
import type { NativeKernels } from './library.js';
import { processorFingerprint, processorFlags } from './processor.js';
import type { Choice, Situation, Trials, Unit } from './unit-choice.js';

export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Whether the operands are transposed. */
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** The products of one pair of dtypes in the kernels. */
export interface Products {
  readonly dtypes: { readonly a: 'bf16' | 'f32'; readonly b: 'bf16' | 'q8' };
  readonly has: (kind: number) => boolean;
  /** Sets the unit of later products. */
  readonly use: (kind: number) => void;
  /** out[m,n], in f32. */
  readonly multiply: (out: Tensor, a: Tensor, b: Tensor, product: Product) => void;
  /** What is timed, and how often. */
  readonly timed: Product;
  readonly repetitions: number;
  /** What must be right: edges of everything that a product is split into. */
  readonly checked: readonly Product[];
}

/** The largest difference of exact and inexact units, relative to the largest number: some roundings of float32. */
const tolerance = 1e-5;

const widening = 0;

/** Each trial ends with widening. */
export class UnitTrials<Name extends string> implements Trials<Name> {
  readonly #kernels: NativeKernels;
  readonly #products: Products;

  constructor(kernels: NativeKernels, products: Products) {
    this.#kernels = kernels;
    this.#products = products;
  }

  isCompiled({ kind }: Unit<Name>): boolean {
    return this.#products.has(kind);
  }

  request({ name }: Unit<Name>): number {
    return name === 'AMX bf16' ? this.#kernels.request_tiles() : 0;
  }

  seconds(unit: Unit<Name> | null): number {
    const { timed, repetitions } = this.#products;
    return this.#with(timed, (multiply) => leastSeconds(() => multiply(unit?.kind ?? widening), repetitions));
  }

  isRight({ kind, portable, exact }: Unit<Name>): boolean {
    return this.#products.checked.every((product) =>
      this.#with(product, (multiply, result) => {
        multiply(portable);
        const expected = result();
        multiply(kind);
        const actual = result();
        const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const allowed = exact ? 0 : tolerance * largest;
        return expected.every((value, index) => Math.abs(value - (actual[index] ?? Number.NaN)) <= allowed);
      }),
    );
  }

  /** Calls `body` with a product on random operands. */
  #with<Result>(
    product: Product,
    body: (multiply: (kind: number) => void, result: () => Float32Array) => Result,
  ): Result {
    const { m, n, k } = product;
    const kernels = this.#kernels;
    const { dtypes, use, multiply } = this.#products;
    return withMemory(kernels, use, ({ filled, empty }) => {
      const [a, b] = [filled('a', m * k, dtypes.a), filled('b', k * n, dtypes.b)];
      const out = empty('out', m * n, 'f32');
      return body(
        (kind) => {
          use(kind);
          multiply(out, a, b, product);
        },
        () => {
          const result = new Float32Array(m * n);
          kernels.download(result, out, result.byteLength);
          return result;
        },
      );
    });
  }
}

/** Allocates tensors for a trial. */
interface Memory {
  readonly empty: (label: string, size: number, dtype: DType) => Tensor;
  /** Random numbers: the time of a product of zeros would tell little. */
  readonly filled: (label: string, size: number, dtype: 'bf16' | 'f32' | 'q8') => Tensor;
}

/** Calls `body` for one thread with memory that is released afterwards. Ends with widening. */
export function withMemory<Result>(
  kernels: NativeKernels,
  use: (kind: number) => void,
  body: (memory: Memory) => Result,
): Result {
  const addresses: { readonly address: number; readonly bytes: number }[] = [];
  const random = new Random(1);
  const empty = (label: string, size: number, dtype: DType): Tensor => {
    const bytes = size * bytesPerElement[dtype];
    const address = kernels.allocate(bytes);
    if (address === 0) throw new Error(`no memory for ${label} of a trial of products`);
    addresses.push({ address, bytes });
    return new Tensor({ address, bytes, label }, 0, [size], dtype);
  };
  const filled: Memory['filled'] = (label, size, dtype) => {
    const tensor = empty(label, size, dtype);
    const values = Float32Array.from({ length: size }, () => random.next() / 2 ** 31 - 1);
    if (dtype === 'bf16') kernels.upload_bf16(tensor, values, size);
    else if (dtype === 'q8') kernels.upload_q8(tensor, values, size);
    else kernels.upload(tensor, values, values.byteLength);
    return tensor;
  };
  try {
    kernels.set_threads(1);
    return body({ empty, filled });
  } finally {
    use(widening);
    for (const { address, bytes } of addresses) kernels.release(address, bytes);
  }
}

/** The least of several, after one that is not timed. */
export function leastSeconds(run: () => void, repetitions: number): number {
  run();
  const times = Array.from({ length: repetitions }, () => {
    const start = process.hrtime.bigint();
    run();
    return Number(process.hrtime.bigint() - start);
  });
  return Math.min(...times) / 1e9;
}

/** What a choice depends on besides its units. */
export function situationOf({ code, compiler }: KernelLibrary, env: NodeJS.ProcessEnv): Situation {
  return {
    compiler: compiler.name,
    processorFlags: processorFlags(),
    cache: new CodeCache(kernelCacheFolders(env), '.unit'),
    key: (usable) => digest(JSON.stringify([digest(code.content), processorFingerprint(), usable])),
  };
}

/** Keeps the choice of each library, since all devices of a process must round in the same way. */
export class Choices<Name extends string> {
  readonly #known = new Map<NativeKernels, Choice<Name>>();

  /** @param choose called if the library has no choice yet */
  of(native: NativeKernels, choose: () => Choice<Name>): Choice<Name> {
    const known = this.#known.get(native);
    if (known !== undefined) return known;
    const chosen = choose();
    this.#known.set(native, chosen);
    return chosen;
  }
}
