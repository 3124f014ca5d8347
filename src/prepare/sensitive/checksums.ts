// The checksums that national and financial numbers have in common.

/** The digits of a text, in order. */
export function digitsOf(text: string): string {
  return text.replace(/\D/g, '');
}

/** Luhn's checksum (ISO/IEC 7812-1, annex B). @param digits only digits. */
export function isLuhn(digits: string): boolean {
  return luhnSum(digits) % 10 === 0;
}

/** The digits with the check digit that makes them valid. */
export function withLuhn(digits: string): string {
  return digits + String((10 - (luhnSum(`${digits}0`) % 10)) % 10);
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
