import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { anyCharacter } from '../../test/any-character.js';
import { repositoryRoot } from '../../test/repository.js';
import { folderMaker } from '../../test/written-files.js';
import { GPT2Tokenizer, gpt2Files, gpt2Tokenizer } from './gpt2-tokenizer.js';
import { openTokenizer } from './open-tokenizer.js';
import type { Tokenizer } from './tokenizer.js';

const goldenFolder = join(repositoryRoot, 'test/goldens/tokenizer');
const goldens: { texts: string[]; ids: Record<string, (number[] | null)[]> } = JSON.parse(
  readFileSync(join(goldenFolder, 'ids.json'), 'utf8'),
);
const kinds = Object.keys(goldens.ids).filter((name) => name !== 'gpt2');

const scratch = mkdtempSync(join(tmpdir(), 'tokenizer-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** A folder with these files. Contents that are not strings are written as JSON, and undefined ones are skipped. */
const folderWith = folderMaker(scratch);

function golden(name: string, file: string): string {
  return readFileSync(join(goldenFolder, name, file), 'utf8');
}

interface TokenizerJson {
  added_tokens: { id: number; content: string; special: boolean }[];
  model: { type?: string; vocab: Record<string, number>; merges: unknown[] };
}

function goldenJson(name = 'byte-level'): TokenizerJson {
  return JSON.parse(golden(name, 'tokenizer.json'));
}

const pair = {
  'vocab.json': golden('vocabulary-and-merges', 'vocab.json'),
  'merges.txt': golden('vocabulary-and-merges', 'merges.txt'),
};

function assertGoldens(tokenizer: Tokenizer, name: string): void {
  for (const [index, text] of goldens.texts.entries()) {
    const expected = goldens.ids[name]?.[index];
    if (expected !== null)
      assert.deepEqual(tokenizer.encode(text), expected, `${name}: ${JSON.stringify(text)}`);
  }
}

describe('a tokenizer of any kind', () => {
  for (const name of kinds)
    it(`gives the same ids as transformers: ${name}`, () =>
      assertGoldens(openTokenizer(join(goldenFolder, name)), name));

  it("gives the same ids as transformers: GPT-2's", () => {
    assertGoldens(gpt2Tokenizer(), 'gpt2');
    const general = openTokenizer(
      folderWith({
        'tokenizer.json': gpt2Files().get('tokenizer.json'),
        'added_tokens.json': { '[A]': 50257 },
      }),
    );
    assert.ok(!(general instanceof GPT2Tokenizer));
    assertGoldens(general, 'gpt2');
  });

  it('gives the same ids from vocab.json and merges.txt', () =>
    assertGoldens(openTokenizer(join(goldenFolder, 'vocabulary-and-merges')), 'byte-level'));

  it('gives the same ids with any first line and line endings of merges.txt', () => {
    const merges = pair['merges.txt'];
    for (const text of [merges.replace(/^#.*\n/, ''), merges.replaceAll('\n', '\r\n'), `${merges}\n\n`])
      assertGoldens(openTokenizer(folderWith({ ...pair, 'merges.txt': text })), 'byte-level');
  });

  it('gives the same ids from a tokenizer.json that does not name its type', () => {
    for (const name of ['byte-level', 'word-piece', 'unigram']) {
      const json = goldenJson(name);
      const { type: _, ...model } = json.model;
      const config = golden(name, 'tokenizer_config.json');
      assertGoldens(
        openTokenizer(folderWith({ 'tokenizer.json': { ...json, model }, 'tokenizer_config.json': config })),
        name,
      );
    }
  });

  it('adds a space before text if tokenizer_config.json says so', () => {
    for (const files of [pair, { 'tokenizer.json': goldenJson() }]) {
      const config = { add_prefix_space: true };
      const tokenizer = openTokenizer(folderWith({ ...files, 'tokenizer_config.json': config }));
      assertGoldens(tokenizer, 'prefix-space');
    }
  });

  it('encodes unknown text to its unknown token, given by name or id', () => {
    assert.ok(openTokenizer(join(goldenFolder, 'word-piece')).encode('hello ☃').includes(1));
    const tokenizer = openTokenizer(join(goldenFolder, 'unigram'));
    assert.ok(tokenizer.encode('hello ☃').includes(0));
    assert.equal(tokenizer.decode([0]), '');
  });

  it('decodes any text that it encoded, if it is byte-level', () => {
    for (const name of ['byte-level', 'vocabulary-and-merges']) {
      const tokenizer = openTokenizer(join(goldenFolder, name));
      const roundTrip = fc.property(fc.string({ unit: anyCharacter, maxLength: 60 }), (text) => {
        assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
      });
      fc.assert(roundTrip, { seed: 3, numRuns: 200 });
    }
  });

  it('encodes no text to special tokens except the unknown one, and decodes special tokens to nothing', () => {
    for (const name of kinds) {
      const tokenizer = openTokenizer(join(goldenFolder, name));
      const special = goldenJson(name).added_tokens.filter((token) => token.special);
      assert.ok(special.some(({ id }) => id === tokenizer.endOfText));
      for (const { id, content } of special) {
        if (content === '[UNK]' || content === '<unk>') continue;
        assert.ok(!tokenizer.encode(`hello ${content} you ${content}`).includes(id), `${name} ${content}`);
        assert.ok(!tokenizer.encode(content).includes(id), `${name} ${content}`);
      }
      const ids = [-1, 0.5, tokenizer.vocabularySize, 2 ** 31, ...special.map(({ id }) => id)];
      assert.equal(tokenizer.decode(ids), '');
    }
  });

  it('counts added tokens in every file that can list them', () => {
    const json = goldenJson();
    const next = Math.max(...Object.values(json.model.vocab)) + 1;
    const entry = { content: '[PAD]', special: true };
    for (const files of [
      { 'tokenizer.json': { ...json, added_tokens: [...json.added_tokens, { ...entry, id: next }] } },
      { 'tokenizer.json': json, 'tokenizer_config.json': { added_tokens_decoder: { [next]: entry } } },
      { ...pair, 'tokenizer_config.json': { added_tokens_decoder: { [next]: entry } } },
      { ...pair, 'added_tokens.json': { '[PAD]': next }, 'special_tokens_map.json': { pad_token: '[PAD]' } },
    ]) {
      const tokenizer = openTokenizer(folderWith(files));
      assert.equal(tokenizer.vocabularySize, next + 1);
      assert.equal(tokenizer.decode([next]), '');
      assert.ok(!tokenizer.encode('[PAD]').includes(next));
    }
  });

  it('ends turns with the token that its configuration names', () => {
    const json = goldenJson('added-tokens');
    const pad = json.added_tokens.find(({ content }) => content === '[PAD]')?.id;
    const named = { content: '[PAD]', lstrip: false };
    for (const files of [
      { 'tokenizer_config.json': { eos_token: '[PAD]' } },
      { 'tokenizer_config.json': { eos_token: named } },
      { 'special_tokens_map.json': { eos_token: named } },
    ])
      assert.equal(openTokenizer(folderWith({ 'tokenizer.json': json, ...files })).endOfText, pad);
    assert.equal(openTokenizer(folderWith({ 'tokenizer.json': json })).endOfText, 0);
  });

  it('treats an ordinary token as ordinary even if it is used for padding', () => {
    const json = goldenJson();
    const added = [...json.added_tokens, { id: json.model.vocab['!'], content: '!', special: true }];
    for (const files of [
      pair,
      { 'tokenizer.json': json },
      { 'tokenizer.json': { ...json, added_tokens: added } },
    ]) {
      const config = { pad_token: '!' };
      const tokenizer = openTokenizer(folderWith({ ...files, 'tokenizer_config.json': config }));
      assert.equal(tokenizer.decode(tokenizer.encode('hi!')), 'hi!');
    }
    const gpt2 = ['vocab.json', 'merges.txt'].map((name) => [name, gpt2Files().get(name)]);
    const tokenizer = openTokenizer(
      folderWith({ ...Object.fromEntries(gpt2), 'special_tokens_map.json': { pad_token: '!' } }),
    );
    assert.ok(tokenizer instanceof GPT2Tokenizer);
    assert.deepEqual(tokenizer.encode('hi!'), gpt2Tokenizer().encode('hi!'));
  });
});

describe('the files of a tokenizer of any kind', () => {
  const filesOf = (files: Readonly<Record<string, unknown>>) => openTokenizer(folderWith(files)).files();
  const parsed = (files: ReadonlyMap<string, string>, name: string) => JSON.parse(files.get(name) ?? '');

  it('are the files of its folder', () => {
    for (const name of [...kinds, 'vocabulary-and-merges']) {
      const files = openTokenizer(join(goldenFolder, name)).files();
      for (const file of readdirSync(join(goldenFolder, name)))
        assert.equal(files.get(file), golden(name, file));
    }
  });

  it('contain all three equivalent forms of a byte-level tokenizer', () => {
    for (const name of ['byte-level', 'vocabulary-and-merges', 'prefix-space']) {
      const own =
        name === 'vocabulary-and-merges' ? pair : { 'tokenizer.json': golden(name, 'tokenizer.json') };
      const files = filesOf(own);
      const config = files.get('tokenizer_config.json');
      for (const form of [['tokenizer.json'], ['vocab.json', 'merges.txt']]) {
        const texts = Object.fromEntries(form.map((file) => [file, files.get(file)]));
        const tokenizer = openTokenizer(folderWith({ ...texts, 'tokenizer_config.json': config }));
        assertGoldens(tokenizer, name === 'prefix-space' ? name : 'byte-level');
      }
    }
  });

  it('lack vocab.json and merges.txt if these cannot express the tokenizer', () => {
    for (const name of ['word-piece', 'unigram', 'sequence'])
      assert.deepEqual([...openTokenizer(join(goldenFolder, name)).files().keys()].sort(), [
        'special_tokens_map.json',
        'tokenizer.json',
        'tokenizer_config.json',
      ]);
  });

  it('include a generated tokenizer_config.json with the settings of the folder', () => {
    const prefixed = filesOf({ 'tokenizer.json': golden('prefix-space', 'tokenizer.json') });
    assert.deepEqual(parsed(prefixed, 'tokenizer_config.json'), {
      add_prefix_space: true,
      bos_token: '<|endoftext|>',
      eos_token: '<|endoftext|>',
      unk_token: '<|endoftext|>',
      clean_up_tokenization_spaces: false,
      tokenizer_class: 'GPT2Tokenizer',
    });
    const roles = { eos_token: '[SEP]', unk_token: { content: '[UNK]' }, pad_token: '[PAD]' };
    const wordPiece = filesOf({
      'tokenizer.json': golden('word-piece', 'tokenizer.json'),
      'special_tokens_map.json': roles,
    });
    assert.deepEqual(parsed(wordPiece, 'tokenizer_config.json'), {
      eos_token: '[SEP]',
      unk_token: '[UNK]',
      pad_token: '[PAD]',
      clean_up_tokenization_spaces: false,
      tokenizer_class: 'PreTrainedTokenizerFast',
    });
  });

  it('include a generated special_tokens_map.json with the tokens that the folder names', () => {
    const unigram = openTokenizer(join(goldenFolder, 'unigram')).files();
    assert.deepEqual(parsed(unigram, 'special_tokens_map.json'), { eos_token: '<eos>', unk_token: '<unk>' });
  });

  const python = process.env.CHATBOT_TRAIN_PYTHON;
  it('give transformers the same ids, end token and size', {
    skip: python === undefined && 'set CHATBOT_TRAIN_PYTHON to a Python that has transformers',
  }, () => {
    const unigram = folderWith({
      'tokenizer.json': golden('unigram', 'tokenizer.json'),
      'special_tokens_map.json': { eos_token: '<eos>', unk_token: '<unk>' },
    });
    const bare = ['prefix-space', 'sequence'].map((name) =>
      folderWith({ 'tokenizer.json': golden(name, 'tokenizer.json') }),
    );
    const whole = ['byte-level', 'prefix-space', 'vocabulary-and-merges'].map((name) =>
      join(goldenFolder, name),
    );
    const opened = [...whole, ...bare, unigram].map(openTokenizer);
    const contents = [gpt2Tokenizer(), ...opened].map((tokenizer) => Object.fromEntries(tokenizer.files()));
    const places = contents.map((files) => folderWith({ 'config.json': { model_type: 'gpt2' }, ...files }));
    const program = `
import json, sys
from transformers import AutoTokenizer
request = json.load(sys.stdin)
result = []
for folder in request["folders"]:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    result.append({
        "ids": [tokenizer(text, add_special_tokens=False)["input_ids"] for text in request["texts"]],
        "end": tokenizer.eos_token_id,
        "size": len(tokenizer),
    })
print(json.dumps(result))`;
    const { stdout, stderr, status } = spawnSync(python ?? '', ['-c', program], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      input: JSON.stringify({ folders: places, texts: goldens.texts }),
      env: { ...process.env, HF_HUB_OFFLINE: '1' },
    });
    assert.equal(status, 0, stderr);
    const results: { ids: number[][]; end: number; size: number }[] = JSON.parse(stdout);
    for (const [index, place] of places.entries()) {
      const tokenizer = openTokenizer(place);
      const ids = goldens.texts.map((text) => tokenizer.encode(text));
      assert.deepEqual(
        results[index],
        { ids, end: tokenizer.endOfText, size: tokenizer.vocabularySize },
        place,
      );
    }
  });
});
