// Brings the tables of a store to the version of this program. Each migration and its number are kept together or not at all.
// To add one: a file in migrations/, and a line below. A released migration never changes.

import type { Kysely } from 'kysely';
import { UserError } from '../../errors.js';
import { quoted } from '../../quote.js';
import { sql } from './kysely.js';
import { first } from './migrations/001-first.js';
import type { DatabaseKind, Migration } from './migrations/migration.js';
import type { StoreOptions } from './store-options.js';
import type { Tables } from './tables.js';

const migrations: readonly Migration[] = [first];

/** Any number, the same in every version of this program. */
const advisoryLock = 0x626f7473;

/**
 * @param name of the database, for messages.
 * @throws UserError (usage) for a database of a newer program, or tables that are not ours.
 */
export async function migrate(
  db: Kysely<Tables>,
  kind: DatabaseKind,
  name: string,
  { create, readOnly = false }: StoreOptions,
): Promise<void> {
  // The usual case takes no lock.
  const before = await versionOf(db, kind, name);
  if (before === migrations.length) return;
  if (before === 0 && !create)
    throw new UserError(
      'store-not-found',
      `${name} holds no bot; check the name, or fill it with chatbot-rules learn FILE`,
    );
  if (readOnly)
    throw new UserError(
      'store-read-only',
      `${name} was written by an older chatbot-train; open it once for writing`,
    );
  await db.transaction().execute(async (transaction) => {
    if (kind === 'postgres') await sql`select pg_advisory_xact_lock(${advisoryLock})`.execute(transaction);
    const version = await versionOf(transaction, kind, name);
    if (version === 0)
      await transaction.schema
        .createTable('bot_meta')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('value', 'text', (column) => column.notNull())
        .execute();
    for (const migration of migrations.slice(version)) await migration(transaction, kind);
    await transaction.deleteFrom('bot_meta').where('name', '=', 'version').execute();
    await transaction
      .insertInto('bot_meta')
      .values({ name: 'version', value: `${migrations.length}` })
      .execute();
  });
}

async function versionOf(db: Kysely<Tables>, kind: DatabaseKind, name: string): Promise<number> {
  const tables = await tableNames(db, kind);
  if (!tables.includes('bot_meta')) {
    // A shared PostgreSQL database has tables of others; a SQLite file belongs to one program.
    const [other] = kind === 'sqlite' ? tables : tables.filter((table) => table.startsWith('bot_'));
    if (other === undefined) return 0;
    throw foreign(name, other);
  }
  const row = await versionRow(db, name);
  const version = Number(row?.value);
  if (!Number.isSafeInteger(version) || version < 1)
    throw new UserError('store-damaged', `${name} does not say its version; restore it from a copy`);
  if (version > migrations.length)
    throw new UserError(
      'store-newer',
      `${name} was written by a newer chatbot-train (version ${version} of its tables; this one knows ${migrations.length}); update chatbot-train`,
    );
  return version;
}

async function versionRow(db: Kysely<Tables>, name: string) {
  try {
    return await db.selectFrom('bot_meta').select('value').where('name', '=', 'version').executeTakeFirst();
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    // There is no such column.
    if (code !== 'SQLITE_ERROR' && code !== '42703') throw thrown;
    throw foreign(name, 'bot_meta');
  }
}

function foreign(name: string, table: string): UserError {
  return new UserError(
    'store-foreign',
    `${name} belongs to another program: it has a table ${quoted(table)} that is not ours; name another file or database`,
  );
}

async function tableNames(db: Kysely<Tables>, kind: DatabaseKind): Promise<string[]> {
  const query =
    kind === 'sqlite'
      ? sql<{
          name: string;
        }>`select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by name`
      : sql<{
          name: string;
        }>`select table_name as name from information_schema.tables where table_schema = current_schema() order by 1`;
  return (await query.execute(db)).rows.map(({ name }) => name);
}
