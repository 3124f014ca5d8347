import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { divideOriginals, familyNumber, withFamilies } from './augmented.js';
import type { Dialogue } from './dialogue.js';
import { split } from './split.js';

const dialogue = (id: string, from?: string): Dialogue => ({
  turns: [],
  source: 'train.jsonl.gz:1',
  prepared: { id, ...(from !== undefined && { augmented: { from, by: 'synonyms' } }) },
});

test('a dialogue, its parts and what was made from it are one family', () => {
  const numbers = [dialogue('a1'), dialogue('a1-2'), dialogue('b7', 'a1'), dialogue('b7-1', 'a1-2')].map(
    familyNumber,
  );
  assert.equal(new Set(numbers.map(Math.abs)).size, 1);
  assert.deepEqual(
    numbers.map((number) => number < 0),
    [false, false, true, true],
  );
  assert.equal(familyNumber({ turns: [], source: 'chats.jsonl:1' }), 0);
});

test('nothing augmented is evaluated on, and nothing whose original is evaluated on is trained on', () => {
  const members = fc.array(fc.record({ family: fc.nat(9), isAugmented: fc.boolean(), text: fc.nat(20) }), {
    minLength: 2,
    maxLength: 40,
  });
  fc.assert(
    fc.property(members, fc.nat(), (given, seed) => {
      const families = Float64Array.from(given, (one) => (one.isAugmented ? -1 : 1) * (one.family + 1));
      const texts = new Map<number, number>();
      const numbers = Int32Array.from(given, ({ text }) => {
        texts.set(text, texts.get(text) ?? texts.size);
        return texts.get(text) ?? 0;
      });
      const units = withFamilies(numbers, families);
      const isAugmented = (index: number) => given[index]?.isAugmented === true;
      const originals = new Set([...units].filter((_, index) => !isAugmented(index)));
      fc.pre(originals.size >= 2);
      const { train, evaluation } = divideOriginals(units, isAugmented, (some) => split(some, 0.3, seed));
      const unitsOf = (indices: Int32Array) => new Set([...indices].map((index) => units[index]));
      assert.ok(train.length > 0 && evaluation.length > 0);
      assert.ok([...evaluation].every((index) => !isAugmented(index)));
      const held = unitsOf(evaluation);
      for (const unit of unitsOf(train)) assert.ok(!held.has(unit));
      for (const [index, unit] of units.entries())
        if (!held.has(unit)) assert.ok(train.includes(index), 'what is not held is trained on');
    }),
    { seed: 3, numRuns: 200 },
  );
});

test('dialogues without a family are grouped as before', () => {
  const numbers = Int32Array.of(0, 1, 0, 2);
  assert.equal(withFamilies(numbers, new Float64Array(4)), numbers);
});
