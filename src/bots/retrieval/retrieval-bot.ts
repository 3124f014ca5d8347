// Answers with the stored answer of the known question that is most like the one asked. Below its threshold it has no answer,
// never a random one.

import { performance } from 'node:perf_hooks';
import type { AnswerSettings } from '../answer-settings.js';
import type { Answer, Bot, Near, Question } from '../bot.js';
import { normalize } from '../normalize.js';
import type { Store, StoredPair } from '../store/store.js';
import { choosePair, recentAnswers } from './choose-pair.js';
import { closest } from './closest.js';
import { asWritten, type NormalForm, normalFormOf, type Wording } from './normal-form.js';
import { PairIndex } from './pair-index.js';
import { type Asked, asked, differsInContent } from './similarity.js';

/** Questions whose similarity is measured. */
const reranked = 50;
/** Known questions that an answer lists. */
const mostNear = 5;
/** What the previous turn adds to the score of a pair that was learned after the same turn. */
const previousBonus = 0.1;
/** A word that fewer questions than this share have matters. */
const heavyShare = 0.02;
/** Longer messages are no questions that somebody has stored. */
const longestQuestion = 2000;
/** Milliseconds between two looks at what others have written to the store. */
const lookAfter = 1000;

export type RetrievalSettings = Pick<
  AnswerSettings,
  'answerFrom' | 'nearFrom' | 'ambiguityMargin' | 'choice' | 'repeatAfter'
>;

/** A known question with the answer that would be given. */
export interface Candidate {
  readonly pair: StoredPair;
  readonly score: number;
  /** It is about something else, whatever the score. */
  readonly differs: boolean;
}

export class RetrievalBot implements Bot {
  readonly name = 'retrieval';
  private readonly form: NormalForm;
  private readonly index: PairIndex;
  private seen = 0;
  private lookedAt = Number.NEGATIVE_INFINITY;
  private looking: Promise<void> | null = null;

  private constructor(
    private readonly store: Store,
    private readonly settings: RetrievalSettings,
    wording: Wording,
  ) {
    this.form = normalFormOf(wording);
    this.index = new PairIndex(this.form);
  }

  /** Reads all pairs of the store. Whoever opened the store closes it. */
  static async open(
    store: Store,
    settings: RetrievalSettings,
    wording: Wording = asWritten,
  ): Promise<RetrievalBot> {
    const bot = new RetrievalBot(store, settings, wording);
    await bot.look();
    return bot;
  }

  /** The number of pairs. */
  get size(): number {
    return this.index.size;
  }

  async answer(question: Question, show: (piece: string) => void): Promise<Answer> {
    const began = performance.now();
    await this.refresh();
    const candidates = this.candidates(question);
    const near = candidates.filter(({ score }) => score >= this.settings.nearFrom).map(nearOf);
    const rest = () => ({ near, visits: [], milliseconds: performance.now() - began });
    const best = candidates.find(({ differs }) => !differs);
    if (best === undefined || best.score < this.settings.answerFrom)
      return { kind: 'passed', why: whyNot(candidates, question.rejected), ...rest() };
    const rival = this.rivalOf(best, candidates);
    if (rival)
      return {
        kind: 'passed',
        why: `two known questions are as close and have different answers: ${quotedScore(best)} and ${quotedScore(rival)}`,
        ...rest(),
      };
    const { pair, score } = best;
    show(pair.answer);
    return {
      ...{ kind: 'said', text: pair.answer, source: `retrieval: ${pair.source}`, score },
      ...{ replyId: pair.id, generated: null, why: `it is asked like ${quotedScore(best)}` },
      ...rest(),
    };
  }

  async close(): Promise<void> {}

  /** Known questions like the one asked, best first. */
  candidates({ turns, rejected = [], settings: { seed } }: Question): Candidate[] {
    const message = turns.at(-1) ?? '';
    const text = this.form(message.slice(0, longestQuestion));
    if (text === '') return [];
    const before = turns.at(-2);
    const context = {
      form: this.form,
      previous: before === undefined ? null : asked(this.form(before.slice(0, longestQuestion))),
      recent: recentAnswers(turns, this.settings.repeatAfter),
      rejected: new Set(rejected),
      choice: this.settings.choice,
      seed,
      turn: turns.length,
    };
    const question = asked(text);
    const choose = (known: number, score: number, differs: boolean): Candidate[] => {
      const pairs = sameWords(this.index.pairsOf(known), message);
      const chosen = choosePair(pairs, context, this.index.postings);
      if (chosen === null) return [];
      const bonus = previousBonus * chosen.previousSimilarity;
      return [{ pair: chosen.pair, score: Math.min(1, score + bonus), differs }];
    };
    const exact = this.index.find(text);
    const found = this.similar(question, exact);
    return [
      ...(exact >= 0 ? choose(exact, 1, false) : []),
      ...found
        .flatMap(({ known, score, differs }) => choose(known, score, differs))
        .sort((one, other) => other.score - one.score || one.pair.id - other.pair.id),
    ].slice(0, mostNear);
  }

  /** The best known questions other than the one with exactly this text. */
  private similar(question: Asked, exact: number) {
    // Nothing can be better than the same text.
    if (exact >= 0) return [];
    const { postings } = this.index;
    const heavy = postings.idfOfShare(heavyShare);
    const matches = this.index.search(question.terms, reranked);
    return closest(question, matches, this.index, mostNear).map(({ known, score }) => {
      const text = asked(this.index.questions.at(known));
      return { known, score, differs: differsInContent(question, text, postings, heavy) };
    });
  }

  /** A candidate with another answer that is hardly worse. */
  private rivalOf(best: Candidate, candidates: readonly Candidate[]): Candidate | undefined {
    if (best.score === 1) return undefined;
    return candidates.find(
      ({ pair, score, differs }) =>
        !differs && pair.answer !== best.pair.answer && best.score - score < this.settings.ambiguityMargin,
    );
  }

  /** Takes over what others wrote, at most once a second. */
  private async refresh(): Promise<void> {
    if (performance.now() - this.lookedAt < lookAfter) return;
    this.looking ??= this.look().finally(() => {
      this.looking = null;
    });
    await this.looking;
  }

  private async look(): Promise<void> {
    this.lookedAt = performance.now();
    if (this.seen > 0 && (await this.store.lastChange()) === this.seen) return;
    let newest = this.seen;
    for await (const batch of this.store.changes(this.seen))
      for (const change of batch) {
        this.index.apply(change);
        newest = Math.max(newest, change.change);
      }
    this.index.settle();
    this.seen = newest;
  }
}

/** Of pairs whose questions count as one, those that are asked in just these words, if there are any. */
function sameWords(pairs: StoredPair[], message: string): StoredPair[] {
  if (pairs.length < 2) return pairs;
  const text = normalize(message);
  const same = pairs.filter(({ question }) => normalize(question) === text);
  return same.length > 0 ? same : pairs;
}

function nearOf({ pair, score }: Candidate): Near {
  return { question: pair.question, answer: pair.answer, score, source: pair.source };
}

function quotedScore({ pair, score }: Candidate): string {
  return `"${pair.question}" (${score.toFixed(2)})`;
}

function whyNot(candidates: readonly Candidate[], rejected: readonly string[] = []): string {
  const [best] = candidates;
  if (best === undefined && rejected.length > 0) return 'no other answer to it is stored';
  if (best === undefined) return 'no known question has a word of it';
  return best.differs
    ? `the closest known question, ${quotedScore(best)}, is about something else`
    : `the closest known question is ${quotedScore(best)}`;
}
