// Swiss social security numbers (AHV), with the checksum of EAN-13.

import { digitsOf, weighted } from '../checksums.js';
import type { Recognizer } from '../recognizer.js';

export const chAhv: Recognizer = {
  entity: 'ch-ahv',
  about: 'Swiss social security numbers, with their checksum',
  byDefault: true,
  digits: 13,
  forms: [
    {
      pattern: /(?<![A-Za-z\d.-])756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}(?![A-Za-z\d-])/gu,
      confirms: (value) => weighted(digitsOf(value), [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0,
    },
  ],
  finds: [['AHV-Nummer 756.9217.0769.85', '756.9217.0769.85']],
  passes: ['756.9217.0769.86', '757.9217.0769.85'],
};
