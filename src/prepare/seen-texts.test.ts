// Texts are numbered as with a Map, and groups as if each text knew its group.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Union } from '../corpus/union.js';
import { SeenTexts } from './seen-texts.js';

test('texts are numbered in the order in which they first appear, also when the table grows', () => {
  const seen = new SeenTexts();
  for (let round = 0; round < 2; round++)
    for (let text = 0; text < 5000; text++) assert.equal(seen.numberOf(`text ${text}`), text);
  assert.equal(seen.count, 5000);
  assert.equal(seen.find('text 4999'), 4999);
  assert.equal(seen.find('another text'), undefined);
});

test('joined things have the number of their group, in the order in which groups first appear', () => {
  const pairs = fc.array(fc.tuple(fc.nat(29), fc.nat(29)), { maxLength: 40 });
  fc.assert(
    fc.property(pairs, (joined) => {
      const union = new Union(30);
      let expected = Array.from({ length: 30 }, (_, one) => one);
      for (const [one, other] of joined) {
        union.join(one, other);
        const [from, to] = [expected[one], expected[other]];
        expected = expected.map((group) => (group === from ? (to ?? 0) : group));
      }
      const order = [...new Set(expected)];
      assert.deepEqual(
        [...union.takeNumbers()],
        expected.map((group) => order.indexOf(group)),
      );
    }),
    { seed: 5, numRuns: 200 },
  );
});
