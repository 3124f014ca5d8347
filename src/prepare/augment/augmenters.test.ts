// What holds for every augmenter: it does what its examples say, and the same seed gives the same again.

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Dialogue } from '../../corpus/dialogue.js';
import { entriesOf, type ValuesOf } from '../../option-spec.js';
import { Random } from '../../random.js';
import type { Asked, Augmenter, Place } from './augmenter.js';
import { augmenterOptions, augmenters } from './augmenters.js';

const dialogueOf = (text: string): Dialogue => ({
  turns: [
    { text, supervised: false },
    { text: 'Yes.', supervised: true },
  ],
  source: 'chats.jsonl:1',
});

const place: Place = { out: '/nowhere/out', signal: new AbortController().signal, note: () => {} };

const asked = (text: string): Asked => ({ text, names: ['Ann'], random: new Random(1, 2, 3) });

/** What the augmenter makes of texts, which are also the corpus. */
async function variantsOf(
  augmenter: Augmenter,
  texts: readonly string[],
  options: Readonly<Record<string, unknown>>,
  corpus = texts,
) {
  const defaults = entriesOf(augmenter.options).map(([key, spec]) => [key, spec.default]);
  const values = { ...Object.fromEntries(defaults), ...options };
  const started = await augmenter.start(
    values as ValuesOf<typeof augmenter.options>,
    corpus.map(dialogueOf),
    1,
    place,
  );
  if (started?.kind !== 'variation') assert.fail('examples are of variations');
  const variants = await started.vary(texts.map(asked));
  await started.end?.();
  return variants;
}

describe('the table of augmenters', () => {
  it('names every augmenter in the folder', () => {
    const folder = new URL('./', import.meta.url);
    const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const names = augmenters.map(({ name }) => name);
    for (const { name } of folders) assert.ok(names.includes(name), name);
    for (const name of names)
      assert.ok(
        [`${name}.js`, `${name}/${name}.js`].some((file) => existsSync(new URL(file, folder))),
        name,
      );
  });

  it('gives each option one meaning', () => {
    const keys = augmenters.flatMap(({ options }) => Object.keys(options));
    assert.equal(new Set(keys).size, keys.length);
    assert.deepEqual(Object.keys(augmenterOptions).sort(), keys.sort());
    for (const spec of Object.values(augmenterOptions)) assert.equal(spec.group, 'Augmenters');
  });
});

for (const augmenter of augmenters)
  describe(`the augmenter ${augmenter.name}`, () => {
    it('does nothing unless it is asked to', async () => {
      const defaults = entriesOf(augmenter.options).map(([key, spec]) => [key, spec.default]);
      const values = Object.fromEntries(defaults) as ValuesOf<typeof augmenter.options>;
      assert.equal(await augmenter.start(values, [], 1, place), null);
    });

    it('does what its examples say', async () => {
      for (const { before, after, options } of augmenter.examples)
        assert.deepEqual(await variantsOf(augmenter, [before], options), [after]);
    });

    it('makes the same of a turn, whatever else is asked', async () => {
      const texts = augmenter.examples.map(({ before }) => before);
      for (const { before, options } of augmenter.examples) {
        const [alone] = await variantsOf(augmenter, [before], options, texts);
        const among = await variantsOf(augmenter, [...texts, before], options, texts);
        assert.equal(among.at(-1), alone);
      }
    });
  });
