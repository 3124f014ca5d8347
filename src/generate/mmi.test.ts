// What the reversed model reads of a history and its candidates, without a model.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { letters, spelt } from '../../test/letters.js';
import { encodeDialogue, unsupervised } from '../corpus/encode-dialogue.js';
import { TrainingText } from '../corpus/training-text.js';
import { reversedTexts } from './mmi.js';

const read = (history: readonly string[], candidates: readonly string[], contextLength = 100) =>
  reversedTexts(history, candidates, letters, contextLength)?.map(({ tokens, targets }) => [
    spelt(tokens),
    spelt(targets),
  ]);

describe('reversedTexts', () => {
  test('the candidate, then the history newest turn first, all of which is to be guessed', () => {
    assert.deepEqual(read(['ab', 'c'], ['x', 'yz']), [
      ['x|c|ab', '.c|ab|'],
      ['yz|c|ab', '..c|ab|'],
    ]);
  });

  test('turns without text are no turns, and white space around one is no text', () => {
    assert.deepEqual(read(['', ' ab\r\n', '  '], ['x']), [['x|ab', '.ab|']]);
    assert.equal(read(['', ' '], ['x']), undefined);
    assert.equal(read([], ['x']), undefined);
  });

  test('the oldest turns leave, whole and for all candidates alike, where the longest leaves no room', () => {
    const history = ['aaa', 'bbb', 'ccc'];
    // 12 of the history, 2 and 5 of the candidates; one token of all is never read.
    assert.deepEqual(read(history, ['x', 'yyyy'], 16)?.[0], ['x|ccc|bbb|aaa', '.ccc|bbb|aaa|']);
    assert.deepEqual(read(history, ['x', 'yyyy'], 15), [
      ['x|ccc|bbb', '.ccc|bbb|'],
      ['yyyy|ccc|bbb', '....ccc|bbb|'],
    ]);
    assert.deepEqual(read(history, ['x'], 15)?.[0]?.[0], 'x|ccc|bbb|aaa');
  });

  test('a newest turn that is too long keeps its beginning, a candidate its end', () => {
    assert.deepEqual(read(['old', 'abcdefgh'], ['x', 'stuvwxyz'], 8), [
      ['x|abcd', '.abcde'],
      ['xyz|abcd', '...abcde'],
    ]);
  });

  test('one candidate is read exactly as training reads the dialogue that it ends', () => {
    const anyText = fc.string({ minLength: 1, maxLength: 30 }).filter((text) => text.trim() === text);
    fc.assert(
      fc.property(
        fc.array(anyText, { minLength: 1, maxLength: 6 }),
        anyText,
        fc.integer({ min: 2, max: 60 }),
        (history, candidate, maxLength) => {
          const [text] = reversedTexts(history, [candidate], letters, maxLength) ?? [];
          const turns = [...history, candidate].map((turn) => ({ text: turn, supervised: true }));
          const trained = encodeDialogue({ turns, source: 'test' }, new TrainingText(letters), {
            lossOn: 'responses',
            maxLength,
            order: 'reversed',
          });
          assert.ok(text && trained);
          assert.deepEqual([text.tokens, text.targets], [trained.tokens, trained.targets]);
        },
      ),
      { seed: 1, numRuns: 400 },
    );
  });

  test('whatever the candidates, all fit and all have the same targets', () => {
    const anyText = fc.string({ minLength: 1, maxLength: 30 }).map((text) => `a${text}b`);
    fc.assert(
      fc.property(
        fc.array(anyText, { minLength: 1, maxLength: 6 }),
        fc.array(anyText, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 2, max: 80 }),
        (history, candidates, contextLength) => {
          const texts = reversedTexts(history, candidates, letters, contextLength) ?? [];
          assert.equal(texts.length, candidates.length);
          const sources = texts.map(({ targets }) => spelt(targets.filter((id) => id !== unsupervised)));
          assert.equal(new Set(sources).size, 1);
          for (const { tokens } of texts) assert.ok(tokens.length <= contextLength);
        },
      ),
      { seed: 2, numRuns: 200 },
    );
  });
});
