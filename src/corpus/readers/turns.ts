// A whole conversation: { "turns": ["...", "...", "..."] }.

import { listOf, type RecordReader, textOf } from './record.js';

export const turns: RecordReader = {
  format: 'turns',
  fields: ['turns'],
  alternatives: 'all',
  turns: (record, where) =>
    listOf(record.turns, 'turns', where).map((turn, index) => ({
      text: textOf(turn, `turn ${index + 1}`, where),
      supervised: true,
    })),
};
