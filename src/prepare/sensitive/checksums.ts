// The checksums that national and financial numbers have in common.

/** The digits of a text, in order. */
export function digitsOf(text: string): string {
  return text.replace(/\D/g, '');
}

/** Luhn's checksum (ISO/IEC 7812-1, annex B). @param digits only digits. */
export function isLuhn(digits: string): boolean {
  return luhnSum(digits) % 10 === 0;
}

function luhnSum(digits: string): number {
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = Number(digits[digits.length - 1 - at]);
    const doubled = at % 2 === 1 ? 2 * digit : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum;
}

/** The sum of digits times weights. A letter counts by its value in base 36. */
export function weighted(characters: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, at) => sum + weight * Number.parseInt(characters[at] ?? '0', 36), 0);
}

/** Whether all characters are the same, as in a number that somebody made up. */
export function isRepeated(characters: string): boolean {
  return /^(.)\1*$/.test(characters);
}

/** ISO 7064, MOD 97-10, of a number of any length in which letters count as two digits. */
export function mod97(characters: string): number {
  let remainder = 0;
  for (const character of characters) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder;
}

/** ISO 7064, MOD 11,10: whether the last digit is the check digit. */
export function isMod11and10(digits: string): boolean {
  let product = 10;
  for (const digit of digits.slice(0, -1)) {
    const sum = (Number(digit) + product) % 10 || 10;
    product = (2 * sum) % 11;
  }
  return (11 - product) % 10 === Number(digits.at(-1));
}

/** Whether a day exists. @param month from 1. */
export function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

const verhoeffTimes = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
];
const verhoeffPermuted = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
];

/** Verhoeff's checksum ("Error Detecting Decimal Codes", 1969). */
export function isVerhoeff(digits: string): boolean {
  let check = 0;
  for (const [at, digit] of [...digits].reverse().entries())
    check = Number(verhoeffTimes[check]?.[Number(verhoeffPermuted[at % 8]?.[Number(digit)])]);
  return check === 0;
}
