import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { refusal } from '../../test/refusal.js';
import { TrainingText } from '../corpus/training-text.js';
import { byteCharacters } from './byte-characters.js';
import { GeneralTokenizer } from './general-tokenizer.js';
import { GPT2Tokenizer, gpt2Files, gpt2Tokenizer } from './gpt2-tokenizer.js';
import { openTokenizer } from './open-tokenizer.js';
import { type AddedToken, mergesText, tokenizerJson, vocabJson } from './tokenizer-files.js';

const scratch = mkdtempSync(join(tmpdir(), 'tokenizer-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

let folders = 0;
function folderOf(files: Readonly<Record<string, string>> | ReadonlyMap<string, string>): string {
  const folder = join(scratch, String(folders++));
  mkdirSync(folder);
  const entries = files instanceof Map ? [...files] : Object.entries(files);
  for (const [name, text] of entries) writeFileSync(join(folder, name), text);
  return folder;
}

function gpt2File(name: string): string {
  const text = gpt2Files().get(name);
  assert.ok(text !== undefined);
  return text;
}

/** All bytes, `he`, `Ġhe`, and the end of text. */
const small = {
  vocab: new Map(
    [
      ...Array.from({ length: 256 }, (_, byte) => byteCharacters(String.fromCharCode(byte))),
      'he',
      'Ġhe',
      '<|endoftext|>',
    ].map((token, id) => [token, id]),
  ),
  merges: ['h e', 'Ġ he'],
};
const smallEnd: AddedToken = { id: 258, content: '<|endoftext|>', special: true };
const byte = (character: string) => character.charCodeAt(0);

const refused = (files: Readonly<Record<string, string>>): string =>
  refusal('model', () => openTokenizer(folderOf(files))).replaceAll(scratch, '');

describe('openTokenizer', () => {
  it("uses the fast tokenizer for GPT-2's vocabulary, from either kind of folder", () => {
    const kinds = [
      ['tokenizer.json'],
      ['vocab.json', 'merges.txt'],
      ['vocab.json', 'merges.txt', 'tokenizer_config.json', 'special_tokens_map.json'],
    ];
    for (const names of kinds) {
      const tokenizer = openTokenizer(folderOf(new Map(names.map((name) => [name, gpt2File(name)]))));
      assert.ok(tokenizer instanceof GPT2Tokenizer, names.join());
      assert.equal(tokenizer.vocabularySize, 50257);
      assert.equal(tokenizer.endOfText, 50256);
    }
  });

  it('uses the fast tokenizer when special tokens were added', () => {
    const tokenizer = openTokenizer(
      folderOf({
        'vocab.json': gpt2File('vocab.json'),
        'merges.txt': gpt2File('merges.txt'),
        'added_tokens.json': '{"<pad>": 50257}',
        'special_tokens_map.json': '{"eos_token": {"content": "<|endoftext|>"}, "pad_token": "<pad>"}',
      }),
    );
    assert.ok(tokenizer instanceof GPT2Tokenizer);
    assert.equal(tokenizer.vocabularySize, 50258);
    assert.deepEqual(tokenizer.encode('a<pad>'), gpt2Tokenizer().encode('a<pad>'));
    assert.equal(tokenizer.decode([50257]), '');
  });

  it('knows how a corpus spells the end of a turn and other special tokens', () => {
    const tokenizer = openTokenizer(
      folderOf({
        'vocab.json': gpt2File('vocab.json'),
        'merges.txt': gpt2File('merges.txt'),
        'added_tokens.json': '{"<speaker1>": 50257, "<speaker2>": 50258}',
        'special_tokens_map.json': '{"additional_special_tokens": ["<speaker1>", "<speaker2>"]}',
      }),
    );
    const { ids, specialTokens } = new TrainingText(tokenizer).encode('<speaker2> Hello<|endoftext|>');
    assert.deepEqual(ids, [50258, ...tokenizer.encode(' Hello'), 50256]);
    assert.equal(specialTokens, 1);
    assert.ok(!tokenizer.encode('<speaker2>').includes(50258));
  });

  it('uses the general tokenizer when words were added, and encodes them', () => {
    const tokenizer = openTokenizer(
      folderOf({
        'vocab.json': gpt2File('vocab.json'),
        'merges.txt': gpt2File('merges.txt'),
        'added_tokens.json': '{"frobnicate": 50257}',
      }),
    );
    assert.ok(tokenizer instanceof GeneralTokenizer);
    assert.ok(tokenizer.encode('please frobnicate it').includes(50257));
    assert.equal(tokenizer.decode(tokenizer.encode('please frobnicate it')), 'please frobnicate it');
  });

  it('uses the general tokenizer for another vocabulary, other merges or other splitting', () => {
    const merges = gpt2File('merges.txt').split('\n');
    const shortened = [...merges.slice(0, 4), ...merges.slice(5)].join('\n');
    const prefixed = '{"add_prefix_space": true}';
    const vocab = gpt2File('vocab.json');
    for (const files of [
      { 'vocab.json': vocabJson(small.vocab), 'merges.txt': mergesText(small.merges) },
      { 'vocab.json': vocab, 'merges.txt': shortened },
      { 'vocab.json': vocab, 'merges.txt': merges.join('\n'), 'tokenizer_config.json': prefixed },
    ])
      assert.ok(openTokenizer(folderOf(files)) instanceof GeneralTokenizer);
  });

  it('follows the merges of a vocabulary of 259 tokens', () => {
    const files = { 'vocab.json': vocabJson(small.vocab), 'merges.txt': mergesText(small.merges) };
    const tokenizer = openTokenizer(folderOf(files));
    assert.equal(tokenizer.vocabularySize, 259);
    assert.equal(tokenizer.endOfText, 258);
    assert.deepEqual(tokenizer.encode('he said he'), [256, byte(' '), ...[...'said'].map(byte), 257]);
    assert.deepEqual(tokenizer.encode('<|endoftext|>'), [...'<|endoftext|>'].map(byte));
    assert.equal(tokenizer.decode([256, 258, 257]), 'he he');
  });

  it('ends turns with the eos_token that the folder names', () => {
    const vocab = new Map(
      [...small.vocab.keys()].map((token, id) => [token === '<|endoftext|>' ? '</s>' : token, id]),
    );
    const end = { ...smallEnd, content: '</s>' };
    const tokenizer = openTokenizer(
      folderOf({
        'tokenizer.json': tokenizerJson({ ...small, vocab }, [end]),
        'tokenizer_config.json': '{"eos_token": "</s>"}',
      }),
    );
    assert.equal(tokenizer.endOfText, 258);
    assert.ok(!tokenizer.encode('</s> he').includes(258));
    assert.match(tokenizer.files().get('special_tokens_map.json') ?? '', /"eos_token": "<\/s>"/);
  });

  it('opens other kinds of vocabulary, where no text encodes to a special token either', () => {
    const special = (id: number, content: string) => ({ id, content, special: true });
    const wordPiece = {
      added_tokens: [special(0, '[UNK]'), special(1, '[SEP]')],
      normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, lowercase: false },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      post_processor: null,
      decoder: { type: 'WordPiece', prefix: '##', cleanup: false },
      model: {
        type: 'WordPiece',
        unk_token: '[UNK]',
        vocab: { '[UNK]': 0, '[SEP]': 1, '[': 2, SEP: 3, ']': 4, 你: 5, 好: 6 },
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
      },
    };
    const chinese = openTokenizer(
      folderOf({
        'tokenizer.json': JSON.stringify(wordPiece),
        'special_tokens_map.json': '{"eos_token": "[SEP]"}',
      }),
    );
    assert.equal(chinese.endOfText, 1);
    assert.deepEqual(chinese.encode('你好[SEP]?'), [5, 6, 2, 3, 4, 0]);

    const unigram = {
      added_tokens: [special(1, '</s>')],
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: { type: 'Fuse' },
      model: {
        type: 'Unigram',
        unk_id: 0,
        vocab: [
          ['<unk>', 0],
          ['</s>', 0],
          ['a', -1],
          ['<', -2],
          ['/s', -2],
          ['>', -2],
        ],
      },
    };
    const pieces = openTokenizer(
      folderOf({
        'tokenizer.json': JSON.stringify(unigram),
        'special_tokens_map.json': '{"eos_token": "</s>"}',
      }),
    );
    assert.equal(pieces.vocabularySize, 6);
    assert.deepEqual(pieces.encode('a</s>a'), [2, 3, 4, 5, 2]);
    assert.equal(pieces.decode([2, 1, 2]), 'aa');
    assert.equal(pieces.files().has('merges.txt'), false);
  });

  it("passes the folder's own files through and generates the others", () => {
    const own = { 'vocab.json': ` ${vocabJson(small.vocab)}`, 'merges.txt': mergesText(small.merges) };
    const files = openTokenizer(folderOf({ ...own, 'chat_template.jinja': 'x' })).files();
    assert.equal(files.get('vocab.json'), own['vocab.json']);
    assert.equal(files.get('merges.txt'), own['merges.txt']);
    assert.equal(files.get('chat_template.jinja'), 'x');
    assert.equal(files.get('tokenizer.json'), tokenizerJson(small, [smallEnd]));

    const other = openTokenizer(folderOf({ 'tokenizer.json': tokenizerJson(small, [smallEnd]) })).files();
    assert.equal(other.get('vocab.json'), vocabJson(small.vocab));
    assert.equal(other.get('merges.txt'), own['merges.txt']);
    assert.deepEqual([...gpt2Tokenizer().files().keys()].sort(), [...other.keys()].sort());
  });

  it('opens its own output', () => {
    const first = openTokenizer(folderOf({ 'tokenizer.json': tokenizerJson(small, [smallEnd]) }));
    const second = openTokenizer(folderOf(first.files()));
    assert.deepEqual(second.encode('he, then the hen'), first.encode('he, then the hen'));
    assert.deepEqual(second.files(), first.files());
  });

  it('reads merges as pairs, as in newer files', () => {
    const json = JSON.parse(tokenizerJson(small, [smallEnd]));
    json.model.merges = json.model.merges.map((merge: string) => merge.split(' '));
    const tokenizer = openTokenizer(folderOf({ 'tokenizer.json': JSON.stringify(json) }));
    assert.deepEqual(tokenizer.encode(' he'), [257]);
    assert.equal(tokenizer.files().get('merges.txt'), mergesText(small.merges));
  });

  it('refuses a folder without a tokenizer, or with half of one', () => {
    assert.match(
      refused({}),
      /^\/\d+ has no tokenizer .* needs tokenizer\.json, or vocab\.json with merges\.txt$/,
    );
    assert.match(refused({ 'vocab.json': '{}' }), /has vocab\.json but no merges\.txt/);
    assert.match(refused({ 'merges.txt': '' }), /has merges\.txt but no vocab\.json/);
  });

  it('refuses a tokenizer without a token that ends a turn', () => {
    const vocab = new Map([...small.vocab].filter(([token]) => token !== '<|endoftext|>'));
    assert.match(
      refused({ 'tokenizer.json': tokenizerJson({ ...small, vocab }, []) }),
      /^\/\d+\/tokenizer\.json has no "<\|endoftext\|>" token, which ends every turn/,
    );
  });

  it('handles tokens with the names of JavaScript properties', () => {
    const vocab = new Map([...small.vocab, ['__proto__', 259], ['constructor', 260]]);
    const tokenizer = openTokenizer(
      folderOf({ 'tokenizer.json': tokenizerJson({ ...small, vocab }, [smallEnd]) }),
    );
    assert.equal(tokenizer.vocabularySize, 261);
    assert.equal(tokenizer.decode(tokenizer.encode('__proto__ constructor')), '__proto__ constructor');
  });

  const python = process.env.CHATBOT_TRAIN_PYTHON;
  it('writes files that transformers opens, with the same ids', {
    skip: python === undefined && 'set CHATBOT_TRAIN_PYTHON to a Python that has transformers',
  }, () => {
    const program = `
import json, sys
from transformers import AutoTokenizer, GPT2TokenizerFast
texts = json.load(sys.stdin)
result = []
for folder in sys.argv[1:]:
    for kind in AutoTokenizer, GPT2TokenizerFast:
        tokenizer = kind.from_pretrained(folder)
        assert tokenizer.eos_token == "<|endoftext|>" and len(tokenizer) == int(tokenizer.eos_token_id) + 1
        result.append([tokenizer(text, split_special_tokens=True, add_special_tokens=False)["input_ids"] for text in texts])
print(json.dumps(result))`;
    const goldens: readonly { text: string }[] = JSON.parse(
      readFileSync(new URL('../../../src/tokenizer/gpt2-goldens.json', import.meta.url), 'utf8'),
    );
    const texts = goldens.map(({ text }) => text);
    const smallFolder = folderOf({
      'vocab.json': vocabJson(small.vocab),
      'merges.txt': mergesText(small.merges),
    });
    const tokenizers = [
      gpt2Tokenizer(),
      gpt2Tokenizer(4096),
      openTokenizer(folderOf({ 'vocab.json': gpt2File('vocab.json'), 'merges.txt': gpt2File('merges.txt') })),
      openTokenizer(folderOf({ 'tokenizer.json': gpt2File('tokenizer.json') })),
      openTokenizer(smallFolder),
    ];
    const written = tokenizers.map((tokenizer) => folderOf(tokenizer.files()));
    const { stdout, stderr, status } = spawnSync(python ?? '', ['-c', program, ...written], {
      encoding: 'utf8',
      input: JSON.stringify(texts),
      maxBuffer: 2 ** 26,
    });
    assert.equal(status, 0, stderr);
    const expected = tokenizers.flatMap((tokenizer) => {
      const ids = texts.map((text) => tokenizer.encode(text));
      return [ids, ids];
    });
    assert.deepEqual(JSON.parse(stdout), expected);
  });
});
