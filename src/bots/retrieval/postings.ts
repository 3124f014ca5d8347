// Which documents have a term, and how well documents match some terms: BM25 (Robertson & Zaragoza, "The Probabilistic
// Relevance Framework: BM25 and Beyond", 2009) of texts so short that a term counts once.
//
// Most postings lie in one array, term after term. What was added since it was laid out is in chains beside it. A
// document that is removed leaves marks in the array until the next layout.

import { grown } from './text-column.js';

const k1 = 1.2;
const b = 0.75;
/**
 * A term that a larger share of the documents has says little, and takes most of the time. It is read only if rarer ones have
 * not found this many documents for each one that is wanted.
 */
const frequentShare = 1 / 8;
const enough = 20;
/** The mark of a removed document, which has no terms. */
const none = 0xffffffff;

export interface Match {
  readonly document: number;
  readonly score: number;
}

export class Postings {
  private readonly ids = new Map<string, number>();
  /** By term: the number of documents that have it. */
  private frequency = new Uint32Array(1024);
  /** Term t has `laid[starts[t]]` up to `laid[starts[t + 1]]`. Terms that came later have none. */
  private laid = new Uint32Array(0);
  private starts = new Uint32Array(1);
  /** The documents added since the layout, in chains: by term, its first and last link + 1; by link, the document and the next. */
  private firstLink = new Uint32Array(1024);
  private lastLink = new Uint32Array(1024);
  private linkDocument = new Uint32Array(1024);
  private nextLink = new Uint32Array(1024);
  private addedCount = 0;
  private removedCount = 0;
  /** By document: its number of terms; 0 if it is not there. */
  private lengths = new Uint32Array(1024);
  private documents = 0;
  private totalLength = 0;
  private highest = 0;
  private scores = new Float32Array(0);
  /** Documents with a score, while searching. */
  private touched = new Uint32Array(0);
  private touchedCount = 0;

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
    while (document >= this.lengths.length) this.lengths = grown(this.lengths);
    this.lengths[document] = terms.length;
    this.highest = Math.max(this.highest, document + 1);
    this.documents++;
    this.totalLength += terms.length;
    for (const term of terms) {
      const id = this.idOf(term);
      this.frequency[id] = (this.frequency[id] ?? 0) + 1;
      this.link(id, document);
    }
    // Each layout costs as much as all postings, so it waits until as many are new.
    if (this.addedCount > Math.max(10_000, this.laid.length)) this.layOut();
  }

  /** @param terms those that it was added with. */
  remove(document: number, terms: readonly string[]): void {
    if ((this.lengths[document] ?? 0) === 0) return;
    this.lengths[document] = 0;
    this.documents--;
    this.totalLength -= terms.length;
    this.removedCount += terms.length;
    for (const term of terms) {
      const id = this.ids.get(term);
      if (id !== undefined) this.frequency[id] = Math.max(0, (this.frequency[id] ?? 0) - 1);
    }
    // The document may be added again with other terms, so nothing of it may be left.
    this.dropAdded(document, terms);
    if (this.removedCount > Math.max(10_000, this.totalLength)) this.layOut();
  }

  /** How rare a term is: high for rare ones, highest for unknown ones. @returns above 0. */
  idf(term: string): number {
    const id = this.ids.get(term);
    const frequency = id === undefined ? 0 : (this.frequency[id] ?? 0);
    return Math.log(1 + (this.documents - frequency + 0.5) / (frequency + 0.5));
  }

  /** Whether any document has the term. */
  has(term: string): boolean {
    const id = this.ids.get(term);
    return id !== undefined && (this.frequency[id] ?? 0) > 0;
  }

  /** The idf of a term that this share of all documents has, or one document if that is more. */
  idfOfShare(share: number): number {
    const frequency = Math.max(1, share * this.documents);
    return Math.log(1 + (this.documents - frequency + 0.5) / (frequency + 0.5));
  }

  /**
   * The documents that match best, best first; of equal ones, lower numbers first.
   * @param budget reads at most about so many postings, of the rarest terms first.
   */
  search(terms: readonly string[], most: number, budget: number): Match[] {
    if (this.scores.length < this.highest) {
      this.scores = new Float32Array(this.lengths.length);
      this.touched = new Uint32Array(this.lengths.length);
    }
    const { scores } = this;
    const known = terms
      .map((term) => ({ term, id: this.ids.get(term) ?? -1 }))
      .filter(({ id }) => (this.frequency[id] ?? 0) > 0)
      // In an order that does not depend on the history, so that sums are the same to the last bit.
      .sort(
        (one, other) =>
          (this.frequency[one.id] ?? 0) - (this.frequency[other.id] ?? 0) || (one.term < other.term ? -1 : 1),
      );
    this.touchedCount = 0;
    let left = budget;
    for (const { id } of known) {
      const isFrequent = (this.frequency[id] ?? 0) > frequentShare * this.documents;
      if (left <= 0 || (isFrequent && this.touchedCount >= enough * most)) break;
      left -= this.score(id, left);
    }
    const touched = this.touched.subarray(0, this.touchedCount);
    const best = bestOf(touched, scores, most);
    for (const document of touched) scores[document] = 0;
    return best;
  }

  /** @returns the number of postings read. */
  private score(id: number, budget: number): number {
    const { scores, lengths, laid, touched } = this;
    const frequency = this.frequency[id] ?? 0;
    const idf = Math.log(1 + (this.documents - frequency + 0.5) / (frequency + 0.5));
    const perLength = (k1 * b * this.documents) / Math.max(1, this.totalLength);
    const constant = 1 + k1 * (1 - b);
    const see = (document: number) => {
      const length = lengths[document] ?? 0;
      if (length === 0) return;
      const before = scores[document] ?? 0;
      if (before === 0) touched[this.touchedCount++] = document;
      scores[document] = before + (idf * (1 + k1)) / (constant + perLength * length);
    };
    const start = this.starts[id] ?? this.laid.length;
    const end = Math.min(this.starts[id + 1] ?? start, start + budget);
    for (let place = start; place < end; place++) see(laid[place] ?? 0);
    let read = end - start;
    for (let link = this.firstLink[id] ?? 0; link > 0 && read < budget; read++) {
      see(this.linkDocument[link - 1] ?? none);
      link = this.nextLink[link - 1] ?? 0;
    }
    return read;
  }

  private idOf(term: string): number {
    const known = this.ids.get(term);
    if (known !== undefined) return known;
    const id = this.ids.size;
    this.ids.set(term, id);
    if (id === this.frequency.length) {
      this.frequency = grown(this.frequency);
      this.firstLink = grown(this.firstLink);
      this.lastLink = grown(this.lastLink);
    }
    return id;
  }

  private link(id: number, document: number): void {
    if (this.addedCount === this.linkDocument.length) {
      this.linkDocument = grown(this.linkDocument);
      this.nextLink = grown(this.nextLink);
    }
    this.linkDocument[this.addedCount] = document;
    this.nextLink[this.addedCount] = 0;
    const link = ++this.addedCount;
    const last = this.lastLink[id] ?? 0;
    if (last === 0) this.firstLink[id] = link;
    else this.nextLink[last - 1] = link;
    this.lastLink[id] = link;
  }

  private dropAdded(document: number, terms: readonly string[]): void {
    for (const term of terms) {
      const id = this.ids.get(term);
      if (id === undefined) continue;
      for (let link = this.firstLink[id] ?? 0; link > 0; link = this.nextLink[link - 1] ?? 0)
        if (this.linkDocument[link - 1] === document) this.linkDocument[link - 1] = none;
      const [start = 0, end = start] = [this.starts[id], this.starts[id + 1]];
      const laidAt = this.laid.subarray(start, end).indexOf(document);
      if (laidAt >= 0) this.laid[start + laidAt] = none;
    }
  }

  /** Puts all postings into one array, without those of removed documents. */
  private layOut(): void {
    const terms = this.ids.size;
    const starts = new Uint32Array(terms + 1);
    const laid = new Uint32Array(this.totalLength);
    let place = 0;
    const keep = (document: number) => {
      if (document !== none) laid[place++] = document;
    };
    for (let id = 0; id < terms; id++) {
      starts[id] = place;
      const end = this.starts[id + 1] ?? this.laid.length;
      for (let at = this.starts[id] ?? this.laid.length; at < end; at++) keep(this.laid[at] ?? none);
      for (let link = this.firstLink[id] ?? 0; link > 0; link = this.nextLink[link - 1] ?? 0)
        keep(this.linkDocument[link - 1] ?? none);
    }
    starts[terms] = place;
    this.laid = laid;
    this.starts = starts;
    this.firstLink.fill(0);
    this.lastLink.fill(0);
    this.addedCount = 0;
    this.removedCount = 0;
  }
}

/** The documents with the highest scores, best first. */
function bestOf(documents: Uint32Array, scores: Float32Array, most: number): Match[] {
  // Kept in order. Few documents beat the worst of them, so moving the others is cheap.
  const best: Match[] = [];
  let worst = -1;
  for (const document of documents) {
    const score = scores[document] ?? 0;
    if (best.length === most && score < worst) continue;
    const at = placeOf(best, document, score);
    if (at >= most) continue;
    best.splice(at, 0, { document, score });
    if (best.length > most) best.pop();
    worst = best.at(-1)?.score ?? -1;
  }
  return best;
}

function placeOf(best: readonly Match[], document: number, score: number): number {
  let [low, high] = [0, best.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = best[middle];
    const isBetter =
      other !== undefined && (other.score > score || (other.score === score && other.document < document));
    if (isBetter) low = middle + 1;
    else high = middle;
  }
  return low;
}
