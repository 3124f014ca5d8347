import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { repositoryRoot } from '../../test/repository.js';
import { defineTokenizer } from './definition.js';
import { generalTokenizer } from './general-tokenizer.js';
import { gpt2Tokenizer } from './gpt2-tokenizer.js';

const fast = gpt2Tokenizer();
const general = generalTokenizer(defineTokenizer({ folder: 'GPT-2', texts: fast.files() }), fast.files);

const goldens: { texts: string[]; ids: Record<string, number[][]> } = JSON.parse(
  readFileSync(join(repositoryRoot, 'test/goldens/tokenizer/ids.json'), 'utf8'),
);

/** Well-formed text of many scripts, with much of what the pieces are cut at. */
const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.string({ unit: 'grapheme-ascii', maxLength: 30 }),
      fc.constantFrom(
        "'s",
        "'re",
        "'LL",
        ' ',
        '  ',
        '\n',
        '\t ',
        '\u0085',
        '\u00a0',
        '\ufeff',
        '<|endoftext|>',
        ' the',
        '好',
      ),
      fc.nat().map(String),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

describe("GPT-2's tokenizer", () => {
  it('has 50,257 tokens, of which the last ends a text', () => {
    assert.equal(fast.vocabularySize, 50257);
    assert.equal(fast.endOfText, 50256);
  });

  it('gives the ids that transformers gives', () => {
    for (const [index, golden] of goldens.texts.entries())
      assert.deepEqual(fast.encode(golden), goldens.ids.gpt2?.[index], JSON.stringify(golden));
  });

  it('decodes what it encoded, whatever the text', () => {
    fc.assert(
      fc.property(text, (sample) => {
        assert.equal(fast.decode(fast.encode(sample)), sample);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  it('gives the same ids as the general tokenizer', () => {
    fc.assert(
      fc.property(text, (sample) => {
        assert.deepEqual(fast.encode(sample), general.encode(sample));
      }),
      { seed: 2, numRuns: 1000 },
    );
  });

  it('never encodes text to the end of text', () => {
    for (const spelled of [
      '<|endoftext|>',
      'hi<|endoftext|> you',
      '<|endoftext|><|endoftext|>',
      ' <|endoftext|>',
    ]) {
      const ids = fast.encode(spelled);
      assert.ok(!ids.includes(fast.endOfText));
      assert.equal(fast.decode(ids), spelled);
    }
  });

  it('reads half a surrogate pair as the replacement character', () => {
    assert.equal(fast.decode(fast.encode('a\ud83d b\udc00')), 'a\ufffd b\ufffd');
  });

  it('decodes special and unknown ids to nothing, and half characters to the replacement character', () => {
    const [hello = 0] = fast.encode('Hello');
    assert.equal(fast.decode([fast.endOfText, hello, 50257, -1, 0.5, 2 ** 31]), 'Hello');
    assert.equal(fast.decode(Int32Array.of(hello, ...fast.encode('你').slice(0, 1))), 'Hello\ufffd');
    // Nothing of the half character is left for the next text.
    assert.equal(fast.decode([hello]), 'Hello');
    assert.equal(fast.decode([]), '');
  });

  it('cuts texts of very long words as it cuts short ones', () => {
    for (const long of [
      'ab'.repeat(2000),
      '天气'.repeat(900),
      '1'.repeat(1000),
      ' '.repeat(3000),
      '👍🏽'.repeat(500),
    ]) {
      const sample = `so ${long} said`;
      const ids = fast.encode(sample);
      assert.deepEqual(ids, general.encode(sample));
      assert.equal(fast.decode(ids), sample);
    }
  });

  it('takes time that does not grow with the square of a word', () => {
    // Quadratic merging of this word takes longer than all other tests of the tokenizer.
    assert.equal(fast.decode(fast.encode('字符'.repeat(2 ** 15))).length, 2 ** 16);
  });
});

describe("GPT-2's files", () => {
  const files = fast.files();

  it('are the three forms of a tokenizer with their configuration, made once', () => {
    assert.deepEqual([...files.keys()].sort(), [
      'merges.txt',
      'special_tokens_map.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'vocab.json',
    ]);
    assert.equal(fast.files(), files);
  });

  it('have the content that OpenAI published', () => {
    const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex');
    // Of vocab.bpe and encoder.json, as tiktoken checks them. The latter was written by Python.
    assert.equal(
      sha256(files.get('merges.txt') ?? ''),
      '1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5',
    );
    const vocabulary: Record<string, number> = JSON.parse(files.get('vocab.json') ?? '');
    const inAscii = (token: string): string =>
      JSON.stringify(token).replace(
        /[^\0-~]/g,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
    const entries = Object.entries(vocabulary).sort(([, one], [, other]) => one - other);
    assert.equal(
      sha256(`{${entries.map(([token, id]) => `${inAscii(token)}: ${id}`).join(', ')}}`),
      '196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783',
    );
  });
});
