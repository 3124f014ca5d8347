// NHS numbers of the United Kingdom, with their checksum modulo 11.

import { digitsOf, isRepeated, weighted } from '../checksums.js';
import type { Recognizer } from '../recognizer.js';

function isNhs(value: string): boolean {
  const digits = digitsOf(value);
  const check = (11 - (weighted(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return check === Number(digits[9]) && !isRepeated(digits);
}

export const ukNhs: Recognizer = {
  entity: 'uk-nhs',
  about: 'UK NHS numbers, with their checksum',
  byDefault: true,
  digits: 10,
  forms: [
    {
      pattern: /(?<![A-Za-z\d+-])\d{3} \d{3} \d{4}(?![A-Za-z\d-])/gu,
      confirms: isNhs,
      cues: /(?:nhs|patient|hospital|health)/iu,
    },
    {
      pattern: /(?<![A-Za-z\d+-])\d{3}-?\d{3}-?\d{4}(?![A-Za-z\d-])/gu,
      confirms: isNhs,
      cues: /(?:nhs|national health)/iu,
    },
  ],
  finds: [
    ['NHS number 943 476 5919', '943 476 5919'],
    ['my nhs no: 9434765919', '9434765919'],
  ],
  passes: ['NHS number 943 476 5918', '943 476 5919', '9434765919'],
};
