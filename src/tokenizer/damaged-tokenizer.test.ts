import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { refusal } from '../../test/refusal.js';
import { repositoryRoot } from '../../test/repository.js';
import { folderMaker } from '../../test/written-files.js';
import { UserError } from '../errors.js';
import { openTokenizer } from './open-tokenizer.js';

const goldenFolder = join(repositoryRoot, 'test/goldens/tokenizer');
const scratch = mkdtempSync(join(tmpdir(), 'tokenizer-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** A folder with these files. Contents that are not strings are written as JSON. */
const folderWith = folderMaker(scratch);

function golden(name: string, file: string): string {
  return readFileSync(join(goldenFolder, name, file), 'utf8');
}

interface TokenizerJson {
  model: { vocab: Record<string, number> };
}

const json: TokenizerJson = JSON.parse(golden('byte-level', 'tokenizer.json'));
const { vocab } = json.model;
const merges = golden('vocabulary-and-merges', 'merges.txt');

function assertRefused(files: Readonly<Record<string, unknown>>, message: RegExp): void {
  const folder = folderWith(files);
  assert.match(
    refusal('model', () => openTokenizer(folder)),
    message,
  );
}

/** The valid tokenizer with these parts replaced. */
function assertJsonRefused(parts: Readonly<Record<string, unknown>>, message: RegExp): void {
  assertRefused({ 'tokenizer.json': { ...json, ...parts } }, message);
}

describe('a damaged tokenizer is refused in one sentence on one line', () => {
  it('when a file is not a regular file', () => {
    const folder = folderWith({});
    mkdirSync(join(folder, 'tokenizer.json'));
    assert.match(
      refusal('model', () => openTokenizer(folder)),
      /tokenizer\.json is a folder, not a regular file/,
    );
  });

  it('when a file is not a JSON object', () => {
    const refused = (text: string, message: RegExp) => assertRefused({ 'tokenizer.json': text }, message);
    refused('', /tokenizer\.json is not JSON/);
    refused('{"model": ', /tokenizer\.json is not JSON/);
    refused('{"a": 0,\n"b": }', /tokenizer\.json is not JSON \(.*\); download/);
    refused('[]', /tokenizer\.json does not hold a JSON object/);
    assertRefused(
      { 'tokenizer.json': json, 'tokenizer_config.json': '{' },
      /tokenizer_config\.json is not JSON/,
    );
  });

  it('when parts of tokenizer.json are missing', () => {
    assertRefused({ 'tokenizer.json': {} }, /tokenizer\.json has no "model"/);
    assertJsonRefused({ model: 3 }, /tokenizer\.json has no "model"/);
    assertJsonRefused({ model: { type: 'BPE' } }, /tokenizer\.json has no vocabulary/);
    assertJsonRefused({ model: { type: 'BPE', vocab: {} } }, /tokenizer\.json has no vocabulary/);
    assertJsonRefused({ model: { ...json.model, merges: 'a b' } }, /tokenizer\.json has no list of merges/);
    assertJsonRefused({ added_tokens: 3 }, /"added_tokens" that are not a list/);
  });

  it('when a token has an invalid id', () => {
    for (const id of [-1, 0.5, '7', null, 2 ** 24, 1e300])
      assertRefused(
        { 'vocab.json': { ...vocab, new: id }, 'merges.txt': merges },
        /vocab\.json gives the token "new" the id .*, which is not a whole number from 0 to 16777215/,
      );
    assertJsonRefused(
      { model: { type: 'Unigram', vocab: [['a', 0], 'b'] } },
      /tokenizer\.json has "b" where a token with its score should be/,
    );
  });

  it('when two tokens have the same id', () => {
    assertRefused(
      { 'vocab.json': { ...vocab, new: 1 }, 'merges.txt': merges },
      /vocab\.json gives both "!" and "new" the id 1;/,
    );
  });

  it('when a line of merges.txt is not a merge, with the line number', () => {
    const refused = (text: string, message: RegExp) =>
      assertRefused({ 'vocab.json': vocab, 'merges.txt': text }, message);
    const at = (line: number, text: string) =>
      merges
        .split('\n')
        .map((old, index) => (index === line - 1 ? text : old))
        .join('\n');
    refused(at(3, 'a'), /merges\.txt, line 3, should be two tokens separated by a space, but is "a"/);
    refused(at(4, 'a b c'), /merges\.txt, line 4, should be two tokens/);
    refused(at(5, ''), /merges\.txt, line 5, should be two tokens/);
    refused(at(2, 'a  b'), /merges\.txt, line 2, should be two tokens/);
    refused(at(3, '€ €'), /merges\.txt, line 3, merges "€" and "€", but the vocabulary has no "€"/);
    refused(at(3, '" #').replace(/^#.*\n/, ''), /merges\.txt, line 2, merges .* has no "\\"#"/);
  });

  it('when a merge of tokenizer.json is invalid, with its position', () => {
    for (const merge of [3, null, ['a'], ['a', 1], { toString: 1 }, [{ toString: 1 }, 'a'], 'ab'])
      assertJsonRefused(
        { model: { ...json.model, merges: [merge] } },
        /tokenizer\.json, merge 1, should be two tokens/,
      );
    assertJsonRefused({ model: { ...json.model, merges: [['€', '€']] } }, /merge 1, .* has no "€"/);
  });

  it('when added tokens contradict the vocabulary or each other', () => {
    const refused = (added: unknown, message: RegExp) => assertJsonRefused({ added_tokens: added }, message);
    refused(
      [{ id: 1, content: '[PAD]' }],
      /tokenizer\.json gives the token "\[PAD\]" the id 1, which "!" has/,
    );
    refused([{ id: 999, content: '!' }], /gives the token "!" the id 999, but it already has 1/);
    refused(
      [{ id: -1, content: '[PAD]' }],
      /gives the token "\[PAD\]" the id -1, which is not a whole number/,
    );
    refused([{ id: 999 }], /has \{"id":999\} where an added token should be/);
    refused([null], /has null where an added token should be/);
    assertRefused(
      { 'tokenizer.json': json, 'added_tokens.json': { '[PAD]': 1 } },
      /added_tokens\.json gives the token "\[PAD\]" the id 1, which "!" has/,
    );
    assertRefused(
      {
        'tokenizer.json': json,
        'tokenizer_config.json': { added_tokens_decoder: { 1: { content: '[PAD]' } } },
      },
      /tokenizer_config\.json gives the token "\[PAD\]" the id 1, which "!" has/,
    );
  });

  it('when it has unsupported parts', () => {
    assertJsonRefused(
      { model: { ...json.model, type: 'Telepathy' } },
      /tokenizer\.json has a tokenizer of type "Telepathy", which this program cannot read/,
    );
    assertJsonRefused(
      { pre_tokenizer: { type: 'Telepathy' } },
      /tokenizer\.json .* cannot read \(.*Telepathy/,
    );
    assertJsonRefused({ normalizer: { type: 'Replace', pattern: { Regex: '(' } } }, /cannot read \(/);
    const { model } = JSON.parse(golden('unigram', 'tokenizer.json'));
    for (const id of [-1, 0.5, 1e9, 'length'])
      assertJsonRefused(
        { added_tokens: [], model: { ...model, unk_id: id } },
        /"unk_id" .*, which is not in its vocabulary/,
      );
  });

  it('when it would split text into pieces of length zero', () => {
    const cut = (length: unknown) => ({ type: 'FixedLength', length });
    for (const length of [0, -1, '0', null])
      for (const part of [cut(length), { type: 'Sequence', pretokenizers: [cut(2), cut(length)] }])
        assertJsonRefused({ pre_tokenizer: part }, /cannot read \(.* length/);
  });

  it('when the error shows only while encoding a text', () => {
    const part = { type: 'Replace', pattern: { String: 'e' }, content: { toString: 1 } };
    const encoding = openTokenizer(folderWith({ 'tokenizer.json': { ...json, normalizer: part } }));
    assert.match(
      refusal('model', () => encoding.encode('hello')),
      /tokenizer\.json is a tokenizer that this program cannot read \(/,
    );
    const decoding = openTokenizer(folderWith({ 'tokenizer.json': { ...json, decoder: part } }));
    assert.match(
      refusal('model', () => decoding.decode(decoding.encode('hello'))),
      /tokenizer\.json is a tokenizer that this program cannot read \(/,
    );
  });

  it('wherever the damage is', () => {
    const originals = readdirSync(goldenFolder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'vocabulary-and-merges')
      .map(({ name }) => golden(name, 'tokenizer.json'));
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
        const text = original.slice(0, start) + insert + original.slice(start + length);
        writeFileSync(join(folder, 'tokenizer.json'), text);
        try {
          const tokenizer = openTokenizer(folder);
          for (const id of tokenizer.encode('Hello <|endoftext|> 你好 you'))
            assert.ok(Number.isInteger(id) && id >= 0 && id < tokenizer.vocabularySize);
          tokenizer.decode(tokenizer.encode('Hello'));
          tokenizer.files();
        } catch (thrown) {
          assert.ok(thrown instanceof UserError, String(thrown));
          assert.doesNotMatch(thrown.message, /[\n\r]/);
        }
      }),
      { seed: 4, numRuns: 400 },
    );
  });
});
