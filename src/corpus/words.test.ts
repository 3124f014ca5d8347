import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wordsIn } from './words.js';

test('words are counted in any language', () => {
  assert.equal(wordsIn("I don't know, 3 apples!"), 5);
  assert.equal(wordsIn('我想订 iPhone 手机'), 6);
  assert.equal(wordsIn('Это — naïve.'), 2);
  assert.equal(wordsIn(' 😀 ...'), 0);
});
