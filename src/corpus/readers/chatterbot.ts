// Reads ChatterBot's corpora: { "conversations": [["...", "..."], ...] } in YAML or JSON.

import type { SingleRecordReader } from '../reader.js';
import { listOf, textOf } from './record.js';

const fields: ReadonlySet<string> = new Set(['conversations', 'categories']);

export const chatterbot: SingleRecordReader = {
  format: 'chatterbot',
  about: "ChatterBot's corpus: lists of lists of texts",
  example: {
    'greetings.yml': 'categories:\n- greetings\nconversations:\n- - Good morning\n  - Good morning to you\n',
  },
  expects: 'conversations',
  fields: () => fields,
  matches: ({ conversations }) => Array.isArray(conversations) && Array.isArray(conversations[0]),
  read: ({ conversations }, { source }) =>
    listOf(conversations, 'conversations').map((talk) => ({
      source,
      turns: listOf(talk, 'a conversation').map((turn) => ({
        text: textOf(turn, 'a turn of a conversation'),
        supervised: true,
      })),
    })),
};
