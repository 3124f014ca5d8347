// Finds English words that have synonyms in the same form. It knows nothing of chance.
//
// Only words of small letters are replaced, except at the beginning of a sentence: capitals elsewhere are names.

import type { Candidate } from './candidate.js';
import { englishShare, replacementsHere } from './english-reading.js';
import type { EnglishTable } from './english-table.js';
import type { Untouched } from './untouched.js';

interface Token {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly small: string;
  /** Whether the clause goes on from the token before: there is only a space between. */
  readonly follows: boolean;
}

const tokenPattern = /[A-Za-z]+(?:['’][A-Za-z]+)*/g;
/** Letters of other alphabets, digits, and signs that join words. */
const joins = /[0-9A-Za-z_\u0080-\u024f\u0370-\u1fff\u2c00-\u2dff\u3040-\ufeff'’@#$%&/\\=-]/;
const sentenceStart = /(?:^|[.!?…\n])["'“‘(\s]{0,20}$/;
/** Words that are given names when they begin with a capital. */
const givenNames = new Set(['bill', 'brook', 'brooks', 'buddy', 'doc', 'dawn']);
/** How many words before and after a word can matter. */
const reach = 4;

/** @param own words with replacements that a person gave; they are taken as they are, in any reading. */
export function englishCandidates(
  text: string,
  table: EnglishTable,
  own: ReadonlyMap<string, readonly string[]>,
  isName: (word: string) => boolean,
  untouched: Untouched,
): Candidate[] {
  const tokens = tokensIn(text);
  if (!tokens.some(({ small }) => table.words.has(small) || own.has(small))) return [];
  if (tokens.length >= 5 && englishShare(tokens.map(({ small }) => small)) < 0.1) return [];
  return tokens.flatMap((token, index) => {
    const given = own.get(token.small);
    const readings = table.words.get(token.small);
    if (given === undefined && readings === undefined) return [];
    if (!isReplaceable(token, text, isName) || untouched(token.start, token.end)) return [];
    if (isInPhrase(tokens, index, table.phrases)) return [];
    const around = { before: before(tokens, index), after: after(tokens, index), nouns: table.nouns };
    const found = given ?? replacementsHere(readings ?? [], around);
    const replacements = found.map((word) => capitalized(word, token.text));
    return replacements.length === 0 ? [] : [{ start: token.start, end: token.end, replacements }];
  });
}

/** The words of a text, in small letters. */
export function tokensIn(text: string): Token[] {
  const tokens: Token[] = [];
  for (const { index, 0: found } of text.matchAll(tokenPattern)) {
    const last = tokens.at(-1);
    const follows = last !== undefined && /^[ \t]+$/.test(text.slice(last.end, index));
    const small = found.toLowerCase().replace('’', "'");
    tokens.push({ start: index, end: index + found.length, text: found, small, follows });
  }
  return tokens;
}

function isReplaceable(
  { start, end, text: word, small }: Token,
  text: string,
  isName: (word: string) => boolean,
): boolean {
  if (joins.test(text.charAt(start - 1)) || joins.test(text.charAt(end))) return false;
  if (isName(small)) return false;
  if (word === small) return true;
  if (word.length > 1 && word === word.toUpperCase()) return text === text.toUpperCase();
  return (
    isCapitalized(word) &&
    !givenNames.has(small) &&
    sentenceStart.test(text.slice(Math.max(0, start - 20), start))
  );
}

function isCapitalized(word: string): boolean {
  return /^[A-Z][a-z]+$/.test(word);
}

function isInPhrase(tokens: readonly Token[], index: number, phrases: ReadonlySet<string>): boolean {
  for (let from = Math.max(0, index - 3); from <= index; from++) {
    let phrase = tokens[from]?.small ?? '';
    for (let to = from + 1; to < Math.min(tokens.length, from + 4); to++) {
      phrase += ` ${tokens[to]?.small.replace(/'s$/, '')}`;
      if (to >= index && (phrases.has(phrase) || phrases.has(phrase.replace(/s$/, '')))) return true;
    }
  }
  return false;
}

function before(tokens: readonly Token[], index: number): string[] {
  const found: string[] = [];
  for (let at = index; at > 0 && found.length < reach && tokens[at]?.follows; at--)
    found.push(tokens[at - 1]?.small ?? '');
  return found;
}

function after(tokens: readonly Token[], index: number): string[] {
  const found: string[] = [];
  for (let at = index + 1; found.length < reach && tokens[at]?.follows; at++)
    found.push(tokens[at]?.small ?? '');
  return found;
}

/** A replacement with the capitals of the word. */
function capitalized(replacement: string, word: string): string {
  if (word.length > 1 && word === word.toUpperCase()) return replacement.toUpperCase();
  return isCapitalized(word) ? replacement.charAt(0).toUpperCase() + replacement.slice(1) : replacement;
}
