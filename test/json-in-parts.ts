// Reads the same JSON text whole and in parts, for tests that compare both.

import assert from 'node:assert/strict';
import type { ChatMessage } from '../src/corpus/chat/message.js';
import type { Dialogue } from '../src/corpus/dialogue.js';
import { readRecords } from '../src/corpus/read-records.js';
import type { JsonLimits } from '../src/corpus/readers/json-document.js';
import { jsonDocuments } from '../src/corpus/readers/json-text.js';
import { describedFormats, recordReaders } from '../src/corpus/readers.js';
import { Tally } from '../src/corpus/tally.js';
import { UserError } from '../src/errors.js';

export const whole: JsonLimits = { longest: 1e6, streamed: 1e6, kept: 1e6 };
/** Every object is read in parts. */
export const inParts: JsonLimits = { longest: 1e6, streamed: 0, kept: 0 };

export interface Reading {
  readonly outcome: string;
  readonly dialogues: readonly Dialogue[];
  readonly messages: readonly ChatMessage[];
  readonly tally: Tally;
}

/** All that is read from a text whose pieces have `size` characters. If it is refused, only the error counts. */
export function readJson(text: string, limits: JsonLimits, size: number): Reading {
  function* pieces() {
    for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
  }
  const [dialogues, messages, tally]: [Dialogue[], ChatMessage[], Tally] = [[], [], new Tally()];
  try {
    const format = readRecords(jsonDocuments({ path: 'x', pieces }, limits), {
      readers: recordReaders,
      path: 'x',
      context: { tally, options: { dateOrder: 'auto', branches: 'best', columns: [] } },
      keep: (dialogue) => dialogues.push(dialogue),
      gather: (message) => messages.push(message),
    });
    return { outcome: format, dialogues, messages, tally };
  } catch (thrown) {
    assert.ok(thrown instanceof UserError, thrown instanceof Error ? thrown.stack : String(thrown));
    return { outcome: thrown.message, dialogues: [], messages: [], tally: new Tally() };
  }
}

const examples = describedFormats.flatMap(({ example }) =>
  Object.entries(example).flatMap(([name, content]) =>
    name.endsWith('.json') && typeof content === 'string' ? content : [],
  ),
);
const telegramChat = (id: number, name: string) =>
  `{"name": ${JSON.stringify(name)}, "type": "private_group", "id": ${id}, "messages": [
    {"id": 1, "type": "message", "date_unixtime": "17", "from": "Ann", "from_id": "user1", "text": "${name}?"},
    {"id": 2, "type": "message", "date_unixtime": "18", "from": "Ben", "from_id": "user2", "text": "${name}!"}]}`;
/** JSON files of all shapes. */
export const jsonTexts: readonly string[] = [
  ...examples,
  `{"about": "all", "chats": {"about": "", "list": [${telegramChat(1, 'Ü')}, ${telegramChat(2, 'b')}]},
    "left_chats": {"list": [${telegramChat(3, 'c')}]}, "stories": [[1, 2], {"x": [NaN]}]}`,
  '{"version": 2, "data": [{"text": "a", "response": "b"}, {"text": "c"}, {"text": "d", "response": "e"}]}',
  '{"conversations": [{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}]}',
  '{"conversations": [["a", "b"], ["c", "d"]], "categories": ["x"]}',
  '{"one": {"turns": ["a", "b"]}, "two": {"turns": ["c", "d"]}, "one": {"turns": ["e", "f"]}}',
  '{"2": {"turns": ["a", "b"]}, "1": {"turns": ["c", "d"]}, "__proto__": {"turns": ["e", "f"]}}',
  '{"channel": {"id": "1"}, "messages": [], "messageCount": 3}',
  `[${telegramChat(1, 'a')}, {"data": [${telegramChat(2, 'b')}]}]`,
  '{"text": "a", "response": "b"}\n{"text": "c",\n "response": "d"}\n',
  '{}',
];
