// Groups questions that wait for a review, so that one decision is made about all wordings of a question.

import { normalize } from '../normalize.js';
import { Postings } from '../retrieval/postings.js';
import { type Asked, asked, differsInContent, similarity } from '../retrieval/similarity.js';
import type { ReviewEntry } from '../store/store.js';

export interface ReviewGroup {
  /** The most asked of them, which stands for all. */
  readonly first: ReviewEntry;
  readonly others: readonly ReviewEntry[];
  /** How often all of them were asked. */
  readonly count: number;
  /** Answers that somebody gave, each once. */
  readonly proposed: readonly string[];
}

/** From this similarity on, two questions are one. */
const sameFrom = 0.75;
const compared = 20;
const budget = 20_000;
/** A word that fewer entries than this share have matters. */
const heavyShare = 0.02;

/**
 * The groups, the most asked first. An entry joins the first group whose most asked question is nearly the same: groups do
 * not grow by chains of similar questions.
 */
export function reviewGroups(entries: readonly ReviewEntry[]): ReviewGroup[] {
  const rarity = new Postings();
  const questions = entries.map(({ question }) => asked(normalize(question)));
  for (const [index, { terms }] of questions.entries()) rarity.add(index, terms);
  const heads = new Postings();
  const groups = new Map<number, ReviewEntry[]>();
  const heavy = rarity.idfOfShare(heavyShare);
  const isSame = (one: Asked, head: number) => {
    const other = questions[head];
    return (
      other !== undefined &&
      similarity(one, other, rarity) >= sameFrom &&
      !differsInContent(one, other, rarity, heavy)
    );
  };
  for (const [index, entry] of entries.entries()) {
    const question = questions[index];
    if (question === undefined) continue;
    const head = heads
      .search(question.terms, compared, budget)
      .find(({ document }) => isSame(question, document))?.document;
    if (head === undefined) {
      heads.add(index, question.terms);
      groups.set(index, [entry]);
    } else groups.get(head)?.push(entry);
  }
  return [...groups.values()].flatMap(groupOf).sort((one, other) => other.count - one.count);
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
