// The list of compilations of kernels/*.cu: every source for every scalar type and every card, and attention also for
// its head sizes. Knows nothing of compilers.

import { attentionModule } from '../../src/device/cuda/attention-launches.js';

/** Volta, Turing, Ampere, Hopper, and the two Blackwell architectures. */
const cards = ['7.0', '7.5', '8.0', '9.0', '10.0', '12.0'] as const;
/** Sources without a head size. */
const plainFiles = [
  'adamw.cu',
  'attention-cached.cu',
  'cross-entropy.cu',
  'embedding.cu',
  'layernorm.cu',
  'products.cu',
  'rows.cu',
] as const;
/** One head size for each HEAD_SIZE of each source. */
const headSizes = [32, 64, 80, 96, 128] as const;
const usualHeadSize = 64;
/** The compilation of each attention source whose other head sizes a short run includes. */
const sampleOfSizes = { 'attention.cu': 'float 7.5', 'attention-mma.cu': 'half 8.0' } as const;
/**
 * Compilations of attention.cu in half precision for cards with tensor cores that a short run includes. These cards
 * need it for other head sizes and for unaligned tensors.
 */
const sampleWithoutTensorCores = ['half 8.0', 'bf16 9.0'];

export interface Compilation {
  readonly file: string;
  readonly computeCapability: readonly [number, number];
  readonly defines: Readonly<Record<string, string | number>>;
}

export function nameOf({ file, computeCapability, defines }: Compilation): string {
  const values = Object.values(defines).join(' ');
  return `${file} ${values} sm_${computeCapability.join('')}`;
}

/** @param every if false, compilations that differ little from others are done for one or two cards and types */
export function compilations(every: boolean): Compilation[] {
  const found = new Map<string, Compilation>();
  for (const card of cards) {
    for (const scalar of ['float', 'bf16', 'half'] as const) {
      const [major = 0, minor = 0] = card.split('.').map(Number);
      // Cards before 8.0 do not offer bf16.
      if (scalar === 'bf16' && major < 8) continue;
      // For Volta, only the type it trains in: the others differ little from Turing's.
      if (card === '7.0' && scalar !== 'half' && !every) continue;
      const add = (file: string, defines: Compilation['defines']): void => {
        const one = {
          file,
          computeCapability: [major, minor] as const,
          defines: { SCALAR: scalar, ...defines },
        };
        found.set(nameOf(one), one);
      };
      for (const file of plainFiles) add(file, {});
      for (const headSize of headSizes) {
        const bytes = scalar === 'float' ? 4 : 2;
        const { file, defines } = attentionModule(headSize, bytes, major);
        const sampled = sampleOfSizes[file] === `${scalar} ${card}`;
        if (every || headSize === usualHeadSize || sampled) add(file, defines);
        const without = attentionModule(headSize, bytes);
        const sampledWithout =
          headSize === usualHeadSize && sampleWithoutTensorCores.includes(`${scalar} ${card}`);
        if (every || sampledWithout) add(without.file, without.defines);
      }
    }
  }
  return [...found.values()];
}
