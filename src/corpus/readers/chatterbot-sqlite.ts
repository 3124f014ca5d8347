// The SQLite database of a ChatterBot. Each row of its table `statement` says what it answers. Rows that answer each other one
// after another are a conversation; the other rows are a question and an answer, or text that nothing answers.
//
// The file is never changed: it is opened for reading, or as a copy. A hostile file can define columns that compute, so only a
// plain table is read, and no longer texts than a bot needs.

import { closeSync, existsSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inflateRawSync } from 'node:zlib';
import type Libsql from 'libsql';
import { messageOf, UserError } from '../../errors.js';
import { openRegularFile } from '../../files/regular-file.js';
import { decoded, decodedRow, withTextsAsBytes } from '../../files/sqlite-text.js';
import { temporaryFolder } from '../../files/user-folders.js';
import { oneLine } from '../../quote.js';
import type { BinarySource, PlacedRecord, Rejected } from '../reader.js';
import type { Source } from '../source.js';

const signature = 'SQLite format 3\0';
/** ChatterBot itself keeps at most 1,100 characters. */
const longestText = 2 ** 20;
/** A member of an archive is copied to a temporary file. */
const largestCopy = 2 ** 33;

export const chatterbotSqlite: BinarySource = {
  format: 'chatterbot-sqlite',
  about: 'the SQLite database of a ChatterBot',
  example: {
    // Two rows: "Open on Sunday?", and "Until six." in response to it.
    'db.sqlite3': inflateRawSync(
      Buffer.from(
        [
          '7ZHBSsNAEIZng9RTzzlI6HhKQktJLZ51rVstxlTTROiprGYrC+1uSNZSj+LJN+rr+CZSsEEC4rngBwMz3wz/ZSb3oTQC57pYcoN9sIAQ',
          'OEcEAOu7dhAAOKjNf2FBd/XR3B4TG4gN+8LbnBzarRZ5PzL8cSFKw41YCmWqxhrEjCYME3oRMqw0ekasDT7QeHBNY6/XCwK/g09arURR',
          'ciO1qnb9Ex8v2ZCmYYKui9E4wSgNww5KNStEmWtVipnR9axcFKVWvNKnwW8xGY6ihF2x+Ie8i0e3NJ7iDZuiJzPf3/7GIhsgn2QD/+wN',
          'rtU4dtpNSJWRCyzlumsKLpVUz+NcKNQKJy8q469nDmm0HWhCTe+uvwA=',
        ].join(''),
        'base64',
      ),
    ),
  },
  signature,
  records: conversationsOf,
};

interface Statement {
  readonly id: unknown;
  readonly text: unknown;
  readonly answered: unknown;
  readonly conversation: unknown;
  readonly persona: unknown;
}

const columnsOfStatement = ['id', 'text', 'answered', 'conversation', 'persona'];

/** Consecutive rows of which each answers the one before. */
interface Talk {
  readonly line: number;
  readonly conversation: unknown;
  readonly turns: { readonly text: string; readonly isBot: boolean }[];
}

function* conversationsOf(source: Source): Generator<PlacedRecord | Rejected> {
  const { path } = source;
  const place = placeOf(source);
  let database: Libsql.Database | undefined;
  try {
    database = opened(place.address);
    yield* talksIn(database, path);
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    throw new UserError(
      'corpus-unreadable',
      `${path} cannot be read as a SQLite database (${oneLine(messageOf(thrown), 120)}); copy or export it again`,
      { cause: thrown },
    );
  } finally {
    database?.close();
    place.release();
  }
}

function opened(address: string): Libsql.Database {
  // Loaded when such a file is read: few people have one.
  const Database: typeof Libsql = createRequire(import.meta.url)('libsql');
  const database = new Database(address);
  for (const pragma of ['trusted_schema = off', 'query_only = on', 'cell_size_check = on'])
    database.exec(`pragma ${pragma}`);
  return database;
}

function* talksIn(database: Libsql.Database, path: string): Generator<PlacedRecord | Rejected> {
  let talk: Talk | undefined;
  let line = 0;
  const query = withTextsAsBytes(statementsOf(database, path), columnsOfStatement);
  for (const row of database.prepare(query).iterate() as Iterable<Statement>) {
    line++;
    const { id, text, answered, conversation, persona } = decodedRow(row);
    const number = typeof id === 'number' && id > 0 ? id : line;
    if (typeof text !== 'string' || (answered !== null && typeof answered !== 'string')) {
      yield { rejected: 'a statement is no text, or too long', line: number };
      continue;
    }
    const follows =
      talk !== undefined && conversation === talk.conversation && answered === talk.turns.at(-1)?.text;
    if (!follows) {
      if (talk) yield* recordOf(talk);
      const turns = answered === null ? [] : [{ text: answered, isBot: false }];
      talk = { line: number, conversation, turns };
    }
    talk?.turns.push({ text, isBot: typeof persona === 'string' && persona.startsWith('bot:') });
  }
  if (talk) yield* recordOf(talk);
}

/** A statement that nothing answers teaches nothing, and is what every list begins with. */
function* recordOf({ line, turns }: Talk): Generator<PlacedRecord> {
  if (turns.length < 2) return;
  const hasBot = turns.some(({ isBot }) => isBot);
  const messages = turns.map(({ text, isBot }) => ({
    ...(hasBot && { role: isBot ? 'assistant' : 'user' }),
    content: text,
  }));
  yield { value: { messages }, line };
}

/** The query for all statements, those of a conversation together. @throws UserError for another program's database. */
function statementsOf(database: Libsql.Database, path: string): string {
  const columns = database
    .prepare("select cast(name as blob) as name from pragma_table_xinfo('statement') where hidden = 0")
    .all() as {
    readonly name: unknown;
  }[];
  const has = (name: string) => columns.some((column) => decoded(column.name) === name);
  const tables = database
    .prepare(
      "select 1 from sqlite_schema where name = 'statement' and type = 'table' and sql like 'create table%'",
    )
    .all();
  if (tables.length === 0 || !has('text') || !has('in_response_to'))
    throw new UserError(
      'corpus-not-text',
      `${path} is a SQLite database, but not that of a ChatterBot from version 1.0 on; export it as JSON lines`,
    );
  const column = (name: string, as = name) => `${has(name) ? name : "''"} as ${as}`;
  const text = (name: string, as = name) =>
    `case when ${name} is null or (typeof(${name}) = 'text' and octet_length(${name}) <= ${longestText})
      then ${name} else 0 end as ${as}`;
  const order = has('id') ? 'id' : 'rowid';
  return `select ${order} as id, ${text('text')}, ${text('in_response_to', 'answered')}, ${column('conversation')},
    ${column('persona')} from statement order by ${has('conversation') ? 'conversation, ' : ''}${order}`;
}

interface Place {
  readonly address: string;
  release(): void;
}

/** A file on disk is opened where it is, another one as a private copy. */
function placeOf(source: Source): Place {
  if (startsAsDatabase(source.path)) return { address: addressOf(source.path), release: () => {} };
  const folder = mkdtempSync(join(temporaryFolder(process.env), 'chatterbot-'));
  const release = () => rmSync(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, 'db.sqlite3');
    const descriptor = openSync(copy, 'wx', 0o600);
    try {
      let length = 0;
      for (const piece of source.bytes()) {
        length += piece.length;
        if (length > largestCopy)
          throw new UserError(
            'corpus-unreadable',
            `${source.path} is a packed SQLite database of more than ${largestCopy / 2 ** 30} GB; unpack it first`,
          );
        writeSync(descriptor, piece);
      }
    } finally {
      closeSync(descriptor);
    }
    return { address: addressOf(copy), release };
  } catch (thrown) {
    release();
    throw thrown;
  }
}

/** Whether the path is a file on disk, not packed, that begins as a database. */
function startsAsDatabase(path: string): boolean {
  if (!existsSync(path)) return false;
  const descriptor = openRegularFile(path);
  try {
    const start = Buffer.alloc(signature.length);
    readSync(descriptor, start, 0, start.length, 0);
    return start.toString('latin1') === signature;
  } finally {
    closeSync(descriptor);
  }
}

/** What a running ChatterBot wrote last is in a file beside it. Without one, nothing is made beside the file. */
function addressOf(path: string): string {
  const { href } = pathToFileURL(resolve(path));
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
  return `${href}?mode=ro${(log?.size ?? 0) > 0 ? '' : '&immutable=1'}`;
}
