import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { refusal } from '../../test/refusal.js';
import { withFiles } from '../../test/written-files.js';
import { zipArchive } from '../../test/zip-archive.js';
import { readCorpus } from './read-corpus.js';
import { summaryLines } from './summary.js';

const chats = '{"turns": ["Hi", "Hello"]}\n';

/** The reasons by path. */
const skippedIn = (files: Readonly<Record<string, string | Uint8Array>>) =>
  withFiles(files, (folder) => {
    const { dialogues, summary } = readCorpus([folder]);
    assert.deepEqual(
      dialogues.map(({ turns }) => turns.length),
      [2],
    );
    return Object.fromEntries(
      summary.skippedFiles.map(({ path, reason }) => [path.slice(folder.length + 1), reason]),
    );
  });

describe('files that were found in a folder beside conversations', () => {
  it('are skipped with the reason', () => {
    assert.deepEqual(
      skippedIn({
        'chats.jsonl': chats,
        'README.md': '# Chats\n',
        'photo.jpg': 'x',
        'old.tar': 'x',
        'empty.json': '',
        'feedback.json': '[]',
        'user.json': '{"id": "u", "email": "ann@example.org"}',
        'settings.yml': 'colour: red\n',
        'prices.csv': 'item;place;remark\na lamp;the hall;new\na desk;upstairs;old\n',
        'program.bin': Uint8Array.of(1, 0, 2),
      }),
      {
        'README.md': 'unknown format',
        'photo.jpg': 'a picture, a recording or a document',
        'old.tar': 'an archive that is not opened',
        'empty.json': 'empty',
        'feedback.json': 'empty',
        'user.json': 'no record has a known shape',
        'settings.yml': 'no record has a known shape',
        'prices.csv': 'unknown format',
        'program.bin': 'not text',
      },
    );
  });

  it('are an error if a person names them', () => {
    const files = { 'chats.jsonl': chats, 'user.json': '{"id": "u", "email": "ann@example.org"}' };
    const message = withFiles(files, (folder) =>
      refusal('data', () => readCorpus([join(folder, 'user.json'), folder])),
    );
    assert.match(message, /user\.json:1: expected .*, found id and email$/);
  });

  it('are an error if they are damaged conversations', () => {
    const files = { 'chats.jsonl': chats, 'more.json': '[{"turns": ["Hi", "Hello"]}, {"turns": ["Hi"' };
    assert.match(
      withFiles(files, (folder) => refusal('data', () => readCorpus([folder]))),
      /more\.json:1:\d+ is not JSON/,
    );
  });

  it('say what is wrong with them if nothing else is there', () => {
    const files = { 'a.md': 'x', 'b.json': '{"id": "u", "email": "ann@example.org"}' };
    assert.match(
      withFiles(files, (folder) => refusal('data', () => readCorpus([folder]))),
      /b\.json:1: expected .*, found id and email$/,
    );
  });
});

it('many files that are skipped for one reason share a line', () => {
  const pictures = Object.fromEntries([1, 2, 3, 4, 5].map((number) => [`IMG-${number}.jpg`, 'x']));
  const members = { ...pictures, 'chats.jsonl': chats, 'notes.md': 'x' };
  withFiles({ 'export.zip': zipArchive(members) }, (folder) => {
    const { summary } = readCorpus([join(folder, 'export.zip')]);
    assert.deepEqual(
      summaryLines(summary)
        .slice(1)
        .map((line) => line.replaceAll(`${folder}/`, '')),
      [
        '5 files skipped, a picture, a recording or a document: export.zip/IMG-1.jpg, export.zip/IMG-2.jpg, export.zip/IMG-3.jpg and 2 more',
        'export.zip/notes.md: skipped, unknown format',
      ],
    );
  });
});
