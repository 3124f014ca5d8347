import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WordCache } from './word-cache.js';

/** Two tokens per word: the word as a number, and its length. */
const encode = (word: string) => [Number(word), word.length];

describe('WordCache', () => {
  it('asks once for each word, wherever it stands in a text', () => {
    const cache = new WordCache();
    const asked: string[] = [];
    const ids: number[] = [];
    const append = (text: string, start: number, end: number) =>
      cache.append(text, start, end, ids, (word) => {
        asked.push(word);
        return encode(word);
      });
    append('12 345', 0, 2);
    append('12 345', 3, 6);
    append('x345', 1, 4);
    append('12', 0, 2);
    assert.deepEqual(asked, ['12', '345']);
    assert.deepEqual(ids, [12, 2, 345, 3, 345, 3, 12, 2]);
  });

  it('gives the same tokens when it has been full and was emptied', () => {
    const cache = new WordCache();
    for (let number = 0; number < 300_000; number++) {
      const word = `${number % 200_000}`;
      const ids: number[] = [];
      cache.append(word, 0, word.length, ids, encode);
      if (ids[0] !== Number(word) || ids[1] !== word.length) assert.deepEqual(ids, encode(word));
    }
  });

  it('does not remember words without limit that belong in the same place', () => {
    const cache = new WordCache();
    let asked = 0;
    const words = collidingWords(48);
    for (const word of [...words, ...words]) {
      const ids: number[] = [];
      cache.append(word, 0, word.length, ids, () => [asked++]);
      assert.equal(ids.length, 1);
    }
    assert.ok(asked > words.length && asked < 2 * words.length, `${asked}`);
  });
});

/** Words of which the hash has the same low 18 bits, which choose the place. */
function collidingWords(count: number): string[] {
  const words: string[] = [];
  for (let number = 0; words.length < count; number++) {
    const word = number.toString(36);
    let hash = 0x811c9dc5;
    for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
    if (((hash ^ (hash >>> 15)) & (2 ** 18 - 1)) === 0) words.push(word);
  }
  return words;
}
