import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { flagMessageOf } from '../cli/flag-names.js';
import { UserError } from '../errors.js';
import type { Dialogue } from './dialogue.js';
import { DialogueStore } from './dialogue-store.js';
import { apart, type Split, split } from './split.js';

const dialogue = (text: string, source = 'test:1'): Dialogue => ({
  turns: [
    { text, supervised: true },
    { text: `${text}?`, supervised: true },
  ],
  source,
});
const textOf = ({ turns }: Dialogue) => turns.map(({ text }) => text).join('\n');
function textNumbers(dialogues: readonly Dialogue[]): Int32Array {
  const store = new DialogueStore();
  for (const one of dialogues) store.push(one);
  return store.textNumbers();
}
/** As dialogues. */
const sidesOf = (dialogues: readonly Dialogue[], { train, evaluation }: Split) => {
  const of = (indices: Int32Array) => dialogues.filter((_, index) => indices.includes(index));
  return { train: of(train), evaluation: of(evaluation) };
};
const splitDialogues = (dialogues: readonly Dialogue[], ratio: number, seed: number) =>
  sidesOf(dialogues, split(textNumbers(dialogues), ratio, seed));
/** Few texts, so that many dialogues share a text. */
const anyDialogues = fc
  .array(fc.nat(12), { minLength: 2, maxLength: 60 })
  .filter((texts) => new Set(texts).size > 1)
  .map((texts) => texts.map((text, index) => dialogue(String(text), `test:${index + 1}`)));
const anyRatio = fc.double({ min: 0.01, max: 0.99, noNaN: true });

test('every dialogue is on one side, in its original order, and no text is on both sides', () => {
  fc.assert(
    fc.property(anyDialogues, anyRatio, fc.nat(), (dialogues, ratio, seed) => {
      const { train, evaluation } = splitDialogues(dialogues, ratio, seed);
      const aside = new Set(evaluation);
      assert.ok(train.length > 0 && evaluation.length > 0);
      assert.deepEqual(
        train,
        dialogues.filter((one) => !aside.has(one)),
      );
      assert.deepEqual(
        evaluation,
        dialogues.filter((one) => aside.has(one)),
      );
      const learned = new Set(train.map(textOf));
      for (const one of evaluation) assert.ok(!learned.has(textOf(one)));
    }),
    { seed: 7, numRuns: 200 },
  );
});

test('a seed splits a corpus in the same way as in earlier versions, so that their runs can resume', () => {
  const dialogues = Array.from({ length: 24 }, (_, index) => dialogue(String(index % 17)));
  assert.deepEqual([...split(textNumbers(dialogues), 0.25, 42).evaluation], [2, 7, 10, 11, 13, 19]);
});

test('dialogues of the evaluation set are not in the training set', () => {
  const dialogues = ['a', 'b', 'a', 'c', 'b', 'd'].map((text) => dialogue(text));
  const { train, evaluation } = apart(textNumbers(dialogues), 4);
  assert.deepEqual(
    [[...train], [...evaluation]],
    [
      [0, 2, 3],
      [4, 5],
    ],
  );
});

test('the same seed gives the same split, and another seed gives another', () => {
  const dialogues = Array.from({ length: 50 }, (_, index) => dialogue(String(index)));
  assert.deepEqual(splitDialogues(dialogues, 0.2, 1), splitDialogues(dialogues, 0.2, 1));
  assert.notDeepEqual(
    splitDialogues(dialogues, 0.2, 1).evaluation,
    splitDialogues(dialogues, 0.2, 2).evaluation,
  );
});

test('the share is exact if all dialogues are different', () => {
  const dialogues = Array.from({ length: 50 }, (_, index) => dialogue(String(index)));
  assert.equal(splitDialogues(dialogues, 0.1, 42).evaluation.length, 5);
  assert.equal(splitDialogues(dialogues, 0.001, 42).evaluation.length, 1);
  assert.equal(splitDialogues(dialogues, 0.999, 42).evaluation.length, 49);
});

test('if every text occurs many times, the rarest text becomes the evaluation set', () => {
  const dialogues = ['a', 'a', 'a', 'b', 'b'].map((text) => dialogue(text));
  assert.deepEqual(splitDialogues(dialogues, 0.1, 42).evaluation.map(textOf), ['b\nb?', 'b\nb?']);
});

test('fewer than two different dialogues cannot be split', () => {
  for (const dialogues of [[], [dialogue('a')], [dialogue('a'), dialogue('a')]])
    assert.throws(
      () => splitDialogues(dialogues, 0.5, 42),
      (thrown) =>
        thrown instanceof UserError && thrown.exitCode === 3 && /--eval-ratio 0/.test(flagMessageOf(thrown)),
    );
});
