// A test story: what a user says, turn by turn, and what the bot must answer.

import type { Answer } from '../../bots/bot.js';

/** What must be true of an answer. Lists that are empty and values that are null ask for nothing. */
export interface Expectation {
  /** The whole text is one of these, white space at the ends aside. */
  readonly oneOf: readonly string[];
  /** Each is in the text, in upper or lower case. */
  readonly contains: readonly string[];
  /** None is in the text, in upper or lower case. */
  readonly lacks: readonly string[];
  /** Each regular expression matches somewhere in the text. */
  readonly matches: readonly RegExp[];
  /** The answer's source is this, or begins with it and a colon: `rules` accepts `rules: opening-hours`. */
  readonly source: string | null;
  readonly minScore: number | null;
}

export interface StoryStep {
  readonly user: string;
  /** Null: any answer will do. */
  readonly bot: Expectation | null;
  /** `stories.yml:12`. */
  readonly place: string;
}

export interface Story {
  readonly name: string;
  /** Whose facts are remembered from step to step. Stories never share facts. */
  readonly user: string;
  readonly timeZone: string | null;
  readonly steps: readonly StoryStep[];
  readonly place: string;
}

export interface StepResult {
  readonly step: StoryStep;
  readonly answer: Answer;
  /** What was expected and is not so, a sentence each. Empty: the step passed. */
  readonly problems: readonly string[];
}

export interface StoryResult {
  readonly story: Story;
  /** One for each step: a story goes on after a step that failed. */
  readonly steps: readonly StepResult[];
  readonly passed: boolean;
  readonly milliseconds: number;
}
