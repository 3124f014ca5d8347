// The answer when no bot has one.

import type { AnswerSettings } from './answer-settings.js';
import { chooseAnswer } from './answer-text.js';
import type { Near, Question, Said } from './bot.js';
import { languageOfTurns } from './language.js';

/** Asks whether the closest known question is meant, or says that nothing is known. The source is `fallback`. */
export function notKnown(
  { turns, rejected, settings: { seed } }: Question,
  near: readonly Near[],
  { fallback, didYouMean, repeatAfter }: AnswerSettings,
): Said {
  const language = languageOfTurns(turns);
  const closest = near[0]?.question;
  const texts =
    closest === undefined
      ? fallback[language]
      : // A function, because `$` has a meaning in a replacement.
        didYouMean[language].map((text) => text.replace('{question}', () => closest));
  return {
    ...{ kind: 'said', source: 'fallback', score: 0, near, milliseconds: 0, visits: [] },
    text: chooseAnswer(texts, seed, turns, repeatAfter, rejected) ?? '',
    ...{ replyId: null, generated: null },
    why: closest === undefined ? 'nothing close is known' : 'a known question is close, but not close enough',
  };
}
