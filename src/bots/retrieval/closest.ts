// Finds the known questions that are most similar to one that is asked. It gives the scores of `similarity`, which is the
// definition, without making strings of the known questions, and leaves out those that cannot be among the best.

import type { Match } from './best-documents.js';
import { EditPattern } from './edit-pattern.js';
import type { PairIndex } from './pair-index.js';
import { type Asked, asked, misspelt, mostCompared, similarityOf } from './similarity.js';

export interface Close {
  readonly known: number;
  readonly score: number;
}

/** The best of some known questions, best first. None of them is the same text. */
export function closest(
  question: Asked,
  matches: readonly Match[],
  index: PairIndex,
  most: number,
): readonly Close[] {
  const comparison = new Comparison(question, index);
  const best: Close[] = [];
  for (const { document: known } of matches) {
    const least = best.length < most ? 0 : (best.at(-1)?.score ?? 0);
    const score = comparison.score(known, least);
    if (score === null) continue;
    const place = best.findIndex(
      (other) => score > other.score || (score === other.score && known < other.known),
    );
    best.splice(place < 0 ? best.length : place, 0, { known, score });
    if (best.length > most) best.pop();
  }
  return best;
}

class Comparison {
  private readonly pattern: EditPattern;
  /** Without politeness. */
  private readonly plainPattern: EditPattern;
  /** By place of a term of the question. */
  private readonly idfs: readonly number[];
  private readonly isKnown: readonly boolean[];
  private readonly isShared: boolean[];
  private readonly placeOfId = new Map<number, number>();

  constructor(
    private readonly question: Asked,
    private readonly index: PairIndex,
  ) {
    const { text, plain, terms } = question;
    const { postings } = index;
    this.pattern = new EditPattern(text);
    this.plainPattern = plain === text ? this.pattern : new EditPattern(plain);
    for (const [place, term] of terms.entries()) {
      const id = postings.idOf(term);
      if (id >= 0) this.placeOfId.set(id, place);
    }
    this.idfs = terms.map((term) => postings.idf(term));
    this.isKnown = terms.map((term) => postings.has(term));
    this.isShared = terms.map(() => false);
  }

  /** @returns null for a score that certainly is below `least`. */
  score(known: number, least: number): number | null {
    const { questions, postings } = this.index;
    const [units, start, end] = [questions.chunkOf(known), questions.startOf(known), questions.endOf(known)];
    const polite = this.index.isPolite(known) ? asked(questions.at(known)) : null;
    const overlap = polite
      ? this.overlap(
          polite.terms.map((term) => postings.idOf(term)),
          polite.terms,
        )
      : this.overlap(postings.termsOf(known), null);
    const from = polite ? start + polite.text.indexOf(polite.plain) : start;
    const to = polite ? from + polite.plain.length : end;
    const { text, plain } = this.question;
    const bestPlain = editRatio(Math.abs(plain.length - (to - from)), plain.length, to - from);
    const bestText = editRatio(Math.abs(text.length - (end - start)), text.length, end - start);
    if (similarityOf(bestPlain, overlap, bestText) < least) return null;
    const plainDistance = this.plainPattern.distance(units, from, to);
    const isSame = polite === null && this.plainPattern === this.pattern;
    const distance = isSame ? plainDistance : this.pattern.distance(units, start, end);
    return similarityOf(
      editRatio(plainDistance, plain.length, to - from),
      overlap,
      editRatio(distance, text.length, end - start),
    );
  }

  /** As `rareOverlap`, and in its order, so that sums are the same. @param terms null: those of the ids. */
  private overlap(ids: ArrayLike<number>, terms: readonly string[] | null): number {
    const { isShared, idfs } = this;
    const { postings } = this.index;
    const others = this.share(ids, terms);
    let common = 0;
    let alone = 0;
    for (let place = 0; place < idfs.length; place++)
      if (isShared[place]) common += idfs[place] ?? 0;
      else alone++;
    let all = common;
    for (let place = 0; place < idfs.length; place++) {
      if (isShared[place]) continue;
      const idf = idfs[place] ?? 0;
      const areFew = others.length <= mostCompared && alone <= mostCompared;
      const near = areFew ? this.nearestOf(place, others, ids, terms) : null;
      if (near === null) {
        all += idf;
        continue;
      }
      const [other] = others.splice(near.at, 1);
      const lower = Math.min(postings.idfOfId(ids[other ?? 0] ?? -1), idf);
      common += near.ratio * lower;
      all += lower;
    }
    for (const other of others) all += postings.idfOfId(ids[other] ?? -1);
    return all === 0 ? 0 : common / all;
  }

  /** Notes which terms of the question the known one has too. @returns the places of the known question's other terms. */
  private share(ids: ArrayLike<number>, terms: readonly string[] | null): number[] {
    this.isShared.fill(false);
    const others: number[] = [];
    for (let other = 0; other < ids.length; other++) {
      const id = ids[other] ?? -1;
      const place =
        id >= 0 ? (this.placeOfId.get(id) ?? -1) : this.question.terms.indexOf(terms?.[other] ?? '');
      if (place < 0) others.push(other);
      else this.isShared[place] = true;
    }
    return others;
  }

  private nearestOf(
    place: number,
    others: readonly number[],
    ids: ArrayLike<number>,
    terms: readonly string[] | null,
  ): { at: number; ratio: number } | null {
    const { postings } = this.index;
    const term = this.question.terms[place] ?? '';
    const isKnown = this.isKnown[place] ?? false;
    let best: { at: number; ratio: number } | null = null;
    for (let at = 0; at < others.length; at++) {
      const other = others[at] ?? 0;
      const id = ids[other] ?? -1;
      const areKnown = isKnown && (terms === null || postings.hasId(id));
      const ratio = misspelt(term, terms?.[other] ?? postings.termOf(id), areKnown);
      if (ratio > (best?.ratio ?? 0)) best = { at, ratio };
    }
    return best;
  }
}

function editRatio(distance: number, length: number, otherLength: number): number {
  const longest = Math.max(length, otherLength);
  return longest === 0 ? 1 : 1 - distance / longest;
}
