import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textHash } from '../corpus/text-hash.js';
import { HashCounts } from './hash-counts.js';

test('texts are counted by their hashes', () => {
  const counts = new HashCounts();
  for (let index = 0; index < 5000; index++) counts.add(textHash(`text ${index % 2500}`));
  for (let index = 0; index < 2500; index++) assert.equal(counts.of(textHash(`text ${index}`)), 2);
  assert.equal(counts.of(textHash('another')), 0);
});

test('a full table forgets what was counted once', () => {
  const counts = new HashCounts(512);
  for (let index = 0; index < 100; index++) counts.add(0);
  for (let index = 1; index < 5000; index++) counts.add(index);
  assert.equal(counts.of(0), 100);
  assert.equal(counts.of(1), 0);
});

test('hashes of similar texts differ', () => {
  const hashes = new Set(Array.from({ length: 100_000 }, (_, index) => textHash(`text ${index}`)));
  assert.equal(hashes.size, 100_000);
});
