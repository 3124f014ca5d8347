// What a bot says when it does not know the answer, and how sure it must be to give one. A person writes it into the section
// `answers:` of a bot file (docs/bots.md). Scores are those of retrieval; other bots have scales of their own.

import type { ByLanguage } from './language.js';

export interface AnswerSettings {
  /** Said when no bot has an answer: one of these. */
  readonly fallback: ByLanguage<readonly string[]>;
  /** Said when a known question is close, but not close enough to answer it. `{question}` is that question. */
  readonly didYouMean: ByLanguage<readonly string[]>;
  /** From this score on, a stored answer is given at once. */
  readonly certainFrom: number;
  /** From this score on, a stored answer is given unless the model prefers its own reply. */
  readonly answerFrom: number;
  /** From this score on, a known question is offered with `didYouMean`, or given to the model as context. */
  readonly nearFrom: number;
  /** Two known questions with different answers must differ by this much, or neither is certain. */
  readonly ambiguityMargin: number;
  /** Which of several stored answers is given. */
  readonly choice: 'first' | 'frequent' | 'random';
  /** An answer is not given again within this many turns, if there is another. */
  readonly repeatAfter: number;
}

export const defaultAnswers: AnswerSettings = {
  fallback: {
    en: ["I don't know the answer to that. Could you say it in other words?"],
    zh: ['这个问题我还不知道答案，您可以换一种说法吗？'],
  },
  didYouMean: { en: ['Did you mean "{question}"?'], zh: ['您是想问“{question}”吗？'] },
  certainFrom: 0.85,
  answerFrom: 0.7,
  nearFrom: 0.55,
  ambiguityMargin: 0.05,
  choice: 'frequent',
  repeatAfter: 10,
};
