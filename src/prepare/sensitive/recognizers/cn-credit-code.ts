// Unified social credit codes of Chinese organizations (GB 32100-2015), with their check character.

import type { Recognizer } from '../recognizer.js';

const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY';

function isCode(value: string): boolean {
  let sum = 0;
  let weight = 1;
  for (const character of value.slice(0, 17)) {
    sum += alphabet.indexOf(character) * weight;
    weight = (weight * 3) % 31;
  }
  return alphabet[(31 - (sum % 31)) % 31] === value[17];
}

export const cnCreditCode: Recognizer = {
  entity: 'cn-credit-code',
  about: 'Chinese unified social credit codes, with their check character',
  byDefault: true,
  digits: 8,
  forms: [
    {
      pattern:
        /(?<![A-Za-z\d])(?:1[1259]|21|29|3[1-59]|41|49|5[1-39]|6[129]|7[129]|81|89|9[1-3]|A[19]|N[1-39]|Y1)\d{6}[\dA-HJ-NP-RTUWXY]{10}(?![A-Za-z\d])/gu,
      confirms: isCode,
    },
  ],
  finds: [['税号：91350100M000100Y43', '91350100M000100Y43']],
  passes: ['91350100M000100Y44', '订单91350100M000100Y4'],
};
