// The contract of what bots keep: question-answer pairs, conversations, facts about users, votes, and questions to review.
// `memory-store.ts` is the readable reference, `sql-store.ts` keeps it in SQLite or PostgreSQL.
//
// Times are milliseconds since 1970. Ids are positive integers that are never given twice. A write is kept when its promise
// resolves, even if the process is killed then. Texts are kept as they are, except that what no database can hold (NUL and
// halves of surrogate pairs) becomes U+FFFD. Any number of calls may overlap.

/** What a file teaches. */
export interface Pair {
  readonly question: string;
  readonly answer: string;
  /** What the bot said before the question, if the pair is from a conversation. */
  readonly previous: string | null;
  /** Where it comes from: `faq.csv:12`. */
  readonly source: string;
}

/**
 * A pair as it is kept. Pairs of one normalized question, previous turn and answer are one, with their count. It has the
 * wording and the source that were learned first, or a file that teaches it too when that one was removed.
 */
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
  /**
   * A pair that another file teaches too stays, and is of that file then.
   * @returns how many pairs were removed or are of another file.
   */
  remove(selection: PairSelection): Promise<number>;
  pairs(): Promise<number>;
  /** The number of the newest change; grows with each write to pairs, also by other processes. Cheap. */
  lastChange(): Promise<number>;
  /**
   * What changed after a change number; only the last state of each pair, and each pair once. In batches, because waiting for
   * each pair would be slow. What was written together shares a number. Whoever has read all batches passes the largest number
   * of them the next time, and misses nothing, whatever others write meanwhile.
   * @param after 0: all pairs that are kept, in order of their ids. Otherwise they come in any order.
   */
  changes(after: number): AsyncIterable<readonly Change[]>;
  /**
   * A later vote by the same user on the same pair replaces the earlier one; votes of nobody known always count. Nothing
   * happens if the pair is gone.
   */
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
  /**
   * Adds turns at the end, all or none.
   * @param instead how many of the newest turns they stand in the place of. @throws UserError (conversation-unknown).
   */
  say(conversation: string, turns: readonly StoredTurn[], instead?: number): Promise<void>;
  /** @param last at most that many of the newest turns. @returns null when there is none. */
  conversation(id: string, last: number): Promise<StoredConversation | null>;
  /** The id of the conversation that the user spoke in or began last; null when there is none. */
  latest(user: string): Promise<string | null>;
  /** State that a bot keeps for a conversation, such as a form in progress: JSON by key; null when there is none. */
  state(conversation: string, key: string): Promise<string | null>;
  /** @param json null: no longer kept. @throws UserError (conversation-unknown). */
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
  /** Replaces the fact of the same key. Facts that have expired by the time of this one are deleted, whoever's they are. */
  remember(user: string, fact: Fact): Promise<void>;
  /** Those that have not expired at `now`, in order of their keys. Never another user's. */
  facts(user: string, now: number): Promise<readonly Fact[]>;
  /** @param key null: all of the user's. @returns how many were deleted. */
  forget(user: string, key: string | null): Promise<number>;
  /**
   * Deletes the facts, conversations, votes and submissions of a user. A question that others have submitted too still waits,
   * without an answer that this user proposed. Pairs stay, because they are the bot's.
   * @returns how many facts, conversations, turns, votes and submissions were deleted; several submissions of one question are one.
   */
  forgetUser(user: string): Promise<number>;
}

export type ReviewReason = 'unanswered' | 'corrected' | 'disliked';

/** A question that wants a better answer. */
export interface Submission {
  readonly question: string;
  readonly previous: string | null;
  readonly reason: ReviewReason;
  /** What the bot said; null when it said nothing. */
  readonly said: string | null;
  /** A better answer that somebody gave. */
  readonly proposed: string | null;
  readonly time: number;
  readonly user: string | null;
}

/**
 * Submissions of one normalized question and reason are one entry while they wait. It has the newest `proposed`,
 * and is otherwise as it was submitted first.
 */
export interface ReviewEntry extends Omit<Submission, 'user'> {
  readonly id: number;
  /** How often it was submitted. */
  readonly count: number;
}

export interface Reviews {
  submit(submission: Submission): Promise<void>;
  /** Those that wait, most asked first, then oldest. */
  waiting(limit: number): Promise<readonly ReviewEntry[]>;
  /**
   * In one transaction: the entries wait no longer, and an accepted answer is a pair (source `review:ID`) for the question
   * of each entry. Nothing else is kept of what was submitted. Entries that wait no longer are left alone.
   * @param answer null: rejected.
   */
  decide(entries: readonly number[], answer: string | null, time: number): Promise<void>;
  /** The pairs that were accepted after a time and are still there, oldest first. */
  accepted(after: number): AsyncIterable<Pair & { readonly time: number }>;
}

/** How much is kept. */
export interface Counts {
  readonly pairs: number;
  readonly conversations: number;
  readonly turns: number;
  readonly facts: number;
  readonly votes: number;
  /** Review entries that wait. */
  readonly waiting: number;
}

export interface Store extends Knowledge, Conversations, Facts, Reviews {
  /** What it is, for messages: a file, or a server without its password. */
  readonly name: string;
  counts(): Promise<Counts>;
  close(): Promise<void>;
}
