// Brazilian CPF numbers, with their two check digits.

import { digitsOf, isRepeated, weighted } from '../checksums.js';
import type { Recognizer } from '../recognizer.js';

function isCpf(value: string): boolean {
  const digits = digitsOf(value);
  const check = (weights: readonly number[]) => ((weighted(digits, weights) * 10) % 11) % 10;
  return (
    !isRepeated(digits) &&
    check([10, 9, 8, 7, 6, 5, 4, 3, 2]) === Number(digits[9]) &&
    check([11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) === Number(digits[10])
  );
}

export const brCpf: Recognizer = {
  entity: 'br-cpf',
  about: 'Brazilian CPF numbers, with their check digits',
  byDefault: true,
  digits: 11,
  forms: [
    { pattern: /(?<![A-Za-z\d.-])\d{3}\.\d{3}\.\d{3}-\d{2}(?![A-Za-z\d-])/gu, confirms: isCpf },
    { pattern: /(?<![A-Za-z\d.-])\d{11}(?![A-Za-z\d-])/gu, cues: /\bcpf\b/iu, confirms: isCpf },
  ],
  finds: [
    ['meu CPF é 529.982.247-25', '529.982.247-25'],
    ['CPF 52998224725', '52998224725'],
  ],
  passes: ['529.982.247-24', '52998224725'],
};
