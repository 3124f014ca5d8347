// Runs in its own process: collecting the garbage of other tests would use up the few milliseconds that it allows.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { refusal } from '../../test/refusal.js';
import { repositoryRoot } from '../../test/repository.js';
import { hasForeignPattern } from './foreign-parts.js';
import { LibraryTokenizer } from './library-tokenizer.js';

const golden = (kind: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(repositoryRoot, 'test/goldens/tokenizer', kind, 'tokenizer.json'), 'utf8'));
const sound = golden('byte-level');
const impatient = { atFirst: 100, perText: 1, perCharacter: 0 };

const split = (Regex: string) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false });
const replace = (Regex: string, content: string) => ({ type: 'Replace', pattern: { Regex }, content });
const sequence = (...normalizers: object[]) => ({ type: 'Sequence', normalizers });

function reads(parts: object, text: string): string {
  return refusal('model', () =>
    new LibraryTokenizer('t.json', { ...sound, ...parts }, impatient).encode(text),
  );
}

describe('an untrusted tokenizer', () => {
  it('with a pattern that takes exponential time is refused, wherever the pattern is', () => {
    const message = /^t\.json is a tokenizer that .* \(its patterns take too long to run\); use/;
    const text = `${'a'.repeat(50)}!`;
    for (const pattern of ['(.+)+\\x01', '(a|aa)+$', '(?:\\p{L}+\\s?)+\\x01']) {
      assert.match(reads({ pre_tokenizer: split(pattern) }, text), message);
      assert.match(reads({ normalizer: sequence({ type: 'NFC' }, replace(pattern, '')) }, text), message);
    }
    const decoder = { type: 'Sequence', decoders: [{ type: 'Fuse' }, replace('(.+)+\\x01', '')] };
    const tokenizer = new LibraryTokenizer('t.json', { ...sound, decoder }, impatient);
    const ids = Array<number>(60).fill(tokenizer.encode('a')[0] ?? 0);
    assert.match(
      refusal('model', () => tokenizer.decode(ids)),
      message,
    );
  });

  it('with a slow pattern that matches one of its own tokens is refused while opening', () => {
    const added = [{ id: 900, content: 'a'.repeat(50), special: false, normalized: true }];
    const parts = { ...sound, added_tokens: added, normalizer: replace('(.+)+\\x01', '') };
    assert.match(
      refusal('model', () => new LibraryTokenizer('t.json', parts, impatient)),
      /take too long/,
    );
  });

  it('is refused if it makes a text many times longer', () => {
    const reads = (parts: object, text: string) =>
      refusal('model', () => new LibraryTokenizer('t.json', { ...sound, ...parts }).encode(text));
    const doubling = Array.from({ length: 30 }, () => replace('(a)', 'aa'));
    assert.match(reads({ normalizer: sequence(...doubling) }, 'aaaa'), /it makes a text many times longer/);
    const pretokenizers = doubling.map((each) => ({ ...each, type: 'Replace' }));
    assert.match(
      reads({ pre_tokenizer: { type: 'Sequence', pretokenizers } }, 'aaaa'),
      /it makes a text many times longer/,
    );
    assert.match(
      reads({ normalizer: { type: 'Prepend', prepend: 'a'.repeat(1001) } }, 'a'),
      /it has a setting of 1001 characters/,
    );
    assert.match(reads({ pre_tokenizer: split('a'.repeat(10_001)) }, 'a'), /a setting of 10001 characters/);
  });

  it('is refused if a stage lacks its pattern', () => {
    for (const pattern of [undefined, null, 7, {}, { Regex: 7 }])
      assert.match(
        reads({ pre_tokenizer: { type: 'Split', pattern } }, 'a'),
        /a stage Split without a pattern/,
      );
  });

  it('reads the texts that grow most under NFKC', () => {
    const tokenizer = new LibraryTokenizer('t.json', { ...sound, normalizer: { type: 'NFKC' } });
    assert.doesNotThrow(() => tokenizer.encode('ﷺ'.repeat(2000)));
  });

  it('refuses a text that is too long, and gives the limit', () => {
    const tokenizer = new LibraryTokenizer('t.json', sound);
    assert.match(
      refusal('data', () => tokenizer.encode('a '.repeat(2 ** 19 + 1))),
      /^a text of 1048578 characters is longer than the 1048576 that .*; split it$/,
    );
  });

  it('is refused if it has no token for a text and none for unknown text', () => {
    const { model, ...rest } = golden('unigram');
    const definition = { ...rest, model: { ...(model as object), unk_id: null } };
    const tokenizer = new LibraryTokenizer('t.json', definition);
    assert.match(
      refusal('model', () => tokenizer.encode('\u{10fffd}')),
      /it has no token for a part of the text, and none for unknown text/,
    );
  });
});

describe('patterns of well-known tokenizers', () => {
  it('need no watchdog', () => {
    const known = [
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    ];
    for (const pattern of known) {
      assert.equal(hasForeignPattern([null, { type: 'Sequence', pretokenizers: [split(pattern)] }]), false);
      assert.equal(hasForeignPattern([split(`${pattern}|(.+)+\\x01`)]), true);
    }
    assert.equal(hasForeignPattern([sound.normalizer, sound.pre_tokenizer, sound.decoder]), false);
  });
});
