import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { inParts, jsonTexts, readJson, whole } from '../../../test/json-in-parts.js';
import { JsonDocument, type JsonLimits } from './json-document.js';
import { jsonDocuments } from './json-text.js';

const sizes = [1, 7, 65_536];

describe('a JSON object that is read in parts', () => {
  it('gives the same as the whole object, whatever the pieces are', () => {
    for (const text of jsonTexts)
      for (const size of sizes)
        assert.deepEqual(readJson(text, inParts, size), readJson(text, whole, size), text);
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
      fc.constantFrom(...jsonTexts),
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
        assert.deepEqual(readJson(text, { longest: 1e6, streamed, kept }, size), readJson(text, whole, size));
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
        const { dialogues, messages, outcome } = readJson(text, small, size);
        if (count > 0)
          assert.equal(dialogues.length + messages.length, count, `${text.slice(0, 40)} ${outcome}`);
        else assert.match(outcome, /^x:1 starts a record of more than 2000 characters/);
      }
  });

  it('is refused with the line of an element that is too long, and if its reader needs the whole', () => {
    const long = record(1).replace('answer', 'a'.repeat(3000));
    const refusal = (text: string) => readJson(text, small, 100).outcome;
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
