// National insurance numbers of the United Kingdom.

import type { Recognizer } from '../recognizer.js';

export const ukNino: Recognizer = {
  entity: 'uk-nino',
  about: 'UK national insurance numbers',
  byDefault: true,
  digits: 6,
  forms: [
    {
      pattern:
        /(?<![A-Za-z\d])(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?![A-Za-z\d])/giu,
    },
  ],
  finds: [
    ['my NI number is AB 12 34 56 C', 'AB 12 34 56 C'],
    ['ab123456c', 'ab123456c'],
  ],
  passes: ['GB 12 34 56 C', 'DA 12 34 56 C', 'AB 12 34 56 E', 'AB123456'],
};
