// Lists of words that people can edit: one word or phrase a line, `#` begins a comment, a star at the end stands for any ending.
// Words of scripts without spaces are found anywhere, others only as whole words.

import { fileURLToPath } from 'node:url';
import { textOfOption } from '../option-file.js';

const han = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}/u;
const words = /[\p{L}\p{N}\p{M}]+(?:['’][\p{L}\p{N}\p{M}]+)*/gu;

/** The lists that come with the program. */
export const listNames = ['en', 'zh'] as const;

export function ownList(name: (typeof listNames)[number]): URL {
  return new URL(`../../../../word-lists/${name}.txt`, import.meta.url);
}

const mostBytes = 2 ** 24;

export const ownLists: readonly URL[] = listNames.map(ownList);

/** A list without entries is none: then only the filter judges. @throws UserError (usage) if the file cannot be read. */
export function entriesIn(file: string | URL): string[] {
  return textOfOption({
    key: 'unsafeWords',
    path: typeof file === 'string' ? file : fileURLToPath(file),
    mostBytes,
    advice: 'name a text file in UTF-8 with a word in each line',
  })
    .split(/\r?\n/)
    .map((line) => normal(line.replace(/#.*/, '')).trim())
    .filter((line) => line !== '' && line !== '*');
}

export class WordList {
  private readonly anywhere: string[];
  private readonly whole = new Set<string>();
  /**
   * Entries of several words and those with a star, each with a space before, and one behind if there is no star; by their
   * first letter.
   */
  private readonly phrases = new Map<string, string[]>();
  /** The most characters of an entry. */
  readonly longest: number;

  constructor(entries: readonly string[]) {
    this.anywhere = entries.filter((entry) => han.test(entry));
    this.longest = entries.reduce((most, { length }) => Math.max(most, length), 0);
    for (const entry of entries) {
      if (han.test(entry)) continue;
      const isOpen = entry.endsWith('*');
      const text = (entry.match(words) ?? []).join(' ');
      if (text === '') continue;
      if (!isOpen && !text.includes(' ')) this.whole.add(text);
      else {
        const phrase = ` ${text}${isOpen ? '' : ' '}`;
        const others = this.phrases.get(start(text));
        if (others) others.push(phrase);
        else this.phrases.set(start(text), [phrase]);
      }
    }
  }

  /** Whether the text holds one of the words. */
  isIn(text: string): boolean {
    const seen = normal(text);
    if (this.anywhere.some((entry) => seen.includes(entry))) return true;
    const found = seen.match(words) ?? [];
    if (found.some((word) => this.whole.has(word))) return true;
    const phrases = new Set(found.map(start));
    const joined = ` ${found.join(' ')} `;
    for (const first of phrases)
      if (this.phrases.get(first)?.some((phrase) => joined.includes(phrase))) return true;
    return false;
  }
}

/** What the phrases are divided by. */
function start(text: string): string {
  return text.slice(0, 1);
}

/** In small letters and plain characters. */
function normal(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}
