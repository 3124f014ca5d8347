// Chooses the thresholds of retrieval from questions whose right answers are known: how many are answered, and how many of those
// rightly, at each threshold.

import type { Question } from '../bot.js';
import { normalize } from '../normalize.js';
import type { Pair } from '../store/store.js';
import type { RetrievalBot } from './retrieval-bot.js';

/** What became of a question when nothing is refused for its score. */
export interface Trial {
  /** Null: no answer at any threshold. */
  readonly score: number | null;
  readonly isRight: boolean;
}

export interface CurvePoint {
  readonly threshold: number;
  /** Of the answers that are given, the share of right ones; 1 if none is given. */
  readonly precision: number;
  /** Of all questions, the share that is answered rightly. */
  readonly recall: number;
}

/** @param bot with `answerFrom` 0. @param asked questions with the answers that they should get. */
export async function trials(
  bot: RetrievalBot,
  asked: readonly Pair[],
  questionOf: (text: string) => Question,
): Promise<Trial[]> {
  const found: Trial[] = [];
  for (const { question, answer } of asked) {
    const given = await bot.answer(questionOf(question), () => {});
    const isRight = given.kind === 'said' && normalize(given.text) === normalize(answer);
    found.push({ score: given.kind === 'said' ? given.score : null, isRight });
  }
  return found;
}

/** For each hundredth from 0.4 to 1. */
export function curveOf(all: readonly Trial[]): CurvePoint[] {
  return Array.from({ length: 61 }, (_, step) => {
    const threshold = (40 + step) / 100;
    const given = all.filter(({ score }) => score !== null && score >= threshold);
    const right = given.filter(({ isRight }) => isRight).length;
    return {
      threshold,
      precision: given.length === 0 ? 1 : right / given.length,
      recall: all.length === 0 ? 0 : right / all.length,
    };
  });
}

/** The lowest threshold from which the precision never falls below `least` again. */
export function thresholdFor(curve: readonly CurvePoint[], least: number): number {
  const last = curve.findLastIndex(({ precision }) => precision < least);
  return curve[last + 1]?.threshold ?? 1;
}
