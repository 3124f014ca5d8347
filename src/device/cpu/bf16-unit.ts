// The instructions that multiply bf16 numbers, in matrix products and in attention. unit-choice.ts chooses among them.

import { type Choice, chooseUnit, type Situation, type Trials, type Unit } from './unit-choice.js';

export type UnitName = 'AMX bf16' | 'AVX-512 BF16' | 'BFMMLA';

/** In order of preference, numbered as UnitKind in gemm-bf16-units.h. */
const units: readonly Unit<UnitName>[] = [
  {
    name: 'AMX bf16',
    kind: 4,
    portable: 1,
    exact: true,
    flag: 'amx_bf16',
    compilers: 'g++ 11 or clang 12',
  },
  {
    name: 'AVX-512 BF16',
    kind: 5,
    portable: 2,
    exact: false,
    flag: 'avx512_bf16',
    compilers: 'g++ 10 or clang 9',
  },
  { name: 'BFMMLA', kind: 6, portable: 3, exact: false, flag: 'bf16', compilers: 'g++ 10 or clang 11' },
];

/** How bf16 matrices are multiplied; on no unit, they are widened to float32. */
export type Bf16Products = Choice<UnitName>;

const ofWidening = 'bf16 is widened: saves memory, not time';

export function chooseBf16Products(trials: Trials<UnitName>, situation: Situation): Bf16Products {
  return chooseUnit(units, ofWidening, trials, situation);
}

/** How attention multiplies bf16 rows in training: as bf16 matrices are multiplied if that is faster there too, or widened. */
export type Bf16Attention = Choice<UnitName>;

/** @param seconds of attention on a unit, or widened. The unit was found right in products. */
export function chooseBf16Attention(
  products: Bf16Products,
  seconds: Trials<UnitName>['seconds'],
  situation: Situation,
): Bf16Attention {
  return chooseUnit(
    units.filter(({ name }) => name === products.unit),
    ofWidening,
    { isCompiled: () => true, request: () => 0, isRight: () => true, seconds },
    { ...situation, key: (usable) => situation.key(`attention on ${usable}`) },
  );
}
