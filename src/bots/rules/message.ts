// A message as rules, skills and forms read it: composed, without what cannot be seen, with single spaces. Positions count
// UTF-16 units and are the same in `text` and `folded`.

import { type Language, languageOf } from '../language.js';

export interface Message {
  /** As the user wrote it. */
  readonly raw: string;
  /** Cleaned, with the case of its letters. Values of slots are parts of it. */
  readonly text: string;
  /** `text` in lower case, what patterns are compared with. Exactly as long. */
  readonly folded: string;
  /** Where the text begins and ends without punctuation around it. */
  readonly start: number;
  readonly end: number;
  readonly language: Language;
}

/** Longer messages are not compared with rules. */
export const mostCharacters = 2000;

/** What may stand between words, or around a message. */
const separators = new Set(' \t\n\r\u00a0\u3000,.;:!?¿¡、。…"“”„«»()「」');
export const isSeparator = (character: string) => separators.has(character);
/** Letters of scripts that put no spaces between words. */
const unspaced =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]$/u;
const wordCharacter = /^[\p{L}\p{M}\p{N}]$/u;

// Most characters are ASCII, for which a table of Unicode need not be searched.
export const isUnspaced = (character: string) => character > '\u02ff' && unspaced.test(character);

/** @returns null for a message that is too long to compare. */
export function readMessage(raw: string): Message | null {
  if (raw.length > 2 * mostCharacters) return null;
  const text = cleaned(raw);
  if (text.length > mostCharacters) return null;
  return { raw, text, folded: folded(text), ...outline(text), language: languageOf(text) };
}

/** Compatible forms composed (NFKC), typewriter apostrophes, no invisible characters, single spaces, none around it. */
export function cleaned(raw: string): string {
  return raw
    .normalize('NFKC')
    .replace(/[‘’‛ʼ`´]/g, "'")
    .replace(/\s/g, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}]/gu, '')
    .replace(/ {2,}/g, ' ')
    .trim();
}

/** In lower case, character by character, so that no position moves. */
export function folded(text: string): string {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : [...text].map(foldedCharacter).join('');
}

export function foldedCharacter(character: string): string {
  const lower = character.toLowerCase();
  return lower.length === character.length ? lower : character;
}

function outline(text: string): { start: number; end: number } {
  let [start, end] = [0, text.length];
  while (start < end && isSeparator(text[start] ?? '')) start++;
  while (end > start && isSeparator(text[end - 1] ?? '')) end--;
  return { start, end };
}

/** The character that begins at a position; '' at the end. */
export function characterAt(text: string, at: number): string {
  const code = text.codePointAt(at);
  return code === undefined ? '' : String.fromCodePoint(code);
}

/** Whether a position does not lie inside of a word. In scripts without spaces every position does. */
export function isBoundary(text: string, at: number): boolean {
  return !(isInWord(characterBefore(text, at)) && isInWord(characterAt(text, at)));
}

function characterBefore(text: string, at: number): string {
  const low = text.charCodeAt(at - 1);
  const isPair = low >= 0xdc00 && low <= 0xdfff && at >= 2;
  return isPair ? text.slice(at - 2, at) : text.slice(Math.max(0, at - 1), at);
}

function isInWord(character: string): boolean {
  if (character <= '\u007f') return /^[a-zA-Z0-9]$/.test(character);
  return wordCharacter.test(character) && !isUnspaced(character);
}
