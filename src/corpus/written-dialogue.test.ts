import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { withFiles } from '../../test/written-files.js';
import type { Dialogue, Turn } from './dialogue.js';
import { learntTurns } from './learnt-turns.js';
import { readCorpus } from './read-corpus.js';
import { dialogueRecord } from './written-dialogue.js';

/** Text that the readers leave as it is. */
const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .map((drawn) => drawn.replace(/[\r\u0085\u2028\u2029]/g, ' ').trim())
  .filter((drawn) => drawn !== '');
const name = fc.constantFrom('Ann', 'Bob B.', '李雷', 'user', 'a\tb');

const spoken: fc.Arbitrary<Turn> = fc.record(
  {
    text,
    supervised: fc.boolean(),
    role: fc.constantFrom('user' as const, 'assistant' as const),
    speaker: name,
    speakerId: fc.constantFrom('1', '2', 'x'),
    time: fc.integer({ min: 0, max: 4e12 }),
    replyTo: fc.constantFrom('7', 'abc'),
  },
  { requiredKeys: ['text', 'supervised'], noNullPrototype: true },
);
const tool: fc.Arbitrary<Turn> = fc.record(
  {
    text,
    supervised: fc.constant(false),
    role: fc.constant('tool' as const),
  },
  { noNullPrototype: true },
);
const system: fc.Arbitrary<Turn> = fc.record(
  {
    text,
    supervised: fc.constant(false),
    role: fc.constant('system' as const),
  },
  { noNullPrototype: true },
);

/** Dialogues as the readers give them: neighbouring turns are of different speakers, or of unknown ones. */
const dialogue: fc.Arbitrary<Dialogue> = fc
  .record(
    {
      opening: fc.array(system, { maxLength: 1 }),
      turns: fc.array(fc.oneof({ weight: 5, arbitrary: spoken }, tool), { minLength: 2, maxLength: 6 }),
      source: fc.constantFrom('a.txt:1', 'b c.jsonl:12'),
      persona: fc.array(text, { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: ['opening', 'turns', 'source'], noNullPrototype: true },
  )
  .filter(({ turns }) => turns.every((turn, index) => !joins(turns[index - 1], turn)))
  .map(({ opening, turns, ...rest }) => ({ turns: [...opening, ...turns], ...rest }));

function joins(before: Turn | undefined, turn: Turn): boolean {
  if (before === undefined || before.role !== turn.role) return false;
  if (before.speakerId !== undefined && turn.speakerId !== undefined)
    return before.speakerId === turn.speakerId;
  return (turn.role !== undefined || turn.speaker !== undefined) && before.speaker === turn.speaker;
}

test('reading what was written gives the same turns, and the same learned turns', () => {
  fc.assert(
    fc.property(fc.array(dialogue, { minLength: 1, maxLength: 5 }), (dialogues) => {
      const lines = dialogues.map((one) => `${dialogueRecord(one)}\n`).join('');
      withFiles({ 'chats.jsonl': lines }, (folder) => {
        const read = readCorpus([join(folder, 'chats.jsonl')]);
        const withoutSource = ({ turns, persona }: Dialogue) => ({ turns, persona });
        assert.deepEqual(read.dialogues.map(withoutSource), dialogues.map(withoutSource));
        for (const [index, one] of dialogues.entries())
          assert.deepEqual(learntTurns(read.dialogues[index] ?? one, 'auto'), learntTurns(one, 'auto'));
        const [file] = read.summary.files;
        assert.deepEqual([file?.format, file?.skipped, file?.unusedFields], ['messages', [], []]);
      });
    }),
    { numRuns: 200 },
  );
});

test('a record names its source', () => {
  const record = dialogueRecord({
    turns: [
      { text: 'Hi!', supervised: false, speaker: 'Ann', time: 0 },
      { text: 'Hello!', supervised: true, speaker: 'Bob' },
    ],
    source: 'chat.txt:3',
  });
  assert.equal(
    record,
    '{"messages":[{"name":"Ann","content":"Hi!","weight":0,"time":"1970-01-01T00:00:00.000Z"},{"name":"Bob","content":"Hello!"}],"source":"chat.txt:3"}',
  );
});
