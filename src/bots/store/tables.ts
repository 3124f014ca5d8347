// The tables of a store, as Kysely sees them. migrations/ makes them. The prefix keeps them apart from tables of other
// programs in a shared database.

import type { Generated } from 'kysely';

export interface Tables {
  /** One row for each name: `version`. */
  readonly bot_meta: { name: string; value: string };
  /** One row: the number of the newest change to pairs. Whoever writes pairs raises it first, and so holds its lock. */
  readonly bot_change: { number: number };
  readonly bot_pair: {
    id: Generated<number>;
    /** A hash of what makes a pair one with another: normalized question, normalized previous turn, answer. */
    key: string;
    question: string;
    answer: string;
    previous: string | null;
    source: string;
    count: number;
    up: number;
    down: number;
    change: number;
  };
  /** Other files that teach a pair, beside the one in its source. */
  readonly bot_pair_file: { pair: number; file: string };
  /** The ids of pairs that are gone, for those who follow the changes. */
  readonly bot_removed_pair: { id: number; change: number };
  readonly bot_vote: { id: Generated<number>; pair: number; user_name: string | null; vote: 'up' | 'down' };
  readonly bot_conversation: {
    id: string;
    user_name: string | null;
    /** Larger for the conversation of a user that was spoken in later. */
    touched: number;
  };
  readonly bot_turn: {
    id: Generated<number>;
    conversation: string;
    speaker: 'user' | 'bot';
    text: string;
    source: string | null;
    score: number | null;
    time: number;
  };
  readonly bot_state: { conversation: string; key: string; json: string };
  readonly bot_fact: {
    user_name: string;
    key: string;
    value: string;
    said: string;
    time: number;
    expires: number | null;
  };
  /** Questions that wait for an answer. */
  readonly bot_review: {
    id: Generated<number>;
    /** A hash of the normalized question. */
    key: string;
    question: string;
    previous: string | null;
    reason: 'unanswered' | 'corrected' | 'disliked';
    said: string | null;
    proposed: string | null;
    proposed_by: string | null;
    count: number;
    time: number;
  };
  readonly bot_review_user: { review: number; user_name: string; count: number };
  /** Which pairs were accepted in review. */
  readonly bot_accepted: { review: number; pair: number; time: number };
}
