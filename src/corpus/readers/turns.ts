// A whole conversation: { "turns": ["...", "...", "..."] }. With "rating": "bad" its last turn is what nobody should say:
// the others can still be learnt.

import { listOf, type RecordReader, textOf } from './record.js';

export const turns: RecordReader = {
  format: 'turns',
  fields: ['turns'],
  alternatives: 'all',
  turns: (record, where) =>
    listOf(record.turns, 'turns', where).map((turn, index, all) => ({
      text: textOf(turn, `turn ${index + 1}`, where),
      supervised: !(record.rating === 'bad' && index === all.length - 1),
    })),
};
