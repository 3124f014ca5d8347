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
});
