import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { letters } from '../../test/letter-model.js';
import { UserError } from '../errors.js';
import { encodePrompt } from './prompt.js';

test('every turn is ended by the end-of-text token', () => {
  assert.deepEqual(encodePrompt(['ab', 'c'], letters, 5), { tokens: [1, 2, 0, 3, 0], droppedTurns: 0 });
});

test('the oldest turns are left out as a whole, and only as many as necessary', () => {
  const turns = fc.array(fc.stringMatching(/^[a-z]{0,6}$/), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(turns, fc.integer({ min: 7, max: 40 }), (said, room) => {
      const { tokens, droppedTurns } = encodePrompt(said, letters, room);
      const lengths = said.map((turn) => turn.length + 1);
      const kept = lengths.slice(droppedTurns).reduce((sum, length) => sum + length, 0);
      assert.equal(tokens.length, kept);
      assert.ok(kept <= room);
      if (droppedTurns > 0) assert.ok(kept + (lengths[droppedTurns - 1] ?? 0) > room);
    }),
    { seed: 3, numRuns: 300 },
  );
});

test('a message that alone is longer than the context is refused', () => {
  assert.throws(
    () => encodePrompt(['a', 'bcdef'], letters, 5),
    (thrown: unknown) =>
      thrown instanceof UserError &&
      thrown.fault === 'usage' &&
      thrown.message === "the message has 6 tokens, but the model's context leaves room for 5; shorten it",
  );
});
