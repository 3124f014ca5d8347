import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { anyCharacter } from '../../test/any-character.js';
import { byteString } from './byte-characters.js';
import { gpt2ByteStrings, gpt2Encoder, shortenedEncoder } from './gpt2-vocabulary.js';

describe('a short piece', () => {
  it('has the tokens that the merges of long pieces give', () => {
    const tokens = gpt2ByteStrings();
    const piece = fc.oneof(
      fc.string({ unit: anyCharacter, maxLength: 16 }).map(byteString),
      fc.stringMatching(/^[a-e ]{1,64}$/),
      fc.stringMatching(/^[0-9]{1,64}$/),
      fc
        .array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 6 })
        .map((ids) => ids.map((id) => tokens[id]).join('')),
    );
    for (const encoder of [gpt2Encoder(), shortenedEncoder(4096)])
      fc.assert(
        fc.property(piece, (any) => {
          const starts = encoder.boundaries(any);
          const parts = starts.slice(0, -1).map((start, index) => any.slice(start, starts[index + 1]));
          assert.deepEqual(
            encoder.encode(any).map((id) => tokens[id]),
            parts.filter((part) => part !== ''),
          );
        }),
        { seed: 1, numRuns: 500 },
      );
  });
});
