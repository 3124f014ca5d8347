// SQLite for Kysely, through libsql: one connection, on which transactions take turns. While another connection writes, a
// statement is tried again later. SQLite's own waiting would block this process, which may hold the other connection.
// Rows come from selections only, not from `returning`, because their texts need care (sqlite-text.ts).

import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from 'kysely';
import type Libsql from 'libsql';
import { decodedRow, withTextsAsBytes } from '../../files/sqlite-text.js';
import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from './kysely.js';
import { Turns } from './turns.js';

/** Milliseconds until a statement is tried again. */
const pauses = [1, 2, 5, 10, 20, 50];
/** Statements that are kept prepared. A store has about 50. */
const keptStatements = 100;
const writes: ReadonlySet<string> = new Set(['InsertQueryNode', 'UpdateQueryNode', 'DeleteQueryNode']);

/** @param patience how long a statement is tried, in milliseconds. */
export function libsqlDialect(database: Libsql.Database, patience: number): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new LibsqlDriver(database, patience),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class LibsqlDriver implements Driver {
  private readonly connection: LibsqlConnection;
  private readonly turns = new Turns();

  constructor(
    private readonly database: Libsql.Database,
    patience: number,
  ) {
    this.connection = new LibsqlConnection(database, patience);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    await this.turns.take();
    return this.connection;
  }

  async releaseConnection(): Promise<void> {
    this.turns.end();
  }

  async beginTransaction(): Promise<void> {
    await this.connection.begin();
  }

  async commitTransaction(): Promise<void> {
    this.database.exec('commit');
  }

  async rollbackTransaction(): Promise<void> {
    this.connection.rollback();
  }

  async destroy(): Promise<void> {
    await this.turns.take();
    foldIntoOneFile(this.database);
    this.database.close();
  }
}

/**
 * So that a person can copy the one file, and open it in a folder that is read-only. libsql frees a connection only with its
 * statements, when they are garbage, so closing does not do it.
 */
function foldIntoOneFile(database: Libsql.Database): void {
  for (const pragma of ['journal_mode = delete', 'wal_checkpoint(truncate)'])
    try {
      database.exec(`pragma ${pragma}`);
      return;
    } catch {
      // Others still use the file, or the disk is full. The files beside it then stay, with all that was written.
    }
}

class LibsqlConnection implements DatabaseConnection {
  private readonly statements = new Map<string, Libsql.Statement<unknown[]>>();

  constructor(
    private readonly database: Libsql.Database,
    private readonly patience: number,
  ) {}

  async executeQuery<Row>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<Row>> {
    const isAlone = writes.has(query.kind) && !this.database.inTransaction;
    if (!isAlone) return notBusy(() => this.execute(sql, parameters), this.patience);
    await this.begin();
    try {
      const result = this.execute<Row>(sql, parameters);
      this.database.exec('commit');
      return result;
    } catch (thrown) {
      this.rollback();
      throw thrown;
    }
  }

  /**
   * As a writer: one that reads first and writes later would fail if another process has written meanwhile. Without a prepared
   * statement: libsql does not reset one that finds the file busy, and the connection would read an old state from then on.
   */
  async begin(): Promise<void> {
    await notBusy(() => this.database.exec('begin immediate'), this.patience);
  }

  /** After some errors, such as a full disk, SQLite has rolled back already. */
  rollback(): void {
    if (this.database.inTransaction) this.database.exec('rollback');
  }

  // biome-ignore lint/correctness/useYield: Kysely asks for it, and nothing streams.
  async *streamQuery<Row>(): AsyncGenerator<QueryResult<Row>> {
    throw new Error('queries are not streamed');
  }

  private execute<Row>(sql: string, parameters: readonly unknown[]): QueryResult<Row> {
    const statement = this.prepared(sql);
    if (!isSelection(sql))
      return { rows: [], numAffectedRows: BigInt(statement.run([...parameters]).changes) };
    return { rows: statement.all([...parameters]).map((row) => decodedRow(row) as Row) };
  }

  private prepared(sql: string): Libsql.Statement<unknown[]> {
    const known = this.statements.get(sql);
    if (known) return known;
    if (this.statements.size === keptStatements) this.statements.clear();
    const statement = isSelection(sql) ? safeSelection(this.database, sql) : this.database.prepare(sql);
    this.statements.set(sql, statement);
    return statement;
  }
}

function isSelection(sql: string): boolean {
  return /^\s*select\b/i.test(sql);
}

/** A query whose rows are given to `decodedRow`. */
export function safeSelection(database: Libsql.Database, sql: string): Libsql.Statement<unknown[]> {
  const names = database
    .prepare(sql)
    .columns()
    .map(({ name }) => name);
  return database.prepare(withTextsAsBytes(sql, names));
}

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html). */
export const SqliteResult = {
  error: 1,
  permission: 3,
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  tooBig: 18,
  constraint: 19,
  authorization: 23,
  notDatabase: 26,
} as const;

/** Of an error of libsql, which has names for some codes only. */
export function resultCode(thrown: unknown): number | null {
  const code = thrown instanceof Error && 'rawCode' in thrown ? thrown.rawCode : null;
  // The other bits say more about the same error.
  return typeof code === 'number' ? code & 0xff : null;
}

/** The result of `attempt`, which is tried again while another connection writes. A busy statement has changed nothing. */
export async function notBusy<Result>(attempt: () => Result, patience: number): Promise<Result> {
  const end = performance.now() + patience;
  for (let tried = 0; ; tried++) {
    try {
      return attempt();
    } catch (thrown) {
      if (resultCode(thrown) !== SqliteResult.busy || performance.now() > end) throw thrown;
    }
    const pause = pauses[Math.min(tried, pauses.length - 1)] ?? 0;
    await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
  }
}
