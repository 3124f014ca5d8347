// The contract of everything that answers: the neural model, retrieval, rules, and the hybrid of them. Chat, tests and
// evaluation talk to bots only. A bot knows of earlier calls what the question and its store hold, and nothing else, so any
// number of conversations may run at once.

import type { Reply } from '../generate/reply.js';
import type { GenerationSettings } from '../generate/settings.js';

export interface Question {
  /** The conversation so far, oldest first, the user's and the bot's turns alternately. The last one is answered. */
  readonly turns: readonly string[];
  /** Answers to the last turn that were given already, and that the user wants another one for. */
  readonly rejected?: readonly string[];
  /** Who asks. Null: nobody that is known, so nothing is remembered about them. */
  readonly user: string | null;
  /** What a form in progress and the turns are kept under. Null: nothing is kept beyond this question. */
  readonly conversation: string | null;
  /** The IANA name of the user's time zone; null: the program's own. */
  readonly timeZone: string | null;
  readonly settings: GenerationSettings;
  /** When it aborts, the bot stops soon and gives what it has said so far. */
  readonly signal: AbortSignal;
}

/** A known question that is close to the one asked, and its answer. */
export interface Near {
  readonly question: string;
  readonly answer: string;
  /** From 0 to 1, on the scale of the bot that found it. */
  readonly score: number;
  /** Where the pair comes from: `faq.csv:12`. */
  readonly source: string;
}

/** One bot that was asked on the way to an answer. */
export interface Visit {
  readonly bot: string;
  readonly kind: Answer['kind'];
  /** Null when it passed. */
  readonly score: number | null;
  readonly why: string;
  readonly milliseconds: number;
}

interface Answered {
  /** One sentence for a person: what was matched, or what was missing. */
  readonly why: string;
  /** The best known questions, best first, the one that was answered included. Empty for bots that know none. */
  readonly near: readonly Near[];
  /** From the call to the answer. */
  readonly milliseconds: number;
  /** The bots that were asked, in order; empty for a bot that asks no others. */
  readonly visits: readonly Visit[];
}

export interface Said extends Answered {
  readonly kind: 'said';
  readonly text: string;
  /** What the answer comes from: the name of the bot, and what in it: `rules: opening-hours`, `retrieval: faq.csv:12`, `model`. */
  readonly source: string;
  /** From 0 to 1 on this bot's own scale. Scores of two bots are never compared. */
  readonly score: number;
  /** The stored reply that was said; null when the text is not stored. Votes go to it. */
  readonly replyId: number | null;
  /** How a neural model generated the text; null for text that no model generated. */
  readonly generated: Reply | null;
}

export interface Passed extends Answered {
  /** The bot has no answer: the next one is asked. `why` says why not. */
  readonly kind: 'passed';
}

export type Answer = Said | Passed;

export interface Bot {
  readonly name: string;
  /**
   * Any number of calls may overlap.
   * @param show takes the pieces of the text while it grows; together they are the text. Having shown one, the bot must say.
   * @throws UserError what keeps any answer from being given, such as a damaged store or a message longer than the context.
   */
  answer(question: Question, show: (piece: string) => void): Promise<Answer>;
  /** Frees what the bot holds. Nothing is asked afterwards. */
  close(): Promise<void>;
}
