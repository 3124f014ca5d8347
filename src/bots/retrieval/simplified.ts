// Traditional Chinese characters as simplified ones, character by character, so that 運費多少 is 运费多少. It does not know
// words: of the few characters with several simplified forms it always takes the usual one, in questions and in what is known
// alike.

import { readFileSync } from 'node:fs';

let table: ReadonlyMap<string, string> | undefined;

/** @param text as `normalize` gives it. */
export function simplified(text: string): string {
  if (!/\p{Script=Han}/u.test(text)) return text;
  table ??= readTable();
  let result = '';
  for (const character of text) result += table.get(character) ?? character;
  return result;
}

function readTable(): ReadonlyMap<string, string> {
  const file = new URL('../../../../word-lists/simplified-characters.txt', import.meta.url);
  const found = new Map<string, string>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line.startsWith('#')) continue;
    const [form = '', ...traditional] = line;
    for (const character of traditional) found.set(character, form);
  }
  return found;
}
