// Which compilations of kernels/*.cu there are: every source for every type of scalar and every card, attention also for
// its head sizes. Knows nothing of compilers.

import { attentionModule } from '../../src/device/cuda/attention-launches.js';

/** Turing, Ampere, Hopper, and the two Blackwells. */
const cards = ['7.5', '8.0', '9.0', '10.0', '12.0'] as const;
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
/** A head size for each HEAD_SIZE of each source. */
const headSizes = [32, 64, 80, 96, 128] as const;
const usualHeadSize = 64;
/** Where each source of attention is compiled for its other head sizes in a short run. */
const sampleOfSizes = { 'attention.cu': 'float 7.5', 'attention-mma.cu': 'half 8.0' } as const;

export interface Compilation {
  readonly file: string;
  readonly computeCapability: readonly [number, number];
  readonly defines: Readonly<Record<string, string | number>>;
}

export function nameOf({ file, computeCapability, defines }: Compilation): string {
  const values = Object.values(defines).join(' ');
  return `${file} ${values} sm_${computeCapability.join('')}`;
}

/** @param every without it, head sizes other than the usual one are compiled for one card and type. */
export function compilations(every: boolean): Compilation[] {
  const found = new Map<string, Compilation>();
  for (const card of cards) {
    for (const scalar of ['float', 'bf16', 'half'] as const) {
      const [major = 0, minor = 0] = card.split('.').map(Number);
      // Cards before 8.0 have no bf16 that would be of use, and are not offered it.
      if (scalar === 'bf16' && major < 8) continue;
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
        const { file, defines } = attentionModule(headSize, scalar === 'float' ? 4 : 2, major);
        const sampled = sampleOfSizes[file] === `${scalar} ${card}`;
        if (every || headSize === usualHeadSize || sampled) add(file, defines);
      }
    }
  }
  return [...found.values()];
}
