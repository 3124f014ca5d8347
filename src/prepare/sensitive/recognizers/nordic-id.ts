// Identity numbers of Sweden, with Luhn's checksum, and of Finland, with their check character.

import { digitsOf, isDay, isLuhn } from '../checksums.js';
import type { Recognizer } from '../recognizer.js';

function isSwedish(value: string): boolean {
  const digits = digitsOf(value).slice(-10);
  const [year, month, day] = [0, 2, 4].map((at) => Number(digits.slice(at, at + 2)));
  return isDay(2000 + (year ?? 0), month ?? 0, (day ?? 0) % 60) && isLuhn(digits);
}

function isFinnish(value: string): boolean {
  const digits = digitsOf(value.slice(0, -1));
  return '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(digits) % 31] === value.at(-1)?.toUpperCase();
}

export const nordicId: Recognizer = {
  entity: 'nordic-id',
  about: 'Swedish and Finnish identity numbers, with their checksums',
  byDefault: true,
  digits: 9,
  forms: [
    {
      pattern:
        /(?<![A-Za-z\d-])(?:(?:19|20)\d{2}|\d{2})(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01]|[67]\d|8\d|9[01])[-+]\d{4}(?![A-Za-z\d-])/gu,
      confirms: isSwedish,
    },
    {
      pattern:
        /(?<![A-Za-z\d-])(?:[0-2]\d|3[01])(?:0\d|1[0-2])\d{2}[-+A-FU-Y]\d{3}[\dA-FHJ-NPR-Y](?![A-Za-z\d-])/giu,
      confirms: isFinnish,
    },
  ],
  finds: [
    ['personnummer 811218-9876', '811218-9876'],
    ['hetu 131052-308T', '131052-308T'],
  ],
  passes: ['811218-9877', '131052-308A', '811318-9876'],
};
