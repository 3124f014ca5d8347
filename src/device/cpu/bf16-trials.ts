// Tries the units for bf16 products in the compiled kernels, how fast they are and whether they are right, and makes the kernels
// use the one that is chosen.

import { kernelCacheFolders } from '../../files/user-folders.js';
import { Random } from '../../random.js';
import { CodeCache, digest } from '../code-cache.js';
import { Tensor } from '../tensor.js';
import { type Bf16Products, chooseBf16Products, kindOf, type Trials, type Unit } from './bf16-unit.js';
import type { KernelLibrary } from './compiler.js';
import type { NativeKernels } from './library.js';
import { processorFingerprint, processorFlags } from './processor.js';

const chosen = new Map<NativeKernels, Bf16Products>();

/**
 * How these kernels multiply bf16 matrices from now on. Chosen once per library, since all devices of this process must round in
 * the same way.
 */
export function bf16Products(
  native: NativeKernels,
  { code, compiler }: KernelLibrary,
  env: NodeJS.ProcessEnv,
  trials: Trials = new KernelTrials(native),
): Bf16Products {
  const known = chosen.get(native);
  if (known !== undefined) return known;
  const products = chooseBf16Products(trials, {
    compiler: compiler.name,
    processorFlags: processorFlags(),
    cache: new CodeCache(kernelCacheFolders(env), '.unit'),
    key: (usable) => digest(JSON.stringify([digest(code.content), processorFingerprint(), usable])),
  });
  native.use_bf16_unit(kindOf(products.unit));
  chosen.set(native, products);
  return products;
}

interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Whether both operands are transposed. */
  readonly transposed: boolean;
}

/** The operands of a product, on which any unit can be tried. */
interface Operands {
  readonly multiply: (kind: number) => void;
  readonly result: () => Float32Array;
}

/** A linear layer of DialoGPT-small for 256 tokens: a few milliseconds. */
const timed: Product = { m: 256, n: 768, k: 768, transposed: false };
const repetitions = 3;
/** With edges of panels, steps and blocks. */
const checked: readonly Product[] = [false, true].map((transposed) => ({ m: 70, n: 45, k: 300, transposed }));
/** The largest difference of exact and inexact units, relative to the largest number: some roundings of float32. */
const tolerance = 1e-5;

const widening = 0;

/** Every trial restores widening. */
export class KernelTrials implements Trials {
  readonly #kernels: NativeKernels;

  constructor(kernels: NativeKernels) {
    this.#kernels = kernels;
  }

  isCompiled({ kind }: Unit): boolean {
    return this.#kernels.has_bf16_unit(kind) !== 0;
  }

  request({ name }: Unit): number {
    return name === 'AMX bf16' ? this.#kernels.request_tiles() : 0;
  }

  /** The least of several, after one that is not timed. */
  seconds(unit: Unit | null): number {
    return this.#with(timed, ({ multiply }) => {
      multiply(unit?.kind ?? widening);
      const times = Array.from({ length: repetitions }, () => {
        const start = process.hrtime.bigint();
        multiply(unit?.kind ?? widening);
        return Number(process.hrtime.bigint() - start);
      });
      return Math.min(...times) / 1e9;
    });
  }

  isRight({ kind, portable, exact }: Unit): boolean {
    return checked.every((product) =>
      this.#with(product, ({ multiply, result }) => {
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

  /** Calls `body` with a product on random operands: the time of a product of zeros would tell little. */
  #with<Result>(product: Product, body: (on: Operands) => Result): Result {
    const { m, n, k, transposed } = product;
    const kernels = this.#kernels;
    const bytes = { a: 2 * m * k, b: 2 * k * n, out: 4 * m * n };
    const addresses: { readonly address: number; readonly bytes: number }[] = [];
    const tensor = (label: keyof typeof bytes, size: number, dtype: 'bf16' | 'f32'): Tensor => {
      const address = kernels.allocate(bytes[label]);
      if (address === 0) throw new Error(`no memory for ${label} of a trial of bf16 products`);
      addresses.push({ address, bytes: bytes[label] });
      return new Tensor({ address, bytes: bytes[label], label }, 0, [size], dtype);
    };
    try {
      const [a, b, out] = [
        tensor('a', m * k, 'bf16'),
        tensor('b', k * n, 'bf16'),
        tensor('out', m * n, 'f32'),
      ];
      const random = new Random(m, n, k);
      for (const operand of [a, b]) {
        const values = Float32Array.from({ length: operand.size }, () => random.next() / 2 ** 31 - 1);
        kernels.upload_bf16(operand, values, values.length);
      }
      kernels.set_threads(1);
      const both = Number(transposed);
      return body({
        multiply: (kind) => {
          kernels.use_bf16_unit(kind);
          const [none, rest] = [undefined, [m, n, k, both, both, 0, 0]] as const;
          kernels.matmul_bf16(out, 1, a, b, ...rest, none, none, 0, none, 0);
        },
        result: () => {
          const result = new Float32Array(m * n);
          kernels.download(result, out, result.byteLength);
          return result;
        },
      });
    } finally {
      kernels.use_bf16_unit(widening);
      for (const { address, bytes: size } of addresses) kernels.release(address, size);
    }
  }
}
