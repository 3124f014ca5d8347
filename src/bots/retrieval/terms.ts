// Divides a normalized text into the terms by which questions are found: words, and pairs of neighbouring characters in
// scripts that put no spaces between words.

/** Kinds of UTF-16 code units. */
const unknown = 0;
const separator = 1;
const word = 2;
/** Written without spaces: Han, Kana, Thai, Lao, Khmer, Burmese. */
const dense = 3;

const kinds = new Uint8Array(0x10000);
const inWord = /[\p{L}\p{N}\p{M}]/u;
const isDense =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u30FC\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

function kindOf(unit: number): number {
  const known = kinds[unit] ?? unknown;
  if (known !== unknown) return known;
  const character = String.fromCharCode(unit);
  // Halves of pairs are rare Han characters, or emoji, which say something too.
  const isHalf = unit >= 0xd800 && unit <= 0xdfff;
  const kind = isHalf || isDense.test(character) ? dense : inWord.test(character) ? word : separator;
  kinds[unit] = kind;
  return kind;
}

/**
 * The different terms of a text, in the order of their first occurrence. A dense character between others is part of two
 * terms; alone it is one.
 * @param text as `normalize` gives it.
 */
export function termsOf(text: string): string[] {
  const terms: string[] = [];
  const { length } = text;
  for (let start = 0; start < length; ) {
    const kind = kindOf(text.charCodeAt(start));
    let end = start + 1;
    while (end < length && kindOf(text.charCodeAt(end)) === kind) end++;
    if (kind === word) terms.push(text.slice(start, end));
    else if (kind === dense) addPairs(terms, text.slice(start, end));
    start = end;
  }
  return different(terms);
}

/** Without those that were there before. Most texts have few terms, for which a set is slower. */
function different(terms: string[]): string[] {
  if (terms.length > 24) return [...new Set(terms)];
  const isRepeated = terms.some((term, place) => terms.indexOf(term) !== place);
  return isRepeated ? [...new Set(terms)] : terms;
}

/** The words and the single dense characters of a text, in order. */
export function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  const { length } = text;
  for (let start = 0; start < length; ) {
    const kind = kindOf(text.charCodeAt(start));
    let end = start + 1;
    while (end < length && kindOf(text.charCodeAt(end)) === kind) end++;
    if (kind === word) pieces.push(text.slice(start, end));
    else if (kind === dense) pieces.push(...text.slice(start, end));
    start = end;
  }
  return pieces;
}

function addPairs(terms: string[], run: string): void {
  const characters = [...run];
  if (characters.length === 1) terms.push(run);
  for (let index = 1; index < characters.length; index++)
    terms.push(`${characters[index - 1]}${characters[index]}`);
}
