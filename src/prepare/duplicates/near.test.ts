// Near-duplicates against exact counting of all pairs, and the rules for which texts stay.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Random } from '../../random.js';
import { bandsFor } from './min-hash.js';
import { nearDuplicates } from './near.js';
import { Shingler, similarity } from './shingles.js';
import { SimilarPairs } from './similar-pairs.js';
import { sortedIndices } from './sorted-indices.js';

const shinglesOf = (text: string) => Uint32Array.from(new Shingler().of(text));
const similarityOf = (one: string, other: string) => similarity(shinglesOf(one), shinglesOf(other));

describe('shingles', () => {
  it('do not see case, punctuation and white space', () => {
    assert.equal(similarityOf('Where is my order, please?', 'where  IS my\norder please'), 1);
  });

  it('are three words in a row, so one of twelve words changes three of ten', () => {
    const words = 'the quick brown fox jumps over the lazy dog near a river';
    assert.equal(similarityOf(words, words.replace('over', 'above')), 7 / 13);
  });

  it('are four characters in a row in Chinese', () => {
    assert.equal(shinglesOf('我想订一张机票').length, 4);
    assert.equal(similarityOf('我想订一张机票', '我想订一张车票'), 2 / 6);
  });

  it('are the whole text if it is short', () => {
    for (const text of ['hi', 'hi there', '你好', '🙂']) assert.equal(shinglesOf(text).length, 1);
    assert.equal(similarityOf('hi there', 'hi you'), 0);
    assert.equal(shinglesOf('?! ...').length, 0);
  });
});

/** Texts of 30 to 60 words, of which every second is another one with 0 to 30 % of its words changed. */
function editedTexts(count: number, seed: number): string[] {
  const random = new Random(seed, 1);
  const word = () => `w${random.below(3000)}`;
  const texts: string[][] = [];
  for (let text = 0; text < count; text++) {
    const from = texts[random.below(Math.max(1, texts.length))];
    const percent = random.below(30);
    if (text % 2 === 0 || !from) texts.push(Array.from({ length: 30 + random.below(30) }, word));
    else texts.push(from.map((one) => (random.below(100) < percent ? word() : one)));
  }
  return texts.map((words) => words.join(' '));
}

function exactPairs(texts: readonly string[], threshold: number): (readonly [number, number])[] {
  const sets = texts.map(shinglesOf);
  const pairs: (readonly [number, number])[] = [];
  for (const [i, one] of sets.entries())
    for (const [j, other] of sets.entries())
      if (i < j && similarity(one, other) >= threshold) pairs.push([i, j]);
  return pairs;
}

describe('near-duplicates', () => {
  for (const threshold of [0.5, 0.7, 0.8])
    it(`at ${threshold} are those that exact counting finds`, () => {
      const texts = editedTexts(600, 7);
      const exact = exactPairs(texts, threshold);
      assert.ok(exact.length > 20);
      const { duplicateOf, groups } = nearDuplicates(texts, threshold);
      const connected = exact.filter(([one, other]) => groups[one] === groups[other]);
      assert.ok(connected.length >= 0.98 * exact.length, `${connected.length} of ${exact.length}`);
      const left = exact.filter(([one, other]) => duplicateOf[one] === 0 && duplicateOf[other] === 0);
      assert.ok(left.length <= 0.02 * exact.length, `${left.length} of ${exact.length}`);
    });

  it('that are reported are similar, and are reported once', () => {
    const texts = editedTexts(600, 5);
    const exact = new Set(exactPairs(texts, 0.6).map(String));
    const similar = new SimilarPairs(0.6);
    for (const text of texts) similar.add(text);
    const reported: string[] = [];
    similar.forEachPair((one, other) => reported.push(String([Math.min(one, other), Math.max(one, other)])));
    for (const pair of reported) assert.ok(exact.has(pair), pair);
    assert.equal(new Set(reported).size, reported.length);
  });

  it('share a band with a probability of at least 0.999 at the threshold', () => {
    for (let threshold = 0.3; threshold <= 1; threshold += 0.05) {
      const { count, rows } = bandsFor(threshold);
      assert.ok(count * rows <= 128);
      assert.ok(1 - (1 - threshold ** rows) ** count >= 0.999, `${threshold}`);
    }
  });
});

describe('of near-duplicates', () => {
  const long = 'we open at nine in the morning and close at five in the afternoon on all days but sunday';

  it('the longest stays', () => {
    const { duplicateOf } = nearDuplicates(
      [long, `${long} thanks`, 'something else entirely is said here'],
      0.7,
    );
    assert.deepEqual([...duplicateOf], [2, 0, 0]);
  });

  it('every dropped one is similar to one that stays', () => {
    const texts = editedTexts(600, 3);
    const { duplicateOf, groups } = nearDuplicates(texts, 0.6);
    for (const [text, better] of duplicateOf.entries()) {
      if (better === 0) continue;
      assert.equal(duplicateOf[better - 1], 0);
      assert.ok(similarityOf(texts[text] ?? '', texts[better - 1] ?? '') >= 0.6);
      assert.equal(groups[text], groups[better - 1]);
    }
  });

  it('short texts are only those that are equal', () => {
    const { duplicateOf, groups } = nearDuplicates(['Hi!', 'Yes', 'hi', 'No', '?', '!'], 0.7);
    assert.deepEqual([...duplicateOf], [0, 0, 1, 0, 0, 0]);
    assert.deepEqual([...groups], [0, 1, 0, 2, 3, 4]);
  });

  it('anchors stay, even if they are shorter, and what is similar to them does not', () => {
    const anchor = 'we open at nine in the morning and close at five';
    const { duplicateOf } = nearDuplicates([`${anchor} today`, `hello ${anchor} now`, long], 0.6, [
      anchor,
      `${anchor} ok`,
    ]);
    assert.deepEqual([...duplicateOf.subarray(0, 2)], [0, 0]);
    assert.ok([...duplicateOf.subarray(2, 4)].every((better) => better === 1 || better === 2));
    assert.equal(duplicateOf[4], 0);
  });

  it('thousands of copies are compared with one', () => {
    const texts = Array.from({ length: 2000 }, (_, copy) => `${long} order ${copy}`);
    const { duplicateOf } = nearDuplicates(texts, 0.7);
    assert.equal(duplicateOf.filter((better) => better === 0).length, 1);
  });
});

it('sorts indices by key and keeps the order of equal keys', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 })), (keys) => {
      const expected = [...keys.keys()].sort((one, other) => (keys[one] ?? 0) - (keys[other] ?? 0));
      assert.deepEqual([...sortedIndices(keys.length, (index) => keys[index] ?? 0)], expected);
    }),
    { seed: 1 },
  );
});
