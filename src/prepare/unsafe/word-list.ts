// Lists of words that people can edit: one word or phrase a line, `#` begins a comment, a star at the end stands for any ending.
// Words of scripts without spaces are found anywhere, others only as whole words.

import { readFileSync } from 'node:fs';
import { messageOf, UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import { quoted } from '../../quote.js';

const han = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}/u;
const words = /[\p{L}\p{N}\p{M}]+(?:['’][\p{L}\p{N}\p{M}]+)*/gu;

/** The lists that come with the program. */
export const ownLists: readonly URL[] = ['en.txt', 'zh.txt'].map(
  (name) => new URL(`../../../../word-lists/${name}`, import.meta.url),
);

/** @throws UserError (usage) if the file cannot be read. */
export function entriesIn(file: string | URL): string[] {
  try {
    return readFileSync(file, 'utf8')
      .replace(/^\ufeff/, '')
      .split(/\r?\n/)
      .map((line) => normal(line.replace(/#.*/, '')).trim())
      .filter((line) => line !== '' && line !== '*');
  } catch (thrown) {
    throw new UserError(
      'option-invalid',
      `${option('unsafeWords')}: ${quoted(String(file))} cannot be read (${messageOf(thrown)}); name a text file with a word in each line`,
      { cause: thrown },
    );
  }
}

export class WordList {
  private readonly anywhere: string[];
  private readonly whole = new Set<string>();
  /** Entries of several words and those with a star, each with a space before, and one behind if there is no star. */
  private readonly phrases: string[] = [];

  constructor(entries: readonly string[]) {
    this.anywhere = entries.filter((entry) => han.test(entry));
    for (const entry of entries) {
      if (han.test(entry)) continue;
      const isOpen = entry.endsWith('*');
      const text = (entry.match(words) ?? []).join(' ');
      if (text === '') continue;
      if (isOpen || text.includes(' ')) this.phrases.push(` ${text}${isOpen ? '' : ' '}`);
      else this.whole.add(text);
    }
  }

  /** Whether the text holds one of the words. */
  isIn(text: string): boolean {
    const seen = normal(text);
    if (this.anywhere.some((entry) => seen.includes(entry))) return true;
    const found = seen.match(words) ?? [];
    if (found.some((word) => this.whole.has(word))) return true;
    const joined = ` ${found.join(' ')} `;
    return this.phrases.some((phrase) => joined.includes(phrase));
  }
}

/** In small letters and plain characters. */
function normal(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}
