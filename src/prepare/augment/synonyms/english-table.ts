// The table of English synonyms, word-lists/synonyms-en.txt. scripts/make-synonyms.mjs writes it and says what it holds.

import { readFileSync } from 'node:fs';

/**
 * n, ns: noun, singular and plural; v, vs, vd, vn, vg: verb, as in "give gives gave given giving"; a: adjective; r: adverb;
 * i: interjection.
 */
export type Tag = 'n' | 'ns' | 'v' | 'vs' | 'vd' | 'vn' | 'vg' | 'a' | 'r' | 'i';

/** A way to read a word. */
export interface Reading {
  readonly tag: Tag;
  /** In the same form. Empty if the word stays in this reading. */
  readonly replacements: readonly string[];
}

export interface EnglishTable {
  readonly words: ReadonlyMap<string, readonly Reading[]>;
  /** Words that are mostly nouns. */
  readonly nouns: ReadonlySet<string>;
  /** Of two to four words with one space between them; no word of theirs is replaced. */
  readonly phrases: ReadonlySet<string>;
}

export function readEnglishTable(
  file = new URL('../../../../../word-lists/synonyms-en.txt', import.meta.url),
): EnglishTable {
  const sections = new Map<string, string[]>();
  let section: string[] = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('[')) {
      section = [];
      sections.set(line, section);
    } else section.push(line);
  }
  const words = (sections.get('[words]') ?? []).map((line) => {
    const [word = '', ...readings] = line.split(' ');
    return [word, readings.map(reading)] as const;
  });
  return {
    words: new Map(words),
    nouns: new Set(sections.get('[nouns]')),
    phrases: new Set(sections.get('[phrases]')),
  };
}

function reading(field: string): Reading {
  const [tag = '', replacements = ''] = field.split('=');
  return { tag: tag as Tag, replacements: replacements === '' ? [] : replacements.split(',') };
}
