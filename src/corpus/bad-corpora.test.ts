// One test for each way in which a corpus can be invalid. Each checks the message.

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { encoded, smallTalk } from '../../test/languages.js';
import { refusal } from '../../test/refusal.js';
import { withFiles } from '../../test/written-files.js';
import { UserError } from '../errors.js';
import { readCorpus } from './read-corpus.js';
import { summaryLines } from './summary.js';

const refused = (name: string, content: string | Uint8Array, format: string = 'auto') =>
  withFiles({ [name]: content }, (folder) =>
    refusal('data', () => readCorpus([join(folder, name)], { format })).replaceAll(`${folder}/`, ''),
  );

/** The refusal of these files. `given` are the paths on the command line. */
const refusedFolder = (
  files: Readonly<Record<string, string | Uint8Array>>,
  given: readonly string[],
  format: string = 'auto',
) =>
  withFiles(files, (folder) =>
    refusal('data', () =>
      readCorpus(
        given.map((path) => join(folder, path)),
        { format },
      ),
    )
      .replaceAll(`${folder}/`, '')
      .replaceAll(folder, 'FOLDER'),
  );

test('a missing file', () => {
  assert.equal(refusedFolder({}, ['chats.json']), 'chats.json does not exist; check the path');
  assert.equal(refusedFolder({ a: 'x' }, ['a/chats.json']), 'a/chats.json does not exist; check the path');
});

test('an empty file, or one with only white space', () => {
  assert.equal(refused('chats.json', ''), 'chats.json is empty; add conversations to it');
  assert.match(refused('chats.json', ' \r\n\t'), /^chats\.json contains only white space/);
  assert.match(refused('chats.json', '\ufeff'), /^chats\.json contains only white space/);
});

const western = Buffer.from('{"turns": ["a", "b"]}\n{"turns": ["caf\xe9 \x96", "b"]}\n', 'latin1');

test('text that is not UTF-8 is read in the encoding that it is recognized by, with a note', () => {
  const chats = (language: 'western' | 'traditional' | 'russian') =>
    smallTalk[language].map((text, index) => JSON.stringify({ turns: [`${index}`, text] })).join('\n');
  for (const [language, encoding, name] of [
    ['western', 'windows-1252', 'Windows-1252'],
    ['traditional', 'big5', 'Big5'],
    ['russian', 'utf-16le', 'UTF-16LE'],
  ] as const)
    withFiles({ 'chats.jsonl': encoded(chats(language), encoding) }, (folder) => {
      for (const given of ['auto', encoding] as const) {
        const { dialogues, summary } = readCorpus([join(folder, 'chats.jsonl')], { encoding: given });
        assert.deepEqual(
          dialogues.map(({ turns }) => turns[1]?.text),
          smallTalk[language],
        );
        assert.equal(
          summaryLines(summary).join().includes(`read as ${name}, because it is not UTF-8`),
          given === 'auto',
        );
      }
    });
});

test('UTF-8 with a damaged byte is refused, because reading it as Windows-1252 would garble the rest', () => {
  const damaged = Buffer.concat([Buffer.from('{"turns": ["caf\u00e9", "b"]}\n'), western]);
  assert.equal(
    refused('chats.jsonl', damaged),
    'chats.jsonl:3 has the byte 0xE9, which is not UTF-8; the text before it is, so correct this character',
  );
});

test('another encoding than the one that is asked for: the message gives line, byte and encoding', () => {
  withFiles({ 'chats.jsonl': western }, (folder) =>
    assert.equal(
      refusal('data', () => readCorpus([join(folder, 'chats.jsonl')], { encoding: 'utf-8' })).replaceAll(
        `${folder}/`,
        '',
      ),
      'chats.jsonl:2 has the byte 0xE9, which is not UTF-8; if the file is in Windows-1252, read it with --encoding windows-1252',
    ),
  );
});

test('the first invalid UTF-8 byte is found at any position', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(3), (text, lines) => {
      const start = `${text.replace(/[\0\r\n]/g, '')}${'\n'.repeat(lines)}`;
      const message = refused(
        'chats.json',
        Buffer.concat([Buffer.from(`é${start}`), Buffer.of(0xff), Buffer.from('ö\n')]),
      );
      assert.ok(message.startsWith(`chats.json:${lines + 1} has the byte 0xFF`), message);
    }),
    { seed: 13, numRuns: 60 },
  );
});

test('a binary file, and formats that people mistake for text', () => {
  assert.match(
    refused('chats.json', Buffer.from('{"a": \0\x01\x02\x03}')),
    /^chats\.json is a binary file \(byte 6 is zero\)/,
  );
  assert.match(refused('chats.json', Buffer.from('PK\x03\x04....')), /^chats\.json is damaged: .*zip/);
  assert.match(
    refused('chats.json', Buffer.from('1f8b0800', 'hex')),
    /^chats\.json is damaged or cut short: its gzip data cannot be unpacked/,
  );
});

test('a JSON syntax error: the message gives line and column', () => {
  for (const [content, place] of [
    [
      '[\n  {"text": "a", "response": "b"},\n  {"text": "a" "response": "b"}\n]',
      '3:16 is not JSON: expected a comma or }',
    ],
    ['[\n  {"text": "a", "response": "b"},\n]', '3:1 is not JSON: unexpected comma before the closing ]'],
    [
      '[{"text": "a", "response": "b"}',
      '1:32 is not JSON: expected a comma or ] after a record, found the end of the text; the file seems to be cut short: copy or export it again',
    ],
    ['[{"text": "a\n"}]', '1:11 is not JSON: a string is not closed on its line'],
    ['[{"text": "a\\x"}]', '1:13 is not JSON: a backslash does not begin a valid escape'],
    ["[{'text': 'a'}]", '1:3 is not JSON: expected a field name in double quotes'],
    ['[{"text": None}]', '1:11 is not JSON: expected a value, found None'],
    ['[] []', '1:4 is not JSON: unexpected "[" after the end of the list'],
    ['[{"text": "a\tb"}]', '1:13 is not JSON: U+0009 inside a string'],
    ['{"turns": ["a", "b"]}\n{"turns": ["a", "b"]\n', '2:21 is not JSON: expected a comma or }'],
  ] as const) {
    const message = refused('chats.json', content);
    assert.ok(message.startsWith(`chats.json:${place}`), `${JSON.stringify(content)} gives ${message}`);
  }
});

test('the reader accepts what JSON.parse accepts, and refuses the rest with line and column', () => {
  const anyTampering = fc.tuple(
    fc.json({ maxDepth: 3 }),
    fc.nat(),
    fc.constantFrom('', '"', ',', '}', ']', '\\', '0', 'é', ' '),
  );
  fc.assert(
    fc.property(anyTampering, ([json, draw, inserted]) => {
      const at = draw % (json.length + 1);
      const tampered = `[{"turns": ["a", "b"], "more": ${json.slice(0, at)}${inserted}${json.slice(at)}}]`;
      let valid = true;
      try {
        JSON.parse(tampered);
      } catch {
        valid = false;
      }
      withFiles({ 'chats.json': tampered }, (folder) => {
        const path = join(folder, 'chats.json');
        if (valid) readCorpus([path]);
        else
          assert.match(
            refusal('data', () => readCorpus([path])),
            /:\d+:\d+ is not JSON: /,
            tampered,
          );
      });
    }),
    { seed: 14, numRuns: 400 },
  );
});

test('nesting that would overflow the stack, and a line of a million letters', () => {
  for (const start of ['[', '{"a":'])
    assert.match(
      refused('chats.json', start.repeat(200_000)),
      /^chats\.json:1:\d+ is not JSON: nested more than 100 levels deep/,
    );
  assert.match(
    refused('chats.json', `[{"turns": ${'['.repeat(200_000)}`),
    /nested more than 100 levels deep/,
  );
  const long = 'x'.repeat(1_000_000);
  for (const [name, content] of [
    ['chats.json', long],
    ['chats.tsv', long],
    ['chats.txt', long],
    ['chats.json', `[{"${long}": 1}]`],
  ] as const) {
    const message = refused(name, content);
    assert.ok(message.length < 400, message.slice(0, 500));
  }
});

test('a record of another shape: the message gives line and fields', () => {
  assert.match(
    refused('faq.json', '[\n{"text": "a", "response": "b"},\n{"text": "a", "respone": "b"}\n]'),
    /^faq\.json:3: expected .*found text and respone \(1 of 2/,
  );
  assert.match(
    refused('faq.jsonl', '{"turns": ["a", "b"]}\n\n7\n'),
    /^faq\.jsonl:3: expected .*, found a number/,
  );
  assert.match(refused('faq.json', '[{}]'), /found no fields/);
});

test('a field of an object’s prototype is not read', () => {
  assert.match(
    refused('faq.jsonl', '{"turns": ["a", "b"]}\n{"__proto__": {"turns": ["a", "b"]}, "x": 1}'),
    /^faq\.jsonl:2: expected .*, found __proto__ and x/,
  );
});

test('a turn that is not a string: the message gives line and turn', () => {
  assert.equal(
    refused('a.jsonl', '{"turns": ["a", ["b"]]}\n{"turns": ["a", {}]}'),
    'a.jsonl:1: turn 2 is a list, but must be a string',
  );
  assert.equal(refused('a.jsonl', '{"turns": "a"}'), 'a.jsonl:1: turns is a string, but must be a list');
  assert.equal(
    refused('a.jsonl', '{"text": null, "response": "b"}'),
    'no dialogue in a.jsonl can be used (1 record skipped: text is null (line 1)); each dialogue needs at least two turns with text',
  );
  assert.equal(
    refused('a.jsonl', '{"messages": [{"role": "user", "content": {"x": 1}}]}'),
    'a.jsonl:1: the content of message 1 is an object, but must be a string',
  );
  assert.equal(
    refused('a.jsonl', '{"messages": [{"role": "user", "said": "x"}]}'),
    'a.jsonl:1: expected role and content, or from and value, in message 1, found role and said',
  );
});

test('a TSV file without two columns, or with a turn that lacks its weight', () => {
  assert.match(
    refused('a.tsv', 'a\tb\nc\n'),
    /^a\.tsv:2: expected two columns \(source<TAB>target\), found no tab in "c"; fix or remove the line \(1 of 2 records cannot be read\)$/,
  );
  assert.match(refused('a.tsv', 'a\tb\tc\n'), /^a\.tsv:1: .*found 3 columns/);
  assert.match(
    refused('a.tsv', '1.0 a\t1.0 b\n\n1.0 a\tb\n'),
    /^a\.tsv:3: expected a weight \(0\.0 or 1\.0\) before "b", as in the first line; add the weight/,
  );
});

test('a folder without a file to read, or without a file of the given format', () => {
  assert.match(
    refusedFolder({ 'a.md': 'x', 'b.txt': 'y' }, ['.']),
    /^FOLDER\/? has no file in a known format, only a\.md, b\.txt; convert it to JSON/,
  );
  assert.match(
    refusedFolder({ '.hidden.json': '[]' }, ['.']),
    /^FOLDER\/? has no files; put conversations in it, or name another folder$/,
  );
  assert.match(refusedFolder({ 'a.json': '[]' }, ['.'], 'tsv'), /has no file in the format tsv; leave out/);
});

const field = ' +++$+++ ';
const lines = [
  ['L1', 'u0', 'm0', 'ANN', 'Hello.'],
  ['L2', 'u1', 'm0', 'BOB', 'Caf\xe9 +++$+++ \x93yes\x94'],
  ['L3', 'u0', 'm0', 'ANN', ''],
]
  .map((fields) => fields.join(field))
  .join('\n');
const cornell = (ids: string, text = lines) => ({
  'c/movie_lines.txt': Buffer.from(text, 'latin1'),
  'c/movie_conversations.txt': ['u0', 'u1', 'm0', ids].join(field),
});

test('the Cornell corpus is read from its folder, a file in it, or a parent folder, in its original encoding', () => {
  withFiles(cornell("['L1', 'L2', 'L3']"), (folder) => {
    for (const path of [folder, join(folder, 'c'), join(folder, 'c/movie_lines.txt')]) {
      const { dialogues, summary } = readCorpus([path]);
      assert.deepEqual(
        dialogues.map(({ turns }) => turns.map(({ text }) => text)),
        [['Hello.', 'Café +++$+++ “yes”']],
      );
      assert.equal(summary.files[0]?.remarks.get('emptyTurn'), 1);
      assert.equal(summary.files.length, 1);
    }
  });
});

test('a Cornell conversation with a missing line, and malformed lines', () => {
  assert.equal(
    refusedFolder(cornell("['L1', 'L9']"), ['c']),
    'c/movie_conversations.txt:1: line L9 is not in c/movie_lines.txt; take both files from the same archive',
  );
  assert.match(
    refusedFolder(cornell("['L1']", `${lines}\nL4 u0 m0`), ['c']),
    /^c\/movie_lines\.txt:4: expected 5 fields/,
  );
  assert.match(
    refusedFolder({ 'c/movie_lines.txt': lines }, ['c'], 'cornell'),
    /^c has no file in the format cornell/,
  );
});

test('folders are read in order of name, without hidden files and cycles of links, and no file twice', () => {
  const chat = (word: string) => `{"turns": ["${word}", "yes"]}`;
  const files = {
    'b.jsonl': chat('b'),
    'a/z.json': chat('z'),
    'c.JSON': chat('c'),
    '.x.json': 'broken',
    '.git/y.json': 'broken',
    README: 'x',
  };
  withFiles(files, (folder) => {
    symlinkSync(folder, join(folder, 'a/circle'));
    symlinkSync(join(folder, 'nowhere'), join(folder, 'gone.json'));
    mkdirSync(join(folder, 'd.json'));
    const { dialogues, summary } = readCorpus([folder, join(folder, 'b.jsonl')]);
    assert.deepEqual(
      dialogues.map(({ turns }) => turns[0]?.text),
      ['z', 'b', 'c'],
    );
    assert.deepEqual(summary.skippedFiles, [
      { path: join(folder, 'README'), reason: 'unknown format' },
      { path: join(folder, 'gone.json'), reason: 'a broken link' },
    ]);
  });
});

test('any bytes are either read or refused with a UserError', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom('a.json', 'a.tsv', 'a.txt'),
      (bytes, name) => {
        withFiles({ [name]: bytes }, (folder) => {
          try {
            readCorpus([join(folder, name)]);
          } catch (thrown) {
            assert.ok(thrown instanceof UserError, String(thrown));
          }
        });
      },
    ),
    { seed: 15, numRuns: 200 },
  );
});
