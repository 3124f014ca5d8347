// Tries the units for bf16 products in the compiled kernels, how fast they are and whether they are right, and makes the kernels
// use those that are chosen.

import { kernelCacheFolders } from '../../files/user-folders.js';
import { Random } from '../../random.js';
import { CodeCache, digest } from '../code-cache.js';
import { Tensor } from '../tensor.js';
import {
  type Bf16Products,
  chooseBf16Products,
  kindOf,
  type Trials,
  type Unit,
  type Work,
} from './bf16-unit.js';
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
    key: (work, usable) =>
      digest(JSON.stringify([digest(code.content), processorFingerprint(), work, usable])),
  });
  native.use_bf16_unit(kindOf(products.unit));
  native.use_bf16_unit_in_attention(kindOf(products.attention));
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

/** Work on random operands, by any unit. */
type Run = (kind: number) => void;
/** A new tensor; one in bf16 has random numbers, since the time of a product of zeros would tell little. */
type Allocate = (label: string, size: number, dtype: 'bf16' | 'f32' | 'i32') => Tensor;

/** A linear layer of DialoGPT-small for 256 tokens: a few milliseconds. */
const timed: Product = { m: 256, n: 768, k: 768, transposed: false };
/** Two heads of DialoGPT-small: some milliseconds. */
const attended = { tokens: 256, channels: 128, heads: 2, scale: 0.125 };
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
  seconds(work: Work, unit: Unit | null): number {
    return this.#withMemory((allocate) => {
      const run = work === 'products' ? this.#product(timed, allocate).run : this.#attention(allocate);
      run(unit?.kind ?? widening);
      const times = Array.from({ length: repetitions }, () => {
        const start = process.hrtime.bigint();
        run(unit?.kind ?? widening);
        return Number(process.hrtime.bigint() - start);
      });
      return Math.min(...times) / 1e9;
    });
  }

  isRight({ kind, portable, exact }: Unit): boolean {
    return checked.every((product) =>
      this.#withMemory((allocate) => {
        const { run, result } = this.#product(product, allocate);
        run(portable);
        const expected = result();
        run(kind);
        const actual = result();
        const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const allowed = exact ? 0 : tolerance * largest;
        return expected.every((value, index) => Math.abs(value - (actual[index] ?? Number.NaN)) <= allowed);
      }),
    );
  }

  #product(
    { m, n, k, transposed }: Product,
    allocate: Allocate,
  ): { readonly run: Run; readonly result: () => Float32Array } {
    const kernels = this.#kernels;
    const [a, b] = [allocate('a', m * k, 'bf16'), allocate('b', k * n, 'bf16')];
    const out = allocate('out', m * n, 'f32');
    const both = Number(transposed);
    return {
      run: (kind) => {
        kernels.use_bf16_unit(kind);
        kernels.matmul_bf16(out, 1, a, b, m, n, k, both, both, 0, 0, undefined, undefined, 0);
      },
      result: () => {
        const result = new Float32Array(m * n);
        kernels.download(result, out, result.byteLength);
        return result;
      },
    };
  }

  /** Forward and backward over one segment. */
  #attention(allocate: Allocate): Run {
    const kernels = this.#kernels;
    const { tokens, channels, heads, scale } = attended;
    const size = tokens * channels;
    const [qkv, gradQkv] = [allocate('qkv', 3 * size, 'bf16'), allocate('gradient of qkv', 3 * size, 'bf16')];
    const [out, gradOut] = [allocate('out', size, 'bf16'), allocate('gradient of out', size, 'bf16')];
    const logSumExp = allocate('log-sum-exp', heads * tokens, 'f32');
    const [starts, ends] = [allocate('starts', tokens, 'i32'), allocate('ends', tokens, 'i32')];
    kernels.fill(starts, 0, tokens);
    kernels.upload(ends, new Int32Array(tokens).fill(tokens), 4 * tokens);
    const rest = [starts, ends, tokens, channels, heads, scale, 0, 0, undefined] as const;
    return (kind) => {
      kernels.use_bf16_unit_in_attention(kind);
      kernels.bf16.attention(out, logSumExp, qkv, ...rest);
      kernels.bf16.attention_backward(gradQkv, gradOut, out, logSumExp, qkv, ...rest);
    };
  }

  /** Calls `body` with memory that is released afterwards. */
  #withMemory<Result>(body: (allocate: Allocate) => Result): Result {
    const kernels = this.#kernels;
    const random = new Random(1);
    const blocks: { readonly address: number; readonly bytes: number }[] = [];
    const allocate: Allocate = (label, size, dtype) => {
      const bytes = size * (dtype === 'bf16' ? 2 : 4);
      const address = kernels.allocate(bytes);
      if (address === 0) throw new Error(`no memory for ${label} of a trial of bf16 products`);
      blocks.push({ address, bytes });
      const tensor = new Tensor({ address, bytes, label }, 0, [size], dtype);
      if (dtype === 'bf16')
        kernels.upload_bf16(
          tensor,
          Float32Array.from({ length: size }, () => random.next() / 2 ** 31 - 1),
          size,
        );
      return tensor;
    };
    try {
      kernels.set_threads(1);
      return body(allocate);
    } finally {
      kernels.use_bf16_unit(widening);
      kernels.use_bf16_unit_in_attention(widening);
      for (const { address, bytes } of blocks) kernels.release(address, bytes);
    }
  }
}
