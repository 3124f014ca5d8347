// What all parts of a store in a SQL database use: its connection, transactions, and errors that a person can mend.

import * as crypto from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import type { UserError } from '../../errors.js';
import { sql } from './kysely.js';
import type { Change } from './store.js';
import type { Tables } from './tables.js';

export type Db = Kysely<Tables> | Transaction<Tables>;

/** A pair as it is written. */
export interface PairRow {
  readonly key: string;
  readonly question: string;
  readonly answer: string;
  readonly previous: string | null;
  readonly source: string;
  readonly count: number;
}

export type KeptChange = Extract<Change, { readonly kind: 'kept' }>;

/** What differs between databases. */
export interface SqlDialect {
  /** For messages, without passwords. */
  readonly name: string;
  /** Writes rows with different keys, in a transaction. A row whose key is known adds its count. */
  writePairs(db: Transaction<Tables>, rows: readonly PairRow[], change: number): Promise<void>;
  /** Pairs with larger ids than `after`, in order of their ids, that have not changed since the change `newest`. */
  readPairs(db: Db, after: number, newest: number, most: number): Promise<KeptChange[]>;
  /** What a person can do about an error of the database; null if it is a bug. */
  explain(thrown: unknown): UserError | null;
}

export class SqlDatabase {
  constructor(
    private readonly db: Kysely<Tables>,
    readonly dialect: SqlDialect,
  ) {}

  /**
   * A transaction that changes pairs. The number of the change is taken under a lock that lasts until the end, so numbers
   * become visible in their order: whoever has seen a number has seen all smaller ones.
   */
  writing<Result>(use: (db: Transaction<Tables>, change: number) => Promise<Result>): Promise<Result> {
    return this.inTransaction(async (db) => {
      await db.updateTable('bot_change').set({ number: sql`number + 1` }).execute();
      const { number } = await db.selectFrom('bot_change').select('number').executeTakeFirstOrThrow();
      return use(db, number);
    });
  }

  inTransaction<Result>(use: (db: Transaction<Tables>) => Promise<Result>): Promise<Result> {
    return this.asking(() => this.db.transaction().execute(use));
  }

  /** @throws UserError for what a person can mend. */
  async asking<Result>(use: (db: Kysely<Tables>) => Promise<Result>): Promise<Result> {
    try {
      return await use(this.db);
    } catch (thrown) {
      throw this.dialect.explain(thrown) ?? thrown;
    }
  }

  async close(): Promise<void> {
    await this.db.destroy();
  }
}

/** 128 bits of SHA-256, in 22 characters. */
export function keyOf(identity: string): string {
  // Node.js 20.11 and older have no `hash`, which takes half the time.
  const digest =
    typeof crypto.hash === 'function'
      ? crypto.hash('sha256', identity, 'base64url')
      : crypto.createHash('sha256').update(identity).digest('base64url');
  return digest.slice(0, 22);
}
