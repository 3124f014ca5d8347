// Tries the units for products of bytes in the compiled kernels, and makes the kernels use the one that is chosen.

import type { KernelLibrary } from './compiler.js';
import type { NativeKernels } from './library.js';
import { chooseQ8Products, type DotsName, type Q8Products } from './q8-unit.js';
import type { Trials } from './unit-choice.js';
import { Choices, situationOf, UnitTrials } from './unit-trials.js';

const choices = new Choices<DotsName>();
const q8 = 2;

/** How these kernels multiply few rows by weights in 8 bits from now on. */
export function q8Products(
  native: NativeKernels,
  library: KernelLibrary,
  env: NodeJS.ProcessEnv,
  trials: Trials<DotsName> = q8Trials(native),
): Q8Products {
  return choices.of(native, () => {
    const products = chooseQ8Products(trials, situationOf(library, env));
    native.use_q8_unit(products.kind);
    return products;
  });
}

export function q8Trials(kernels: NativeKernels): Trials<DotsName> {
  return new UnitTrials<DotsName>(kernels, {
    dtypes: { a: 'f32', b: 'q8' },
    has: (kind) => kernels.has_q8_unit(kind) !== 0,
    use: (kind) => kernels.use_q8_unit(kind),
    multiply: (out, a, b, { m, n, k, transposeA, transposeB }) => {
      const transposes = [Number(transposeA), Number(transposeB)] as const;
      kernels.matmul(out, a, b, q8, m, n, k, ...transposes, 0, 0, undefined, undefined, 0);
    },
    // A linear layer of DialoGPT-small for one token: a tenth of a millisecond.
    timed: { m: 1, n: 768, k: 768, transposeA: false, transposeB: true },
    repetitions: 50,
    // Whole groups of rows and single ones, even and odd numbers of blocks.
    checked: [7, 8].map((blocks) => ({ m: 5, n: 19, k: 32 * blocks, transposeA: false, transposeB: true })),
  });
}
