// Identity numbers of Singapore (NRIC and FIN), with their check letter.

import { weighted } from '../checksums.js';
import type { Recognizer } from '../recognizer.js';

function isNric(value: string): boolean {
  const [first = '', last = ''] = [value[0]?.toUpperCase(), value[8]?.toUpperCase()];
  const offset = first === 'T' || first === 'G' ? 4 : first === 'M' ? 3 : 0;
  const sum = weighted(value.slice(1, 8), [2, 7, 6, 5, 4, 3, 2]) + offset;
  if (first === 'M') return 'XWUTRQPNJLK'[sum % 11] === last;
  return (first === 'S' || first === 'T' ? 'JZIHGFEDCBA' : 'XWUTRQPNMLK')[sum % 11] === last;
}

export const sgNric: Recognizer = {
  entity: 'sg-nric',
  about: 'identity numbers of Singapore, with their check letter',
  byDefault: true,
  digits: 7,
  forms: [{ pattern: /(?<![A-Za-z\d])[STFG]\d{7}[A-Z](?![A-Za-z\d])/giu, confirms: isNric }],
  finds: [['my NRIC is S1234567D', 'S1234567D']],
  passes: ['S1234567A', 'S123456D'],
};
