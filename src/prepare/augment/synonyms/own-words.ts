// The replacements from files of synonyms that people bring. What a person listed is taken as it is. Of a thesaurus only words of a
// single meaning are replaced, and only by words that the corpus knows, because nothing else tells rare words from common ones.

import type { SynonymFile } from './synonym-file.js';

export type Replacements = ReadonlyMap<string, readonly string[]>;

/** How often a corpus must hold a word of a thesaurus before it is used. */
const fewest = 2;

const englishNegation = /^(?:no|not|never|none|nor|neither|nothing|nobody|nowhere|cannot)$|n['’]t$/;
const chineseNegation = /^(?:[不没無无未莫勿]|[别別](?![人墅致])|非(?![常洲]))/;
/** Words that begin like a negation. */
const noNegation = /^(?:未来|未來|无线|無線|无论|無論|无数|無數|无聊|無聊)/;
const numeral = /[0-9]|^[零〇一二三四五六七八九十百千万萬亿億两兩几幾半第]+$/;

/** Whether a word may be replaced, or replace another. */
export function isUsable(word: string): boolean {
  if (englishNegation.test(word) || (chineseNegation.test(word) && !noNegation.test(word))) return false;
  return !numeral.test(word) && /^[\p{L}\p{M} '’·-]+$/u.test(word);
}

/** The words that people listed. */
export function listedWords(files: readonly SynonymFile[]): Set<string> {
  const lists = files.flatMap(({ kind, groups }) => (kind === 'list' ? groups.flat() : []));
  return new Set(lists.map((word) => word.toLowerCase()));
}

/** The words of files that might be used, of which `count` must tell how often the corpus holds them. */
export function wordsToCount(files: readonly SynonymFile[]): Set<string> {
  const found = new Set<string>();
  for (const { kind, groups } of files)
    if (kind === 'thesaurus')
      for (const group of groups) if (group.length > 1) for (const word of group) found.add(word);
  return found;
}

/** @param count how often the corpus holds a word. */
export function replacementsOf(files: readonly SynonymFile[], count: (word: string) => number): Replacements {
  const found = new Map<string, Set<string>>();
  const add = (word: string, others: readonly string[]) => {
    if (!isUsable(word)) return;
    const known = found.get(word) ?? new Set();
    for (const other of others) if (other !== word && isUsable(other)) known.add(other);
    if (known.size > 0) found.set(word, known);
  };
  for (const { kind, groups } of files) {
    if (kind === 'list') for (const group of groups) for (const word of group) add(word.toLowerCase(), group);
    if (kind === 'thesaurus') addThesaurus(groups, count, add);
  }
  return new Map([...found].map(([word, others]) => [word, [...others]]));
}

function addThesaurus(
  groups: SynonymFile['groups'],
  count: (word: string) => number,
  add: (word: string, others: readonly string[]) => void,
): void {
  const meanings = new Map<string, number>();
  for (const group of groups) for (const word of group) meanings.set(word, (meanings.get(word) ?? 0) + 1);
  for (const group of groups) {
    const known = group.filter((word) => meanings.get(word) === 1 && count(word) >= fewest);
    for (const word of known) add(word, known);
  }
}
