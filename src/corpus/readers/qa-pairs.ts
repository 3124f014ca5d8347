// Question and answer: { "text": "...", "response": "..." }.

import { type RecordReader, textOf } from './record.js';

export const qaPairs: RecordReader = {
  format: 'qa',
  fields: ['text', 'response'],
  alternatives: 'all',
  turns: (record, where) =>
    ['text', 'response'].map((field) => ({ text: textOf(record[field], field, where), supervised: true })),
};
