// Reads ChatterBot's corpora: { "conversations": [["...", "..."], ...] } in YAML or JSON.

import type { RecordPlace, SingleRecordReader } from '../reader.js';
import { elementsOf } from './json-document.js';
import { listOf, type RawTurn, RecordError, textOf } from './record.js';

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
  longLists: ['conversations'],
  *read({ conversations }, place) {
    for (const talk of elementsOf(conversations) ?? []) {
      const turns = turnsOf(talk, place);
      if (!turns) continue;
      place.tally.records++;
      yield { source: place.source, turns };
    }
  },
};

/** Undefined for a conversation that cannot be read. The file is one record, and the others in it stay. */
function turnsOf(talk: unknown, { tally, line, source }: RecordPlace): RawTurn[] | undefined {
  try {
    return listOf(talk, 'a conversation').map((turn) => ({
      text: textOf(turn, 'a turn of a conversation'),
      supervised: true,
    }));
  } catch (thrown) {
    if (!(thrown instanceof RecordError)) throw thrown;
    tally.skipBad(thrown.reason, line, `${source}: ${thrown.detail}`);
    return undefined;
  }
}
