import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { anyCharacter } from '../../../test/any-character.js';
import { refusal as refusalBy } from '../../../test/refusal.js';
import { UserError } from '../../errors.js';
import type { Turn } from '../dialogue.js';
import { readCorpus } from '../read-corpus.js';
import { corpusFormats } from '../readers.js';

const scratch = mkdtempSync(join(tmpdir(), 'read-corpus-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

type Format = string;

function write(name: string, content: string | Uint8Array): string {
  const path = join(scratch, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** The texts of each dialogue's turns, with unsupervised turns in brackets. */
function texts(name: string, content: string | Uint8Array, format: Format = 'auto'): string[][] {
  return readCorpus([write(name, content)], { format }).dialogues.map(({ turns }) =>
    turns.map(({ text, supervised }) => (supervised ? text : `(${text})`)),
  );
}

function refusal(name: string, content: string | Uint8Array, format: Format = 'auto'): string {
  return refusalOf(() => readCorpus([write(name, content)], { format }));
}

const refusalOf = (reading: () => unknown): string =>
  refusalBy('data', reading).replaceAll(`${scratch}/`, '');

/** Any text that reading leaves unchanged: not empty and without surrounding white space. */
const turnText = fc
  .oneof(fc.string({ unit: anyCharacter, maxLength: 20 }), fc.string({ unit: 'grapheme', maxLength: 20 }))
  .map((text) => text.replace(/\r\n?/g, '\n').trim())
  .filter((text) => text !== '');
const conversation = fc.array(turnText, { minLength: 2, maxLength: 5 });
const conversations = fc.array(conversation, { minLength: 1, maxLength: 5 });
const anyLayout = fc.constantFrom(
  (records: readonly unknown[]) => JSON.stringify(records),
  (records: readonly unknown[]) => JSON.stringify(records, null, 2),
  (records: readonly unknown[]) => records.map((record) => `${JSON.stringify(record)}\n`).join(''),
  (records: readonly unknown[]) => records.map((record) => JSON.stringify(record)).join('\r\n\r\n'),
);

describe('the readers of JSON records', () => {
  it('reads conversations back as they were written, in every shape and layout', () => {
    const speakers = ['user', 'assistant'];
    const shapes: ((turns: readonly string[]) => unknown)[] = [
      (turns: readonly string[]) => ({ turns, id: 7 }),
      (turns: readonly string[]) => ({
        messages: turns.map((content, index) => ({ role: speakers[index % 2], content })),
      }),
      (turns: readonly string[]) => ({
        conversations: turns.map((value, index) => ({ from: index % 2 ? 'gpt' : 'human', value })),
      }),
      (turns: readonly string[]) => ({ conversations: turns }),
    ];
    const property = fc.property(
      conversations,
      fc.constantFrom(...shapes),
      anyLayout,
      (written, shape, layout) => {
        assert.deepEqual(texts('a.json', layout(written.map(shape))), written);
      },
    );
    fc.assert(property, { seed: 1, numRuns: 100 });
  });

  it('reads questions and answers back as they were written', () => {
    const property = fc.property(
      fc.array(fc.tuple(turnText, turnText), { minLength: 1 }),
      anyLayout,
      (pairs, layout) => {
        const records = pairs.map(([text, response]) => ({ text, response }));
        assert.deepEqual(texts('a.jsonl', layout(records)), pairs);
      },
    );
    fc.assert(property, { seed: 2, numRuns: 100 });
  });

  it('gives the source of every dialogue', () => {
    const path = write('a.json', '[\n{"text": "a", "response": "b"},\n\n{"text": "c",\n"response": "d"}]');
    const { dialogues } = readCorpus([path]);
    assert.deepEqual(
      dialogues.map(({ source }) => source),
      [`${path}:2`, `${path}:4`],
    );
  });

  it('reads system messages as context before the first turn', () => {
    const chat = {
      messages: [
        { role: 'system', content: 'be kind' },
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: null, tool_calls: [] },
        { role: 'assistant', content: 'hello' },
      ],
    };
    const { dialogues, summary } = readCorpus([write('a.json', JSON.stringify(chat))]);
    const turns: Turn[] = [
      { text: 'be kind', supervised: false, role: 'system' },
      { text: 'hi', supervised: true, role: 'user' },
      { text: 'hello', supervised: true, role: 'assistant' },
    ];
    assert.deepEqual(dialogues[0]?.turns, turns);
    assert.equal(summary.files[0]?.remarks.get('emptyTurn'), 1);
  });

  it('changes only surrounding white space, line ends and lone surrogates', () => {
    const record = '{"turns": ["\\t a  b\\r\\nc\\rd\\u00a0 ", "\\ud800 e\\u0301 \\uf900", "{\\"x\\"}"]}';
    assert.deepEqual(texts('a.json', `\ufeff${record}`), [['a  b\nc\nd', '\ufffd e\u0301 \uf900', '{"x"}']]);
  });

  it('says which fields it expected and found', () => {
    for (const [record, found] of [
      ['{"text": "a", "respnse": "b"}', 'text and respnse'],
      ['{"mesages": ["a", "b"]}', 'mesages'],
      ['{}', 'no fields'],
      ['7', 'a number'],
    ])
      assert.match(
        refusal('a.json', `[\n${record}]`),
        new RegExp(`^a\\.json:2: expected .*, found ${found}$`),
      );
  });

  it('takes a list of texts as a conversation', () => {
    assert.deepEqual(texts('a.json', '[["a", "b"], ["c", "d", "e"]]'), [
      ['a', 'b'],
      ['c', 'd', 'e'],
    ]);
    assert.deepEqual(texts('a.json', '["a", "b", "c"]'), [['a', 'b', 'c']]);
  });

  it('finds the records within an object', () => {
    const record = '{"text": "a", "response": "b"}';
    assert.deepEqual(texts('a.json', `{"version": 1, "data": [${record}]}`), [['a', 'b']]);
    assert.deepEqual(texts('a.json', `{"one": ${record}, "two": ${record}}`), [
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  it('skips a few records of unknown shape, and refuses a file if at least half are of unknown shape', () => {
    const known = '{"text": "a", "response": "b"}';
    const unknown = '{"left": "a", "right": "b"}';
    assert.match(
      refusal('a.jsonl', `${known}\n${unknown}\n${unknown}\n`),
      /^a\.jsonl:2: .*found left and right \(2 of 3 records cannot be read\)$/,
    );
    const { dialogues, summary } = readCorpus([write('a.jsonl', `${known}\n${unknown}\n${known}`)]);
    assert.equal(dialogues.length, 2);
    assert.deepEqual(summary.files[0]?.skipped, [
      { reason: 'a record of an unknown shape', count: 1, line: 2 },
    ]);
  });

  it('names the field that has the wrong type', () => {
    const cases: readonly [record: string, message: string][] = [
      ['{"text": true, "response": "b"}', 'text is a boolean, but must be a string'],
      ['{"text": "a", "response": {"b": 1}}', 'response is an object, but must be a string'],
      ['{"turns": "a"}', 'turns is a string, but must be a list'],
      ['{"turns": ["a", {}]}', 'turn 2 is an object, but must be a string'],
      ['{"messages": {}}', 'messages is an object, but must be a list'],
      [
        '{"messages": [{"role": "user", "content": {}}]}',
        'the content of message 1 is an object, but must be a string',
      ],
      [
        '{"messages": ["a", {"said": "b"}]}',
        'expected role and content, or from and value, in message 2, found said',
      ],
    ];
    for (const [record, message] of cases) assert.equal(refusal('a.jsonl', record), `a.jsonl:1: ${message}`);
  });

  it('does not learn a reply rated bad, but learns the turns before it', () => {
    const learned = (rating: string) =>
      readCorpus([write('a.jsonl', `{"turns": ["a", "b", "c", "d"], "rating": "${rating}"}`)]).dialogues.map(
        ({ turns }) => turns.map(({ supervised }) => supervised),
      );
    assert.deepEqual(learned('bad'), [[true, true, true, false]]);
    assert.deepEqual(learned('good'), [[true, true, true, true]]);
  });

  it('reads a file only in the given format', () => {
    assert.deepEqual(texts('a.txt', '{"turns": ["a", "b"], "text": "c", "response": "d"}', 'turns'), [
      ['a', 'b'],
    ]);
    assert.match(
      refusal('a.json', '{"text": "a", "response": "b"}', 'turns'),
      /:1: expected turns, found text and response/,
    );
    for (const format of corpusFormats.filter((name) => name !== 'cornell'))
      assert.throws(() => texts('a.txt', 'neither this nor that', format), UserError);
  });

  it('does not print a control character of a field name', () => {
    assert.match(refusal('a.json', '{"\\u001b[31m": 1}'), /found \[31m|found {1,2}\[31m/);
  });
});

describe('the DialoGPT reader', () => {
  it('reads lines in the original format', () => {
    assert.deepEqual(texts('a.tsv', '0.0 hello EOS 1.0 hi there\t1.0 how are you\n'), [
      ['(hello)', 'hi there', 'how are you'],
    ]);
    assert.deepEqual(texts('a.txt', 'what is it ?\tit is late .\n\nwho ?\tme .'), [
      ['what is it ?', 'it is late .'],
      ['who ?', 'me .'],
    ]);
    assert.deepEqual(texts('a.tsv', '1.0 a EOS 1.0 b EOS 0.0 \t1.0 c\n'), [['a', 'b']]);
  });
});

describe('readCorpus', () => {
  it('reads files and folders together and detects the format of each file', () => {
    write('many/a.json', '[{"text": "a", "response": "b"}]');
    write('many/b.tsv', 'c\td\n');
    write('many/c.jsonl', '{"turns": ["e", "f"]}\n');
    write('many/notes.md', 'x');
    const named = write('more.txt', '{"messages": ["g", "h"]}');
    const { dialogues, summary } = readCorpus([named, join(scratch, 'many')]);
    assert.deepEqual(
      dialogues.map(({ turns }) => turns.map(({ text }) => text).join('')),
      ['gh', 'ab', 'cd', 'ef'],
    );
    assert.deepEqual(
      summary.files.map(({ format }) => format),
      ['messages', 'qa', 'tsv', 'turns'],
    );
    assert.deepEqual(summary.skippedFiles, [
      { path: join(scratch, 'many/notes.md'), reason: 'unknown format' },
    ]);
  });
});
