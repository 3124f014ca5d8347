// Answers with the stored answer of the known question that is most like the one asked. Below its threshold it has no answer,
// never a random one.

import { performance } from 'node:perf_hooks';
import type { AnswerSettings } from '../answer-settings.js';
import type { Answer, Bot, Near, Question } from '../bot.js';
import { normalize } from '../normalize.js';
import type { Store, StoredPair } from '../store/store.js';
import type { Match } from './best-documents.js';
import { choosePair, recentAnswers } from './choose-pair.js';
import { closest } from './closest.js';
import {
  type MeaningSettings,
  type MeaningState,
  Meanings,
  type QuestionVector,
} from './meaning/meanings.js';
import { asWritten, type NormalForm, normalFormOf, type Wording } from './normal-form.js';
import { PairIndex } from './pair-index.js';
import { type Asked, asked, differsInContent } from './similarity.js';
import { piecesOf } from './terms.js';

/** Questions whose similarity is measured. */
const reranked = 50;
/** Known questions that an answer lists. */
const mostNear = 5;
/** What the previous turn adds to the score of a pair that was learned after the same turn. */
const previousBonus = 0.1;
/** A word that fewer questions than this share have matters. */
const heavyShare = 0.02;
/** From this score on, questions have the same words but for one or two, which are then what they are about. */
const sameWordsFrom = 0.55;
/** Longer messages are no questions that somebody has stored. */
const longestQuestion = 2000;
/** Milliseconds between two looks at what others have written to the store. */
const lookAfter = 1000;

export type RetrievalSettings = Pick<
  AnswerSettings,
  'certainFrom' | 'answerFrom' | 'nearFrom' | 'ambiguityMargin' | 'choice' | 'repeatAfter'
>;

/** A known question with the answer that would be given. */
export interface Candidate {
  readonly pair: StoredPair;
  readonly score: number;
  /** What gave it its score. */
  readonly by: 'words' | 'meaning';
  /** It is about something else, whatever the score. */
  readonly differs: boolean;
}

/** How questions are found. */
export interface Finding {
  readonly wording?: Wording;
  /** Null: by their words only. */
  readonly meaning?: MeaningSettings | null;
}

type Vector = Extract<QuestionVector, { readonly kind: 'vector' }>;

export class RetrievalBot implements Bot {
  readonly name = 'retrieval';
  private readonly form: NormalForm;
  private readonly index: PairIndex;
  /** Null: questions are found by their words only. */
  readonly meanings: Meanings | null;
  private seen = 0;
  private lookedAt = Number.NEGATIVE_INFINITY;
  private looking: Promise<void> | null = null;

  private constructor(
    private readonly store: Store,
    private readonly settings: RetrievalSettings,
    { wording = asWritten, meaning = null }: Finding,
  ) {
    this.form = normalFormOf(wording);
    this.index = new PairIndex(this.form);
    this.meanings = meaning && new Meanings(this.index, meaning);
  }

  /** Reads all pairs of the store. Whoever opened the store closes it; the bot closes its embedder. */
  static async open(store: Store, settings: RetrievalSettings, finding: Finding = {}): Promise<RetrievalBot> {
    const bot = new RetrievalBot(store, settings, finding);
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
    const words = this.candidates(question);
    const meaning = await this.meaningOf(question, words);
    const candidates = meaning?.kind === 'vector' ? this.candidates(question, meaning) : words;
    const note = this.noteOn(meaning);
    const near = candidates.filter(({ score }) => score >= this.settings.nearFrom).map(nearOf);
    const rest = () => ({ near, visits: [], milliseconds: performance.now() - began });
    const best = candidates.find(({ differs }) => !differs);
    if (best === undefined || best.score < this.settings.answerFrom)
      return { kind: 'passed', why: `${whyNot(candidates, question.rejected)}${note}`, ...rest() };
    const rival = this.rivalOf(best, candidates);
    if (rival)
      return {
        kind: 'passed',
        why: `two known questions are as close and have different answers: ${quotedScore(best)} and ${quotedScore(rival)}${note}`,
        ...rest(),
      };
    const { pair, score, by } = best;
    const like = by === 'words' ? 'it is asked like' : 'it means the same as';
    show(pair.answer);
    return {
      ...{ kind: 'said', text: pair.answer, source: `retrieval: ${pair.source}`, score },
      ...{ replyId: pair.id, generated: null, why: `${like} ${quotedScore(best)}${note}` },
      ...rest(),
    };
  }

  async close(): Promise<void> {
    await this.meanings?.close();
  }

  /** Null without an embedder. */
  get meaningState(): MeaningState | null {
    return this.meanings?.state ?? null;
  }

  /**
   * Known questions like the one asked, best first.
   * @param meaning null: by their words.
   */
  candidates(
    { turns, rejected = [], settings: { seed } }: Question,
    meaning: Vector | null = null,
  ): Candidate[] {
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
    const choose = (
      known: number,
      score: number,
      differs: boolean,
      by: Candidate['by'] = 'words',
    ): Candidate[] => {
      const pairs = this.index.pairsOf(known).filter(({ answer }) => !context.rejected.has(answer));
      const chosen = choosePair(sameWords(pairs, message), context, this.index.postings);
      if (chosen === null) return [];
      const bonus = previousBonus * chosen.previousSimilarity;
      return [{ pair: chosen.pair, score: Math.min(1, score + bonus), by, differs }];
    };
    const exact = this.index.find(text);
    const found = this.similar(question, exact, meaning);
    return [
      ...(exact >= 0 ? choose(exact, 1, false) : []),
      ...found
        .flatMap(({ known, score, differs, by }) => choose(known, score, differs, by))
        .sort((one, other) => other.score - one.score || one.pair.id - other.pair.id),
    ].slice(0, mostNear);
  }

  /** The best known questions other than the one with exactly this text. */
  private similar(question: Asked, exact: number, meaning: Vector | null) {
    // Nothing can be better than the same text.
    if (exact >= 0) return [];
    const { postings } = this.index;
    const heavy = postings.idfOfShare(heavyShare);
    const matches = this.index.search(question.terms, reranked);
    if (meaning === null)
      return closest(question, matches, this.index, mostNear).map(({ known, score }) => {
        const text = asked(this.index.questions.at(known));
        const differs = differsInContent(question, text, postings, heavy);
        return { known, score, differs, by: 'words' as const };
      });
    const all = this.withNearest(matches, meaning);
    return closest(question, all, this.index, all.length)
      .map(({ known, score: words }) => {
        const near = this.meanings?.nearness(known, meaning) ?? 0;
        return { known, words, score: Math.max(words, near) };
      })
      .sort((one, other) => other.score - one.score || one.known - other.known)
      .slice(0, mostNear)
      .map(({ known, words, score }) => {
        const text = asked(this.index.questions.at(known));
        const by: Candidate['by'] = score > words ? 'meaning' : 'words';
        // Other words may mean the same, but one word in the place of another mostly does not.
        const differs =
          words < sameWordsFrom && by === 'meaning'
            ? differsInNumbers(question, text)
            : differsInContent(question, text, postings, heavy);
        return { known, score, differs, by };
      });
  }

  /** The questions that match by their words, and the nearest in meaning. */
  private withNearest(matches: readonly Match[], meaning: Vector): readonly Match[] {
    const nearest = this.meanings?.nearest(meaning.vector, reranked) ?? [];
    const known = new Set(matches.map(({ document }) => document));
    const more = nearest.filter(({ question }) => !known.has(question));
    return [...matches, ...more.map(({ question }) => ({ document: question, score: 0 }))];
  }

  /** Null when the embedder is not needed. */
  private async meaningOf(
    { turns, signal }: Question,
    words: readonly Candidate[],
  ): Promise<QuestionVector | null> {
    const best = words.find(({ differs }) => !differs);
    if (this.meanings === null || (best && best.score >= this.settings.certainFrom)) return null;
    const text = this.form((turns.at(-1) ?? '').slice(0, longestQuestion));
    return text === '' ? null : this.meanings.ask(text, signal);
  }

  /** What a person should know about how the embedder was used. */
  private noteOn(meaning: QuestionVector | null): string {
    if (meaning?.kind === 'none') return `; it was looked for by its words only, because ${meaning.why}`;
    return meaning && this.meanings?.isFilling ? '; some known questions have no vectors yet' : '';
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
    const isChanged = this.seen === 0 || (await this.store.lastChange()) !== this.seen;
    if (isChanged) await this.follow();
    this.meanings?.fillBeside(isChanged);
  }

  private async follow(): Promise<void> {
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

/** Whether both have numbers, and not the same ones. */
function differsInNumbers(one: Asked, other: Asked): boolean {
  const numbers = ({ plain }: Asked) => piecesOf(plain).filter((piece) => /^\p{N}+$/u.test(piece));
  const [ones, others] = [numbers(one), numbers(other)];
  return ones.length > 0 && others.length > 0 && ones.sort().join(' ') !== others.sort().join(' ');
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
