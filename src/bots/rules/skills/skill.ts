// The contract of a skill. It is pure: what time it is comes with the question.

import type { Moment } from '../calendar.js';
import type { Message } from '../message.js';

export interface Skill {
  /** The `source` of its answers, and its name in bot files. */
  readonly name: string;
  /** What it answers, for the table in docs/bots.md. */
  readonly help: string;
  /** Messages and their answers at `exampleMoment`; null: it passes. Run by the tests, printed in the docs. */
  readonly examples: readonly (readonly [message: string, answer: string | null])[];
  /** @returns null unless the message surely asks for it. */
  answer(message: Message, moment: Moment): string | null;
}

/** Tuesday, 1 December 2026, 09:05 in Berlin. */
export const exampleMoment: Moment = { now: Date.UTC(2026, 11, 1, 8, 5), timeZone: 'Europe/Berlin' };
