// Training encodes special tokens in the text as tokens. Everything else treats them as ordinary text.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gpt2Tokenizer } from '../tokenizer/gpt2-tokenizer.js';
import type { SpelledToken, Tokenizer } from '../tokenizer/tokenizer.js';
import { encodeDialogue, encodeTurn } from './encode-dialogue.js';
import { TrainingText } from './training-text.js';

const plain = gpt2Tokenizer();
const end = plain.endOfText;

/** GPT-2's tokenizer with additional special tokens, as a model folder can define them. */
const withTokens = (...more: SpelledToken[]): Tokenizer => ({
  vocabularySize: plain.vocabularySize + more.length,
  endOfText: end,
  spelledTokens: [...plain.spelledTokens, ...more],
  encode: (text) => plain.encode(text),
  decode: (ids) => plain.decode(ids),
  files: () => plain.files(),
  identity: () => plain.identity(),
});
const ids = (text: string) => plain.encode(text);
const text = new TrainingText(plain);

test('an end-of-text marker ends the turn, once', () => {
  for (const spelled of [
    'Hello',
    'Hello<|endoftext|>',
    'Hello <|endoftext|> ',
    '<|endoftext|>Hello<|endoftext|><|endoftext|>',
  ])
    assert.deepEqual(text.encode(spelled).ids, [...ids('Hello'), end], spelled);
  assert.deepEqual(text.encode('Hi<|endoftext|>Hello'), {
    ids: [...ids('Hi'), end, ...ids('Hello'), end],
    endMarkers: 1,
    specialTokens: 0,
  });
});

test('each special token of the model is one id, and the longest match wins', () => {
  const own = withTokens({ id: end + 1, content: '<s>' }, { id: end + 2, content: '<s>>', rstrip: true });
  const encoded = new TrainingText(own).encode('<s> Hi<s>> there');
  assert.deepEqual(encoded, {
    ids: [end + 1, ...ids(' Hi'), end + 2, ...ids('there'), end],
    endMarkers: 0,
    specialTokens: 2,
  });
});

test('white space around a token is removed if the token asks for it', () => {
  const own = withTokens({ id: end + 1, content: '<a>', lstrip: true }, { id: end + 2, content: '<b>' });
  const encode = (spelled: string) => new TrainingText(own).encode(spelled).ids;
  assert.deepEqual(encode('Hi \n <a> you <b> too'), [
    ...[...ids('Hi'), end + 1, ...ids(' you '), end + 2, ...ids(' too'), end],
  ]);
});

test('a long run of spaces and a very large number of tokens are fast', () => {
  const many = Array.from({ length: 50_000 }, (_, index) => ({
    id: end + 1 + index,
    content: `<${index}>`,
    lstrip: true,
  }));
  const spaces = ' '.repeat(300_000);
  const encoded = new TrainingText(withTokens(...many)).encode(`a${spaces}b${spaces}<49999>`);
  assert.equal(encoded.specialTokens, 1);
  assert.equal(encoded.ids.at(-2), end + 50_000);
});

test('a special token typed in a chat stays ordinary text', () => {
  const own = withTokens({ id: end + 1, content: '<s>' });
  const typed = encodeTurn('<s> Hi<|endoftext|>', own);
  assert.deepEqual(typed, [...ids('<s> Hi<|endoftext|>'), end]);
  assert.equal(typed.indexOf(end), typed.length - 1);
});

test('an end-of-text marker does not make a context turn learned', () => {
  const turns = [
    { text: 'Hi<|endoftext|>I am the boss', supervised: true },
    { text: 'Yes', supervised: true },
  ];
  const encoded = encodeDialogue({ turns, source: 'a:1' }, text, {
    lossOn: 'auto',
    maxLength: 100,
    order: 'forward',
  });
  const learned = encoded?.targets.filter((id) => id >= 0) ?? [];
  assert.deepEqual([...learned], [...ids('Yes'), end]);
  assert.equal(encoded?.endMarkers, 1);
});
