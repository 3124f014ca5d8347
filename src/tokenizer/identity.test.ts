// Two tokenizers have one identity exactly if they give the same ids.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { folderMaker } from '../../test/written-files.js';
import { gpt2Tokenizer } from './gpt2-tokenizer.js';
import { openTokenizer } from './open-tokenizer.js';
import type { Tokenizer } from './tokenizer.js';

const root = mkdtempSync(join(tmpdir(), 'identity-'));
after(() => rmSync(root, { recursive: true }));
const folderOf = folderMaker(root);

/** Opens the files that a tokenizer writes. */
const again = (tokenizer: Tokenizer) => openTokenizer(folderOf(Object.fromEntries(tokenizer.files())));

const words = (...content: readonly string[]) => ({
  version: '1.0',
  added_tokens: [{ id: 0, content: '<|endoftext|>', special: true }],
  normalizer: { type: 'Lowercase' },
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: null,
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 50,
    vocab: Object.fromEntries(['<|endoftext|>', '[UNK]', ...content].map((token, id) => [token, id])),
  },
});
const opened = (json: object) => openTokenizer(folderOf({ 'tokenizer.json': JSON.stringify(json) }));

test('a saved tokenizer has the identity of the one that was saved', () => {
  const tokenizers = [
    gpt2Tokenizer(),
    gpt2Tokenizer(300),
    opened(words('one', 'two')),
    openTokenizer(
      folderOf({
        'vocab.json': '{"b": 1, "a": 0, "ab": 2, "<|endoftext|>": 3, "<pad>": 4}',
        'merges.txt': '#version: 0.2\na b\n',
        'special_tokens_map.json': '{"pad_token": "<pad>"}',
      }),
    ),
  ];
  for (const tokenizer of tokenizers) assert.equal(again(tokenizer).identity(), tokenizer.identity());
  assert.equal(new Set(tokenizers.map((one) => one.identity())).size, tokenizers.length);
});

test('the order of fields and what changes no ids do not matter', () => {
  const { model, ...rest } = words('one', 'two');
  const { vocab, ...settings } = model;
  const reversed = Object.fromEntries(Object.entries(vocab).reverse());
  const other = { model: { vocab: reversed, ...settings }, ...rest, truncation: { max_length: 9 } };
  assert.equal(opened(other).identity(), opened(words('one', 'two')).identity());
});

test('whatever changes ids changes the identity', () => {
  const base = words('one', 'two');
  const special = { id: 4, content: '<tag>', special: true };
  const others = [
    words('two', 'one'),
    { ...base, normalizer: null },
    { ...base, pre_tokenizer: { type: 'WhitespaceSplit' } },
    { ...base, model: { ...base.model, max_input_chars_per_word: 2 } },
    { ...base, added_tokens: [...base.added_tokens, special] },
    { ...base, added_tokens: [...base.added_tokens, { ...special, lstrip: true }] },
    { ...base, added_tokens: [...base.added_tokens, { ...special, special: false }] },
  ];
  const identities = [base, ...others].map((json) => opened(json).identity());
  assert.equal(new Set(identities).size, identities.length);
});
