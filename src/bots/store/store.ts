// The contract of what bots keep: question-answer pairs, conversations, facts about users, votes, and questions to review.
// `memory-store.ts` is the readable reference, `sql-store.ts` keeps it in SQLite or PostgreSQL.
//
// Times are milliseconds since 1970. Ids are positive integers that are never given twice. A write has reached the disk when
// its promise resolves.

/** What a file teaches. */
export interface Pair {
  readonly question: string;
  readonly answer: string;
  /** What the bot said before the question, if the pair is from a conversation. */
  readonly previous: string | null;
  /** Where it comes from: `faq.csv:12`. */
  readonly source: string;
}

/** A pair as it is kept. Pairs of one normalized question, previous turn and answer are one, with their count. */
export interface StoredPair extends Pair {
  readonly id: number;
  /** How often it was learned. */
  readonly count: number;
  readonly up: number;
  readonly down: number;
}

/** What happened to a pair since some change number. */
export type Change =
  | { readonly kind: 'kept'; readonly pair: StoredPair; readonly change: number }
  | { readonly kind: 'removed'; readonly id: number; readonly change: number };

export interface Learned {
  /** Pairs that are new. */
  readonly added: number;
  /** Pairs that were known; their count is raised. */
  readonly repeated: number;
}

export type PairSelection =
  | { readonly id: number }
  /** The pairs of one file: every source that is `file` or begins with `file:`. */
  | { readonly file: string };

export interface Knowledge {
  /** In batches: when it fails, whole batches are kept. @param learned is told the pairs written so far. */
  learn(pairs: Iterable<Pair> | AsyncIterable<Pair>, learned?: (pairs: number) => void): Promise<Learned>;
  /** @returns how many pairs were removed. */
  remove(selection: PairSelection): Promise<number>;
  pairs(): Promise<number>;
  /** The number of the newest change; grows with each write to pairs, also by other processes. Cheap. */
  lastChange(): Promise<number>;
  /** What changed after a change number, in order of the pair's id; only the last state of each pair. 0: all that is kept. */
  changes(after: number): AsyncIterable<Change>;
  /** A later vote by the same user on the same pair replaces the earlier one; null votes always count. */
  vote(pair: number, vote: 'up' | 'down', user: string | null): Promise<void>;
}

export interface StoredTurn {
  readonly speaker: 'user' | 'bot';
  readonly text: string;
  /** Where a bot's turn comes from; null for a user's. */
  readonly source: string | null;
  readonly score: number | null;
  readonly time: number;
}

export interface StoredConversation {
  readonly id: string;
  readonly user: string | null;
  readonly turns: readonly StoredTurn[];
}

export interface Conversations {
  /** @returns the new conversation's id: random, not to be guessed. */
  begin(user: string | null): Promise<string>;
  /** Adds turns at the end, all or none. @throws UserError when there is no such conversation. */
  say(conversation: string, turns: readonly StoredTurn[]): Promise<void>;
  /** @param last at most that many of the newest turns. @returns null when there is none. */
  conversation(id: string, last: number): Promise<StoredConversation | null>;
  /** The id of the user's newest conversation; null when there is none. */
  latest(user: string): Promise<string | null>;
  /** State that a bot keeps for a conversation, such as a form in progress: JSON by key; null when there is none. */
  state(conversation: string, key: string): Promise<string | null>;
  setState(conversation: string, key: string, json: string | null): Promise<void>;
  deleteConversation(id: string): Promise<boolean>;
}

export interface Fact {
  readonly key: string;
  readonly value: string;
  /** The user's turn that it was found in. */
  readonly said: string;
  readonly time: number;
  /** When it is no longer true; null: never. */
  readonly expires: number | null;
}

export interface Facts {
  /** Replaces the fact of the same key. */
  remember(user: string, fact: Fact): Promise<void>;
  /** Those that have not expired at `now`, by key. Never another user's. */
  facts(user: string, now: number): Promise<readonly Fact[]>;
  /** @param key null: all of the user's. @returns how many were deleted. */
  forget(user: string, key: string | null): Promise<number>;
  /** Facts, conversations, votes and review entries of a user. @returns how many rows were deleted. */
  forgetUser(user: string): Promise<number>;
}

export type ReviewReason = 'unanswered' | 'corrected' | 'disliked';

/** A question that wants a better answer. Entries of one normalized question and reason are one while they wait, with their count. */
export interface ReviewEntry {
  readonly id: number;
  readonly question: string;
  readonly previous: string | null;
  readonly reason: ReviewReason;
  /** What the bot said; null when it said nothing. */
  readonly said: string | null;
  /** A better answer that somebody gave. */
  readonly proposed: string | null;
  readonly count: number;
  readonly time: number;
}

export interface Reviews {
  submit(entry: Omit<ReviewEntry, 'id' | 'count'> & { readonly user: string | null }): Promise<void>;
  /** Those that wait, most asked first, then oldest. */
  waiting(limit: number): Promise<readonly ReviewEntry[]>;
  /**
   * In one transaction: the entries wait no longer, and an accepted answer is a pair (source `review:ID`) for the question
   * of each entry.
   * @param answer null: rejected.
   */
  decide(entries: readonly number[], answer: string | null, time: number): Promise<void>;
  /** The pairs that were accepted after a time, oldest first. */
  accepted(after: number): AsyncIterable<Pair & { readonly time: number }>;
}

export interface Store extends Knowledge, Conversations, Facts, Reviews {
  /** What it is, for messages: a file, or a server without its password. */
  readonly name: string;
  close(): Promise<void>;
}
