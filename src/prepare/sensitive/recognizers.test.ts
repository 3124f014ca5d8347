// What holds for every recognizer: it finds what its examples say and nothing else, its time is linear in the length of the
// text, and its fakes are of the same kind.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Random } from '../../random.js';
import { findPersonal } from './find.js';
import { fakeOf, type StartedRecognizer, startRecognizer } from './recognizer.js';
import { recognizers } from './recognizers.js';

const options = { phoneRegions: ['US', 'GB', 'DE', 'FR', 'CN'] };

describe('the table of recognizers', () => {
  it('names every file in recognizers/', () => {
    const files = readdirSync(new URL('./recognizers', import.meta.url))
      .filter((name) => name.endsWith('.js') && !name.endsWith('.test.js'))
      .map((name) => name.slice(0, -3));
    assert.deepEqual(files.sort(), recognizers.map(({ entity }) => entity).sort());
  });
});

/** Quantifiers without an upper bound. */
const unbounded = /(?<!\\)(?:[*+]|\{\d+,\})/;
/** A pattern without its character classes and escaped characters. */
const skeleton = (source: string) => source.replace(/\\./g, 'x').replace(/\[(?:\\.|[^\]])*\]/g, 'x');

for (const recognizer of recognizers)
  describe(`the recognizer ${recognizer.entity}`, () => {
    let started: StartedRecognizer;
    const valuesIn = async (text: string) => {
      started ??= await startRecognizer(recognizer, options);
      return findPersonal(text, [started]).map(({ value }) => value);
    };

    it('finds its examples', async () => {
      assert.ok(recognizer.finds.length > 0);
      for (const [text, ...values] of recognizer.finds) assert.deepEqual(await valuesIn(text), values, text);
    });

    it('passes texts without such a value', async () => {
      assert.ok(recognizer.passes.length > 0);
      for (const text of recognizer.passes) assert.deepEqual(await valuesIn(text), [], text);
    });

    it('has patterns whose time is linear', async () => {
      for (const { pattern, cues, unless } of (await startRecognizer(recognizer, options)).forms)
        for (const one of [pattern, cues, unless])
          if (one) assert.doesNotMatch(skeleton(one.source), unbounded, String(one));
    });

    it('makes fakes that look like the value', () => {
      const random = new Random(1);
      for (const [, ...values] of recognizer.finds)
        for (const value of values) {
          const fake = fakeOf(recognizer, value, random);
          assert.notEqual(fake, value);
          assert.ok(recognizer.fake || fake.length === value.length, fake);
        }
    });
  });
