// Groups wordings of one question.

import { normalize } from '../normalize.js';
import { Postings } from '../retrieval/postings.js';
import { type Asked, asked, differsInContent, similarity } from '../retrieval/similarity.js';

/** From this similarity on, two questions are one. */
const sameFrom = 0.75;
const compared = 20;
const budget = 20_000;
/** A word that fewer questions than this share have matters. */
const heavyShare = 0.02;

/**
 * The groups as indices of questions, in their order. A question joins the first group whose first question is nearly the same:
 * groups do not grow by chains of similar questions.
 */
export function questionGroups(questions: readonly string[]): number[][] {
  const rarity = new Postings();
  const all = questions.map((question) => asked(normalize(question)));
  for (const [index, { terms }] of all.entries()) rarity.add(index, terms);
  const heads = new Postings();
  const groups = new Map<number, number[]>();
  const heavy = rarity.idfOfShare(heavyShare);
  const isSame = (one: Asked, head: number) => {
    const other = all[head];
    return (
      other !== undefined &&
      similarity(one, other, rarity) >= sameFrom &&
      !differsInContent(one, other, rarity, heavy)
    );
  };
  for (const [index, question] of all.entries()) {
    const head = heads
      .search(question.terms, compared, budget)
      .find(({ document }) => isSame(question, document))?.document;
    if (head === undefined) {
      heads.add(index, question.terms);
      groups.set(index, [index]);
    } else groups.get(head)?.push(index);
  }
  return [...groups.values()];
}
