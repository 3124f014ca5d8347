// US bank routing and account numbers, and passports and driving licences: digits that only count after a cue.

import { digitsOf, weighted } from '../checksums.js';
import type { Recognizer } from '../recognizer.js';

/** The checksum of the American Bankers Association. */
const isRouting = (value: string) =>
  /^(?:0\d|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)/.test(value) &&
  weighted(digitsOf(value), [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0;

export const usBank: Recognizer = {
  entity: 'us-bank',
  about: 'US bank routing and account numbers, after a cue such as “routing number”',
  byDefault: true,
  digits: 8,
  forms: [
    {
      pattern: /(?<![A-Za-z\d-])\d{9}(?![A-Za-z\d-])/gu,
      cues: /(?:routing|\baba\b|\brtn\b)/iu,
      confirms: isRouting,
    },
    {
      pattern: /(?<![A-Za-z\d-])\d{8,17}(?![A-Za-z\d-])/gu,
      cues: /(?:(?:bank|checking|savings) (?:account|acct)|银行账号|银行卡号|account at \w{1,20} bank)/iu,
    },
  ],
  finds: [
    ['routing number 021000021', '021000021'],
    ['my bank account number is 000123456789', '000123456789'],
  ],
  passes: ['routing number 021000022', 'account 000123456789', '021000021'],
};
