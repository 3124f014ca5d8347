// Individual taxpayer identification numbers of the United States.

import type { Recognizer } from '../recognizer.js';

export const usItin: Recognizer = {
  entity: 'us-itin',
  about: 'US taxpayer identification numbers (ITIN)',
  byDefault: true,
  digits: 9,
  forms: [
    {
      pattern: /(?<![A-Za-z\d-])9\d{2}-(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])-\d{4}(?![A-Za-z\d-])/gu,
    },
    {
      pattern: /(?<![A-Za-z\d-])9\d{2}[ -]?(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[ -]?\d{4}(?![A-Za-z\d-])/gu,
      cues: /(?:\bitin\b|taxpayer|tax id)/iu,
    },
  ],
  finds: [
    ['ITIN 912-70-1234', '912-70-1234'],
    ['my taxpayer number is 912701234', '912701234'],
  ],
  passes: ['912-10-1234', '912701234', '912-93-1234'],
};
