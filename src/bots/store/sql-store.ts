// A store in a SQL database, SQLite or PostgreSQL. What differs between the two is in sqlite.ts and postgres.ts.

import { createHash, randomUUID } from 'node:crypto';
import { type Kysely, sql, type Transaction } from 'kysely';
import { UserError } from '../../errors.js';
import { quoted } from '../../quote.js';
import type {
  Change,
  Counts,
  Fact,
  Learned,
  Pair,
  PairSelection,
  ReviewEntry,
  Store,
  StoredConversation,
  StoredPair,
  StoredTurn,
  Submission,
} from './store.js';
import type { Tables } from './tables.js';
import { identityOf, questionIdentity, storable } from './texts.js';

type Db = Kysely<Tables> | Transaction<Tables>;

/** A pair as it is written. */
export interface PairRow {
  readonly key: string;
  readonly question: string;
  readonly answer: string;
  readonly previous: string | null;
  readonly source: string;
  readonly count: number;
}

/** What differs between databases. */
export interface SqlDialect {
  /** For messages, without passwords. */
  readonly name: string;
  /** Writes rows with different keys, in a transaction. A row whose key is known adds its count. */
  writePairs(db: Transaction<Tables>, rows: readonly PairRow[], change: number): Promise<void>;
  /** What a person can do about an error of the database; null if it is a bug. */
  explain(thrown: unknown): UserError | null;
}

/** Each transaction writes most pages of the index again, so large ones are faster. They take a tenth of a second. */
const pairsPerWrite = 10_000;
const charactersPerWrite = 2 ** 22;
const pairsPerRead = 5000;
/** A change holds up to `pairsPerWrite` pairs, unless a whole file is removed. */
const changesPerRead = 5;
/** SQLite takes 32,766 parameters in a statement. */
const rowsPerInsert = 1000;

export class SqlStore implements Store {
  constructor(
    private readonly db: Kysely<Tables>,
    private readonly dialect: SqlDialect,
  ) {}

  get name(): string {
    return this.dialect.name;
  }

  async learn(
    pairs: Iterable<Pair> | AsyncIterable<Pair>,
    learned: (pairs: number) => void = () => {},
  ): Promise<Learned> {
    const total = { added: 0, repeated: 0 };
    let batch: Pair[] = [];
    let characters = 0;
    const write = async () => {
      const { added, repeated } = await this.writing((db, change) => this.writePairs(db, batch, change));
      total.added += added;
      total.repeated += repeated;
      batch = [];
      characters = 0;
      learned(total.added + total.repeated);
    };
    for await (const pair of pairs) {
      batch.push(pair);
      characters += pair.question.length + pair.answer.length + (pair.previous?.length ?? 0);
      if (batch.length === pairsPerWrite || characters > charactersPerWrite) await write();
    }
    if (batch.length > 0) await write();
    return total;
  }

  remove(selection: PairSelection): Promise<number> {
    return this.writing(async (db, change) => {
      const query = db.deleteFrom('bot_pair').returning('id');
      const removed = await ('id' in selection
        ? query.where('id', '=', selection.id)
        : query.where((where) =>
            where.or([
              where('source', '=', selection.file),
              sql<boolean>`substr(source, 1, ${selection.file.length + 1}) = ${`${selection.file}:`}`,
            ]),
          )
      ).execute();
      for (let from = 0; from < removed.length; from += rowsPerInsert)
        await db
          .insertInto('bot_removed_pair')
          .values(removed.slice(from, from + rowsPerInsert).map(({ id }) => ({ id, change })))
          .execute();
      return removed.length;
    });
  }

  pairs(): Promise<number> {
    return this.asking(async (db) => {
      const row = await db
        .selectFrom('bot_pair')
        .select(({ fn }) => fn.countAll<number>().as('pairs'))
        .executeTakeFirstOrThrow();
      return Number(row.pairs);
    });
  }

  lastChange(): Promise<number> {
    return this.asking(
      async (db) => (await db.selectFrom('bot_change').select('number').executeTakeFirstOrThrow()).number,
    );
  }

  async *changes(after: number): AsyncGenerator<readonly Change[]> {
    // What is written meanwhile has a larger number and comes the next time, so no transaction is needed.
    const newest = await this.lastChange();
    if (after > 0) {
      yield* this.changed(after, newest);
      return;
    }
    for (let last = 0, more = true; more; ) {
      const rows = await this.asking((db) =>
        pairRows(db)
          .where('id', '>', last)
          .where('change', '<=', newest)
          .orderBy('id')
          .limit(pairsPerRead)
          .execute(),
      );
      if (rows.length > 0) yield rows.map(keptOf);
      last = rows.at(-1)?.id ?? 0;
      more = rows.length === pairsPerRead;
    }
  }

  async vote(pair: number, vote: 'up' | 'down', user: string | null): Promise<void> {
    await this.writing(async (db, change) => {
      const known = await db.selectFrom('bot_pair').select('id').where('id', '=', pair).executeTakeFirst();
      if (!known) return;
      await db
        .insertInto('bot_vote')
        .values({ pair, user_name: storable(user), vote })
        .onConflict((conflict) => conflict.columns(['pair', 'user_name']).doUpdateSet({ vote }))
        .execute();
      await this.countVotes(db, pair, change);
    });
  }

  begin(user: string | null): Promise<string> {
    return this.asking(async (db) => {
      const id = randomUUID();
      const user_name = storable(user);
      await db
        .insertInto('bot_conversation')
        .values({ id, user_name, touched: nextTouch(user_name) })
        .execute();
      return id;
    });
  }

  async say(conversation: string, turns: readonly StoredTurn[]): Promise<void> {
    await this.inTransaction(async (db) => {
      const { user_name } = await this.conversationRow(db, conversation);
      // The row's lock keeps the turns of two calls apart.
      await db
        .updateTable('bot_conversation')
        .set({ touched: nextTouch(user_name) })
        .where('id', '=', conversation)
        .execute();
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
    return this.asking(async (db) => {
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
    return this.asking(async (db) => {
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
    return this.asking(async (db) => {
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
    await this.inTransaction(async (db) => {
      await this.conversationRow(db, conversation);
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
    return this.asking(async (db) => {
      const { numDeletedRows } = await db
        .deleteFrom('bot_conversation')
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows) > 0;
    });
  }

  async remember(user: string, { key, value, said, time, expires }: Fact): Promise<void> {
    const fact = { value: storable(value), said: storable(said), time, expires };
    await this.inTransaction(async (db) => {
      await db.deleteFrom('bot_fact').where('expires', '<=', time).execute();
      await db
        .insertInto('bot_fact')
        .values({ user_name: storable(user), key: storable(key), ...fact })
        .onConflict((conflict) => conflict.columns(['user_name', 'key']).doUpdateSet(fact))
        .execute();
    });
  }

  facts(user: string, now: number): Promise<readonly Fact[]> {
    return this.asking(async (db) => {
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
    return this.asking(async (db) => {
      const { numDeletedRows } = await db
        .deleteFrom('bot_fact')
        .where('user_name', '=', storable(user))
        .$if(key !== null, (query) => query.where('key', '=', storable(key ?? '')))
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows);
    });
  }

  forgetUser(user: string): Promise<number> {
    const name = storable(user);
    return this.writing(async (db, change) => {
      const facts = await db.deleteFrom('bot_fact').where('user_name', '=', name).returning('key').execute();
      const conversations = db.selectFrom('bot_conversation').select('id').where('user_name', '=', name);
      const turns = await db
        .deleteFrom('bot_turn')
        .where('conversation', 'in', conversations)
        .returning('id')
        .execute();
      const spoken = await db
        .deleteFrom('bot_conversation')
        .where('user_name', '=', name)
        .returning('id')
        .execute();
      const submitted = await forgetSubmissions(db, name);
      const votes = await db.deleteFrom('bot_vote').where('user_name', '=', name).returning('pair').execute();
      for (const pair of new Set(votes.map((vote) => vote.pair))) await this.countVotes(db, pair, change);
      return submitted + [facts, turns, spoken, votes].reduce((sum, { length }) => sum + length, 0);
    });
  }

  async submit({ question, previous, said, proposed, reason, time, user }: Submission): Promise<void> {
    await this.inTransaction(async (db) => {
      const { id } = await db
        .insertInto('bot_review')
        .values({
          key: hash(questionIdentity(question)),
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
        .returning('id')
        .executeTakeFirstOrThrow();
      if (user !== null)
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
    return this.asking((db) =>
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
    await this.writing(async (db, change) => {
      for (const id of entries) {
        const entry = await db
          .deleteFrom('bot_review')
          .where('id', '=', id)
          .returning(['question', 'previous'])
          .executeTakeFirst();
        if (!entry || answer === null) continue;
        const pair = { ...entry, answer, source: `review:${id}` };
        await this.writePairs(db, [pair], change);
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
    const rows = await this.asking((db) =>
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

  counts(): Promise<Counts> {
    return this.asking(async (db) => {
      const count = (table: 'bot_pair' | 'bot_conversation' | 'bot_turn' | 'bot_fact' | 'bot_vote') =>
        sql<number>`(select count(*) from ${sql.table(table)})`;
      const { rows } = await sql<Counts>`select
        ${count('bot_pair')} as pairs, ${count('bot_conversation')} as conversations,
        ${count('bot_turn')} as turns, ${count('bot_fact')} as facts, ${count('bot_vote')} as votes,
        (select count(*) from bot_review) as waiting`.execute(db);
      return rows[0] ?? { pairs: 0, conversations: 0, turns: 0, facts: 0, votes: 0, waiting: 0 };
    });
  }

  async close(): Promise<void> {
    await this.db.destroy();
  }

  private async writePairs(
    db: Transaction<Tables>,
    pairs: readonly Pair[],
    change: number,
  ): Promise<Learned> {
    const rows = new Map<string, PairRow>();
    for (const pair of pairs) {
      const row = rowOf(pair);
      const before = rows.get(row.key);
      rows.set(row.key, before ? { ...before, count: before.count + 1 } : row);
    }
    // Nobody else adds pairs before the transaction ends.
    const { newest } = await db
      .selectFrom('bot_pair')
      .select(({ fn }) => fn.max('id').as('newest'))
      .executeTakeFirstOrThrow();
    await this.dialect.writePairs(db, [...rows.values()], change);
    const { added } = await db
      .selectFrom('bot_pair')
      .select(({ fn }) => fn.countAll<number>().as('added'))
      .where('id', '>', newest ?? 0)
      .executeTakeFirstOrThrow();
    return { added, repeated: pairs.length - added };
  }

  /** Changes after one number up to another, oldest first. */
  private async *changed(after: number, newest: number): AsyncGenerator<readonly Change[]> {
    for (let from = after; from < newest; from += changesPerRead) {
      const to = Math.min(newest, from + changesPerRead);
      const [kept, removed] = await this.asking(async (db) => [
        await pairRows(db).where('change', '>', from).where('change', '<=', to).execute(),
        await db
          .selectFrom('bot_removed_pair')
          .selectAll()
          .where('change', '>', from)
          .where('change', '<=', to)
          .execute(),
      ]);
      const gone = removed.map(({ id, change }): Change => ({ kind: 'removed', id, change }));
      const changes = [...kept.map(keptOf), ...gone];
      if (changes.length > 0)
        yield changes.sort((one, other) => one.change - other.change || idOf(one) - idOf(other));
    }
  }

  private async countVotes(db: Db, pair: number, change: number): Promise<void> {
    const votes = (vote: 'up' | 'down') =>
      sql<number>`(select count(*) from bot_vote where pair = ${pair} and vote = ${vote})`;
    await db
      .updateTable('bot_pair')
      .set({ up: votes('up'), down: votes('down'), change })
      .where('id', '=', pair)
      .execute();
  }

  private async conversationRow(db: Db, id: string) {
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

  /**
   * A transaction that changes pairs. The number of the change is taken under a lock that lasts until the end, so numbers
   * become visible in their order: whoever has seen a number has seen all smaller ones.
   */
  private writing<Result>(
    use: (db: Transaction<Tables>, change: number) => Promise<Result>,
  ): Promise<Result> {
    return this.inTransaction(async (db) => {
      const { number } = await db
        .updateTable('bot_change')
        .set({ number: sql`number + 1` })
        .returning('number')
        .executeTakeFirstOrThrow();
      return use(db, number);
    });
  }

  private inTransaction<Result>(use: (db: Transaction<Tables>) => Promise<Result>): Promise<Result> {
    return this.asking(() => this.db.transaction().execute(use));
  }

  /** @throws UserError for what a person can mend. */
  private async asking<Result>(use: (db: Kysely<Tables>) => Promise<Result>): Promise<Result> {
    try {
      return await use(this.db);
    } catch (thrown) {
      throw this.dialect.explain(thrown) ?? thrown;
    }
  }
}

/** @returns how many entries the user had submitted. */
async function forgetSubmissions(db: Db, user: string): Promise<number> {
  const own = await db
    .deleteFrom('bot_review_user')
    .where('user_name', '=', user)
    .returning(['review', 'count'])
    .execute();
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

function pairRows(db: Db) {
  return db
    .selectFrom('bot_pair')
    .select(['id', 'question', 'answer', 'previous', 'source', 'count', 'up', 'down', 'change']);
}

function keptOf({ change, ...pair }: StoredPair & { readonly change: number }): Change {
  return { kind: 'kept', pair, change };
}

function idOf(change: Change): number {
  return change.kind === 'kept' ? change.pair.id : change.id;
}

function rowOf(pair: Pair): PairRow {
  return {
    key: hash(identityOf(pair)),
    question: storable(pair.question),
    answer: storable(pair.answer),
    previous: storable(pair.previous),
    source: storable(pair.source),
    count: 1,
  };
}

/** After all conversations of the user; any number for nobody. */
function nextTouch(user: string | null) {
  return user === null
    ? sql<number>`0`
    : sql<number>`(select coalesce(max(touched), 0) + 1 from bot_conversation where user_name = ${user})`;
}

/** 128 bits, in 22 characters. */
function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}
