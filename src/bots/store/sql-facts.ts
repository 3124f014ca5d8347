// Facts about users in a SQL database.

import type { Db, SqlDatabase } from './sql-database.js';
import type { Fact, Facts } from './store.js';
import { storable } from './texts.js';

export class SqlFacts implements Omit<Facts, 'forgetUser'> {
  constructor(private readonly database: SqlDatabase) {}

  async remember(user: string, { key, value, said, time, expires }: Fact): Promise<void> {
    const fact = { value: storable(value), said: storable(said), time, expires };
    await this.database.inTransaction(async (db) => {
      await db.deleteFrom('bot_fact').where('expires', '<=', time).execute();
      await db
        .insertInto('bot_fact')
        .values({ user_name: storable(user), key: storable(key), ...fact })
        .onConflict((conflict) => conflict.columns(['user_name', 'key']).doUpdateSet(fact))
        .execute();
    });
  }

  facts(user: string, now: number): Promise<readonly Fact[]> {
    return this.database.asking(async (db) => {
      const facts = await db
        .selectFrom('bot_fact')
        .select(['key', 'value', 'said', 'time', 'expires'])
        .where('user_name', '=', storable(user))
        .where((where) => where.or([where('expires', 'is', null), where('expires', '>', now)]))
        .execute();
      // Databases order text by rules of their own.
      return facts.sort((one, other) => (one.key < other.key ? -1 : 1));
    });
  }

  forget(user: string, key: string | null): Promise<number> {
    return this.database.asking((db) => forgetFacts(db, storable(user), storable(key)));
  }
}

/** @param key null: all facts of the user. @returns how many there were. */
export async function forgetFacts(db: Db, user: string, key: string | null): Promise<number> {
  const all = db.deleteFrom('bot_fact').where('user_name', '=', user);
  const { numDeletedRows } = await (key === null
    ? all
    : all.where('key', '=', key)
  ).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
