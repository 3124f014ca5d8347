// A store in a SQLite file, through libsql.

import { accessSync, chmodSync, closeSync, constants, existsSync, openSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import Libsql from 'libsql';
import { type ErrorCode, messageOf, UserError } from '../../errors.js';
import { decoded } from '../../files/sqlite-text.js';
import { oneLine, quoted } from '../../quote.js';
import { Kysely } from './kysely.js';
import { libsqlDialect, notBusy, resultCode, SqliteResult } from './libsql-dialect.js';
import { migrate } from './migrate.js';
import type { KeptChange, PairRow, SqlDialect } from './sql-database.js';
import { SqlStore } from './sql-store.js';
import type { StoreOptions } from './store-options.js';
import type { Tables } from './tables.js';

/** More rows in a statement are not written faster. */
const rowsPerStatement = 100;
const rowsPerPause = 2000;

/** How long to wait while another program writes, in milliseconds. */
const defaultPatience = 10_000;

/** @param path of the file; it and the files beside it are readable only by their owner. */
export async function openSqlite(
  path: string,
  options: StoreOptions,
  patience = defaultPatience,
): Promise<SqlStore> {
  let file: Libsql.Database | undefined;
  try {
    prepareFile(path, options.create);
    // libsql takes some relative names for addresses of servers.
    const connection = new Libsql(resolve(path));
    file = connection;
    const dialect = new SqliteStoreDialect(path, connection);
    const db = new Kysely<Tables>({ dialect: libsqlDialect(connection, patience) });
    await configure(connection, options.readOnly ?? false, patience);
    await refuseComputing(connection, path, patience);
    await migrate(db, 'sqlite', path, options);
    // Readers and a writer do not wait for each other. Only now, because another program's file must not be changed.
    if (!options.readOnly) await notBusy(() => connection.exec('pragma journal_mode = wal'), patience);
    return new SqlStore(db, dialect);
  } catch (thrown) {
    file?.close();
    throw explain(path, thrown) ?? thrown;
  }
}

async function configure(file: Libsql.Database, readOnly: boolean, patience: number): Promise<void> {
  const pragmas = [
    // What was acknowledged survives a killed process. A loss of power may cost the writes since the last checkpoint, and
    // damages nothing. Waiting for the disk at each commit would hold up every conversation.
    'synchronous = normal',
    'foreign_keys = on',
    'trusted_schema = off',
    // The index of a million pairs stays in memory while it grows.
    'cache_size = -65536',
    'temp_store = memory',
    // Pages of the index that change again and again are copied into the file less often.
    'wal_autocheckpoint = 5000',
    ...(readOnly ? ['query_only = on'] : []),
  ];
  for (const pragma of pragmas) await notBusy(() => file.exec(`pragma ${pragma}`), patience);
}

/** A stranger's file can define tables that compute, without an end. Ours hold what was written into them, and nothing else. */
async function refuseComputing(file: Libsql.Database, path: string, patience: number): Promise<void> {
  const computing = `
    select cast(name as blob) as name from sqlite_schema where type in ('view', 'trigger') or sql like 'create virtual%'
    union all
    select cast(tables.name as blob) from sqlite_schema tables, pragma_table_xinfo(tables.name) columns
      where tables.type = 'table' and columns.hidden <> 0
    limit 1`;
  const [found] = (await notBusy(() => file.prepare(computing).all(), patience)) as {
    readonly name: string;
  }[];
  if (found)
    throw new UserError(
      'store-foreign',
      `${path} belongs to another program: ${quoted(decoded(found.name))} in it is computed; name another file`,
    );
}

function prepareFile(path: string, create: boolean): void {
  const state = statSync(path, { throwIfNoEntry: false });
  if (state === undefined || (state.size === 0 && create)) makeFile(path, create);
  else if (!state.isFile()) throw new UserError('store-foreign', `${path} is not a file; name another one`);
  else if (!isReadable(path))
    throw new UserError('store-unreadable', `${path} is not readable by this user; change its permissions`);
}

/** Makes the file private before anything is in it. SQLite gives the files beside it the same permissions. */
function makeFile(path: string, create: boolean): void {
  if (!create)
    throw new UserError(
      'store-not-found',
      `${path} does not exist; check the path, or make it with chatbot-rules learn FILE`,
    );
  const folder = dirname(path);
  if (!existsSync(folder))
    throw new UserError('store-not-found', `${path} cannot be made: make the folder ${folder} first`);
  closeSync(openSync(path, 'a', 0o600));
  // An empty file that was there may be readable by everybody.
  chmodSync(path, 0o600);
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** The columns of a pair, in the order of the query. */
type PairValues = [number, string, string, string | null, string, number, number, number, number];

class SqliteStoreDialect implements SqlDialect {
  private readonly statements = new Map<number, Libsql.Statement<unknown[]>>();
  private selection: Libsql.Statement<unknown[]> | undefined;

  constructor(
    readonly name: string,
    private readonly file: Libsql.Database,
  ) {}

  /** Without Kysely, which would take longer to write the statement than SQLite to execute it. */
  async writePairs(_: unknown, rows: readonly PairRow[], change: number): Promise<void> {
    for (let from = 0; from < rows.length; from += rowsPerStatement) {
      // Conversations of this process go on meanwhile.
      if (from % rowsPerPause === 0) await setImmediate();
      const some = rows.slice(from, from + rowsPerStatement);
      const values: (string | number | null)[] = [];
      for (const { key, question, answer, previous, source, count } of some)
        values.push(key, question, answer, previous, source, count, change);
      this.insertion(some.length).run(values);
    }
  }

  /** As one text of JSON, which takes half the time of giving each value to JavaScript. */
  async readPairs(_: unknown, after: number, newest: number, most: number): Promise<KeptChange[]> {
    this.selection ??= this.file.prepare(
      `select cast(json_group_array(json_array(id, question, answer, previous, source, count, up, down, change)) as blob) as pairs
      from (select * from bot_pair where id > ? and change <= ? order by id limit ?)`,
    );
    const [{ pairs }] = this.selection.all([after, newest, most]) as [{ readonly pairs: unknown }];
    const rows: PairValues[] = JSON.parse(String(decoded(pairs)));
    return rows.map(([id, question, answer, previous, source, count, up, down, change]) => ({
      kind: 'kept',
      pair: { id, question, answer, previous, source, count, up, down },
      change,
    }));
  }

  explain(thrown: unknown): UserError | null {
    return explain(this.name, thrown);
  }

  private insertion(rows: number): Libsql.Statement<unknown[]> {
    const known = this.statements.get(rows);
    if (known) return known;
    const statement = this.file.prepare(
      `insert into bot_pair (key, question, answer, previous, source, count, change)
      values ${Array(rows).fill('(?, ?, ?, ?, ?, ?, ?)').join(', ')}
      on conflict (key) do update set count = bot_pair.count + excluded.count, change = excluded.change`,
    );
    // One is used for nearly all rows; the last statement of a batch may have any length.
    if (rows === rowsPerStatement || rows === 1) this.statements.set(rows, statement);
    return statement;
  }
}

function explain(path: string, thrown: unknown): UserError | null {
  if (thrown instanceof UserError) return thrown;
  const because = (name: ErrorCode, what: string) =>
    new UserError(name, `${path} ${what}`, { cause: thrown });
  switch (kindOf(thrown)) {
    case 'locked':
      return because('store-locked', 'is kept locked by another program; close it, or try again');
    case 'damaged':
      return because(
        'store-damaged',
        'is damaged, or is not a SQLite file; restore it from a copy, or name another file',
      );
    case 'read-only':
      return because(
        'store-read-only',
        'cannot be written, or files beside it cannot; change the permissions, or use a copy',
      );
    case 'full':
      return because(
        'disk-full',
        'cannot grow, because the disk is full; make room and try again; nothing that was kept is lost',
      );
    case 'unreadable':
      return because(
        'store-unreadable',
        `cannot be opened or read (${oneLine(messageOf(thrown), 120)}); name a file in a folder that can be written`,
      );
    case null:
      return null;
  }
}

type Kind = 'locked' | 'damaged' | 'read-only' | 'full' | 'unreadable';

const kinds: ReadonlyMap<number, Kind> = new Map([
  [SqliteResult.busy, 'locked'],
  [SqliteResult.locked, 'locked'],
  [SqliteResult.corrupt, 'damaged'],
  [SqliteResult.notDatabase, 'damaged'],
  // What is written fits the tables, unless their rows or numbers are damaged.
  [SqliteResult.constraint, 'damaged'],
  [SqliteResult.readOnly, 'read-only'],
  [SqliteResult.full, 'full'],
  [SqliteResult.cannotOpen, 'unreadable'],
  [SqliteResult.io, 'unreadable'],
  [SqliteResult.permission, 'unreadable'],
  [SqliteResult.authorization, 'unreadable'],
  [SqliteResult.tooBig, 'unreadable'],
  [SqliteResult.noMemory, 'unreadable'],
]);

/** Null: a bug. */
function kindOf(thrown: unknown): Kind | null {
  const result = resultCode(thrown);
  const message = messageOf(thrown);
  if (result === SqliteResult.error && /^no such (?:column|table)/.test(message)) return 'damaged';
  if (result !== null) return kinds.get(result) ?? null;
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  if (/^(EROFS|EACCES|EPERM)$/.test(code)) return 'read-only';
  if (/^(ENOSPC|EDQUOT|EFBIG)$/.test(code)) return 'full';
  // libsql gives no code when a file cannot be opened.
  return /^E[A-Z]+$/.test(code) || message.startsWith('ConnectionFailed') ? 'unreadable' : null;
}
