// Resident registration numbers of South Korea: a date of birth and seven digits. Since 2020 they have no checksum.

import { isDay } from '../checksums.js';
import type { Recognizer } from '../recognizer.js';

export const krRrn: Recognizer = {
  entity: 'kr-rrn',
  about: 'South Korean resident registration numbers',
  byDefault: true,
  digits: 13,
  forms: [
    {
      pattern: /(?<![A-Za-z\d-])\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-[1-8]\d{6}(?![A-Za-z\d-])/gu,
      confirms: (value) =>
        isDay(2000 + Number(value.slice(0, 2)), Number(value.slice(2, 4)), Number(value.slice(4, 6))),
    },
  ],
  finds: [['주민등록번호 900101-1234567', '900101-1234567']],
  passes: ['901301-1234567', '900101-9234567', '20240115-1234567'],
};
