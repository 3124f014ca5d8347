// Conversations in a SQL database.

import { randomUUID } from 'node:crypto';
import { UserError } from '../../errors.js';
import { quoted } from '../../quote.js';
import { sql } from './kysely.js';
import type { Db, SqlDatabase } from './sql-database.js';
import type { Conversations, StoredConversation, StoredTurn } from './store.js';
import { storable } from './texts.js';

/** SQLite takes 32,766 parameters in a statement. */
const rowsPerInsert = 1000;

export class SqlConversations implements Conversations {
  constructor(private readonly database: SqlDatabase) {}

  begin(user: string | null): Promise<string> {
    return this.database.asking(async (db) => {
      const id = randomUUID();
      const user_name = storable(user);
      await db
        .insertInto('bot_conversation')
        .values({ id, user_name, touched: nextTouch(user_name) })
        .execute();
      return id;
    });
  }

  async say(conversation: string, turns: readonly StoredTurn[], instead = 0): Promise<void> {
    await this.database.inTransaction(async (db) => {
      const { user_name } = await conversationRow(db, conversation);
      // The row's lock keeps the turns of two calls apart.
      await db
        .updateTable('bot_conversation')
        .set({ touched: nextTouch(user_name) })
        .where('id', '=', conversation)
        .execute();
      if (instead > 0) await takeBack(db, conversation, instead);
      for (let from = 0; from < turns.length; from += rowsPerInsert)
        await db
          .insertInto('bot_turn')
          .values(
            turns.slice(from, from + rowsPerInsert).map(({ text, source, ...turn }) => ({
              ...turn,
              conversation,
              text: storable(text),
              source: storable(source),
            })),
          )
          .execute();
    });
  }

  conversation(id: string, last: number): Promise<StoredConversation | null> {
    return this.database.asking(async (db) => {
      const row = await db
        .selectFrom('bot_conversation')
        .select('user_name')
        .where('id', '=', id)
        .executeTakeFirst();
      if (!row) return null;
      const turns = await db
        .selectFrom('bot_turn')
        .select(['speaker', 'text', 'source', 'score', 'time'])
        .where('conversation', '=', id)
        .orderBy('id', 'desc')
        .limit(last)
        .execute();
      return { id, user: row.user_name, turns: turns.reverse() };
    });
  }

  latest(user: string): Promise<string | null> {
    return this.database.asking(async (db) => {
      const row = await db
        .selectFrom('bot_conversation')
        .select('id')
        .where('user_name', '=', storable(user))
        .orderBy('touched', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row?.id ?? null;
    });
  }

  state(conversation: string, key: string): Promise<string | null> {
    return this.database.asking(async (db) => {
      const row = await db
        .selectFrom('bot_state')
        .select('json')
        .where('conversation', '=', conversation)
        .where('key', '=', key)
        .executeTakeFirst();
      return row?.json ?? null;
    });
  }

  async setState(conversation: string, key: string, json: string | null): Promise<void> {
    await this.database.inTransaction(async (db) => {
      await conversationRow(db, conversation);
      if (json === null)
        await db
          .deleteFrom('bot_state')
          .where('conversation', '=', conversation)
          .where('key', '=', key)
          .execute();
      else
        await db
          .insertInto('bot_state')
          .values({ conversation, key, json: storable(json) })
          .onConflict((conflict) =>
            conflict.columns(['conversation', 'key']).doUpdateSet({ json: storable(json) }),
          )
          .execute();
    });
  }

  deleteConversation(id: string): Promise<boolean> {
    return this.database.asking(async (db) => {
      const { numDeletedRows } = await db
        .deleteFrom('bot_conversation')
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows) > 0;
    });
  }
}

/** Deletes the conversations of a user. @returns how many conversations and turns there were. */
export async function forgetConversations(db: Db, user: string): Promise<number> {
  const own = db.selectFrom('bot_conversation').select('id').where('user_name', '=', user);
  const turns = await db.deleteFrom('bot_turn').where('conversation', 'in', own).executeTakeFirstOrThrow();
  const spoken = await db
    .deleteFrom('bot_conversation')
    .where('user_name', '=', user)
    .executeTakeFirstOrThrow();
  return Number(turns.numDeletedRows + spoken.numDeletedRows);
}

async function takeBack(db: Db, conversation: string, turns: number): Promise<void> {
  const newest = db
    .selectFrom('bot_turn')
    .select('id')
    .where('conversation', '=', conversation)
    .orderBy('id', 'desc')
    .limit(turns);
  await db.deleteFrom('bot_turn').where('id', 'in', newest).execute();
}

async function conversationRow(db: Db, id: string) {
  const row = await db
    .selectFrom('bot_conversation')
    .select('user_name')
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return row;
  throw new UserError(
    'conversation-unknown',
    `there is no conversation ${quoted(id)}; it may have been deleted, so begin a new one`,
  );
}

/** After all conversations of the user; any number for nobody. */
function nextTouch(user: string | null) {
  return user === null
    ? sql<number>`0`
    : sql<number>`(select coalesce(max(touched), 0) + 1 from bot_conversation where user_name = ${user})`;
}
