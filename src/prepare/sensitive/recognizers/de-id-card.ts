// Numbers of German identity cards and passports, with the check digit of machine-readable documents (ICAO 9303).

import { weighted } from '../checksums.js';
import type { Recognizer } from '../recognizer.js';

const isDocument = (value: string) =>
  weighted(value.toUpperCase(), [7, 3, 1, 7, 3, 1, 7, 3, 1]) % 10 === Number(value[9]);

export const deIdCard: Recognizer = {
  entity: 'de-id-card',
  about: 'numbers of German identity cards and passports, after a cue or with their check digit',
  byDefault: true,
  digits: 3,
  forms: [
    {
      pattern: /(?<![A-Za-z\d])[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ\d]{8}\d(?![A-Za-z\d])/giu,
      confirms: (value) => /\d.{0,8}\d.{0,8}\d/.test(value) && isDocument(value),
      cues: /(?:ausweis|personalausweis|\bperso\b|\bpass\b|reisepass|passport|id card|identity)/iu,
    },
    {
      pattern: /(?<![A-Za-z\d])[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ\d]{8}(?![A-Za-z\d])/giu,
      confirms: (value) => /\d.{0,7}\d.{0,7}\d/.test(value),
      cues: /(?:ausweis(?:nummer|nr\.?)?|reisepass|passnummer)[^\n]{0,20}$/iu,
    },
  ],
  finds: [
    ['Personalausweis L01X00T471', 'L01X00T471'],
    ['Ausweisnummer: T22000129', 'T22000129'],
  ],
  passes: ['Personalausweis L01X00T472', 'L01X00T471', 'Ausweis vergessen'],
};
