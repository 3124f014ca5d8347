// Groups questions that wait for a review, so that one decision is made about all wordings of a question.

import type { ReviewEntry } from '../store/store.js';
import { questionGroups } from './question-groups.js';

export interface ReviewGroup {
  /** The most asked of them, which stands for all. */
  readonly first: ReviewEntry;
  readonly others: readonly ReviewEntry[];
  /** How often all of them were asked. */
  readonly count: number;
  /** Answers that somebody gave, each once. */
  readonly proposed: readonly string[];
}

/** The groups, the most asked first. */
export function reviewGroups(entries: readonly ReviewEntry[]): ReviewGroup[] {
  return questionGroups(entries.map(({ question }) => question))
    .flatMap((group) => groupOf(group.flatMap((index) => entries[index] ?? [])))
    .sort((one, other) => other.count - one.count);
}

function groupOf([first, ...others]: readonly ReviewEntry[]): ReviewGroup[] {
  if (first === undefined) return [];
  const all = [first, ...others];
  return [
    {
      first,
      others,
      count: all.reduce((sum, { count }) => sum + count, 0),
      proposed: [...new Set(all.flatMap(({ proposed }) => proposed ?? []))],
    },
  ];
}
