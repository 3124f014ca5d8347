// The pairs of a store, laid out to be found: questions by their exact text and by their terms, answers by their question.
// It follows the store's changes. Numbers lie in typed arrays and texts in columns, so a million pairs are few objects.

import type { Change, StoredPair } from '../store/store.js';
import type { Match } from './best-documents.js';
import { ExactMap } from './exact-map.js';
import { IdPlaces } from './id-places.js';
import { withoutPoliteness } from './light-words.js';
import type { NormalForm } from './normal-form.js';
import { Postings } from './postings.js';
import { termsOf } from './terms.js';
import { grown, TextColumn } from './text-column.js';
import { UnitColumn } from './unit-column.js';

const none = -1;
/** What is noted about a question; 0: nothing. */
const plain = 1;
const polite = 2;
/** Postings that are read for a question, rarest terms first. */
const budget = 60_000;

export class PairIndex {
  readonly postings = new Postings();
  /** In normal form. */
  readonly questions = new UnitColumn();
  private readonly exact = new ExactMap((index, text) => this.questions.is(index, text));
  /** By question: whether it has politeness, once somebody has asked. */
  private politeness = new Uint8Array(1024);
  /** By question: its first pair. */
  private firstPair = new Int32Array(1024);
  /** By place of a pair: the next pair of its question; its question; its id; what it says, and its counts. */
  private nextPair = new Int32Array(1024);
  private questionOf = new Int32Array(1024);
  private counts = new Uint32Array(3 * 1024);
  private readonly idOf: number[] = [];
  private readonly wordings = new TextColumn();
  private readonly answers = new TextColumn();
  private readonly previous = new TextColumn();
  private readonly sources = new TextColumn();
  /** A removed pair has none. */
  private readonly places = new IdPlaces();

  constructor(private readonly form: NormalForm) {}

  /** The number of pairs. */
  get size(): number {
    return this.places.size;
  }

  /** Whether a question has an answer. */
  isKnown(question: number): boolean {
    return (this.firstPair[question] ?? none) !== none;
  }

  apply(change: Change): void {
    const id = change.kind === 'kept' ? change.pair.id : change.id;
    const place = this.places.get(id);
    if (change.kind === 'removed') {
      if (place >= 0) this.remove(id, place);
    } else if (place < 0) this.add(change.pair);
    else this.setCounts(place, change.pair);
  }

  /** @param text in normal form. @returns the question; -1 if there is none that has an answer. */
  find(text: string): number {
    const question = this.exact.find(text);
    return question >= 0 && this.firstPair[question] !== none ? question : none;
  }

  /** The questions that match best, best first. */
  search(terms: readonly string[], most: number): Match[] {
    return this.postings.search(terms, most, budget);
  }

  /** Whether a question has words that are only polite. */
  isPolite(question: number): boolean {
    const noted = this.politeness[question];
    if (noted === plain || noted === polite) return noted === polite;
    const text = this.questions.at(question);
    const isPolite = withoutPoliteness(text) !== text;
    this.politeness[question] = isPolite ? polite : plain;
    return isPolite;
  }

  /** To be called after many changes: otherwise the next search does what is left to do. */
  settle(): void {
    this.postings.settle();
  }

  /** The pairs of a question, in order of their ids. */
  pairsOf(question: number): StoredPair[] {
    const pairs: StoredPair[] = [];
    for (let place = this.firstPair[question] ?? none; place !== none; place = this.nextPair[place] ?? none)
      pairs.push(this.pairAt(place));
    return pairs.sort((one, other) => one.id - other.id);
  }

  private add(pair: StoredPair): void {
    const text = this.form(pair.question);
    let question = this.exact.find(text);
    if (question < 0) {
      question = this.questions.add(text);
      this.exact.add(text, question);
      if (question === this.firstPair.length) {
        this.firstPair = grown(this.firstPair);
        this.politeness = grown(this.politeness);
      }
      this.firstPair[question] = none;
    }
    if (this.firstPair[question] === none) this.postings.add(question, termsOf(text));
    const place = this.idOf.length;
    if (place === this.nextPair.length) {
      this.nextPair = grown(this.nextPair);
      this.questionOf = grown(this.questionOf);
      this.counts = grown(this.counts);
    }
    this.idOf.push(pair.id);
    this.places.add(pair.id, place);
    this.nextPair[place] = this.firstPair[question] ?? none;
    this.firstPair[question] = place;
    this.questionOf[place] = question;
    this.wordings.add(pair.question);
    this.answers.add(pair.answer);
    // No previous turn is not an empty one.
    this.previous.add(pair.previous === null ? '' : `+${pair.previous}`);
    this.sources.add(pair.source);
    this.setCounts(place, pair);
  }

  private remove(id: number, place: number): void {
    this.places.delete(id);
    const question = this.questionOf[place] ?? none;
    const next = this.nextPair[place] ?? none;
    if (this.firstPair[question] === place) this.firstPair[question] = next;
    else {
      let before = this.firstPair[question] ?? none;
      while (this.nextPair[before] !== place) before = this.nextPair[before] ?? none;
      this.nextPair[before] = next;
    }
    if (this.firstPair[question] === none) this.postings.remove(question);
  }

  private setCounts(place: number, { count, up, down }: StoredPair): void {
    this.counts[3 * place] = count;
    this.counts[3 * place + 1] = up;
    this.counts[3 * place + 2] = down;
  }

  private pairAt(place: number): StoredPair {
    const previous = this.previous.at(place);
    return {
      id: this.idOf[place] ?? 0,
      question: this.wordings.at(place),
      answer: this.answers.at(place),
      previous: previous === '' ? null : previous.slice(1),
      source: this.sources.at(place),
      count: this.counts[3 * place] ?? 0,
      up: this.counts[3 * place + 1] ?? 0,
      down: this.counts[3 * place + 2] ?? 0,
    };
  }
}
