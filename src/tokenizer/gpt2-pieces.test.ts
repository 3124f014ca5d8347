import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { endOfPiece, gpt2Pieces } from './gpt2-pieces.js';

describe('gpt2Pieces', () => {
  it('splits contractions, words, numbers, symbols and white space', () => {
    assert.deepEqual("it's 3  more, DON'T ".match(gpt2Pieces), [
      ...['it', "'s", ' 3', ' ', ' more', ',', ' DON', "'", 'T', ' '],
    ]);
  });

  it('treats U+0085 as white space', () => {
    assert.deepEqual('a!\u0085\u0085b'.match(gpt2Pieces), ['a', '!', '\u0085', '\u0085', 'b']);
  });

  it('treats U+FEFF as a symbol', () => {
    assert.deepEqual('\ufeff! \ufeff\ufeffa'.match(gpt2Pieces), ['\ufeff!', ' \ufeff\ufeff', 'a']);
  });

  it('treats exactly the white space of Unicode as white space', () => {
    const whiteSpace = /\p{White_Space}/u;
    for (let code = 0; code < 0x110000; code++) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const character = String.fromCodePoint(code);
      // A symbol includes the space before it, and white space does not.
      const [first] = ` ${character}!`.match(gpt2Pieces) ?? [];
      if (whiteSpace.test(character)) assert.equal(first, ' ', code.toString(16));
      else assert.ok(first?.startsWith(` ${character}`), code.toString(16));
    }
  });
});

function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    const end = endOfPiece(text, start);
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

describe('endOfPiece', () => {
  it('splits a text where the pattern does', () => {
    const parts = [
      'a',
      'é',
      '你',
      '😀',
      '\u0301',
      '7',
      '٣',
      "'s",
      "'",
      '!',
      ' ',
      '  ',
      '\n',
      '\u0085',
      '\u2028',
      '\ufeff',
      '\ud83d',
      '\ude00',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 40 }), (chosen) => {
        const text = chosen.join('');
        assert.deepEqual(piecesOf(text), text.match(gpt2Pieces) ?? []);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes a run of a million letters, which would overflow the stack in the pattern', () => {
    const text = `${'你'.repeat(1_200_000)}!`;
    assert.deepEqual(
      piecesOf(text).map((piece) => piece.length),
      [1_200_000, 1],
    );
  });
});
