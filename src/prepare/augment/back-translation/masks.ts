// Hides what a translator must not touch, such as placeholders, addresses and names, behind numbers in brackets: [0], [1]. These
// are what translators of all kinds most often leave alone. Text that looks like such a number is hidden too, so nothing in a
// text can be taken for a mask.

import { NameBook } from '../../sensitive/names.js';
import type { Span } from '../../sensitive/recognizer.js';

/** A mask, with the kinds of brackets that a translator may write instead. */
const maskPattern = /[[［【]\s*(\d{1,4})\s*[\]］】]/g;

const fixedParts = new RegExp(
  [
    maskPattern.source,
    // [EMAIL_1], <b>, {name}, %s, %(name)s
    String.raw`\[[\p{Lu}\d_]{2,40}\]`,
    String.raw`<[^<>\s][^<>]{0,80}>`,
    String.raw`\{[^{}\n]{1,40}\}`,
    String.raw`%(?:\(\w{1,40}\))?[sdif]\b`,
    // Web and e-mail addresses, @name, #tag
    String.raw`\b(?:https?:\/\/|www\.)[^\s<>"'，。！？；、）】]{1,2000}`,
    String.raw`(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}`,
    String.raw`(?<![\p{L}\p{N}])[@#][\p{L}\p{N}_]{1,40}`,
    String.raw`\p{Extended_Pictographic}[\p{Extended_Pictographic}\p{EMod}\u200d\ufe0f]{0,20}`,
    String.raw`\p{RI}{2}`,
  ].join('|'),
  'gu',
);

export interface Masked {
  readonly text: string;
  /** Puts the hidden parts back. @returns null unless the text has each mask exactly once. */
  restore(translated: string): string | null;
  /** Whether anything is left to translate. */
  readonly hasWords: boolean;
}

/** @param names also hidden, wherever they or their parts stand. */
export function masked(text: string, names: readonly string[]): Masked {
  const hidden: string[] = [];
  let result = '';
  let end = 0;
  for (const [from, to] of hiddenSpans(text, names)) {
    if (from < end) continue;
    result += `${text.slice(end, from)}[${hidden.length}]`;
    hidden.push(text.slice(from, to));
    end = to;
  }
  result += text.slice(end);
  return {
    text: result,
    restore: (translated) => restored(translated, hidden),
    hasWords: /\p{L}/u.test(result),
  };
}

function hiddenSpans(text: string, names: readonly string[]): Span[] {
  const fixed = [...text.matchAll(fixedParts)].map(
    ({ 0: part, index }): Span => [index, index + part.length],
  );
  return [...fixed, ...bookOf(names).find(text)].sort((one, other) => one[0] - other[0] || other[1] - one[1]);
}

function restored(translated: string, hidden: readonly string[]): string | null {
  const seen = new Set<number>();
  let isWhole = true;
  const text = translated.replace(maskPattern, (_, digits: string) => {
    const index = Number(digits);
    const part = hidden[index];
    if (part === undefined || seen.has(index)) isWhole = false;
    seen.add(index);
    return part ?? '';
  });
  return isWhole && seen.size === hidden.length ? text : null;
}

const books = new WeakMap<readonly string[], NameBook>();

/** The names of a dialogue are the same list for all its turns. */
function bookOf(names: readonly string[]): NameBook {
  const known = books.get(names);
  if (known !== undefined) return known;
  const book = new NameBook();
  for (const name of names) book.add(name);
  books.set(names, book);
  return book;
}
