import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../errors.js';
import type { ChatMessage } from '../chat/message.js';
import type { Dialogue } from '../dialogue.js';
import { readRecords } from '../read-records.js';
import { describedFormats, recordReaders } from '../readers.js';
import { Tally } from '../tally.js';
import { JsonDocument, type JsonLimits } from './json-document.js';
import { jsonDocuments } from './json-text.js';

const whole: JsonLimits = { longest: 1e6, streamed: 1e6, kept: 1e6 };
/** Every object is read in parts. */
const inParts: JsonLimits = { longest: 1e6, streamed: 0, kept: 0 };

interface Reading {
  readonly outcome: string;
  readonly dialogues: readonly Dialogue[];
  readonly messages: readonly ChatMessage[];
  readonly tally: Tally;
}

/** All that is read from a text whose pieces have `size` characters. If it is refused, only the error counts. */
function read(text: string, limits: JsonLimits, size: number): Reading {
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
const documents = [
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

const sizes = [1, 7, 65_536];

describe('a JSON object that is read in parts', () => {
  it('gives the same as the whole object, whatever the pieces are', () => {
    for (const text of documents)
      for (const size of sizes) assert.deepEqual(read(text, inParts, size), read(text, whole, size), text);
  });

  it('gives the same as the whole object for any limits and spaces, and the same error for any damage', () => {
    const damages = fc.array(
      fc.tuple(
        fc.nat(),
        fc.nat(3),
        fc.constantFrom('', ...'[]{}",:\\0e-n \n\u0001é', '{"a":', '[[', '"x": 1,'),
      ),
      { maxLength: 2 },
    );
    const property = fc.property(
      fc.constantFrom(...documents),
      damages,
      fc.nat(60),
      fc.nat(60),
      fc.constantFrom(...sizes),
      (document, damage, streamed, kept, size) => {
        let text = document;
        for (const [at, removed, inserted] of damage) {
          const cut = at % (text.length + 1);
          text = text.slice(0, cut) + inserted + text.slice(cut + removed);
        }
        assert.deepEqual(read(text, { longest: 1e6, streamed, kept }, size), read(text, whole, size));
      },
    );
    fc.assert(property, { seed: 1, numRuns: 200 });
  });

  const small: JsonLimits = { longest: 2000, streamed: 500, kept: 100 };
  const record = (index: number) => `{"text": "question ${index}", "response": "answer"}`;
  const list = (count: number) => Array.from({ length: count }, (_, index) => record(index)).join(',\n');

  it('can be longer than what is parsed at once: one list, many members, a list in a list', () => {
    const message = (id: number) =>
      `{"id": ${id}, "type": "message", "date_unixtime": "${id}", "from": "Ann", "from_id": "user1", "text": "m"}`;
    const messages = Array.from({ length: 200 }, (_, index) => message(index)).join(',\n');
    const chat = `{"name": "a", "type": "private_group", "id": 1, "messages": [${messages}]}`;
    const members = Array.from({ length: 200 }, (_, index) => `"d${index}": ${record(index)}`).join(',\n');
    for (const [text, count] of [
      [`{"data": [${list(200)}], "version": "1"}`, 200],
      [`{"data": {"data": [${list(200)}]}}`, 0],
      [`{${members}}`, 200],
      [chat, 200],
      [`{"chats": {"list": [${chat}, ${chat}]}}`, 400],
      [`[${chat}, {"data": [${list(200)}]}]`, 400],
      // On one line, which is too long to be JSON lines.
      [`{"data": [${list(200)}]}`.replaceAll('\n', ''), 200],
    ] as const)
      for (const size of [7, 65_536]) {
        const { dialogues, messages, outcome } = read(text, small, size);
        if (count > 0)
          assert.equal(dialogues.length + messages.length, count, `${text.slice(0, 40)} ${outcome}`);
        else assert.match(outcome, /^x:1 starts a record of more than 2000 characters/);
      }
  });

  it('is refused with the line of an element that is too long, and if its reader needs the whole', () => {
    const long = record(1).replace('answer', 'a'.repeat(3000));
    const refusal = (text: string) => read(text, small, 100).outcome;
    assert.match(
      refusal(`{"data": [\n${list(20)},\n${long}]}`),
      /^x:22 starts a record of more than 2000 char/,
    );
    assert.match(
      refusal(`{"data": [\n${list(20)}],\n"note": "${long.slice(40, 2900)}"}`),
      /^x:22 starts a record/,
    );
    const messages = Array.from({ length: 100 }, () => '{"role": "user", "content": "Hi"}').join();
    assert.match(refusal(`{"messages": [${messages}]}`), /^x:1 starts a record of more than 2000 characters/);
    assert.match(
      refusal(`{"data": [${list(100)}`),
      /^x:100:\d+ is not JSON: expected a comma or \], found the end/,
    );
  });

  it('reads no further than to the element that is asked for', () => {
    let [given, ahead] = [0, 0];
    function* pieces() {
      yield '{"data": [';
      for (let index = 0; index < 3000; index++, given++) yield `${record(index)},\n`;
      yield `${record(0)}]}`;
    }
    for (const found of jsonDocuments({ path: 'x', pieces }, small)) {
      assert.ok('value' in found && found.value instanceof JsonDocument);
      const before = given;
      const [element] = found.value.list('data') ?? [];
      assert.ok(element);
      ahead = given - before;
    }
    assert.ok(ahead < 100, `${ahead} pieces were read for the first element`);
  });
});
