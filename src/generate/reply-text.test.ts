import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { anyCharacter } from '../../test/any-character.js';
import { repositoryRoot } from '../../test/repository.js';
import { gpt2Tokenizer } from '../tokenizer/gpt2-tokenizer.js';
import { openTokenizer } from '../tokenizer/open-tokenizer.js';
import { type Decoder, ReplyText } from './reply-text.js';

/** Tokens that are any bytes: token n of a text is its n-th piece. */
function pieces(bytes: Uint8Array, cuts: readonly number[]): { decoder: Decoder; tokens: number[] } {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const parts = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
  const decoder = {
    decode: (tokens: ArrayLike<number>) =>
      new TextDecoder('utf-8', { ignoreBOM: true }).decode(
        Buffer.concat(Array.from(tokens, (token) => parts[token] ?? new Uint8Array())),
      ),
  };
  return { decoder, tokens: [...parts.keys()] };
}

/** A text cut at the earliest of the stop strings, without white space around. */
function expected(text: string, stop: readonly string[]): string {
  const places = stop.map((end) => text.indexOf(end)).filter((place) => place >= 0);
  return text.slice(0, Math.min(text.length, ...places)).trim();
}

function shown(decoder: Decoder, tokens: readonly number[], stop: readonly string[] = []): string[] {
  const reply = new ReplyText(decoder, stop);
  const parts = tokens.map((token) => reply.push(token));
  parts.push(reply.finish());
  assert.equal(parts.join(''), reply.text);
  return parts;
}

const alphabet = ['a', 'b', 'ab', ' ', '\n', '\t', '你', '好', 'é', '😀', '👩‍👩‍👧', '\ufffd', '.', 'User:'];
const anyText = fc.oneof(
  fc.array(fc.constantFrom(...alphabet), { maxLength: 14 }).map((parts) => parts.join('')),
  fc.string({ unit: anyCharacter, maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
);
const anyStop = fc.array(
  fc.array(fc.constantFrom(...alphabet), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('')),
  { maxLength: 3 },
);
const anyCuts = fc.array(fc.nat(200), { maxLength: 20 });

describe('the text of a growing reply', () => {
  it('is the whole text up to the earliest stop string, however it is cut into tokens', () => {
    const property = fc.property(anyText, anyStop, anyCuts, (text, stop, cuts) => {
      const { decoder, tokens } = pieces(Buffer.from(text), cuts);
      assert.equal(shown(decoder, tokens, stop).join(''), expected(text, stop));
    });
    fc.assert(property, { seed: 1, numRuns: 5000 });
  });

  it('is what the bytes decode to, also where they are no UTF-8', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 30 }), anyCuts, (bytes, cuts) => {
      const { decoder, tokens } = pieces(bytes, cuts);
      assert.equal(shown(decoder, tokens).join(''), decoder.decode(tokens).trim());
    });
    fc.assert(property, { seed: 2, numRuns: 2000 });
  });

  it("is what a model's tokenizer decodes, of any kind, whatever the tokens", () => {
    const folder = join(repositoryRoot, 'test/goldens/tokenizer');
    const kinds = ['byte-level', 'prefix-space', 'word-piece', 'unigram', 'sequence', 'added-tokens'];
    for (const tokenizer of [gpt2Tokenizer(), ...kinds.map((kind) => openTokenizer(join(folder, kind)))]) {
      const anyTokens = fc.array(fc.nat(tokenizer.vocabularySize - 1), { maxLength: 25 });
      const property = fc.property(anyTokens, anyStop, (tokens, stop) => {
        assert.equal(shown(tokenizer, tokens, stop).join(''), expected(tokenizer.decode(tokens), stop));
      });
      fc.assert(property, { seed: 3, numRuns: 200 });
    }
  });

  it('is shown word by word', () => {
    const tokenizer = gpt2Tokenizer();
    const tokens = tokenizer.encode(' Does money buy happiness?\n');
    assert.deepEqual(shown(tokenizer, tokens), ['Does', ' money', ' buy', ' happiness', '?', '', '']);
  });

  it('never has half a character', () => {
    const tokenizer = gpt2Tokenizer();
    const tokens = tokenizer.encode('ok 😀你好!');
    assert.ok(tokens.length > 6);
    const parts = shown(tokenizer, tokens);
    assert.ok(parts.every((part) => !part.includes('\ufffd')));
    assert.ok(parts.includes('ok') && parts.includes('!'));
    const cut = shown(tokenizer, tokens.slice(0, 2));
    assert.deepEqual(cut, ['ok', '', ' \ufffd']);
  });

  it('never shows a stop string, nor white space before it', () => {
    const stop = ['\nUser:'];
    const reply = (text: string, cuts: readonly number[]) => {
      const { decoder, tokens } = pieces(Buffer.from(text), cuts);
      return shown(decoder, tokens, stop);
    };
    assert.deepEqual(reply('hi \nUser: no', [2, 4, 6, 9]), ['hi', '', '', '', '', '']);
    assert.deepEqual(reply('hi \nUsual', [2, 4, 6]), ['hi', '', '', ' \nUsual', '']);
    assert.deepEqual(reply('hi \nUse', [2]), ['hi', '', ' \nUse']);
  });

  it('says when a stop string has ended it, and takes nothing after', () => {
    const { decoder, tokens } = pieces(Buffer.from('one. two'), [3, 4]);
    const reply = new ReplyText(decoder, ['.']);
    const [first = 0, second = 0, third = 0] = tokens;
    assert.deepEqual([reply.push(first), reply.stopped], ['one', false]);
    assert.deepEqual([reply.push(second), reply.stopped], ['', true]);
    assert.deepEqual([reply.push(third), reply.finish(), reply.text], ['', '', 'one']);
  });

  it('waits for an earlier stop string that may still come to its end', () => {
    for (const [text, result] of [
      ['xabc!', 'x'],
      ['xabd!', 'xa'],
      ['xab', 'xa'],
    ] as const) {
      const { decoder, tokens } = pieces(Buffer.from(text), [1, 2, 3, 4]);
      assert.equal(shown(decoder, tokens, ['b', 'abc']).join(''), result);
    }
  });

  it('keeps what was shown where a decoder takes it back', () => {
    const decoder = { decode: (tokens: ArrayLike<number>) => ['', 'a b', 'ab', 'a bc'][tokens.length] ?? '' };
    assert.deepEqual(shown(decoder, [1, 2, 3]), ['a b', '', 'c', '']);
    assert.deepEqual(shown(decoder, [1, 2]), ['a b', '', '']);
  });
});
