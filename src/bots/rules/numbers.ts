// Numbers as people write them: digits with thousands separators, words in English and Chinese, and both together
// (`1.5 million`, `3万`). It reads no signs: the caller does.

import { chineseNumberAt, largeUnits } from './chinese-numbers.js';
import { englishNumberAt, scales, shifted, type WrittenNumber } from './english-numbers.js';

export type { WrittenNumber } from './english-numbers.js';

const inDigits = /(\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.(\d+))?/y;
const scaleWord = / ?(thousand|million|billion|trillion)(?![a-z])/y;

/** The longest number that begins at a position of a text in lower case; null if none does. */
export function numberAt(text: string, at: number): WrittenNumber | null {
  return digitsAt(text, at) ?? chineseNumberAt(text, at) ?? englishNumberAt(text, at);
}

function digitsAt(text: string, at: number): WrittenNumber | null {
  inDigits.lastIndex = at;
  const match = inDigits.exec(text);
  if (!match) return null;
  const [written, grouped = '', decimals = ''] = match;
  const whole = grouped.replaceAll(',', '');
  const { end, zeros } = scaleAfter(text, at + written.length);
  return { end, digits: shifted(whole, decimals, zeros) };
}

function scaleAfter(text: string, at: number): { readonly end: number; readonly zeros: number } {
  const large = largeUnits.get(text[at] ?? '');
  if (large !== undefined) return { end: at + 1, zeros: large };
  scaleWord.lastIndex = at;
  const [written = '', word = ''] = scaleWord.exec(text) ?? [];
  return { end: at + written.length, zeros: scales.get(word) ?? 0 };
}
