// French social security numbers (NIR): sex, month, department, and a key modulo 97.

import type { Recognizer } from '../recognizer.js';

function isNir(value: string): boolean {
  const characters = value.replace(/[ .-]/g, '').toUpperCase();
  // Corsica has letters, which count as the digits of its older department.
  const digits = characters.replace('2A', '19').replace('2B', '18');
  return (
    /^\d{15}$/.test(digits) && 97 - Number(BigInt(digits.slice(0, 13)) % 97n) === Number(digits.slice(13))
  );
}

export const frNir: Recognizer = {
  entity: 'fr-nir',
  about: 'French social security numbers, with their key',
  byDefault: true,
  digits: 14,
  forms: [
    {
      pattern:
        /(?<![A-Za-z\d])[12][ .]?\d{2}[ .]?(?:0[1-9]|1[0-2]|[2-9]\d)[ .]?(?:\d{2}|2[AB])[ .]?\d{3}[ .]?\d{3}[ .]?\d{2}(?![A-Za-z\d])/giu,
      confirms: isNir,
    },
  ],
  finds: [
    ['numéro de sécu 2 55 08 14 168 025 38', '2 55 08 14 168 025 38'],
    ['255081416802538', '255081416802538'],
  ],
  passes: ['2 55 08 14 168 025 39', '255081416802537', '355081416802538'],
};
