import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyCharacter } from './any-character.js';

test('any character is drawn, and the texts that are often handled wrongly', () => {
  const texts = fc.sample(fc.string({ unit: anyCharacter }), { numRuns: 2000, seed: 1 });
  const characters = new Set(texts.flatMap((text) => [...text]));
  for (const [first, last] of [
    [0, 0x7f],
    [0x80, 0xd7ff],
    [0xe000, 0xffff],
    [0x10000, 0x10ffff],
  ] as const)
    assert.ok(
      [...characters].some(
        (each) => each >= String.fromCodePoint(first) && (each.codePointAt(0) ?? 0) <= last,
      ),
    );
  assert.ok(texts.some((text) => text.includes('__proto__')));
});
