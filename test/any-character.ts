// For property tests: the unit `binary` of fast-check's strings, any character of Unicode, at once. Its own one first lists
// a million characters, only to recognize those of a few texts that it likes to try, such as `__proto__`.

import assert from 'node:assert/strict';
import fc from 'fast-check';

/** Half a pair of UTF-16 is no character. */
const surrogates = { from: 0xd800, to: 0xdfff, count: 0x800 } as const;
const last = 0x10ffff - surrogates.count;

/** Draws what `fc.string({ unit: 'binary' })` draws with the same seed. */
export const anyCharacter = fc.nat(last).map(
  (index) => String.fromCodePoint(index < surrogates.from ? index : index + surrogates.count),
  (character) => {
    assert.ok(typeof character === 'string');
    const [first = '', ...rest] = character;
    const code = first.codePointAt(0) ?? Number.NaN;
    assert.ok(rest.length === 0 && !(code >= surrogates.from && code <= surrogates.to) && code >= 0);
    return code < surrogates.from ? code : code - surrogates.count;
  },
);
