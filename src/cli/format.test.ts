import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyCharacter } from '../../test/any-character.js';
import { oneLine } from '../quote.js';
import { count, duration, short } from './format.js';

test('numbers read as people write them', () => {
  assert.equal(count(1234567.4), '1,234,567');
  assert.equal(short(3.21449), '3.214');
  assert.equal(short(5e-5), '5e-5');
  assert.equal(short(1.25e-5), '1.25e-5');
  assert.equal(short(0), '0');
  assert.equal(short(Number.NaN), 'NaN');
  assert.deepEqual([0.2, 59, 60, 185, 3599.6, 7620].map(duration), [
    '0s',
    '59s',
    '1m 00s',
    '3m 05s',
    '1h 00m',
    '2h 07m',
  ]);
});

test('text from a model stays one line that commands no terminal', () => {
  assert.equal(oneLine(' a\n\tb\u001b[2Jc\u009bd\u202e '), 'a b [2Jc d');
  assert.equal(oneLine('x'.repeat(200), 10), `${'x'.repeat(9)}…`);
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter }), (text) => {
      const line = oneLine(text, 20);
      assert.doesNotMatch(line, /\p{Cc}/u);
      assert.ok([...line].length <= 20);
    }),
    { seed: 11 },
  );
});
