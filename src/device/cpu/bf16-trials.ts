// Tries the units for bf16 products in the compiled kernels, and makes the kernels use the one that is chosen.

import { type Bf16Products, chooseBf16Products, type UnitName } from './bf16-unit.js';
import type { KernelLibrary } from './compiler.js';
import type { NativeKernels } from './library.js';
import type { Trials } from './unit-choice.js';
import { Choices, situationOf, UnitTrials } from './unit-trials.js';

const choices = new Choices<UnitName>();

/** How these kernels multiply bf16 matrices from now on. */
export function bf16Products(
  native: NativeKernels,
  library: KernelLibrary,
  env: NodeJS.ProcessEnv,
  trials: Trials<UnitName> = bf16Trials(native),
): Bf16Products {
  return choices.of(native, () => {
    const products = chooseBf16Products(trials, situationOf(library, env));
    native.use_bf16_unit(products.kind);
    return products;
  });
}

export function bf16Trials(kernels: NativeKernels): Trials<UnitName> {
  return new UnitTrials<UnitName>(kernels, {
    dtypes: { a: 'bf16', b: 'bf16' },
    has: (kind) => kernels.has_bf16_unit(kind) !== 0,
    use: (kind) => kernels.use_bf16_unit(kind),
    multiply: (out, a, b, { m, n, k, transposeA, transposeB }) => {
      const transposes = [Number(transposeA), Number(transposeB)] as const;
      const [none, sizes] = [undefined, [m, n, k] as const];
      kernels.matmul_bf16(out, 1, a, b, ...sizes, ...transposes, 0, 0, none, none, 0, none, 0);
    },
    // A linear layer of DialoGPT-small for 256 tokens: a few milliseconds.
    timed: { m: 256, n: 768, k: 768, transposeA: false, transposeB: false },
    repetitions: 3,
    // With edges of panels, steps and blocks.
    checked: [false, true].map((both) => ({ m: 70, n: 45, k: 300, transposeA: both, transposeB: both })),
  });
}
