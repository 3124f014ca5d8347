// Indian identity numbers: Aadhaar, with Verhoeff's checksum, and the tax number of a person (PAN).

import { digitsOf, isVerhoeff } from '../checksums.js';
import type { Recognizer } from '../recognizer.js';

const isAadhaar = (value: string) => isVerhoeff(digitsOf(value));

export const inId: Recognizer = {
  entity: 'in-id',
  about: 'Indian Aadhaar numbers, with their checksum, and tax numbers (PAN)',
  byDefault: true,
  digits: 4,
  forms: [
    {
      pattern: /(?<![A-Za-z\d+-]|\d )[2-9]\d{3}[ -]\d{4}[ -]\d{4}(?![A-Za-z\d-]| \d)/gu,
      confirms: isAadhaar,
    },
    {
      pattern: /(?<![A-Za-z\d+-])[2-9]\d{11}(?![A-Za-z\d-])/gu,
      cues: /aadh?aar|uidai/iu,
      confirms: isAadhaar,
    },
    { pattern: /(?<![A-Za-z\d])[A-Z]{3}P[A-Z]\d{4}[A-Z](?![A-Za-z\d])/gu },
  ],
  finds: [
    ['Aadhaar 9999 4105 7058', '9999 4105 7058'],
    ['aadhaar no 999941057058', '999941057058'],
    ['PAN ABCPE1234F', 'ABCPE1234F'],
  ],
  passes: ['9999 4105 7059', '999941057058', 'ABCDE1234F'],
};
