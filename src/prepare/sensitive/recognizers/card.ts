// Numbers of payment cards, UnionPay among them: issuer, length and Luhn's checksum (ISO/IEC 7812-1).

import { digitsOf, isLuhn, isRepeated } from '../checksums.js';
import type { Recognizer } from '../recognizer.js';

/** What a number begins with, and how many digits it can have. */
const issuers: readonly (readonly [start: RegExp, lengths: readonly number[]])[] = [
  [/^4/, [13, 16, 19]], // Visa
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]], // Mastercard
  [/^3[47]/, [15]], // American Express
  [/^3(?:0[0-59]|[689])/, [14, 15, 16, 17, 18, 19]], // Diners Club
  [/^(?:6011|64[4-9]|65)/, [16, 17, 18, 19]], // Discover
  [/^35/, [16, 17, 18, 19]], // JCB
  [/^(?:2131|1800)/, [15]], // JCB, older numbers
  [/^(?:62|81)/, [16, 17, 18, 19]], // UnionPay
  [/^(?:5[0678]|6)/, [12, 13, 14, 15, 16, 17, 18, 19]], // Maestro
  [/^220[0-4]/, [16, 17, 18, 19]], // Mir
  [/^9792/, [16]], // Troy
];

function isCard(value: string): boolean {
  const digits = digitsOf(value);
  if (!isLuhn(digits) || isRepeated(digits)) return false;
  return issuers.some(([start, lengths]) => lengths.includes(digits.length) && start.test(digits));
}

export const card: Recognizer = {
  entity: 'card',
  about: 'numbers of payment cards, with Luhn’s checksum',
  byDefault: true,
  digits: 12,
  forms: [
    {
      pattern:
        /(?<![A-Za-z\d]|\d[.,-])(?:\d{12,19}|\d{4}(?:[ -]\d{4}){2}(?:[ -]\d{1,7}){1,2}|\d{4}[ -]\d{6}[ -]\d{4,5})(?![A-Za-z\d]|[.,-]\d)/gu,
      confirms: isCard,
    },
  ],
  finds: [
    ['My card is 4111 1111 1111 1111, ok?', '4111 1111 1111 1111'],
    ['amex 3782-822463-10005', '3782-822463-10005'],
    ['5105105105105100', '5105105105105100'],
    ['卡号6222021234567890128请查收', '6222021234567890128'],
    ['６２２２ ０２１２ ３４５６ ７８９０ １２８', '6222 0212 3456 7890 128'],
    ['visa 4222222222222', '4222222222222'],
    ['4012888888881881 or 6011000990139424', '4012888888881881', '6011000990139424'],
  ],
  passes: [
    'order 4111 1111 1111 1112',
    'tracking 9400111899223818218407',
    '0000 0000 0000 0000',
    'call 1234567890',
    'the 2024-01-15 12:30:45 build',
    '1111111111111111',
  ],
};
