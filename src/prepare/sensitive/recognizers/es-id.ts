// Spanish identity numbers (NIF and NIE): the letter is the number modulo 23.

import type { Recognizer } from '../recognizer.js';

function isNif(value: string): boolean {
  const characters = value.replace(/[ .-]/g, '').toUpperCase();
  const number = Number(characters.slice(0, -1).replace(/^[XYZ]/, (first) => String('XYZ'.indexOf(first))));
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23] === characters.at(-1);
}

export const esId: Recognizer = {
  entity: 'es-id',
  about: 'Spanish identity numbers (NIF, NIE), with their letter',
  byDefault: true,
  digits: 7,
  forms: [
    {
      pattern: /(?<![A-Za-z\d.-])(?:\d{8}|\d{2}\.\d{3}\.\d{3}|[XYZ]-?\d{7})-?[A-HJ-NP-TV-Z](?![A-Za-z\d])/giu,
      confirms: isNif,
    },
  ],
  finds: [
    ['mi DNI es 12345678Z', '12345678Z'],
    ['NIE X1234567L', 'X1234567L'],
    ['12.345.678-Z', '12.345.678-Z'],
  ],
  passes: ['12345678A', 'X1234567A', '1234567Z'],
};
