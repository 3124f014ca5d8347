// Reads a whole conversation: { "turns": ["...", "...", "..."] }. The format has no speakers. Null is a missing turn.

import { listOf, type RecordReader, textOf } from './record.js';
import { systemFields, systemTurns } from './system.js';

const fields: ReadonlySet<string> = new Set(['turns', ...systemFields]);

export const turns: RecordReader = {
  format: 'turns',
  expects: 'turns',
  fields: () => fields,
  matches: (record) => Object.hasOwn(record, 'turns'),
  turns: (record) => [
    ...systemTurns(record),
    ...listOf(record.turns, 'turns').map((turn, index) => ({
      text: textOf(turn, 'a turn', `turn ${index + 1}`),
      supervised: true,
    })),
  ],
};
