// Lines of prepared corpora: what was written is read, by the short way as by the long one.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { messageTurn } from '../readers/message.js';
import { Tally } from '../tally.js';
import { parsePrepared } from './prepared-dialogue.js';

const value = fc.oneof(
  fc.constantFrom('user', 'assistant', 'system', 'tool', 'human', 'Ann', ' Ann ', '', 0, 1, null, true, '0'),
  fc.string({ maxLength: 5 }),
);
const key = fc.constantFrom(
  'role',
  'name',
  'content',
  'weight',
  'speaker_id',
  'reply_to',
  'time',
  'Role',
  'x',
);

it('reads a message as the reader of messages does, whatever its fields', () => {
  fc.assert(
    fc.property(fc.dictionary(key, value, { maxKeys: 5 }), fc.string({ maxLength: 5 }), (fields, text) => {
      const message = { content: text, ...fields };
      const read = () =>
        parsePrepared(JSON.stringify({ id: 'a', source: 'b', messages: [message] }), 'a line');
      const known = () => {
        const { calls: _, ...turn } = messageTurn(message, 1, new Tally());
        return turn.text === null ? null : turn;
      };
      let expected: ReturnType<typeof known> = null;
      try {
        expected = known();
      } catch {}
      if (expected === null) assert.throws(read);
      else assert.deepEqual(read().dialogue.turns, [expected]);
    }),
    { seed: 4, numRuns: 2000 },
  );
});
