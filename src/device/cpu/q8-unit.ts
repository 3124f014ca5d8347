// The instructions that multiply weights in 8 bits by activations that are rounded to 8 bits. unit-choice.ts chooses among them.

import { type Choice, chooseUnit, type Situation, type Trials, type Unit } from './unit-choice.js';

export type DotsName = 'AVX-512 VNNI' | 'AVX-VNNI' | 'AVX2' | 'SDOT';

const common = { portable: 1, exact: true };

/** In order of preference, numbered as DotKind in gemm-q8.h. */
const units: readonly Unit<DotsName>[] = [
  {
    name: 'AVX-512 VNNI',
    kind: 4,
    ...common,
    flag: 'avx512_vnni',
    compilers: 'g++ 8 or clang 6',
  },
  { name: 'AVX-VNNI', kind: 3, ...common, flag: 'avx_vnni', compilers: 'g++ 11 or clang 12' },
  { name: 'AVX2', kind: 2, ...common, flag: 'avx2', compilers: 'g++ 5 or clang 4' },
  { name: 'SDOT', kind: 5, ...common, flag: 'asimddp', compilers: 'g++ 8 or clang 6' },
];

/** How few rows are multiplied by weights in 8 bits; on no unit, the weights are widened to float32. */
export type Q8Products = Choice<DotsName>;

export function chooseQ8Products(trials: Trials<DotsName>, situation: Situation): Q8Products {
  return chooseUnit(units, 'int8 is widened to float32', trials, situation);
}
