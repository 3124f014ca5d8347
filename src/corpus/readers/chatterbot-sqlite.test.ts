// ChatterBot's SQLite database, as it writes one (its own library is not needed).

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import Libsql from 'libsql';
import { refusal } from '../../../test/refusal.js';
import { withFiles } from '../../../test/written-files.js';
import { zipArchive } from '../../../test/zip-archive.js';
import { readCorpus } from '../read-corpus.js';

type Row = readonly [text: string | Buffer, answers: string | null, conversation: string, persona?: string];

const statement = `create table statement (
  text varchar(1100), search_text varchar(1100) default '' not null, conversation varchar(32) default '' not null,
  created_at datetime default current_timestamp, in_response_to varchar(1100),
  search_in_response_to varchar(1100) default '' not null, persona varchar(50) default '' not null,
  id integer not null, primary key (id))`;

/** Fills a database in a folder. */
function fill(path: string, rows: readonly Row[], mode = 'delete'): Libsql.Database {
  const database = new Libsql(path);
  database.exec(`pragma journal_mode = ${mode}`);
  database.exec(statement);
  const add = database.prepare(
    'insert into statement (text, in_response_to, conversation, persona) values (?, ?, ?, ?)',
  );
  for (const [text, answers, conversation, persona = ''] of rows)
    add.run([text, answers, conversation, persona]);
  return database;
}

function databaseOf(rows: readonly Row[]): Buffer {
  return withFiles({}, (folder) => {
    const path = join(folder, 'db.sqlite3');
    fill(path, rows).close();
    return readFileSync(path);
  });
}

const rows: Row[] = [
  ['Hi there!', null, 'training'],
  ['Hello', 'Hi there!', 'training'],
  ['How are you?', 'Hello', 'training'],
  ['Do you ship?', null, 'training'],
  ['Yes, worldwide.', 'Do you ship?', 'training'],
  ['你好', null, 'c1'],
  ['Hi there!', null, 'c2'],
  ['您好', '你好', 'c1', 'bot:shop'],
  ['Hello', 'Hi there!', 'c2', 'bot:shop'],
  ['Bye', 'See you', 'c2'],
];
const talks = [
  ['你好', '您好'],
  ['Hi there!', 'Hello'],
  ['See you', 'Bye'],
  ['Hi there!', 'Hello', 'How are you?'],
  ['Do you ship?', 'Yes, worldwide.'],
];

function talksOf(path: string) {
  const { dialogues } = readCorpus([path]);
  return [...dialogues].map(({ turns }) => turns);
}

describe("ChatterBot's database", () => {
  it('is read as conversations, each statement once, wherever it lies', () => {
    const bytes = databaseOf(rows);
    for (const content of [
      { 'db.sqlite3': bytes },
      { 'shop?#%.db': bytes },
      { 'db.sqlite3.gz': gzipSync(bytes) },
      { 'backup.zip': zipArchive({ 'bots/db.sqlite3': bytes }) },
    ])
      withFiles(content, (folder) => {
        const [file = ''] = readdirSync(folder);
        const found = talksOf(join(folder, file));
        assert.deepEqual(
          found.map((turns) => turns.map(({ text }) => text)),
          talks,
        );
        assert.deepEqual(
          found.map(([, second]) => second?.role),
          ['assistant', 'assistant', undefined, undefined, undefined],
        );
        assert.deepEqual(readdirSync(folder), [file]);
      });
  });

  it('is read with what a running ChatterBot has written last, and not changed', () => {
    withFiles({}, (folder) => {
      const path = join(folder, 'db.sqlite3');
      const running = fill(path, rows, 'wal');
      const before = [readFileSync(path), statSync(`${path}-wal`).size];
      assert.equal(talksOf(path).length, talks.length);
      assert.deepEqual([readFileSync(path), statSync(`${path}-wal`).size], before);
      running.close();
    });
  });

  it('is read without statements that are no text, or longer than a message', () => {
    const bytes = databaseOf([
      ['a', null, ''],
      [Buffer.from('x'), 'a', ''],
      ['b'.repeat(2 ** 20 + 1), 'a', ''],
      ...Array.from({ length: 60 }, (_, index): Row => [`answer ${index}`, `question ${index}`, '']),
    ]);
    withFiles({ 'db.sqlite3': bytes }, (folder) => {
      assert.equal(talksOf(folder).length, 60);
    });
  });

  it('is read where a text is damaged', () => {
    withFiles({}, (folder) => {
      const path = join(folder, 'db.sqlite3');
      const database = fill(path, [['Yes', 'Open?', '']]);
      database.exec("update statement set text = cast(x'ff416c' as text)");
      database.close();
      assert.deepEqual(
        talksOf(path).map((turns) => turns.map(({ text }) => text)),
        [['Open?', '\ufffdAl']],
      );
    });
  });

  it("is refused when it is damaged, or another program's", () => {
    const bytes = databaseOf(Array.from({ length: 500 }, (_, index): Row => [`a${index}`, `q${index}`, '']));
    bytes.fill(0xee, 4096);
    const said = (content: Buffer) =>
      withFiles({ 'db.sqlite3': content }, (folder) =>
        refusal('data', () => talksOf(join(folder, 'db.sqlite3'))),
      );
    assert.match(said(bytes), /cannot be read as a SQLite database \(.*\); copy or export it again/);
    assert.match(said(bytes.subarray(0, 100)), /cannot be read as a SQLite database/);
    for (const sql of [
      'create table message (text)',
      'create table statement (text, in_response_to as (zeroblob(1000000000)))',
      'create view statement as select 1 as text, 2 as in_response_to',
    ])
      withFiles({}, (folder) => {
        const path = join(folder, 'db.sqlite3');
        const database = new Libsql(path);
        database.exec(sql);
        database.close();
        assert.match(
          refusal('data', () => talksOf(path)),
          /is a SQLite database, but not that of a ChatterBot from version 1\.0 on; export it as JSON lines/,
        );
      });
  });
});
