// Italian fiscal codes, with their check letter.

import type { Recognizer } from '../recognizer.js';

/** The values of 0 to 9 and A to Z at odd places, counted from 1 (Decreto ministeriale 23/12/1976). */
const odd = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16,
  10, 22, 25, 24, 23,
];

function isFiscalCode(value: string): boolean {
  let sum = 0;
  for (const [at, character] of [...value.slice(0, 15)].entries()) {
    const inBase36 = Number.parseInt(character, 36);
    sum += at % 2 === 0 ? (odd[inBase36] ?? 0) : inBase36 > 9 ? inBase36 - 10 : inBase36;
  }
  return String.fromCharCode(65 + (sum % 26)) === value[15]?.toUpperCase();
}

export const itFiscalCode: Recognizer = {
  entity: 'it-fiscal-code',
  about: 'Italian fiscal codes, with their check letter',
  byDefault: true,
  digits: 0,
  forms: [
    {
      pattern:
        /(?<![A-Za-z\d])[A-Z]{6}[\dLMNP-V]{2}[A-EHLMPR-T][\dLMNP-V]{2}[A-Z][\dLMNP-V]{3}[A-Z](?![A-Za-z\d])/giu,
      confirms: isFiscalCode,
    },
  ],
  finds: [['codice fiscale RSSMRA85T10A562S', 'RSSMRA85T10A562S']],
  passes: ['RSSMRA85T10A562T', 'internationalise'],
};
