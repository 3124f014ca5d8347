// Exact fractions of big integers, with a bound on their size. Roots are the only inexact operation; it says so.

export interface Rational {
  readonly numerator: bigint;
  /** Above 0, and without a common divisor with the numerator. */
  readonly denominator: bigint;
}

/** A result is too large to compute or to write out. */
export class TooLarge extends Error {}
export class DivisionByZero extends Error {}
/** An even root of a negative number. */
export class NotReal extends Error {}

/** Of numerator and denominator each: some 1,200 digits. */
const mostBits = 4096;
/** Digits that an inexact root is right to. */
const rootDigits = 50;

export function rational(numerator: bigint, denominator = 1n): Rational {
  if (denominator === 0n) throw new DivisionByZero();
  checkSize(numerator, denominator);
  const divisor = greatestCommonDivisor(abs(numerator), abs(denominator)) * (denominator < 0n ? -1n : 1n);
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}

/** @param digits decimal notation: `-12.5`. */
export function parseRational(digits: string): Rational {
  const [whole = '', decimals = ''] = digits.split('.');
  if (digits.length > mostBits / 4) throw new TooLarge();
  return rational(BigInt(`${whole}${decimals}`), 10n ** BigInt(decimals.length));
}

export const add = (one: Rational, other: Rational) =>
  rational(
    one.numerator * other.denominator + other.numerator * one.denominator,
    one.denominator * other.denominator,
  );

export const negate = ({ numerator, denominator }: Rational): Rational => ({
  numerator: -numerator,
  denominator,
});

export const subtract = (one: Rational, other: Rational) => add(one, negate(other));

export const multiply = (one: Rational, other: Rational) =>
  rational(one.numerator * other.numerator, one.denominator * other.denominator);

export const divide = (one: Rational, other: Rational) =>
  rational(one.numerator * other.denominator, one.denominator * other.numerator);

/** The remainder of division rounded down: it has the sign of the divisor. */
export function remainder(one: Rational, other: Rational): Rational {
  const quotient = divide(one, other);
  return subtract(one, multiply(other, rational(floor(quotient))));
}

export function floor({ numerator, denominator }: Rational): bigint {
  const quotient = numerator / denominator;
  return numerator < 0n && quotient * denominator !== numerator ? quotient - 1n : quotient;
}

/** @param exponent any integer. */
export function power(base: Rational, exponent: bigint): Rational {
  const { numerator, denominator } = base;
  if (exponent < 0n && numerator === 0n) throw new DivisionByZero();
  if (exponent < 0n) return power(divide(one, base), -exponent);
  if (denominator === 1n && abs(numerator) <= 1n)
    return exponent === 0n || exponent % 2n === 0n
      ? rational(exponent === 0n ? 1n : numerator * numerator)
      : base;
  const bits = BigInt(Math.max(bitsOf(numerator), bitsOf(denominator)) - 1);
  if (exponent * bits > BigInt(mostBits)) throw new TooLarge();
  return rational(numerator ** exponent, denominator ** exponent);
}

export interface Root {
  readonly value: Rational;
  readonly exact: boolean;
}

/** @param degree from 2 to 100. @throws NotReal */
export function root(value: Rational, degree: number): Root {
  if (value.numerator < 0n) {
    if (degree % 2 === 0) throw new NotReal();
    const { value: positive, exact } = root(negate(value), degree);
    return { value: negate(positive), exact };
  }
  const top = integerRoot(value.numerator, degree);
  const bottom = integerRoot(value.denominator, degree);
  const power = BigInt(degree);
  if (top ** power === value.numerator && bottom ** power === value.denominator)
    return { value: rational(top, bottom), exact: true };
  const digits = rootDigits + Math.ceil(String(value.denominator).length / degree);
  const scale = 10n ** BigInt(digits);
  return {
    value: rational(integerRoot((value.numerator * scale ** power) / value.denominator, degree), scale),
    exact: false,
  };
}

/** The largest integer whose power is at most the value, by Newton's method from above. */
function integerRoot(value: bigint, degree: number): bigint {
  if (value < 2n) return value;
  const power = BigInt(degree);
  let guess = 1n << BigInt(Math.ceil(bitsOf(value) / degree));
  for (;;) {
    const next = ((power - 1n) * guess + value / guess ** (power - 1n)) / power;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** An inexact value to the digits that its roots are right to, so that it does not grow without need. */
export function shortened(value: Rational): Rational {
  const { numerator, denominator } = value;
  if (numerator === 0n) return value;
  const { mantissa, exponent } = rounded(abs(numerator), denominator, rootDigits);
  const zeros = exponent - rootDigits + 1;
  const sign = numerator < 0n ? -1n : 1n;
  return rational(sign * mantissa * 10n ** BigInt(Math.max(0, zeros)), 10n ** BigInt(Math.max(0, -zeros)));
}

const mostWhole = 60;
const mostDecimals = 30;
const roundedDigits = 12;

/** Decimal notation. Exact if that takes at most 60 digits and 30 decimals, otherwise rounded to 12 digits. */
export function decimalOf(value: Rational): { readonly text: string; readonly exact: boolean } {
  const exact = exactDecimal(value);
  return exact === null
    ? { text: roundedDecimal(value, roundedDigits), exact: false }
    : { text: exact, exact: true };
}

function exactDecimal({ numerator, denominator }: Rational): string | null {
  let decimals = 0;
  for (let rest = denominator; rest !== 1n; decimals++) {
    if (decimals >= mostDecimals) return null;
    if (rest % 2n !== 0n && rest % 5n !== 0n) return null;
    rest /= rest % 10n === 0n ? 10n : rest % 2n === 0n ? 2n : 5n;
  }
  const scaled = (abs(numerator) * 10n ** BigInt(decimals)) / denominator;
  const digits = String(scaled);
  if (digits.length > mostWhole) return null;
  return `${numerator < 0n ? '-' : ''}${pointed(digits, decimals)}`;
}

/** `1234` with 2 decimals: `12.34`, without zeros at the end. */
function pointed(digits: string, decimals: number): string {
  const padded = digits.padStart(decimals + 1, '0');
  const whole = padded.slice(0, padded.length - decimals);
  const rest = padded.slice(padded.length - decimals).replace(/(?<!0)0+$/, '');
  return rest === '' ? whole : `${whole}.${rest}`;
}

/** Rounded half up to some digits; `1.5 × 10^-9` for very large and very small numbers. */
export function roundedDecimal(value: Rational, digits: number): string {
  const { numerator, denominator } = value;
  if (numerator === 0n) return '0';
  const { mantissa, exponent } = rounded(abs(numerator), denominator, digits);
  const sign = numerator < 0n ? '-' : '';
  const text = String(mantissa);
  if (exponent >= -6 && exponent < digits + 6) {
    const decimals = digits - 1 - exponent;
    return `${sign}${decimals > 0 ? pointed(text, decimals) : `${text}${'0'.repeat(-decimals)}`}`;
  }
  return `${sign}${pointed(text, digits - 1)} × 10^${exponent}`;
}

/** mantissa × 10^(exponent - digits + 1), the mantissa with exactly that many digits. */
function rounded(
  numerator: bigint,
  denominator: bigint,
  digits: number,
): { readonly mantissa: bigint; readonly exponent: number } {
  let exponent = String(numerator).length - String(denominator).length;
  if (numerator * 10n ** BigInt(Math.max(0, -exponent)) < denominator * 10n ** BigInt(Math.max(0, exponent)))
    exponent--;
  const shift = digits - 1 - exponent;
  const top = numerator * 10n ** BigInt(Math.max(0, shift));
  const bottom = denominator * 10n ** BigInt(Math.max(0, -shift));
  const mantissa = (2n * top + bottom) / (2n * bottom);
  return mantissa === 10n ** BigInt(digits)
    ? { mantissa: mantissa / 10n, exponent: exponent + 1 }
    : { mantissa, exponent };
}

const one: Rational = { numerator: 1n, denominator: 1n };

function checkSize(...parts: readonly bigint[]): void {
  if (parts.some((part) => bitsOf(part) > 2 * mostBits)) throw new TooLarge();
}

function bitsOf(value: bigint): number {
  return 4 * abs(value).toString(16).length;
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function greatestCommonDivisor(one: bigint, other: bigint): bigint {
  let [larger, smaller] = [one, other];
  while (smaller !== 0n) [larger, smaller] = [smaller, larger % smaller];
  return larger === 0n ? 1n : larger;
}
