// Dutch citizen service numbers (BSN), with the test of eleven.

import { digitsOf, isRepeated, weighted } from '../checksums.js';
import type { Recognizer } from '../recognizer.js';

export const nlBsn: Recognizer = {
  entity: 'nl-bsn',
  about: 'Dutch citizen service numbers, after a cue, with their checksum',
  byDefault: true,
  digits: 9,
  forms: [
    {
      pattern: /(?<![A-Za-z\d.-])\d{4}[ .]?\d{2}[ .]?\d{3}(?![A-Za-z\d-])/gu,
      cues: /(?:\bbsn\b|burgerservice|sofinummer|persoonsnummer)/iu,
      confirms: (value) =>
        weighted(digitsOf(value), [9, 8, 7, 6, 5, 4, 3, 2, 10]) % 11 === 0 && !isRepeated(digitsOf(value)),
    },
  ],
  finds: [['mijn BSN is 111222333', '111222333']],
  passes: ['mijn BSN is 111222334', '111222333'],
};
