import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { anyCharacter } from '../../test/any-character.js';
import { refusal } from '../../test/refusal.js';
import { withFiles } from '../../test/written-files.js';
import { readCorpus } from './read-corpus.js';
import { summaryLines } from './summary.js';

type Content = string | Uint8Array;

/** Reads one file with this name and content. */
const read = (name: string, content: Content, format: string = 'auto') =>
  withFiles({ [name]: content }, (folder) => {
    const { dialogues, summary } = readCorpus([join(folder, name)], { format });
    return {
      texts: dialogues.map(({ turns }) => turns.map(({ text }) => text)),
      supervised: dialogues.map(({ turns }) => turns.map(({ supervised }) => supervised)),
      lines: dialogues.map(({ source }) => Number(source.split(':').at(-1))),
      file: summary.files[0],
    };
  });

/** The refusal of such a file, without the folder's path. */
const refused = (name: string, content: Content, format: string = 'auto') =>
  withFiles({ [name]: content }, (folder) =>
    refusal('data', () => readCorpus([join(folder, name)], { format })).replaceAll(`${folder}/`, ''),
  );

const pair = [['Hello', 'Hi']];

test('the shipped corpora are read completely', () => {
  const data = fileURLToPath(new URL('../../../data', import.meta.url));
  const { dialogues, summary } = readCorpus([data]);
  assert.deepEqual(
    summary.files.map(({ format, skipped, remarks, unusedFields }) => [
      format,
      skipped.length + remarks.size + unusedFields.length,
    ]),
    [
      ['qa', 0],
      ['qa', 0],
      ['turns', 0],
    ],
  );
  assert.ok(dialogues.length >= 360);
  assert.deepEqual(summary.skippedFiles, [{ path: join(data, 'README.md'), reason: 'unknown format' }]);
});

test('each format is detected from the file name and content', () => {
  const qa = '{"text": "Hello", "response": "Hi"}';
  const turns = '{"turns": ["Hello", "Hi"]}';
  const messages =
    '{"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]}';
  const shareGpt = '{"conversations": [{"from": "human", "value": "Hello"}, {"from": "gpt", "value": "Hi"}]}';
  const strings = '{"conversations": ["Hello", "Hi"]}';
  for (const [record, format] of [
    [qa, 'qa'],
    [turns, 'turns'],
    [messages, 'messages'],
    [shareGpt, 'messages'],
    [strings, 'messages'],
  ] as const)
    for (const [name, content] of [
      ['chats.json', `[${record}]`],
      ['chats.jsonl', `${record}\n`],
      ['chats.txt', `[\n  ${record}\n]`],
    ] as const) {
      const { texts, file } = read(name, content);
      assert.deepEqual([texts, file?.format], [pair, format], `${name}: ${record}`);
    }
  for (const name of ['chats.tsv', 'chats.txt']) assert.equal(read(name, 'Hello\tHi\n').file?.format, 'tsv');
});

test('--format overrides the file name', () => {
  assert.deepEqual(read('chats.json', 'Hello\tHi\n', 'tsv').texts, pair);
  assert.deepEqual(read('chats.tsv', '[{"text": "Hello", "response": "Hi"}]', 'qa').texts, pair);
  assert.match(
    refused('chats.json', '[{"turns": ["a", "b"]}]', 'qa'),
    /^chats\.json:1: expected text and response, found turns/,
  );
});

test('weight 0.0 in a TSV file makes a turn context and keeps its text', () => {
  const { texts, supervised } = read(
    'chats.tsv',
    '0.0 Hello EOS 1.0 Hi<there EOS 0.0 So?\t1.0 So.\n1.0 a\t0.0 b\n',
  );
  assert.deepEqual(texts, [
    ['Hello', 'Hi<there', 'So?', 'So.'],
    ['a', 'b'],
  ]);
  assert.deepEqual(supervised, [
    [false, true, false, true],
    [true, false],
  ]);
});

test('a TSV file without weights keeps leading numbers as text', () => {
  assert.deepEqual(read('chats.tsv', 'What is it?\t1.0 is it\n').texts, [['What is it?', '1.0 is it']]);
});

test('a system message is context, and no reply answers it', () => {
  const record = (...roles: string[]) =>
    JSON.stringify({ messages: roles.map((role) => ({ role, content: `${role}!` })) });
  const { texts, supervised } = read('chats.jsonl', record('system', 'user', 'assistant'));
  assert.deepEqual(texts, [['system!', 'user!', 'assistant!']]);
  assert.equal(supervised[0]?.[0], false);
  assert.match(refused('chats.jsonl', record('system', 'user')), /no dialogue in chats\.jsonl can be used/);
});

test('text is trimmed at both ends and otherwise unchanged', () => {
  const text = 'a  b\u00a0c \u200d e\u0301 \ud83d\ude00\tf';
  assert.deepEqual(read('chats.json', JSON.stringify([{ text: ` \n${text}\t `, response: text }])).texts, [
    [text, text],
  ]);
});

test('turns without text and dialogues of fewer than two turns are left out and counted', () => {
  const { texts, file } = read(
    'chats.jsonl',
    '{"turns": ["a", "b", " \\n", "c", ""]}\n{"turns": ["d"]}\n{"turns": []}\n',
  );
  assert.deepEqual(texts, [['a', 'b']]);
  assert.deepEqual([file?.dialogues, file?.turns, file?.remarks.get('emptyTurn')], [1, 2, 2]);
});

test('the summary has one line per file', () => {
  withFiles({ 'a.jsonl': '{"turns": ["a", "b", ""]}\n{"turns": ["c"]}\n', 'notes.md': 'x' }, (folder) => {
    assert.deepEqual(
      summaryLines(readCorpus([folder]).summary).map((line) => line.replace(`${folder}/`, '')),
      [
        'a.jsonl: 1 dialogue, 2 turns (turns); 1 record skipped: fewer than two turns with text (line 2); 1 empty turn removed, and no reply is learned across the gap',
        'notes.md: skipped, unknown format',
      ],
    );
  });
});

test('a corpus without usable dialogues is refused with the reasons', () => {
  assert.equal(
    refused('chats.jsonl', '{"turns": ["a"]}\n{"turns": ["", "b"]}\n'),
    'no dialogue in chats.jsonl can be used (2 records skipped: fewer than two turns with text (first on line 1)); each dialogue needs at least two turns with text',
  );
  assert.match(refused('chats.json', '[]'), /^chats\.json has no records/);
});

test('a file in an unknown format is refused with its beginning, and an unknown name of a format with a similar one', () => {
  assert.match(
    refused('chats.txt', 'Hello\nHi\n'),
    /^chats\.txt is in an unknown format \(it begins with "Hello"\); convert it to JSON/,
  );
  assert.match(
    refused('messages.html', '<!DOCTYPE html>\n<html><body>Hi</body></html>'),
    /^messages\.html is a web page; export the chats as JSON instead/,
  );
  assert.throws(
    () => read('chats.txt', 'Hello\tHi\n', 'cornel'),
    /format must be auto or one of .*; did you mean cornell\?/,
  );
});

const inlineSpace = /[\t\n\r\v\f\u2028\u2029]/g;
const anyText = fc
  .oneof(fc.string({ unit: anyCharacter }), fc.string({ unit: 'grapheme' }))
  .map((text) => text.replace(/\r\n?/g, '\n').replace(/\0|\ufeff/g, 'o'));
const anyTalk = fc.array(
  fc.array(
    anyText.map((text) => text.trim()).filter((text) => text !== ''),
    { minLength: 2, maxLength: 5 },
  ),
  { minLength: 1, maxLength: 6 },
);
const anyEnd = fc.constantFrom('\n', '\r\n');

test('records written as JSON, indented JSON or JSON lines are read back, with any line end and byte order mark', () => {
  fc.assert(
    fc.property(
      anyTalk,
      anyEnd,
      fc.constantFrom('lines', 'list', 'indented'),
      fc.boolean(),
      (talk, end, layout, bom) => {
        const records = talk.map((turns) => ({ turns }));
        const text =
          layout === 'lines'
            ? records.map((record) => JSON.stringify(record)).join('\n')
            : JSON.stringify(records, null, layout === 'indented' ? 2 : 0);
        const { texts, lines } = read('chats.json', (bom ? '\ufeff' : '') + text.replaceAll('\n', end));
        assert.deepEqual(texts, talk);
        if (layout === 'lines')
          assert.deepEqual(
            lines,
            [...talk.keys()].map((index) => index + 1),
          );
      },
    ),
    { seed: 11, numRuns: 150 },
  );
});

test('records written as TSV are read back, with any line end', () => {
  const anyFlatTalk = anyTalk.map((talk) =>
    talk.map((turns) =>
      turns.map((text) => text.replace(inlineSpace, ' ').replace(/EOS/g, 'eos').trim() || 'x'),
    ),
  );
  fc.assert(
    fc.property(anyFlatTalk, anyEnd, fc.infiniteStream(fc.boolean()), (talk, end, weights) => {
      const wanted = talk.map((turns) => turns.map(() => weights.next().value === true));
      const lines = talk.map((turns, line) => {
        const spoken = turns.map((text, turn) => `${wanted[line]?.[turn] ? '1.0' : '0.0'} ${text}`);
        return `${spoken.slice(0, -1).join(' EOS ')}\t${spoken.at(-1)}`;
      });
      const { texts, supervised } = read('chats.tsv', lines.join(end) + end);
      assert.deepEqual([texts, supervised], [talk, wanted]);
    }),
    { seed: 12, numRuns: 150 },
  );
});
