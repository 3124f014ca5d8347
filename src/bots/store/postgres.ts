// A store in a PostgreSQL database, for several machines.

import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { messageOf, UserError } from '../../errors.js';
import { migrate } from './migrate.js';
import { type SqlDialect, SqlStore } from './sql-store.js';
import type { StoreOptions } from './store-options.js';
import type { Tables } from './tables.js';

/** Milliseconds to wait for a connection. */
const connectTimeout = 10_000;
const connections = 10;

/** @param address such as postgres://user:password@host/database */
export async function openPostgres(address: string, options: StoreOptions): Promise<SqlStore> {
  const name = withoutPassword(address);
  const dialect = postgresDialect(name);
  let db: Kysely<Tables> | undefined;
  try {
    const pool = new pg.Pool({
      connectionString: address,
      connectionTimeoutMillis: connectTimeout,
      max: connections,
      application_name: 'chatbot-train',
      types: { getTypeParser: (type: number, format?: 'text' | 'binary') => parserOf(type, format) },
    });
    // A server that goes away while a connection is idle is reported by the next query.
    pool.on('error', () => {});
    db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
    await migrate(db, 'postgres', name, options);
    return new SqlStore(db, dialect);
  } catch (thrown) {
    await db?.destroy();
    throw dialect.explain(thrown) ?? thrown;
  }
}

/** 64-bit integers come as text. Ours are below 2^53. */
function parserOf(type: number, format: 'text' | 'binary' | undefined) {
  if (type === pg.types.builtins.INT8) return Number;
  return format === 'binary' ? pg.types.getTypeParser(type, 'binary') : pg.types.getTypeParser(type, 'text');
}

export function withoutPassword(address: string): string {
  try {
    const url = new URL(address);
    return `${url.protocol}//${url.username === '' ? '' : `${url.username}@`}${url.host}${url.pathname}`;
  } catch {
    return 'the PostgreSQL database';
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
    explain: (thrown) => explain(name, thrown),
  };
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
function explain(name: string, thrown: unknown): UserError | null {
  if (thrown instanceof UserError) return thrown;
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const message = messageOf(thrown);
  const because = (kind: ConstructorParameters<typeof UserError>[0], what: string) =>
    new UserError(kind, `${name} ${what}`, { cause: thrown });
  if (/^28/.test(code) || /SASL|password must be a string/.test(message))
    return because('store-refused', 'refuses the user or the password; check the address');
  if (code === '3D000')
    return because('store-not-found', 'does not exist; create the database first, or check the address');
  if (code === '42501')
    return because('store-read-only', 'does not let this user write; grant the right to create tables in it');
  if (/^53100|^53200/.test(code))
    return because('disk-full', 'has no room left; make room on the server and try again');
  if (/^(08|57P|53300)/.test(code) || /^E[A-Z]+$/.test(code) || /timeout|terminated|ended/i.test(message))
    return because(
      'store-unreachable',
      `cannot be reached: ${message || code}; check that the server runs, and the address`,
    );
  if (/^(40001|40P01|55P03)$/.test(code))
    return because('store-locked', 'is in use by another program; try again');
  if (/invalid (connection|url)/i.test(message))
    return because(
      'store-address-invalid',
      'is not an address; write it like postgres://user:password@host/database',
    );
  return null;
}
