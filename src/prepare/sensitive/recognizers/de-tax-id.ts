// German tax identification numbers: one or two digits occur more than once, and the last is a checksum (ISO 7064, MOD 11,10).

import { digitsOf, isMod11and10 } from '../checksums.js';
import type { Recognizer } from '../recognizer.js';

function isTaxId(value: string): boolean {
  const digits = digitsOf(value);
  const distinct = new Set(digits.slice(0, 10)).size;
  return !digits.startsWith('0') && (distinct === 9 || distinct === 8) && isMod11and10(digits);
}

export const deTaxId: Recognizer = {
  entity: 'de-tax-id',
  about: 'German tax identification numbers, with their checksum',
  byDefault: true,
  digits: 11,
  forms: [
    { pattern: /(?<![A-Za-z\d+-])\d{2} \d{3} \d{3} \d{3}(?![A-Za-z\d-])/gu, confirms: isTaxId },
    {
      pattern: /(?<![A-Za-z\d+-])\d{11}(?![A-Za-z\d-])/gu,
      confirms: isTaxId,
      cues: /(?:steuer|\bidnr|\btin\b|tax)/iu,
    },
  ],
  finds: [
    ['Steuer-ID: 65 929 970 489', '65 929 970 489'],
    ['meine Steuernummer 86095742719', '86095742719'],
  ],
  passes: ['Steuer-ID 65 929 970 488', '86095742719', 'tax 12345678901'],
};
