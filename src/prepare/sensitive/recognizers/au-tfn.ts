// Australian tax file numbers, with their checksum modulo 11.

import { digitsOf, isRepeated, weighted } from '../checksums.js';
import type { Recognizer } from '../recognizer.js';

export const auTfn: Recognizer = {
  entity: 'au-tfn',
  about: 'Australian tax file numbers, after a cue, with their checksum',
  byDefault: true,
  digits: 9,
  forms: [
    {
      pattern: /(?<![A-Za-z\d.-])\d{3}[ -]?\d{3}[ -]?\d{3}(?![A-Za-z\d-])/gu,
      cues: /(?:\btfn\b|tax file)/iu,
      confirms: (value) =>
        weighted(digitsOf(value), [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0 && !isRepeated(digitsOf(value)),
    },
  ],
  finds: [['tax file number 123 456 782', '123 456 782']],
  passes: ['tax file number 123 456 783', '123 456 782'],
};
