import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyCharacter } from '../../test/any-character.js';
import type { Dialogue } from './dialogue.js';
import { DialogueStore } from './dialogue-store.js';

const anyTurn = fc.record(
  { text: fc.string({ unit: anyCharacter }), supervised: fc.boolean(), system: fc.constant(true as const) },
  { requiredKeys: ['text', 'supervised'], noNullPrototype: true },
);
const anySource = fc.constantFrom('a.jsonl:1', 'a.jsonl:999', 'b:c/d.tsv:7', 'memory');
const anyDialogues: fc.Arbitrary<Dialogue[]> = fc.array(
  fc.record({ turns: fc.array(anyTurn), source: anySource }, { noNullPrototype: true }),
  { maxLength: 30 },
);

function stored(dialogues: readonly Dialogue[]): DialogueStore {
  const store = new DialogueStore();
  for (const dialogue of dialogues) store.push(dialogue);
  return store;
}

test('dialogues are returned unchanged', () => {
  fc.assert(
    fc.property(anyDialogues, (dialogues) => {
      const store = stored(dialogues);
      assert.equal(store.length, dialogues.length);
      assert.deepEqual([...store], dialogues);
      assert.equal(store.at(dialogues.length), undefined);
      const indices = [...dialogues.keys()].filter((index) => index % 2 === 1);
      assert.deepEqual(
        [...store.subset(indices)],
        indices.map((index) => dialogues[index]),
      );
    }),
    { seed: 21, numRuns: 200 },
  );
});

test('speakers are kept, times and reply-to are not', () => {
  const turn = { text: 'a', supervised: true, speaker: 'Ann', speakerId: 'user1' };
  const store = stored([{ turns: [{ ...turn, time: 1, replyTo: '9' }], source: 'a:1' }]);
  assert.deepEqual([...store], [{ turns: [turn], source: 'a:1' }]);
});

test('a store that keeps dialogues whole returns times, reply-to and personas too', () => {
  const turn = { text: 'é', supervised: true, role: 'user' as const };
  const dialogues: Dialogue[] = [
    { turns: [{ ...turn, time: 1, replyTo: '9' }, turn], source: 'a:1', persona: ['i like tea.'] },
    { turns: [turn], source: 'a:2' },
    { turns: [turn], source: 'a:3', persona: [] },
    { turns: [turn, { ...turn, time: 2 }], source: 'a:4' },
  ];
  const store = new DialogueStore('whole');
  for (const dialogue of dialogues) store.push(dialogue);
  assert.deepEqual([...store], dialogues);
});

test('a dialogue larger than a chunk is stored whole', () => {
  const long = (letter: string, length: number): Dialogue => ({
    turns: [{ text: letter.repeat(length), supervised: true }],
    source: 'x:1',
  });
  const dialogues = [long('a', 10), long('é', 3_000_000), long('b', 4_000_000), long('c', 5)];
  assert.deepEqual([...stored(dialogues)], dialogues);
});

test('dialogues with equal texts have the same number, in order of first appearance', () => {
  const anyTexts = fc.array(fc.array(fc.constantFrom('', 'a', 'b', 'ab'), { maxLength: 3 }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(anyTexts, (texts) => {
      const dialogues = texts.map((turns, index) => ({
        turns: turns.map((text) => ({ text, supervised: index % 2 === 0 })),
        source: `x:${index + 1}`,
      }));
      const different = [...new Set(texts.map((turns) => JSON.stringify(turns)))];
      assert.deepEqual(
        [...stored(dialogues).textNumbers()],
        texts.map((turns) => different.indexOf(JSON.stringify(turns))),
      );
    }),
    { seed: 22, numRuns: 200 },
  );
});
