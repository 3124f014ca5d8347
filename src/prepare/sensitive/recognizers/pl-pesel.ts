// Polish PESEL numbers, with their checksum and the date of birth in them.

import { digitsOf, isDay, weighted } from '../checksums.js';
import type { Recognizer } from '../recognizer.js';

function isPesel(value: string): boolean {
  const digits = digitsOf(value);
  const [year, month, day] = [0, 2, 4].map((at) => Number(digits.slice(at, at + 2)));
  const exists = isDay(2000 + (year ?? 0), (month ?? 0) % 20, day ?? 0);
  return exists && weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0;
}

export const plPesel: Recognizer = {
  entity: 'pl-pesel',
  about: 'Polish PESEL numbers, after a cue, with their checksum',
  byDefault: true,
  digits: 11,
  forms: [{ pattern: /(?<![A-Za-z\d.-])\d{11}(?![A-Za-z\d-])/gu, cues: /pesel/iu, confirms: isPesel }],
  finds: [['mój PESEL to 44051401359', '44051401359']],
  passes: ['PESEL 44051401358', '44051401359'],
};
