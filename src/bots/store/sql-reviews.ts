// Questions to review in a SQL database.

import { sql } from './kysely.js';
import { type Db, keyOf, type SqlDatabase } from './sql-database.js';
import { rowOf, writePairs } from './sql-pairs.js';
import type { Pair, ReviewEntry, Reviews, Submission } from './store.js';
import { questionIdentity, storable } from './texts.js';

export class SqlReviews implements Reviews {
  constructor(private readonly database: SqlDatabase) {}

  async submit({ question, previous, said, proposed, reason, time, user }: Submission): Promise<void> {
    await this.database.inTransaction(async (db) => {
      const key = keyOf(questionIdentity(question));
      await db
        .insertInto('bot_review')
        .values({
          key,
          question: storable(question),
          previous: storable(previous),
          said: storable(said),
          proposed: storable(proposed),
          proposed_by: storable(user),
          ...{ reason, time, count: 1 },
        })
        .onConflict((conflict) =>
          conflict.columns(['key', 'reason']).doUpdateSet({
            count: sql`bot_review.count + 1`,
            ...(proposed !== null && { proposed: storable(proposed), proposed_by: storable(user) }),
          }),
        )
        .execute();
      if (user === null) return;
      const { id } = await db
        .selectFrom('bot_review')
        .select('id')
        .where('key', '=', key)
        .where('reason', '=', reason)
        .executeTakeFirstOrThrow();
      await db
        .insertInto('bot_review_user')
        .values({ review: id, user_name: storable(user), count: 1 })
        .onConflict((conflict) =>
          conflict.columns(['review', 'user_name']).doUpdateSet({ count: sql`bot_review_user.count + 1` }),
        )
        .execute();
    });
  }

  waiting(limit: number): Promise<readonly ReviewEntry[]> {
    return this.database.asking((db) =>
      db
        .selectFrom('bot_review')
        .select(['id', 'question', 'previous', 'reason', 'said', 'proposed', 'count', 'time'])
        .orderBy('count', 'desc')
        .orderBy('time')
        .orderBy('id')
        .limit(limit)
        .execute(),
    );
  }

  async decide(entries: readonly number[], answer: string | null, time: number): Promise<void> {
    await this.database.writing(async (db, change) => {
      for (const id of entries) {
        const entry = await db
          .selectFrom('bot_review')
          .select(['question', 'previous'])
          .where('id', '=', id)
          .executeTakeFirst();
        await db.deleteFrom('bot_review').where('id', '=', id).execute();
        if (!entry || answer === null) continue;
        const pair = { ...entry, answer, source: `review:${id}` };
        await writePairs(this.database.dialect, db, [pair], change);
        await db
          .insertInto('bot_accepted')
          .columns(['review', 'pair', 'time'])
          .expression(
            db
              .selectFrom('bot_pair')
              .select((select) => [select.val(id).as('review'), 'id', select.val(time).as('time')])
              .where('key', '=', rowOf(pair).key),
          )
          .execute();
      }
    });
  }

  async *accepted(after: number): AsyncGenerator<Pair & { readonly time: number }> {
    const rows = await this.database.asking((db) =>
      db
        .selectFrom('bot_accepted')
        .innerJoin('bot_pair', 'bot_pair.id', 'bot_accepted.pair')
        .select(['review', 'question', 'previous', 'answer', 'time'])
        .where('time', '>', after)
        .orderBy('time')
        .orderBy('review')
        .execute(),
    );
    for (const { review, ...pair } of rows) yield { ...pair, source: `review:${review}` };
  }
}

/** Takes back what a user submitted. @returns how many entries there were. */
export async function forgetSubmissions(db: Db, user: string): Promise<number> {
  const own = await db
    .selectFrom('bot_review_user')
    .select(['review', 'count'])
    .where('user_name', '=', user)
    .execute();
  await db.deleteFrom('bot_review_user').where('user_name', '=', user).execute();
  for (const { review, count } of own)
    await db
      .updateTable('bot_review')
      .set({ count: sql`count - ${count}` })
      .where('id', '=', review)
      .execute();
  await db.deleteFrom('bot_review').where('count', '<=', 0).execute();
  await db
    .updateTable('bot_review')
    .set({ proposed: null, proposed_by: null })
    .where('proposed_by', '=', user)
    .execute();
  return own.length;
}
