import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { TranslationCache, translationsPath } from './translation-cache.js';
import type { Translator } from './translator.js';

const scratch = mkdtempSync(join(tmpdir(), 'translations-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
let outputs = 0;
const newOutput = () => join(scratch, `out-${outputs++}`);
const { signal } = new AbortController();

/** Writes down what it is asked. */
function scripted(identity: string, answer: (text: string) => string | null) {
  const asked: string[] = [];
  const translator: Translator = {
    name: identity,
    identity,
    translate: async (texts) => {
      asked.push(...texts);
      return texts.map(answer);
    },
    close: async () => {},
  };
  return { translator, asked };
}

const shout = (text: string) => text.toUpperCase();

it('translates each text once, also in a later run', async () => {
  const output = newOutput();
  const { translator, asked } = scripted('a', shout);
  const first = new TranslationCache(output);
  assert.deepEqual(await first.translate(translator, ['x', 'y', 'x'], signal), ['X', 'Y', 'X']);
  assert.deepEqual(await first.translate(translator, ['y', 'z "\n'], signal), ['Y', 'Z "\n']);
  first.close();
  const second = new TranslationCache(output);
  assert.equal(second.size, 3);
  assert.deepEqual(await second.translate(translator, ['z "\n', 'x', 'new'], signal), ['Z "\n', 'X', 'NEW']);
  assert.deepEqual(asked, ['x', 'y', 'z "\n', 'new']);
  second.remove();
  assert.equal(existsSync(translationsPath(output)), false);
});

it('does not mix two translators', async () => {
  const cache = new TranslationCache(newOutput());
  assert.deepEqual(await cache.translate(scripted('a', shout).translator, ['x'], signal), ['X']);
  assert.deepEqual(await cache.translate(scripted('b', () => 'other').translator, ['x'], signal), ['other']);
  cache.remove();
});

it('keeps what a translator has given before it failed', async () => {
  const output = newOutput();
  const failing: Translator = {
    ...scripted('a', shout).translator,
    translate: async (_texts, _signal, keep) => {
      keep?.(1, 'Y');
      throw new Error('stopped');
    },
  };
  const first = new TranslationCache(output);
  await assert.rejects(first.translate(failing, ['x', 'y'], signal), /stopped/);
  first.close();
  const { translator, asked } = scripted('a', shout);
  const second = new TranslationCache(output);
  assert.deepEqual(await second.translate(translator, ['x', 'y'], signal), ['X', 'Y']);
  assert.deepEqual(asked, ['x']);
  second.remove();
});

it('asks again for a text without an answer', async () => {
  const cache = new TranslationCache(newOutput());
  assert.deepEqual(await cache.translate(scripted('a', () => null).translator, ['x'], signal), [null]);
  assert.deepEqual(await cache.translate(scripted('a', shout).translator, ['x'], signal), ['X']);
  cache.remove();
});

it('can be read only by its owner and does not hold the texts', async () => {
  const output = newOutput();
  const cache = new TranslationCache(output);
  await cache.translate(scripted('a', () => 'translation').translator, ['secret text'], signal);
  cache.close();
  const path = translationsPath(output);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.doesNotMatch(readFileSync(path, 'utf8'), /secret|text/);
});

it('ignores lines that are cut off or damaged', async () => {
  const output = newOutput();
  const first = new TranslationCache(output);
  await first.translate(scripted('a', shout).translator, ['x'], signal);
  first.close();
  appendFileSync(translationsPath(output), 'garbage\n\nAAAAAAAAAAAAAAAAAAAAAAAA "cut o');
  const { translator, asked } = scripted('a', shout);
  const second = new TranslationCache(output);
  assert.deepEqual(await second.translate(translator, ['x', 'y'], signal), ['X', 'Y']);
  second.close();
  assert.deepEqual(await new TranslationCache(output).translate(translator, ['x', 'y'], signal), ['X', 'Y']);
  assert.deepEqual(asked, ['y']);
});

it('begins anew if its file is something else', async () => {
  const output = newOutput();
  writeFileSync(translationsPath(output), Buffer.from([0xff, 0xfe, 0, 10, 0x22]));
  const cache = new TranslationCache(output);
  assert.equal(cache.size, 0);
  assert.deepEqual(await cache.translate(scripted('a', shout).translator, ['x'], signal), ['X']);
  cache.remove();
});
