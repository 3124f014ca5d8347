// A store in a PostgreSQL database, for several machines.

import type { DatabaseConnection } from 'kysely';
import pg from 'pg';
import { type ErrorCode, messageOf, UserError } from '../../errors.js';
import { oneLine } from '../../quote.js';
import { CompiledQuery, Kysely, PostgresDialect, sql } from './kysely.js';
import { migrate } from './migrate.js';
import type { SqlDialect } from './sql-database.js';
import { keptOf, selectPairs } from './sql-pairs.js';
import { SqlStore } from './sql-store.js';
import type { StoreOptions } from './store-options.js';
import type { Tables } from './tables.js';

/** Milliseconds to wait for a connection. */
const connectTimeout = 10_000;
const connections = 10;

/** @param address such as postgres://user:password@host/database */
export async function openPostgres(address: string, options: StoreOptions): Promise<SqlStore> {
  const name = nameOf(address);
  const pool = new pg.Pool({
    connectionString: address,
    connectionTimeoutMillis: connectTimeout,
    max: connections,
    application_name: 'chatbot-train',
    types: { getTypeParser: (type: number, format?: 'text' | 'binary') => parserOf(type, format) },
  });
  // A server that goes away while a connection is idle is reported by the next query.
  pool.on('error', () => {});
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool, ...(options.readOnly && { onCreateConnection: readOnly }) }),
  });
  const dialect = postgresDialect(name);
  try {
    await migrate(db, 'postgres', name, options);
    return new SqlStore(db, dialect);
  } catch (thrown) {
    await db.destroy();
    throw dialect.explain(thrown) ?? thrown;
  }
}

async function readOnly(connection: DatabaseConnection): Promise<void> {
  await connection.executeQuery(CompiledQuery.raw('set default_transaction_read_only = on'));
}

/** 64-bit integers come as text. Ours are below 2^53. */
function parserOf(type: number, format: 'text' | 'binary' | undefined) {
  if (type === pg.types.builtins.INT8) return Number;
  return format === 'binary' ? pg.types.getTypeParser(type, 'binary') : pg.types.getTypeParser(type, 'text');
}

/**
 * The address without its password, for messages.
 * @throws UserError (store-address-invalid)
 */
export function nameOf(address: string): string {
  try {
    const { user, host, port, database } = new pg.Client({ connectionString: address });
    // A password with a slash would become a part of the database's name.
    if (database === undefined || /[@:]/.test(database)) throw new Error('no database');
    const place = host.startsWith('/') ? host : `${host}:${port}`;
    return oneLine(`postgres://${user === undefined ? '' : `${user}@`}${place}/${database}`);
  } catch {
    throw new UserError(
      'store-address-invalid',
      'the address of the PostgreSQL database cannot be read; write it like postgres://user:password@host/database, and characters such as / and @ of the password like %2F and %40',
    );
  }
}

/** @param name of the database, for messages. */
export function postgresDialect(name: string): SqlDialect {
  return {
    name,
    writePairs: async (db, rows, change) => {
      const column = <Key extends keyof (typeof rows)[number]>(key: Key) => rows.map((row) => row[key]);
      await sql`
        insert into bot_pair (key, question, answer, previous, source, count, change)
        select key, question, answer, previous, source, count, ${change}::bigint
        from unnest(
          ${column('key')}::text[], ${column('question')}::text[], ${column('answer')}::text[],
          ${column('previous')}::text[], ${column('source')}::text[], ${column('count')}::integer[]
        ) as rows (key, question, answer, previous, source, count)
        on conflict (key) do update set count = bot_pair.count + excluded.count, change = excluded.change`.execute(
        db,
      );
    },
    readPairs: async (db, after, newest, most) => {
      const rows = await selectPairs(db)
        .where('id', '>', after)
        .where('change', '<=', newest)
        .orderBy('id')
        .limit(most)
        .execute();
      return rows.map(keptOf);
    },
    explain: (thrown) => explain(name, thrown),
  };
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
function explain(name: string, thrown: unknown): UserError | null {
  if (thrown instanceof UserError) return thrown;
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const message = messageOf(thrown);
  const because = (kind: ErrorCode, what: string) =>
    new UserError(kind, `${name} ${what}`, { cause: thrown });
  if (/^28/.test(code) || /SASL|password must be a string/.test(message))
    return because('store-refused', 'refuses the user or the password; check both in the address');
  if (code === '3D000')
    return because('store-not-found', 'does not exist; create the database first, or check the address');
  if (code === '42501')
    return because('store-read-only', 'does not let this user write; grant the right to create tables in it');
  if (code === '25006')
    return because('store-read-only', 'is open for reading only; use a user and a server that may write');
  if (/^(53100|53200)$/.test(code))
    return because('disk-full', 'has no room left; make room on the server and try again');
  if (/^(40001|40P01|55P03)$/.test(code))
    return because('store-locked', 'is kept locked by another program; try again');
  if (/^XX00[12]$/.test(code)) return because('store-damaged', 'is damaged; restore it from a backup');
  if (/^(08|57P|53300)/.test(code) || /^E[A-Z]+$/.test(code) || /timeout|terminated|ended/i.test(message))
    return because(
      'store-unreachable',
      `cannot be reached (${oneLine(message || code, 120)}); check the address, and that the server runs`,
    );
  return null;
}
