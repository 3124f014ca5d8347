// A store in a SQL database, SQLite or PostgreSQL. What differs between the two is in sqlite.ts and postgres.ts.

import type { Kysely } from 'kysely';
import { sql } from './kysely.js';
import { forgetConversations, SqlConversations } from './sql-conversations.js';
import { SqlDatabase, type SqlDialect } from './sql-database.js';
import { forgetFacts, SqlFacts } from './sql-facts.js';
import { forgetVotes, SqlPairs } from './sql-pairs.js';
import { forgetSubmissions, SqlReviews } from './sql-reviews.js';
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
  StoredTurn,
  Submission,
} from './store.js';
import type { Tables } from './tables.js';
import { storable } from './texts.js';

export class SqlStore implements Store {
  private readonly database: SqlDatabase;
  private readonly knowledge: SqlPairs;
  private readonly conversations: SqlConversations;
  private readonly memory: SqlFacts;
  private readonly reviews: SqlReviews;

  constructor(db: Kysely<Tables>, dialect: SqlDialect) {
    this.database = new SqlDatabase(db, dialect);
    this.knowledge = new SqlPairs(this.database);
    this.conversations = new SqlConversations(this.database);
    this.memory = new SqlFacts(this.database);
    this.reviews = new SqlReviews(this.database);
  }

  get name(): string {
    return this.database.dialect.name;
  }

  learn(pairs: Iterable<Pair> | AsyncIterable<Pair>, learned?: (pairs: number) => void): Promise<Learned> {
    return this.knowledge.learn(pairs, learned);
  }

  remove(selection: PairSelection): Promise<number> {
    return this.knowledge.remove(selection);
  }

  pairs(): Promise<number> {
    return this.knowledge.pairs();
  }

  lastChange(): Promise<number> {
    return this.knowledge.lastChange();
  }

  changes(after: number): AsyncIterable<readonly Change[]> {
    return this.knowledge.changes(after);
  }

  vote(pair: number, vote: 'up' | 'down', user: string | null): Promise<void> {
    return this.knowledge.vote(pair, vote, user);
  }

  begin(user: string | null): Promise<string> {
    return this.conversations.begin(user);
  }

  say(conversation: string, turns: readonly StoredTurn[], instead = 0): Promise<void> {
    return this.conversations.say(conversation, turns, instead);
  }

  conversation(id: string, last: number): Promise<StoredConversation | null> {
    return this.conversations.conversation(id, last);
  }

  latest(user: string): Promise<string | null> {
    return this.conversations.latest(user);
  }

  state(conversation: string, key: string): Promise<string | null> {
    return this.conversations.state(conversation, key);
  }

  setState(conversation: string, key: string, json: string | null): Promise<void> {
    return this.conversations.setState(conversation, key, json);
  }

  deleteConversation(id: string): Promise<boolean> {
    return this.conversations.deleteConversation(id);
  }

  remember(user: string, fact: Fact): Promise<void> {
    return this.memory.remember(user, fact);
  }

  facts(user: string, now: number): Promise<readonly Fact[]> {
    return this.memory.facts(user, now);
  }

  forget(user: string, key: string | null): Promise<number> {
    return this.memory.forget(user, key);
  }

  forgetUser(user: string): Promise<number> {
    const name = storable(user);
    return this.database.writing(async (db, change) => {
      const facts = await forgetFacts(db, name, null);
      const spoken = await forgetConversations(db, name);
      const submitted = await forgetSubmissions(db, name);
      return facts + spoken + submitted + (await forgetVotes(db, name, change));
    });
  }

  submit(submission: Submission): Promise<void> {
    return this.reviews.submit(submission);
  }

  waiting(limit: number): Promise<readonly ReviewEntry[]> {
    return this.reviews.waiting(limit);
  }

  decide(entries: readonly number[], answer: string | null, time: number): Promise<void> {
    return this.reviews.decide(entries, answer, time);
  }

  accepted(after: number): AsyncIterable<Pair & { readonly time: number }> {
    return this.reviews.accepted(after);
  }

  counts(): Promise<Counts> {
    return this.database.asking(async (db) => {
      const count = (table: 'bot_pair' | 'bot_conversation' | 'bot_turn' | 'bot_fact' | 'bot_vote') =>
        sql<number>`(select count(*) from ${sql.table(table)})`;
      const { rows } = await sql<Counts>`select
        ${count('bot_pair')} as pairs, ${count('bot_conversation')} as conversations,
        ${count('bot_turn')} as turns, ${count('bot_fact')} as facts, ${count('bot_vote')} as votes,
        (select count(*) from bot_review) as waiting`.execute(db);
      return rows[0] ?? { pairs: 0, conversations: 0, turns: 0, facts: 0, votes: 0, waiting: 0 };
    });
  }

  close(): Promise<void> {
    return this.database.close();
  }
}
