// Resident identity numbers of China: region, date of birth and checksum (GB 11643-1999). Those of 15 digits are from before 1999.

import { isDay, weighted } from '../checksums.js';
import type { Recognizer } from '../recognizer.js';

function isResident(value: string): boolean {
  const [year, month, day] = [value.slice(6, 10), value.slice(10, 12), value.slice(12, 14)].map(Number);
  if (!isDay(year ?? 0, month ?? 0, day ?? 0)) return false;
  const check = weighted(value.slice(0, 17), [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11;
  return '10X98765432'[check] === value[17]?.toUpperCase();
}

/** The first two digits: provinces, regions, Hong Kong, Macau, Taiwan, and residence permits of foreigners (9). */
const province = '(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9[1-3])';

export const cnId: Recognizer = {
  entity: 'cn-id',
  about: 'Chinese resident identity numbers, with date and checksum',
  byDefault: true,
  digits: 15,
  forms: [
    {
      pattern: new RegExp(
        String.raw`(?<![A-Za-z\d])${province}\d{4}(?:18|19|20)\d{9}[\dXx](?![A-Za-z\d])`,
        'gu',
      ),
      confirms: isResident,
    },
    {
      pattern: new RegExp(String.raw`(?<![A-Za-z\d])${province}\d{13}(?![A-Za-z\d])`, 'gu'),
      cues: /身份证|证件号/u,
      confirms: (value) =>
        isDay(1900 + Number(value.slice(6, 8)), Number(value.slice(8, 10)), Number(value.slice(10, 12))),
    },
  ],
  finds: [
    ['我的身份证号是11010519491231002X，请核对', '11010519491231002X'],
    ['身份证１１０１０５１９４９１２３１００２Ｘ', '11010519491231002X'],
    ['老身份证号110105491231002', '110105491231002'],
  ],
  passes: ['110105194912310021', '身份证11010519491331002X', '流水号 202401151234567890', '110105491231002'],
};
