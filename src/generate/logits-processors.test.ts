import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { goldens } from '../../test/sampling-goldens.js';
import { UserError } from '../errors.js';
import { processLogits, refuseNonFinite } from './logits-processors.js';
import { defaultSettings } from './settings.js';

const off = { ...defaultSettings, minNewTokens: 0 };
const forbidden = Number.NEGATIVE_INFINITY;

function processed(logits: readonly number[], history: readonly number[], newTokens: number, settings = off) {
  const row = Float32Array.from(logits);
  processLogits(row, history, newTokens, settings, 3);
  return [...row];
}

describe('logits processors', () => {
  it("give transformers' logits to the bit", () => {
    for (const { settings, logits, history, newTokens, processed } of goldens.cases) {
      const row = Float32Array.from(logits);
      processLogits(row, history, newTokens, settings, goldens.endOfText);
      assert.deepEqual(row, processed, JSON.stringify(settings));
    }
  });

  it('penalise a token once, however often it was said', () => {
    const settings = { ...off, repetitionPenalty: 2 };
    assert.deepEqual(processed([4, -4, 0, 4], [0, 1, 0, 1, 1, 2], 0, settings), [2, -8, 0, 4]);
  });

  it('forbid what would complete a sequence of n tokens again, in the prompt as in the reply', () => {
    const settings = { ...off, noRepeatNgramSize: 3 };
    assert.deepEqual(processed([1, 1, 1, 1], [0, 1, 2, 0, 1, 3, 0, 1], 1, settings), [
      1,
      1,
      forbidden,
      forbidden,
    ]);
    assert.deepEqual(processed([1, 1, 1, 1], [0, 1], 1, settings), [1, 1, 1, 1]);
    assert.deepEqual(processed([1, 1], [], 0, { ...off, noRepeatNgramSize: 1 }), [1, 1]);
  });

  it('forbid the end of text until the reply has its least number of tokens', () => {
    const settings = { ...off, minNewTokens: 2 };
    assert.deepEqual(processed([1, 1, 1, 1], [0, 0], 1, settings), [1, 1, 1, forbidden]);
    assert.deepEqual(processed([1, 1, 1, 1], [0, 0], 2, settings), [1, 1, 1, 1]);
  });

  it('never bring back a sequence of n tokens, whatever is chosen', () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 30 }),
      (size, history) => {
        const ngrams = (tokens: readonly number[]) =>
          tokens.slice(size - 1).map((_, start) => tokens.slice(start, start + size).join());
        const known = new Set(ngrams(history));
        const row = processed([0, 0, 0, 0], history, 0, { ...off, noRepeatNgramSize: size });
        for (const [token, logit] of row.entries()) {
          const next = ngrams([...history, token]).at(-1);
          assert.equal(logit === forbidden, next !== undefined && known.has(next));
        }
      },
    );
    fc.assert(property, { seed: 1, numRuns: 300 });
  });

  it('leave alone what no setting names, and take tokens that the model cannot say', () => {
    assert.deepEqual(processed([1, -2, 3, 0.5], [0, 1, 2, 3], 0), [1, -2, 3, 0.5]);
    const settings = { ...off, repetitionPenalty: 2, noRepeatNgramSize: 1 };
    assert.deepEqual(processed([1, -2, 3, 5], [7, 2, 50_000], 0, settings), [1, -2, forbidden, 5]);
  });
});

describe('logits that are no numbers', () => {
  it('are refused as a fault of the model, wherever they are', () => {
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      for (const place of [0, 3, 6]) {
        const row = new Float32Array(7);
        row[place] = wrong;
        assert.throws(
          () => refuseNonFinite(row),
          (thrown) =>
            thrown instanceof UserError && thrown.fault === 'model' && /not a number/.test(thrown.message),
        );
      }
    refuseNonFinite(Float32Array.of(-3e38, 0, 3e38));
  });
});
