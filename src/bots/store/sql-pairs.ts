// Question-answer pairs in a SQL database.

import type { RawBuilder, Transaction } from 'kysely';
import { sql } from './kysely.js';
import {
  type Db,
  type KeptChange,
  keyOf,
  type PairRow,
  type SqlDatabase,
  type SqlDialect,
} from './sql-database.js';
import { isFromFile, moveToOtherFiles, noteFiles } from './sql-pair-files.js';
import type { Change, Knowledge, Learned, Pair, PairSelection, StoredPair } from './store.js';
import type { Tables } from './tables.js';
import { fileOf, identityOf, storable } from './texts.js';

/** Each transaction writes most pages of the index again, so large ones are faster. They take a quarter of a second. */
const pairsPerWrite = 25_000;
const charactersPerWrite = 2 ** 23;
const rowsPerRead = 5000;

export class SqlPairs implements Knowledge {
  constructor(private readonly database: SqlDatabase) {}

  async learn(
    pairs: Iterable<Pair> | AsyncIterable<Pair>,
    learned: (pairs: number) => void = () => {},
  ): Promise<Learned> {
    const total = { added: 0, repeated: 0 };
    let batch: Pair[] = [];
    let characters = 0;
    const write = async () => {
      const { added, repeated } = await this.database.writing((db, change) =>
        writePairs(this.database.dialect, db, batch, change),
      );
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
    return this.database.writing(async (db, change) => {
      if ('id' in selection) return deletePairs(db, sql`id = ${selection.id}`, change);
      const file = storable(selection.file);
      const moved = await moveToOtherFiles(db, file, change);
      return moved + (await deletePairs(db, isFromFile(file), change));
    });
  }

  pairs(): Promise<number> {
    return this.database.asking(async (db) => {
      const row = await db
        .selectFrom('bot_pair')
        .select(({ fn }) => fn.countAll<number>().as('pairs'))
        .executeTakeFirstOrThrow();
      return Number(row.pairs);
    });
  }

  lastChange(): Promise<number> {
    return this.database.asking(
      async (db) => (await db.selectFrom('bot_change').select('number').executeTakeFirstOrThrow()).number,
    );
  }

  async *changes(after: number): AsyncGenerator<readonly Change[]> {
    // What is written meanwhile has a larger number and comes the next time, so no transaction is needed.
    const newest = await this.lastChange();
    yield* after === 0 ? this.all(newest) : this.changed(after, newest);
  }

  private async *all(newest: number): AsyncGenerator<readonly Change[]> {
    for (let last = 0, more = true; more; ) {
      const rows = await this.database.asking((db) =>
        this.database.dialect.readPairs(db, last, newest, rowsPerRead),
      );
      if (rows.length > 0) yield rows;
      last = rows.at(-1)?.pair.id ?? 0;
      more = rows.length === rowsPerRead;
    }
  }

  private async *changed(after: number, newest: number): AsyncGenerator<readonly Change[]> {
    yield* this.pages(after, async (db, from) =>
      (
        await selectPairs(db)
          .where(isBetween(from, newest))
          .orderBy('change')
          .orderBy('id')
          .limit(rowsPerRead)
          .execute()
      ).map(keptOf),
    );
    yield* this.pages(after, async (db, from) => {
      const removed = await db
        .selectFrom('bot_removed_pair')
        .selectAll()
        .where(isBetween(from, newest))
        .orderBy('change')
        .orderBy('id')
        .limit(rowsPerRead)
        .execute();
      return removed.map((row): Change => ({ kind: 'removed', ...row }));
    });
  }

  /** @param read those that come after a change and an id, in this order. */
  private async *pages(
    after: number,
    read: (db: Db, from: ChangeAndId) => Promise<Change[]>,
  ): AsyncGenerator<readonly Change[]> {
    let from: ChangeAndId = { change: after + 1, id: 0 };
    for (;;) {
      const changes = await this.database.asking((db) => read(db, from));
      if (changes.length > 0) yield changes;
      const last = changes.at(-1);
      if (last === undefined || changes.length < rowsPerRead) return;
      from = { change: last.change, id: last.kind === 'kept' ? last.pair.id : last.id };
    }
  }

  async vote(pair: number, vote: 'up' | 'down', user: string | null): Promise<void> {
    await this.database.writing(async (db, change) => {
      const known = await db.selectFrom('bot_pair').select('id').where('id', '=', pair).executeTakeFirst();
      if (!known) return;
      await db
        .insertInto('bot_vote')
        .values({ pair, user_name: storable(user), vote })
        .onConflict((conflict) => conflict.columns(['pair', 'user_name']).doUpdateSet({ vote }))
        .execute();
      await countVotes(db, pair, change);
    });
  }
}

/** In a transaction that has the lock of the number `change`. */
export async function writePairs(
  dialect: SqlDialect,
  db: Transaction<Tables>,
  pairs: readonly Pair[],
  change: number,
): Promise<Learned> {
  const rows = new Map<string, PairRow>();
  const repeated: PairRow[] = [];
  for (const pair of pairs) {
    const row = rowOf(pair);
    const before = rows.get(row.key);
    rows.set(row.key, before ? { ...before, count: before.count + 1 } : row);
    if (before && fileOf(before.source) !== fileOf(row.source)) repeated.push(row);
  }
  // Nobody else adds pairs before the transaction ends.
  const { newest } = await db
    .selectFrom('bot_pair')
    .select(({ fn }) => fn.max('id').as('newest'))
    .executeTakeFirstOrThrow();
  await dialect.writePairs(db, [...rows.values()], change);
  const { added } = await db
    .selectFrom('bot_pair')
    .select(({ fn }) => fn.countAll<number>().as('added'))
    .where('id', '>', newest ?? 0)
    .executeTakeFirstOrThrow();
  const areAllNew = added === rows.size;
  await noteFiles(db, areAllNew ? repeated : [...rows.values(), ...repeated]);
  return { added, repeated: pairs.length - added };
}

/** @returns how many pairs were deleted. */
async function deletePairs(
  db: Transaction<Tables>,
  isSelected: RawBuilder<unknown>,
  change: number,
): Promise<number> {
  await sql`insert into bot_removed_pair (id, change)
    select id, ${sql.lit(change)} from bot_pair where ${isSelected}`.execute(db);
  const { numAffectedRows } = await sql`delete from bot_pair where ${isSelected}`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/** Deletes the votes of a user. @returns how many there were. */
export async function forgetVotes(db: Db, user: string, change: number): Promise<number> {
  const votes = await db.selectFrom('bot_vote').select('pair').where('user_name', '=', user).execute();
  await db.deleteFrom('bot_vote').where('user_name', '=', user).execute();
  for (const pair of new Set(votes.map((vote) => vote.pair))) await countVotes(db, pair, change);
  return votes.length;
}

async function countVotes(db: Db, pair: number, change: number): Promise<void> {
  const votes = (vote: 'up' | 'down') =>
    sql<number>`(select count(*) from bot_vote where pair = ${pair} and vote = ${vote})`;
  await db
    .updateTable('bot_pair')
    .set({ up: votes('up'), down: votes('down'), change })
    .where('id', '=', pair)
    .execute();
}

export function selectPairs(db: Db) {
  return db
    .selectFrom('bot_pair')
    .select(['id', 'question', 'answer', 'previous', 'source', 'count', 'up', 'down', 'change']);
}

interface ChangeAndId {
  readonly change: number;
  readonly id: number;
}

function isBetween(from: ChangeAndId, newest: number) {
  return sql<boolean>`change >= ${from.change} and (change > ${from.change} or id > ${from.id}) and change <= ${newest}`;
}

export function keptOf({ change, ...pair }: StoredPair & { readonly change: number }): KeptChange {
  return { kind: 'kept', pair, change };
}

export function rowOf(pair: Pair): PairRow {
  return {
    key: keyOf(identityOf(pair)),
    question: storable(pair.question),
    answer: storable(pair.answer),
    previous: storable(pair.previous),
    source: storable(pair.source),
    count: 1,
  };
}
