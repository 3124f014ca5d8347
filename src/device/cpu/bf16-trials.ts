// Tries the units for bf16 products and attention in the compiled kernels, and makes the kernels use the one that is chosen.

import {
  type Bf16Attention,
  type Bf16Products,
  chooseBf16Attention,
  chooseBf16Products,
  type UnitName,
} from './bf16-unit.js';
import type { KernelLibrary } from './compiler.js';
import type { NativeKernels } from './library.js';
import type { Trials } from './unit-choice.js';
import { Choices, leastSeconds, situationOf, UnitTrials, withMemory } from './unit-trials.js';

const choices = new Choices<UnitName>();
const choicesOfAttention = new Choices<UnitName>();

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

/** How attention on these kernels multiplies bf16 rows from now on. */
export function bf16Attention(
  native: NativeKernels,
  library: KernelLibrary,
  env: NodeJS.ProcessEnv,
  products: Bf16Products,
  seconds: Trials<UnitName>['seconds'] = (unit) => secondsOfAttention(native, unit?.kind ?? 0),
): Bf16Attention {
  return choicesOfAttention.of(native, () => {
    const attention = chooseBf16Attention(products, seconds, situationOf(library, env));
    native.use_bf16_unit_in_attention(attention.kind);
    return attention;
  });
}

/** Two heads of DialoGPT-small, forward and backward over one segment: some milliseconds. */
function secondsOfAttention(kernels: NativeKernels, kind: number): number {
  const [tokens, heads, scale] = [256, 2, 0.125];
  const channels = heads * 64;
  const size = tokens * channels;
  const use = (unit: number) => kernels.use_bf16_unit_in_attention(unit);
  return withMemory(kernels, use, ({ empty, filled }) => {
    const [qkv, gradOut] = [filled('qkv', 3 * size, 'bf16'), filled('gradient of out', size, 'bf16')];
    const [out, gradQkv] = [empty('out', size, 'bf16'), empty('gradient of qkv', 3 * size, 'bf16')];
    const logSumExp = empty('log-sum-exp', heads * tokens, 'f32');
    const [starts, ends] = [empty('starts', tokens, 'i32'), empty('ends', tokens, 'i32')];
    kernels.fill(starts, 0, tokens);
    kernels.fill(ends, tokens, tokens);
    const rest = [starts, ends, tokens, channels, heads, scale, 0, 0, undefined] as const;
    use(kind);
    return leastSeconds(() => {
      kernels.bf16.attention(out, logSumExp, qkv, ...rest);
      kernels.bf16.attention_backward(gradQkv, gradOut, out, logSumExp, qkv, ...rest);
    }, 3);
  });
}
