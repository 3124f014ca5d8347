import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Turn } from './dialogue.js';
import { reverseDialogue } from './reverse-dialogue.js';

const say = (text: string, supervised = true): Turn => ({ text, supervised });
const reversed = (...turns: Turn[]) => reverseDialogue({ turns, source: 'chats.tsv:3' });

test('turns come last one first, and the dialogue still says where it came from', () => {
  assert.deepEqual(reversed(say('a'), say('b'), say('c')), {
    turns: [say('c'), say('b'), say('a')],
    source: 'chats.tsv:3',
  });
});

test('a turn is learnt where its answer was', () => {
  const { turns } = reversed(say('a', false), say('b'), say('c', false));
  assert.deepEqual(turns, [say('c', false), say('b', false), say('a')]);
});

test('instructions answer nothing and are answered by nobody', () => {
  const { turns } = reversed({ text: 'be kind', supervised: false, system: true }, say('a'), say('b'));
  assert.deepEqual(turns, [say('b'), say('a')]);
});

test('twice reversed, the texts are in their old order, and the dialogue given is as it was', () => {
  const anyTurns = fc.array(
    fc.tuple(fc.string(), fc.boolean()).map(([text, supervised]) => say(text, supervised)),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(anyTurns, (turns) => {
      const before = structuredClone(turns);
      const twice = reverseDialogue(reverseDialogue({ turns, source: 's' }));
      assert.deepEqual(
        twice.turns.map(({ text }) => text),
        turns.map(({ text }) => text),
      );
      assert.deepEqual(turns, before);
    }),
    { seed: 1, numRuns: 100 },
  );
});
