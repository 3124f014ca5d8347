// Chinese number words: 三千零五, 两万, 一点五亿, 二〇二六, 负三 without its sign, and digits before units: 3.5万. It knows nothing
// of digits alone.

import { shifted, type WrittenNumber } from './english-numbers.js';

const digitOf: ReadonlyMap<string, number> = new Map([
  ...[...'零一二三四五六七八九'].map((word, value) => [word, value] as const),
  ...[...'〇壹贰叁肆伍陆柒捌玖'].map((word, value) => [word, value] as const),
  ...[...'○壹貳參肆伍陸柒捌玖'].map((word, value) => [word, value] as const),
  ['两', 2],
  ['兩', 2],
]);
const smallUnits: ReadonlyMap<string, number> = new Map([
  ['十', 10],
  ['拾', 10],
  ['百', 100],
  ['佰', 100],
  ['千', 1000],
  ['仟', 1000],
]);
/** Zeros of the units that multiply all that stands before them. */
export const largeUnits: ReadonlyMap<string, number> = new Map([
  ['万', 4],
  ['萬', 4],
  ['亿', 8],
  ['億', 8],
]);

const mostCharacters = 60;

/** The longest number in Chinese characters that begins at a position. */
export function chineseNumberAt(text: string, at: number): WrittenNumber | null {
  const characters = [...text.slice(at, at + mostCharacters)];
  return digitsInTurn(characters, at) ?? new Reading().read(characters, at);
}

/** 二〇二六: digits without units, at least two of them. */
function digitsInTurn(characters: readonly string[], at: number): WrittenNumber | null {
  const count = leadingDigits(characters, 0);
  const after = characters[count] ?? '';
  if (count < 2 || smallUnits.has(after) || largeUnits.has(after)) return null;
  return withDecimals(digitText(characters, 0, count), characters, count, at);
}

function leadingDigits(characters: readonly string[], from: number): number {
  let count = 0;
  while (digitOf.has(characters[from + count] ?? '')) count++;
  return count;
}

function digitText(characters: readonly string[], from: number, count: number): string {
  return characters
    .slice(from, from + count)
    .map((character) => digitOf.get(character))
    .join('');
}

/** Decimals after 点, and a large unit after them: 一点五亿. */
function withDecimals(whole: string, characters: readonly string[], end: number, at: number): WrittenNumber {
  const count = characters[end] === '点' || characters[end] === '點' ? leadingDigits(characters, end + 1) : 0;
  if (count === 0) return { end: at + end, digits: whole };
  const decimals = digitText(characters, end + 1, count);
  const zeros = largeUnits.get(characters[end + 1 + count] ?? '');
  const length = end + 1 + count + (zeros === undefined ? 0 : 1);
  return { end: at + length, digits: shifted(whole, decimals, zeros ?? 0) };
}

class Reading {
  private total = 0n;
  /** What the next large unit multiplies. */
  private section = 0;
  /** A digit whose unit is not read yet. */
  private waiting: number | null = null;
  private smallestUnit = 10_000;
  private smallestLarge = Number.POSITIVE_INFINITY;
  /** What one means when it follows at once: 三百五 is 350, 一万二 is 12000. */
  private impliedUnit = 1;

  read(characters: readonly string[], at: number): WrittenNumber | null {
    let end = 0;
    while (end < characters.length && this.take(characters[end] ?? '')) end++;
    if (end === 0) return null;
    const colloquial = BigInt(this.waiting ?? 0) * BigInt(this.impliedUnit);
    return withDecimals(`${this.total + BigInt(this.section) + colloquial}`, characters, end, at);
  }

  /** @returns false if the character cannot follow. */
  private take(character: string): boolean {
    const digit = digitOf.get(character);
    if (digit !== undefined) return this.takeDigit(digit);
    const small = smallUnits.get(character);
    if (small !== undefined) return this.takeSmall(small);
    const zeros = largeUnits.get(character);
    return zeros !== undefined && this.takeLarge(zeros);
  }

  private takeDigit(digit: number): boolean {
    if (this.waiting !== null && this.waiting !== 0) return false;
    if (digit === 0 && this.waiting === 0) return false;
    if (digit === 0) this.impliedUnit = 1;
    this.waiting = digit;
    return true;
  }

  private takeSmall(unit: number): boolean {
    if (unit >= this.smallestUnit || (this.waiting ?? 0) === 0) {
      const isTenAlone = unit === 10 && this.smallestUnit > 10 && (this.waiting ?? 0) === 0;
      if (!isTenAlone) return false;
    }
    this.section += (this.waiting || 1) * unit;
    this.waiting = null;
    this.smallestUnit = unit;
    this.impliedUnit = unit / 10;
    return true;
  }

  private takeLarge(zeros: number): boolean {
    const before = this.section + (this.waiting ?? 0);
    if (zeros === this.smallestLarge || (before === 0 && this.total === 0n)) return false;
    const power = 10n ** BigInt(zeros);
    if (zeros > this.smallestLarge) this.total = (this.total + BigInt(before)) * power;
    else if (before === 0) return false;
    else this.total += BigInt(before) * power;
    this.section = 0;
    this.waiting = null;
    this.smallestUnit = 10_000;
    this.smallestLarge = zeros;
    this.impliedUnit = 10 ** (zeros - 1);
    return true;
  }
}
