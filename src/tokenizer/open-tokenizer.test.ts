import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { repositoryRoot } from '../../test/repository.js';
import { UserError } from '../errors.js';
import { defineTokenizer } from './definition.js';
import { gpt2Tokenizer } from './gpt2-tokenizer.js';
import { encodesAsGpt2, openTokenizer } from './open-tokenizer.js';

const goldenFolder = join(repositoryRoot, 'test/goldens/tokenizer');
const goldens: { texts: string[]; ids: Record<string, (number[] | null)[]> } = JSON.parse(
  readFileSync(join(goldenFolder, 'ids.json'), 'utf8'),
);
const small = Object.keys(goldens.ids).filter((name) => name !== 'gpt2');

const scratch = mkdtempSync(join(tmpdir(), 'tokenizer-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

let folders = 0;
/** A folder with these files; what is no string is written as JSON. */
function folderWith(files: Readonly<Record<string, unknown>>): string {
  const folder = join(scratch, String(folders++));
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  return folder;
}

function golden(name: string, file: string): string {
  return readFileSync(join(goldenFolder, name, file), 'utf8');
}

interface TokenizerJson {
  added_tokens: { id: number; content: string; special: boolean }[];
  normalizer: unknown;
  pre_tokenizer: Record<string, unknown>;
  model: { type?: string; vocab: Record<string, number>; merges: unknown[] };
}

function smallJson(name = 'byte-level'): TokenizerJson {
  const json: TokenizerJson = JSON.parse(golden(name, 'tokenizer.json'));
  return json;
}

function assertGoldens(folder: string, name: string): void {
  const tokenizer = openTokenizer(folder);
  for (const [index, text] of goldens.texts.entries()) {
    const expected = goldens.ids[name]?.[index];
    if (expected !== null)
      assert.deepEqual(tokenizer.encode(text), expected, `${name}: ${JSON.stringify(text)}`);
  }
}

describe('the tokenizer of a model folder', () => {
  for (const name of small)
    it(`gives the ids that transformers gives: ${name}`, () => assertGoldens(join(goldenFolder, name), name));

  it('is read from vocab.json and merges.txt where there is nothing else', () => {
    assertGoldens(join(goldenFolder, 'vocabulary-and-merges'), 'byte-level');
  });

  it('takes merges.txt without a version, with the line ends of Windows and with empty lines at its end', () => {
    const files = { 'vocab.json': golden('vocabulary-and-merges', 'vocab.json') };
    const merges = golden('vocabulary-and-merges', 'merges.txt');
    for (const text of [merges.replace(/^#.*\n/, ''), merges.replaceAll('\n', '\r\n'), `${merges}\n\n`])
      assertGoldens(folderWith({ ...files, 'merges.txt': text }), 'byte-level');
  });

  it('reads a tokenizer.json whose merges are pairs, or that does not name its type', () => {
    const json = smallJson();
    const merges = json.model.merges.map((merge) => (typeof merge === 'string' ? merge.split(' ') : merge));
    assertGoldens(
      folderWith({ 'tokenizer.json': { ...json, model: { ...json.model, merges } } }),
      'byte-level',
    );
    const { type: _, ...untyped } = json.model;
    assertGoldens(folderWith({ 'tokenizer.json': { ...json, model: untyped } }), 'byte-level');
  });

  it('puts a space before text where tokenizer_config.json says so', () => {
    const config = { add_prefix_space: true };
    const pair = {
      'vocab.json': golden('vocabulary-and-merges', 'vocab.json'),
      'merges.txt': golden('vocabulary-and-merges', 'merges.txt'),
    };
    for (const files of [pair, { 'tokenizer.json': smallJson() }]) {
      const tokenizer = openTokenizer(folderWith({ ...files, 'tokenizer_config.json': config }));
      assert.deepEqual(tokenizer.encode('you'), openTokenizer(folderWith(files)).encode(' you'));
    }
  });

  it('decodes what it encoded, whatever the text', () => {
    for (const name of ['byte-level', 'vocabulary-and-merges']) {
      const tokenizer = openTokenizer(join(goldenFolder, name));
      fc.assert(
        fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
          assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
        }),
        { seed: 3, numRuns: 200 },
      );
    }
  });

  it('never encodes text to a special token, and decodes special and unknown ids to nothing', () => {
    for (const name of small) {
      const tokenizer = openTokenizer(join(goldenFolder, name));
      const special = smallJson(name).added_tokens.filter((token) => token.special);
      assert.ok(special.some(({ id }) => id === tokenizer.endOfText));
      for (const { id, content } of special) {
        if (content === '[UNK]' || content === '<unk>') continue;
        assert.ok(!tokenizer.encode(`hello ${content} you ${content}`).includes(id), `${name} ${content}`);
        assert.ok(!tokenizer.encode(content).includes(id), `${name} ${content}`);
      }
      const ids = [-1, 0.5, tokenizer.vocabularySize, 2 ** 31, ...special.map(({ id }) => id)];
      assert.equal(tokenizer.decode(ids), '');
      assert.equal(tokenizer.decode([]), '');
    }
  });

  it('reads half a surrogate pair as the replacement character', () => {
    const tokenizer = openTokenizer(join(goldenFolder, 'byte-level'));
    assert.equal(tokenizer.decode(tokenizer.encode('a\ud83d b\udc00')), 'a\ufffd b\ufffd');
    for (const name of small) openTokenizer(join(goldenFolder, name)).encode('\ud83d');
  });

  it('counts added tokens, wherever they are listed', () => {
    const json = smallJson();
    const next = Math.max(...Object.values(json.model.vocab)) + 1;
    const pair = {
      'vocab.json': golden('vocabulary-and-merges', 'vocab.json'),
      'merges.txt': golden('vocabulary-and-merges', 'merges.txt'),
    };
    const entry = { content: '[PAD]', special: true };
    for (const files of [
      { 'tokenizer.json': { ...json, added_tokens: [...json.added_tokens, { ...entry, id: next }] } },
      { ...pair, 'added_tokens.json': { '[PAD]': next }, 'special_tokens_map.json': { pad_token: '[PAD]' } },
      { ...pair, 'tokenizer_config.json': { added_tokens_decoder: { [next]: entry } } },
    ]) {
      const tokenizer = openTokenizer(folderWith(files));
      assert.equal(tokenizer.vocabularySize, next + 1);
      assert.equal(tokenizer.decode([next]), '');
      assert.ok(!tokenizer.encode('[PAD]').includes(next));
    }
  });

  it('finds an added token that is not special in text', () => {
    const folder = folderWith({
      'vocab.json': golden('vocabulary-and-merges', 'vocab.json'),
      'merges.txt': golden('vocabulary-and-merges', 'merges.txt'),
      'added_tokens.json': { '[NAME]': 1000 },
    });
    const tokenizer = openTokenizer(folder);
    assert.ok(tokenizer.encode('hello [NAME]').includes(1000));
    assert.equal(tokenizer.decode(tokenizer.encode('hello [NAME]!')), 'hello [NAME]!');
  });

  it('ends texts as its configuration says', () => {
    const json = smallJson('added-tokens');
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

  it('reads an ordinary token as ordinary where it is used for padding', () => {
    const files = { 'tokenizer.json': smallJson(), 'tokenizer_config.json': { pad_token: '!' } };
    const tokenizer = openTokenizer(folderWith(files));
    assert.equal(tokenizer.decode(tokenizer.encode('hi!')), 'hi!');
  });
});

describe('the files of an opened tokenizer', () => {
  it('are those of its folder', () => {
    for (const name of [...small, 'vocabulary-and-merges']) {
      const files = openTokenizer(join(goldenFolder, name)).files();
      for (const file of readdirSync(join(goldenFolder, name)))
        assert.equal(files.get(file), golden(name, file));
    }
  });

  it('have all three forms of a byte-level tokenizer, which say the same', () => {
    for (const name of ['byte-level', 'vocabulary-and-merges']) {
      const files = openTokenizer(join(goldenFolder, name)).files();
      const config = files.get('tokenizer_config.json') ?? '';
      assert.match(config, /"eos_token": ?"<\|endoftext\|>"/);
      const json = files.get('tokenizer.json') ?? '';
      const pair = { 'vocab.json': files.get('vocab.json'), 'merges.txt': files.get('merges.txt') };
      for (const form of [{ 'tokenizer.json': json }, pair])
        assertGoldens(folderWith({ ...form, 'tokenizer_config.json': config }), 'byte-level');
    }
  });

  it('are only tokenizer.json where there are no merges', () => {
    for (const name of ['word-piece', 'unigram'])
      assert.deepEqual([...openTokenizer(join(goldenFolder, name)).files().keys()].sort(), [
        'tokenizer.json',
        'tokenizer_config.json',
      ]);
  });
});

describe("GPT-2's fast tokenizer in a model folder", () => {
  const own = gpt2Tokenizer().files();
  const text = (name: string): string => own.get(name) ?? assert.fail(name);
  const pair = new Map(['vocab.json', 'merges.txt'].map((name): [string, string] => [name, text(name)]));
  const isFast = (texts: ReadonlyMap<string, string>): boolean =>
    encodesAsGpt2(defineTokenizer({ folder: 'folder', texts }));
  const withJson = (change: (json: TokenizerJson) => unknown): ReadonlyMap<string, string> => {
    const json: TokenizerJson = JSON.parse(text('tokenizer.json'));
    return new Map([['tokenizer.json', JSON.stringify(change(json))]]);
  };

  it('is used where vocabulary and merges are its own', () => {
    assert.ok(isFast(own));
    assert.ok(isFast(pair));
  });

  it('is used beside special tokens that were added', () => {
    const added = new Map([...pair, ['added_tokens.json', '{"[PAD]": 50257, "[A]": 50258}']]);
    const names = JSON.stringify({
      pad_token: '[PAD]',
      additional_special_tokens: ['[A]'],
      eos_token: '[A]',
    });
    const texts = new Map([...added, ['special_tokens_map.json', names]]);
    assert.ok(isFast(texts));
    const tokenizer = openTokenizer(folderWith(Object.fromEntries(texts)));
    assert.equal(tokenizer.vocabularySize, 50259);
    assert.equal(tokenizer.endOfText, 50258);
    assert.equal(tokenizer.decode([50257, 50258, ...tokenizer.encode('hi[PAD]')]), 'hi[PAD]');
  });

  it('is not used where text would get other ids', () => {
    assert.ok(!isFast(new Map([...pair, ['added_tokens.json', '{"[NAME]": 50257}']])));
    assert.ok(!isFast(new Map([...pair, ['tokenizer_config.json', '{"add_prefix_space": true}']])));
    assert.ok(!isFast(withJson((json) => ({ ...json, normalizer: { type: 'Lowercase' } }))));
    assert.ok(
      !isFast(withJson((json) => ({ ...json, pre_tokenizer: { ...json.pre_tokenizer, use_regex: false } }))),
    );
    const merges = text('merges.txt').split('\n');
    [merges[1], merges[2]] = [merges[2] ?? '', merges[1] ?? ''];
    assert.ok(!isFast(new Map([...pair, ['merges.txt', merges.join('\n')]])));
    const vocabulary: Record<string, number> = JSON.parse(text('vocab.json'));
    const swapped = { ...vocabulary, '!': vocabulary['"'], '"': vocabulary['!'] };
    assert.ok(!isFast(new Map([...pair, ['vocab.json', JSON.stringify(swapped)]])));
  });

  it('keeps the files of the folder and makes the missing ones', () => {
    const files = openTokenizer(folderWith(Object.fromEntries(pair))).files();
    for (const [name, content] of pair) assert.equal(files.get(name), content);
    assert.equal(files.get('tokenizer.json'), text('tokenizer.json'));
  });
});

describe('a tokenizer that cannot be used', () => {
  const vocabulary = smallJson().model.vocab;
  const merges = golden('vocabulary-and-merges', 'merges.txt');

  function assertRefused(files: Readonly<Record<string, unknown>>, message: RegExp): void {
    assert.throws(
      () => openTokenizer(folderWith(files)),
      (error) => {
        assert.ok(error instanceof UserError, String(error));
        assert.equal(error.fault, 'model');
        assert.match(error.message, message);
        return true;
      },
    );
  }

  it('is one that is not there', () => {
    assertRefused({}, /has no tokenizer: it needs tokenizer\.json, or vocab\.json and merges\.txt/);
    assertRefused({ 'vocab.json': vocabulary }, /has no tokenizer/);
    assertRefused({ 'merges.txt': merges }, /has no tokenizer/);
    const folder = join(scratch, 'folder-for-file');
    mkdirSync(join(folder, 'tokenizer.json'), { recursive: true });
    assert.throws(() => openTokenizer(folder), UserError);
  });

  it('is one that ends no text', () => {
    const { '<|endoftext|>': _, ...endless } = vocabulary;
    const files = { 'vocab.json': endless, 'merges.txt': merges };
    assertRefused(files, /has neither <\|endoftext\|> nor an eos_token; name one/);
    const config = { eos_token: '</s>' };
    assertRefused(
      { ...files, 'tokenizer_config.json': config },
      /neither <\|endoftext\|> nor its eos_token "<\/s>"/,
    );
  });

  it('has a broken vocabulary', () => {
    const refused = (vocab: unknown, message: RegExp): void =>
      assertRefused({ 'vocab.json': vocab, 'merges.txt': merges }, message);
    refused('', /vocab\.json cannot be read as JSON/);
    refused('{"a": 0,\n"b": }', /vocab\.json cannot be read as JSON \([^\n]*\); download/);
    refused([], /vocab\.json is no JSON object/);
    refused({}, /vocab\.json has no vocabulary/);
    for (const id of [-1, 0.5, '7', null, 2 ** 24, 1e300])
      refused(
        { ...vocabulary, new: id },
        /vocab\.json gives token "new" the id .*, which is no whole number from 0 to/,
      );
    refused({ ...vocabulary, new: 1 }, /vocab\.json gives both ".+" and "new" the id 1;/);
  });

  it('has broken merges', () => {
    const refused = (text: string, message: RegExp): void =>
      assertRefused({ 'vocab.json': vocabulary, 'merges.txt': text }, message);
    const lines = merges.split('\n');
    const at = (line: number, text: string): string => lines.with(line - 1, text).join('\n');
    refused(at(3, 'a'), /merges\.txt, line 3, should be two tokens with a space between, found "a"/);
    refused(at(4, 'a b c'), /merges\.txt, line 4, should be/);
    refused(at(5, ''), /merges\.txt, line 5, should be/);
    refused(at(2, 'a  b'), /merges\.txt, line 2, should be/);
    refused(at(3, '€ €'), /merges\.txt, line 3, merges "€" and "€", but the vocabulary has no "€"/);
    refused(at(3, '" #').replace(/^#.*\n/, ''), /merges\.txt, line 2, merges .* has no "\\"#"/);
    const json = smallJson();
    for (const merge of [3, null, ['a'], ['a', 1], { toString: 1 }, [{ toString: 1 }, 'a'], 'ab'])
      assertRefused(
        { 'tokenizer.json': { ...json, model: { ...json.model, merges: [merge] } } },
        /tokenizer\.json, merge 1, should be two tokens/,
      );
    assertRefused(
      { 'tokenizer.json': { ...json, model: { ...json.model, merges: 'a b' } } },
      /tokenizer\.json has no list of merges/,
    );
  });

  it('has added tokens that contradict', () => {
    const refused = (added: unknown, message: RegExp): void =>
      assertRefused({ 'tokenizer.json': { ...smallJson(), added_tokens: added } }, message);
    refused([{ id: 1, content: '[PAD]' }], /gives token "\[PAD\]" the id 1, which ".+" has/);
    refused([{ id: 999, content: '!' }], /gives token "!" the id 999, but it already has \d+/);
    refused([{ id: -1, content: '[PAD]' }], /no whole number/);
    refused([{ id: 999 }], /has \{"id":999\} where an added token should be/);
    refused([null], /where an added token should be/);
    refused(3, /has no list of added tokens/);
  });

  it('asks for what is not there', () => {
    const json = smallJson();
    const refused = (change: Readonly<Record<string, unknown>>, message: RegExp): void =>
      assertRefused({ 'tokenizer.json': { ...json, ...change } }, message);
    refused(
      { pre_tokenizer: { type: 'Telepathy' } },
      /tokenizer\.json describes a tokenizer that cannot be used/,
    );
    refused(
      { model: { ...json.model, type: 'Telepathy' } },
      /has a model of type "Telepathy", which cannot be used here/,
    );
    refused({ model: 3 }, /tokenizer\.json has no model/);
    refused({ normalizer: { type: 'Replace', pattern: { Regex: '(' } } }, /cannot be used/);
  });

  it('ends in one sentence, however its files are damaged', () => {
    const originals = small.map((name) => golden(name, 'tokenizer.json'));
    const folder = folderWith({});
    const damage = fc.record({
      original: fc.constantFrom(...originals),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.integer({ min: 0, max: 40 }),
      insert: fc.constantFrom('', '0', '-1', 'null', '[]', '{}', '"', ',', '[[', '"x":1,', '1e9', '\u0000'),
    });
    fc.assert(
      fc.property(damage, ({ original, at, length, insert }) => {
        const start = Math.floor(at * original.length);
        writeFileSync(
          join(folder, 'tokenizer.json'),
          original.slice(0, start) + insert + original.slice(start + length),
        );
        try {
          const tokenizer = openTokenizer(folder);
          tokenizer.decode(tokenizer.encode('Hello <|endoftext|> 你好 you'));
          tokenizer.files();
        } catch (error) {
          assert.ok(error instanceof UserError, String(error));
        }
      }),
      { seed: 4, numRuns: 400 },
    );
  });
});

describe('transformers', () => {
  const python = process.env.CHATBOT_TRAIN_PYTHON;
  it('opens the files and gives the same ids', {
    skip: python === undefined && 'set CHATBOT_TRAIN_PYTHON to a Python that has transformers',
  }, () => {
    const gpt2 = gpt2Tokenizer().files();
    const unigram = folderWith({
      'tokenizer.json': golden('unigram', 'tokenizer.json'),
      'special_tokens_map.json': { eos_token: '<eos>', unk_token: '<unk>' },
    });
    const bare = folderWith({ 'tokenizer.json': golden('prefix-space', 'tokenizer.json') });
    const names = ['byte-level', 'prefix-space', 'vocabulary-and-merges'];
    const opened = [...names.map((name) => join(goldenFolder, name)), unigram, bare].map(openTokenizer);
    const contents = [gpt2, ...opened.map((tokenizer) => tokenizer.files())].map(Object.fromEntries);
    // The older pair alone, as DialoGPT has it.
    contents.push({ 'vocab.json': gpt2.get('vocab.json'), 'merges.txt': gpt2.get('merges.txt') });
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
      const expected = goldens.texts.map((text) => tokenizer.encode(text));
      assert.deepEqual(results[index]?.ids, expected, place);
      assert.equal(results[index]?.end, tokenizer.endOfText);
      assert.equal(results[index]?.size, tokenizer.vocabularySize);
    }
  });
});
