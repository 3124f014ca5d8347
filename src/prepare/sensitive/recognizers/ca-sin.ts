// Canadian social insurance numbers, with Luhn's checksum.

import { digitsOf, isLuhn, isRepeated } from '../checksums.js';
import type { Recognizer } from '../recognizer.js';

export const caSin: Recognizer = {
  entity: 'ca-sin',
  about: 'Canadian social insurance numbers, after a cue, with Luhn’s checksum',
  byDefault: true,
  digits: 9,
  forms: [
    {
      pattern: /(?<![A-Za-z\d.-])\d{3}[ -]?\d{3}[ -]?\d{3}(?![A-Za-z\d-])/gu,
      cues: /(?:\bSIN\b|social insurance|assurance sociale|\bNAS\b)/u,
      confirms: (value) => isLuhn(digitsOf(value)) && !isRepeated(digitsOf(value)),
    },
  ],
  finds: [['my SIN is 046 454 286', '046 454 286']],
  passes: ['my SIN is 046 454 287', '046 454 286', 'a sin 046454286'],
};
