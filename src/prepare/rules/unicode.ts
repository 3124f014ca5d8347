// Brings characters to one form: composed (NFC), without control characters, and with lone surrogates replaced.

import type { TextRepair } from '../rule.js';

/** All control characters but tab and line feed. */
const control = /(?![\t\n])\p{Cc}/gu;
const loneSurrogate = /\p{Surrogate}/gu;

export const unicode: TextRepair = {
  name: 'unicode',
  help: 'Keep characters as they are, instead of composing them (NFC) and removing control characters.',
  byDefault: true,
  options: {},
  examples: [{ before: ['Cafe\u0301?', 'Ja\u0007!'], after: ['Café?', 'Ja!'] }],
  start: () => (text) => text.replace(loneSurrogate, '\ufffd').normalize('NFC').replace(control, ''),
};
