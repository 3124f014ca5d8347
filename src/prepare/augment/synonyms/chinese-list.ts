// The project's own Chinese synonyms, word-lists/synonyms-zh.txt, which says how it is written.

import { readFileSync } from 'node:fs';
import type { Replacements } from './own-words.js';

export function readChineseList(
  file = new URL('../../../../../word-lists/synonyms-zh.txt', import.meta.url),
): Replacements {
  const found = new Map<string, readonly string[]>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [words = [], others] = line.split(' > ').map((part) => part.split(' '));
    for (const word of words) {
      const replacements = others ?? words.filter((other) => other !== word);
      found.set(word, [...(found.get(word) ?? []), ...replacements]);
    }
  }
  return found;
}
