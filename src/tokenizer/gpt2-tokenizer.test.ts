import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { anyCharacter } from '../../test/any-character.js';
import { GeneralTokenizer } from './general-tokenizer.js';
import { gpt2Files, gpt2Tokenizer } from './gpt2-tokenizer.js';
import {
  fingerprint,
  gpt2ByteStrings,
  gpt2Encoder,
  gpt2EndOfText,
  gpt2Vocabulary,
} from './gpt2-vocabulary.js';
import { definitionOf } from './tokenizer-definition.js';

const goldens: readonly { text: string; ids: number[] }[] = JSON.parse(
  readFileSync(new URL('../../../src/tokenizer/gpt2-goldens.json', import.meta.url), 'utf8'),
);
const tokenizer = gpt2Tokenizer();
const general = new GeneralTokenizer(definitionOf('gpt2', gpt2Files()), gpt2EndOfText, [], gpt2Files);

/** Random characters, often those that distinguish words, numbers and white space. */
const text = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc
    .array(
      fc.constantFrom(
        ' ',
        '  ',
        '\n',
        '\t',
        "'",
        "'s",
        "'ll",
        'a',
        'the',
        '1',
        '²',
        '你',
        'é',
        '\ufeff',
        '\u0085',
        '😀',
        '.',
      ),
    )
    .map((parts) => parts.join('')),
);

describe('GPT-2 tokenizer', () => {
  it('encodes like transformers', () => {
    for (const { text, ids } of goldens) assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text));
  });

  it('encodes like the general tokenizer with the same vocabulary', () => {
    for (const { text, ids } of goldens) assert.deepEqual(general.encode(text), ids, JSON.stringify(text));
    fc.assert(
      fc.property(text, (any) => assert.deepEqual(tokenizer.encode(any), general.encode(any))),
      { seed: 1, numRuns: 1000 },
    );
  });

  it('decodes what it encodes to the same text', () => {
    const roundTrip = fc.property(text, (any) => {
      const ids = tokenizer.encode(any);
      assert.equal(tokenizer.decode(ids), any);
      assert.equal(general.decode(ids), any);
    });
    fc.assert(roundTrip, { seed: 2, numRuns: 1000 });
  });

  it('encodes the bytes of each token to that token', () => {
    for (const [id, token] of gpt2ByteStrings().entries()) {
      assert.equal(gpt2Encoder().boundaries(token).length, 2, `token ${id}`);
      assert.deepEqual(gpt2Encoder().encode(token), [id]);
    }
  });

  it('encodes a lone surrogate as U+FFFD', () => {
    for (const each of [tokenizer, general]) {
      assert.deepEqual(each.encode('a\ud800b'), each.encode('a\ufffdb'));
      assert.equal(each.decode(each.encode('\udc00')), '\ufffd');
    }
  });

  it('never encodes a text to the end of text', () => {
    const spelled = fc
      .array(fc.constantFrom('<|endoftext|>', '<|', 'endoftext', '|>', ' '))
      .map((parts) => parts.join(''));
    const property = fc.property(spelled, (any) => {
      for (const each of [tokenizer, general]) {
        assert.ok(!each.encode(any).includes(gpt2EndOfText));
        assert.equal(each.decode(each.encode(any)), any);
      }
    });
    fc.assert(property, { seed: 3 });
  });

  it('decodes the end of text and unknown ids to an empty string', () => {
    const [hello = 0] = tokenizer.encode('hello');
    for (const each of [tokenizer, general]) {
      assert.equal(each.decode([gpt2EndOfText, hello, gpt2EndOfText, 50257, -1, 1e9]), 'hello');
      assert.equal(each.decode(Int32Array.of(hello)), 'hello');
      assert.equal(each.decode([]), '');
    }
  });

  it('decodes half a character to U+FFFD and keeps no state', () => {
    const [first = 0] = tokenizer.encode('😀');
    for (const each of [tokenizer, general]) {
      assert.match(each.decode([first]), /^\ufffd+$/);
      assert.equal(each.decode(each.encode('ok')), 'ok');
    }
  });

  it('gives the ids that its files give in other programs, with a shortened vocabulary', () => {
    const short = gpt2Tokenizer(4096);
    const { endOfText } = short;
    assert.equal(endOfText, 4095);
    const read = new GeneralTokenizer(definitionOf('short', short.files()), endOfText, [], short.files);
    assert.equal(read.vocabularySize, 4096);
    for (const { text } of goldens) {
      const ids = short.encode(text);
      assert.deepEqual(ids, read.encode(text), JSON.stringify(text));
      assert.ok(ids.every((id) => id < endOfText));
      assert.equal(short.decode([...ids, endOfText]), tokenizer.decode(tokenizer.encode(text)));
    }
    assert.deepEqual(short.encode('the end'), tokenizer.encode('the end'));
  });

  it('encodes a megabyte without a space', () => {
    const long = 'abcdefghij'.repeat(100_000);
    assert.equal(tokenizer.decode(tokenizer.encode(long)), long);
  });
});

describe('GPT-2 vocabulary', () => {
  it('has the entries and merges that OpenAI published', () => {
    const { vocab, merges } = gpt2Vocabulary();
    assert.equal(vocab.size, 50257);
    assert.equal(merges.length, 50000);
    assert.deepEqual(merges.slice(0, 3), ['Ġ t', 'Ġ a', 'h e']);
    assert.equal(vocab.get('<|endoftext|>'), 50256);
    assert.equal(vocab.get('Ġthe'), 262);
    // The hash of their encoder.json and vocab.bpe.
    assert.equal(
      fingerprint({ vocab, merges }),
      '51f122e868a6258b1686ffde419d8ae05b5b78e25de2db603ad95ac2c418872c',
    );
  });

  it('is written to files that agree with each other', () => {
    const files = gpt2Files();
    const json = JSON.parse(files.get('tokenizer.json') ?? '');
    assert.deepEqual(json.model.vocab, JSON.parse(files.get('vocab.json') ?? ''));
    assert.equal(files.get('merges.txt'), `#version: 0.2\n${json.model.merges.join('\n')}\n`);
    assert.deepEqual(
      json.added_tokens.map(({ id, special }: { id: number; special: boolean }) => [id, special]),
      [[50256, true]],
    );
  });
});
