// Reads a whole conversation: { "turns": ["...", "...", "..."] }. The format has no speakers. Null is a missing turn.

import { isRecord } from '../../objects.js';
import type { SingleRecordReader } from '../reader.js';
import { listOf, textOf } from './record.js';
import { systemFields, systemTurns } from './system.js';

const fields: ReadonlySet<string> = new Set(['turns', ...systemFields]);

export const turns: SingleRecordReader = {
  format: 'turns',
  about: 'whole conversations without speakers',
  example: { 'talks.jsonl': '{"turns": ["Hi!", "Hello!", "How are you?", "Fine."]}\n' },
  expects: 'turns',
  fields: () => fields,
  matches: ({ turns: list, ...record }) =>
    list !== undefined && !Object.hasOwn(record, 'messages') && !(Array.isArray(list) && isRecord(list[0])),
  read: (record, { source }) => [
    {
      source,
      turns: [
        ...systemTurns(record),
        ...listOf(record.turns, 'turns').map((turn, index) => ({
          text: textOf(turn, 'a turn', `turn ${index + 1}`),
          supervised: true,
        })),
      ],
    },
  ],
};
