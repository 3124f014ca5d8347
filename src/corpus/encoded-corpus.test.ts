import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type LabelledTokens, layOutTurns } from './encode-dialogue.js';
import { EncodedCorpus } from './encoded-corpus.js';

const anyDialogues = (vocabularySize: number) =>
  fc.array(
    fc
      .array(
        fc.record({
          ids: fc.array(fc.nat(vocabularySize - 1), { minLength: 1, maxLength: 9 }),
          supervised: fc.boolean(),
        }),
        { minLength: 1, maxLength: 4 },
      )
      .map(layOutTurns)
      .filter((laidOut): laidOut is LabelledTokens => laidOut !== null),
    { maxLength: 40 },
  );

test('encoded dialogues are returned unchanged for any vocabulary size', () => {
  for (const vocabularySize of [10, 2 ** 16, 2 ** 16 + 1, 300_000])
    fc.assert(
      fc.property(anyDialogues(vocabularySize), (dialogues) => {
        const corpus = EncodedCorpus.of(dialogues, vocabularySize);
        assert.equal(corpus.length, dialogues.length);
        assert.deepEqual(
          dialogues.map((_, index) => corpus.at(index)),
          dialogues,
        );
        const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
        assert.equal(corpus.tokens, sum(dialogues.map(({ tokens }) => tokens.length)));
        assert.equal(corpus.supervisedTokens, sum(dialogues.map((one) => one.supervisedTokens)));
        assert.throws(() => corpus.at(dialogues.length), RangeError);
      }),
      { seed: 23, numRuns: 60 },
    );
});

test('a target that is not the next token is refused', () => {
  const tokens = Int32Array.of(1, 2, 3);
  const push = (targets: Int32Array) =>
    EncodedCorpus.of([{ tokens, targets, supervisedTokens: 1 }]).at(0).targets;
  assert.deepEqual([...push(Int32Array.of(-1, 3, 4))], [-1, 3, 4]);
  assert.throws(() => push(Int32Array.of(3, -1, -1)), RangeError);
});
