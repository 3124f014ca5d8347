// Which documents have a term, and how well documents match some terms: BM25 (Robertson & Zaragoza, "The Probabilistic
// Relevance Framework: BM25 and Beyond", 2009) of texts so short that a term counts once.
//
// The terms of each document lie in one array. From them the postings are laid out in another, term after term. Documents that
// came since are few, and each of them is looked at. A removed document leaves its postings until the next layout.

import { BestDocuments, type Match } from './best-documents.js';
import { grown } from './text-column.js';

const k1 = 1.2;
const b = 0.75;
/**
 * A term that a larger share of the documents has says little, and takes most of the time. It is read only if rarer ones have
 * fewer postings than this for each document that is wanted.
 */
const frequentShare = 1 / 8;
/** Of millions of documents, a smaller share is too many. */
const frequentFrom = 5000;
const enough = 20;
/** So many documents for each that is wanted get a score of all terms, when not all postings were read. */
const scoredAnew = 4;

interface KnownTerm {
  readonly term: string;
  readonly id: number;
  readonly frequency: number;
}

export class Postings {
  private readonly ids = new Map<string, number>();
  private readonly terms: string[] = [];
  /** By term: the number of documents that have it. */
  private frequency = new Uint32Array(1024);
  /** Document d has `termsOf[firstTerm[d]]` and the next ones, `lengths[d]` in all; 0 if it is not there. */
  private documentTerms = new Uint32Array(1024);
  private termCount = 0;
  private firstTerm = new Uint32Array(1024);
  private lengths = new Uint32Array(1024);
  /** Term t has `laid[starts[t]]` up to `laid[starts[t + 1]]`. Terms that came later have none. */
  private laid = new Uint32Array(0);
  private starts = new Uint32Array(1);
  /** By document: its number of terms, 255 for more, if its postings are laid out; 0 otherwise. One byte, because it is read for
   *  each posting, from anywhere. */
  private laidLengths = new Uint8Array(1024);
  /** The documents that are not laid out, and perhaps some that are no longer there. */
  private recent: number[] = [];
  private isRecent = new Uint8Array(1024);
  private documents = 0;
  private totalLength = 0;
  private highest = 0;
  /** The following are of one search. By document: the sum of what was read of it. */
  private scores = new Float32Array(0);
  /** Documents with a score. */
  private touched = new Uint32Array(0);
  private touchedCount = 0;
  /** By term: its place among the known terms of the question, + 1. */
  private places = new Uint16Array(1024);
  private readonly best = new BestDocuments();
  /** Those of which not all terms were read. */
  private readonly partly = new BestDocuments();

  /** The number of documents. */
  get size(): number {
    return this.documents;
  }

  /**
   * @param document a number that is not there; small numbers save memory.
   * @param terms all different; none is no document.
   */
  add(document: number, terms: readonly string[]): void {
    if (terms.length === 0) return;
    while (document >= this.lengths.length) this.growDocuments();
    while (this.termCount + terms.length > this.documentTerms.length)
      this.documentTerms = grown(this.documentTerms);
    this.firstTerm[document] = this.termCount;
    for (const term of terms) {
      const id = this.newIdOf(term);
      this.frequency[id] = (this.frequency[id] ?? 0) + 1;
      this.documentTerms[this.termCount++] = id;
    }
    this.lengths[document] = terms.length;
    this.highest = Math.max(this.highest, document + 1);
    this.documents++;
    this.totalLength += terms.length;
    if (this.isRecent[document] === 1) return;
    this.isRecent[document] = 1;
    this.recent.push(document);
  }

  remove(document: number): void {
    const length = this.lengths[document] ?? 0;
    for (const id of this.termsOf(document)) this.frequency[id] = (this.frequency[id] ?? 1) - 1;
    this.lengths[document] = 0;
    this.laidLengths[document] = 0;
    if (length > 0) this.documents--;
    this.totalLength -= length;
  }

  /** The ids of the terms of a document, in the order in which they were added; valid until the next change. */
  termsOf(document: number): Uint32Array {
    const first = this.firstTerm[document] ?? 0;
    return this.documentTerms.subarray(first, first + (this.lengths[document] ?? 0));
  }

  /** @returns -1 for a term that no document ever had. */
  idOf(term: string): number {
    return this.ids.get(term) ?? -1;
  }

  termOf(id: number): string {
    return this.terms[id] ?? '';
  }

  /** How rare a term is: high for rare ones, highest for unknown ones. @returns above 0. */
  idf(term: string): number {
    return this.idfOfId(this.idOf(term));
  }

  /** @param id -1: of an unknown term. */
  idfOfId(id: number): number {
    return this.idfOfFrequency(this.frequency[id] ?? 0);
  }

  /** Whether any document has the term. */
  has(term: string): boolean {
    return this.hasId(this.idOf(term));
  }

  hasId(id: number): boolean {
    return (this.frequency[id] ?? 0) > 0;
  }

  /** The idf of a term that this share of all documents has, or one document if that is more. */
  idfOfShare(share: number): number {
    return this.idfOfFrequency(Math.max(1, share * this.documents));
  }

  /**
   * The documents that match best, best first; of equal ones, lower numbers first. All their terms count.
   * @param budget reads at most about so many postings, of the rarest terms first.
   */
  search(terms: readonly string[], most: number, budget: number): Match[] {
    this.settle();
    if (this.scores.length < this.highest) {
      this.scores = new Float32Array(this.lengths.length);
      this.touched = new Uint32Array(this.lengths.length);
    }
    const known = this.rarestFirst(terms);
    const isWhole = this.readPostings(known, most, budget);
    for (const [place, { id }] of known.entries()) this.places[id] = place + 1;
    const weights = Float64Array.from(known, ({ frequency }) => this.weightOf(frequency));
    const seen = new Uint8Array(known.length);
    if (isWhole) this.selectTouched(this.best, most);
    else {
      this.selectTouched(this.partly, scoredAnew * most);
      this.best.begin(most);
      this.partly.forEach((document) => {
        this.best.offer(document, this.scoreOf(document, weights, seen));
      });
    }
    for (const document of this.recent) {
      const score = this.scoreOf(document, weights, seen);
      if (score > 0) this.best.offer(document, score);
    }
    for (const { id } of known) this.places[id] = 0;
    return this.best.inOrder();
  }

  /** Lays the postings out anew if many documents are new or gone. A search does it too, but should not have to. */
  settle(): void {
    const isNew = this.recent.length > Math.max(256, this.documents / 32);
    if (isNew || this.laid.length > 2 * this.totalLength + 10_000) this.layOut();
  }

  private rarestFirst(terms: readonly string[]): KnownTerm[] {
    const known: KnownTerm[] = [];
    for (const term of terms) {
      const id = this.idOf(term);
      const frequency = this.frequency[id] ?? 0;
      if (frequency > 0) known.push({ term, id, frequency });
    }
    // In an order that does not depend on the history, so that sums are the same to the last bit.
    return known.sort((one, other) => one.frequency - other.frequency || (one.term < other.term ? -1 : 1));
  }

  /** @returns whether all postings were read, so that all scores are whole. */
  private readPostings(known: readonly KnownTerm[], most: number, budget: number): boolean {
    this.touchedCount = 0;
    const inverses = this.inverseNorms();
    const frequent = Math.min(frequentFrom, frequentShare * this.documents);
    let read = 0;
    for (const { id, frequency } of known) {
      if (read >= budget || (frequency > frequent && read >= enough * most)) return false;
      const start = this.starts[id] ?? this.laid.length;
      const end = this.starts[id + 1] ?? start;
      this.readTerm(start, Math.min(end, start + budget - read), this.weightOf(frequency), inverses);
      read += frequency;
    }
    return read <= budget;
  }

  private readTerm(start: number, end: number, weight: number, inverses: Float64Array): void {
    const { laid, laidLengths, scores, touched } = this;
    let count = this.touchedCount;
    for (let place = start; place < end; place++) {
      const document = laid[place] ?? 0;
      const length = laidLengths[document] ?? 0;
      if (length === 0) continue;
      const before = scores[document] ?? 0;
      if (before === 0) touched[count++] = document;
      const inverse = length < 255 ? (inverses[length] ?? 0) : this.inverseNorm(this.lengths[document] ?? 0);
      scores[document] = before + weight * inverse;
    }
    this.touchedCount = count;
  }

  /** Keeps the best of the documents with a score, and clears the scores. */
  private selectTouched(best: BestDocuments, most: number): void {
    const { scores, touched, touchedCount } = this;
    best.begin(most);
    let worst = 0;
    for (let place = 0; place < touchedCount; place++) {
      const document = touched[place] ?? 0;
      const score = scores[document] ?? 0;
      scores[document] = 0;
      if (score < worst) continue;
      best.offer(document, score);
      if (best.isFull) worst = best.worst;
    }
  }

  /** The same sum as of postings that are read. @param seen zeros, one for each known term of the question. */
  private scoreOf(document: number, weights: Float64Array, seen: Uint8Array): number {
    const { places, documentTerms } = this;
    const length = this.lengths[document] ?? 0;
    const first = this.firstTerm[document] ?? 0;
    let matched = 0;
    for (let at = first; at < first + length; at++) {
      const place = places[documentTerms[at] ?? 0] ?? 0;
      if (place === 0) continue;
      seen[place - 1] = 1;
      matched++;
    }
    const inverse = this.inverseNorm(length);
    let score = 0;
    for (let place = 0; matched > 0; place++) {
      if (seen[place] === 0) continue;
      seen[place] = 0;
      matched--;
      score = Math.fround(score + (weights[place] ?? 0) * inverse);
    }
    return score;
  }

  private weightOf(frequency: number): number {
    return this.idfOfFrequency(frequency) * (1 + k1);
  }

  private idfOfFrequency(frequency: number): number {
    return Math.log(1 + (this.documents - frequency + 0.5) / (frequency + 0.5));
  }

  /** How much a term of a document with so many terms counts. */
  private inverseNorm(length: number): number {
    return 1 / (1 + k1 * (1 - b) + (k1 * b * this.documents * length) / Math.max(1, this.totalLength));
  }

  /** By length, below 255. */
  private inverseNorms(): Float64Array {
    const inverses = new Float64Array(255);
    for (let length = 1; length < 255; length++) inverses[length] = this.inverseNorm(length);
    return inverses;
  }

  private newIdOf(term: string): number {
    const known = this.ids.get(term);
    if (known !== undefined) return known;
    const id = this.terms.length;
    this.ids.set(term, id);
    this.terms.push(term);
    if (id === this.frequency.length) {
      this.frequency = grown(this.frequency);
      this.places = new Uint16Array(this.frequency.length);
    }
    return id;
  }

  private growDocuments(): void {
    this.lengths = grown(this.lengths);
    this.laidLengths = grown(this.laidLengths);
    this.firstTerm = grown(this.firstTerm);
    this.isRecent = grown(this.isRecent);
  }

  /** Writes the postings anew, without those of removed documents. */
  private layOut(): void {
    if (this.termCount > 2 * this.totalLength) this.closeGaps();
    const starts = new Uint32Array(this.terms.length + 1);
    let end = 0;
    for (let id = 0; id < this.terms.length; id++) {
      starts[id] = end;
      end += this.frequency[id] ?? 0;
    }
    starts[this.terms.length] = end;
    const laid = new Uint32Array(this.totalLength);
    const next = starts.slice();
    for (let document = 0; document < this.highest; document++)
      for (const id of this.termsOf(document)) {
        const place = next[id] ?? 0;
        laid[place] = document;
        next[id] = place + 1;
      }
    this.laid = laid;
    this.starts = starts;
    for (let document = 0; document < this.highest; document++)
      this.laidLengths[document] = Math.min(255, this.lengths[document] ?? 0);
    this.recent = [];
    this.isRecent.fill(0);
  }

  /** Takes the terms of removed documents out. */
  private closeGaps(): void {
    const dense = new Uint32Array(Math.max(1024, this.totalLength));
    let place = 0;
    for (let document = 0; document < this.highest; document++) {
      const terms = this.termsOf(document);
      dense.set(terms, place);
      this.firstTerm[document] = place;
      place += terms.length;
    }
    this.documentTerms = dense;
    this.termCount = place;
  }
}
