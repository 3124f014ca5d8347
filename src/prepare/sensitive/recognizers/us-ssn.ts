// Social security numbers of the United States. They have no checksum, so digits without dashes need a cue.

import { digitsOf, isRepeated } from '../checksums.js';
import type { Recognizer } from '../recognizer.js';

/** Numbers that were printed in advertisements, and are used by nobody. */
const advertised = ['078051120', '219099999', '123456789', '987654321'];

function isSsn(value: string): boolean {
  const digits = digitsOf(value);
  const [area, group, serial] = [digits.slice(0, 3), digits.slice(3, 5), digits.slice(5)];
  if (area === '000' || area === '666' || area >= '900' || group === '00' || serial === '0000') return false;
  return !isRepeated(digits) && !advertised.includes(digits);
}

export const usSsn: Recognizer = {
  entity: 'us-ssn',
  about: 'US social security numbers',
  byDefault: true,
  digits: 9,
  forms: [
    { pattern: /(?<![A-Za-z\d-]|\d\.)\d{3}-\d{2}-\d{4}(?![A-Za-z\d-]|\.\d)/gu, confirms: isSsn },
    {
      pattern: /(?<![A-Za-z\d-])\d{3}[ .]?\d{2}[ .]?\d{4}(?![A-Za-z\d-])/gu,
      cues: /(?:ssns?|social security|soc sec|社安号|社会安全号)/iu,
      confirms: isSsn,
    },
  ],
  finds: [
    ['my ssn is 536-90-4399.', '536-90-4399'],
    ['social security number: 536904399', '536904399'],
    ['SSN 536 90 4399', '536 90 4399'],
  ],
  passes: ['000-12-3456', '666-12-3456', '078-05-1120', '536904399', '12-34-5678', 'part 536-90-43995'],
};
