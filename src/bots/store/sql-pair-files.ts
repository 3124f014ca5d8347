// Which other files teach a pair, beside the one in its source. A pair stays as long as any file teaches it.

import { sql } from './kysely.js';
import type { Db } from './sql-database.js';
import { fileOf } from './texts.js';

/** SQLite takes 32,766 parameters in a statement. */
const rowsPerInsert = 500;

/** A pair by its key, and where it was learned. */
export interface Taught {
  readonly key: string;
  readonly source: string;
}

/** Notes the files of pairs that are known, except the one in a pair's source. */
export async function noteFiles(db: Db, taught: readonly Taught[]): Promise<void> {
  for (let from = 0; from < taught.length; from += rowsPerInsert) {
    const rows = taught
      .slice(from, from + rowsPerInsert)
      .map(({ key, source }) => sql`(${key}, ${fileOf(source)})`);
    await sql`insert into bot_pair_file (pair, file)
      select bot_pair.id, taught.column2
      from (values ${sql.join(rows)}) as taught join bot_pair on bot_pair.key = taught.column1
      where bot_pair.source <> taught.column2
        and substr(bot_pair.source, 1, length(taught.column2) + 1) <> taught.column2 || ':'
      on conflict do nothing`.execute(db);
  }
}

/** A file teaches nothing more. Pairs of it that another file teaches too are of that file then. @returns how many. */
export async function moveToOtherFiles(db: Db, file: string, change: number): Promise<number> {
  await db.deleteFrom('bot_pair_file').where('file', '=', file).execute();
  const { numUpdatedRows } = await db
    .updateTable('bot_pair')
    .set({
      source: sql`(select min(file) from bot_pair_file where pair = bot_pair.id)`,
      change,
    })
    .where(isFromFile(file))
    .where(sql<boolean>`exists (select 1 from bot_pair_file where pair = bot_pair.id)`)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows > 0n)
    await sql`delete from bot_pair_file where exists
      (select 1 from bot_pair where id = bot_pair_file.pair and source = bot_pair_file.file and change = ${change})`.execute(
      db,
    );
  return Number(numUpdatedRows);
}

/** Whether a pair's source is the file or a line of it. */
export function isFromFile(file: string) {
  const start = `${file}:`;
  // Databases count characters, of which some are two in a JavaScript string.
  return sql<boolean>`(source = ${file} or substr(source, 1, ${[...start].length}) = ${start})`;
}
