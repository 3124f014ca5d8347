// How near questions are in meaning, from 0 to 1: the cosine of their vectors on a scale whose zero is what the model gives sentences
// that have nothing in common. Vectors of known questions are made once and kept. A question is compared with all of them.
//
// An embedder that fails or is slow keeps no question from being answered: it is left alone for a while, and whoever asks is told
// why there is no vector.

import { type Clock, FollowingAbort } from '../../../collect/openai-service.js';
import { messageOf } from '../../../errors.js';
import { oneLine } from '../../../quote.js';
import { type ByLanguage, languageOf } from '../../language.js';
import { storable } from '../../store/texts.js';
import { type Embedder, embedderFailed, longestText } from './embedder.js';
import { type KeptVectors, vectorKey } from './kept-vectors.js';
import { meanCosine, strangers } from './strangers.js';
import { type Neighbour, VectorTable } from './vector-table.js';

/** Known questions by their numbers, which only grow. */
export interface KnownQuestions {
  /** Their texts, in normal form. */
  readonly questions: { readonly length: number; at(question: number): string };
  /** Whether it still has an answer. */
  isKnown(question: number): boolean;
}

export interface MeaningSettings {
  readonly embedder: Embedder;
  /** Null: vectors are made again each time. */
  readonly kept: KeptVectors | null;
  readonly clock: Clock;
  /** How long a question waits for its vector, in seconds. */
  readonly patience?: number;
  /** How long an embedder that failed is left alone, in seconds. */
  readonly rest?: number;
  /** Whether missing vectors of known questions are made; otherwise only those that are kept are used. */
  readonly makes?: boolean;
  /** Is told how many of how many missing vectors are made. */
  readonly progress?: (done: number, all: number) => void;
}

/** The vector of a question; or why there is none. */
export type QuestionVector =
  | { readonly kind: 'vector'; readonly vector: Float32Array; readonly zero: number }
  | { readonly kind: 'none'; readonly why: string };

export interface MeaningState {
  readonly embedder: string;
  /** Known questions with a vector, and without one. */
  readonly vectors: number;
  readonly missing: number;
  /** Questions that asked for a vector, and those that got none. */
  readonly asked: number;
  readonly failed: number;
  /** Why the last one that failed did; null if none has. */
  readonly trouble: string | null;
  /** Why vectors could not be kept; null if they are. */
  readonly notKept: string | null;
}

type Scale = ByLanguage<number>;

const defaultPatience = 3;
const defaultRest = 10;
/** Texts that are made into vectors, and kept, at a time. */
const atATime = 256;

export class Meanings {
  private readonly settings: Required<MeaningSettings>;
  private table: VectorTable | null = null;
  private scaling: Promise<Scale> | null = null;
  /** Vectors that are kept, of questions that are not known yet. */
  private readonly spare = new Map<string, Float32Array>();
  private isRead = false;
  /** Whether nothing was missing when it was last looked for. */
  private isFilled = false;
  private readonly stop = new AbortController();
  private filling: Promise<void> | null = null;
  private asked = 0;
  private failed = 0;
  private trouble: string | null = null;
  private notKept: string | null = null;
  private restUntil = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly known: KnownQuestions,
    settings: MeaningSettings,
  ) {
    this.settings = {
      patience: defaultPatience,
      rest: defaultRest,
      makes: true,
      progress: () => {},
      ...settings,
    };
  }

  /** Whether vectors of known questions are being made. */
  get isFilling(): boolean {
    return this.filling !== null;
  }

  get state(): MeaningState {
    const { asked, failed, trouble, notKept } = this;
    const vectors = this.table?.size ?? 0;
    let missing = 0;
    for (let question = 0; question < this.known.questions.length; question++)
      if (this.known.isKnown(question) && !this.table?.has(question)) missing++;
    return { embedder: this.settings.embedder.name, vectors, missing, asked, failed, trouble, notKept };
  }

  /**
   * Makes the vectors that are missing. What was made before a failure is kept.
   * @throws UserError
   */
  fill(): Promise<void> {
    this.filling ??= this.fillNow()
      .catch((thrown: unknown) => {
        this.isFilled = false;
        throw thrown;
      })
      .finally(() => {
        this.filling = null;
      });
    return this.filling;
  }

  /**
   * As `fill`, beside the conversations. A failure is noted, and tried again at a later call.
   * @param isChanged whether more questions may be known than before.
   */
  fillBeside(isChanged: boolean): void {
    if (isChanged) this.isFilled = false;
    if (this.isFilled || this.filling !== null || this.settings.clock.now() < this.restUntil) return;
    this.fill().catch((thrown: unknown) => this.note(thrown));
  }

  /** The vector of a question, or why it has none. Never throws. */
  async ask(text: string, signal: AbortSignal): Promise<QuestionVector> {
    const { embedder, clock, patience } = this.settings;
    this.asked++;
    if (clock.now() < this.restUntil && this.trouble !== null) return this.none(this.trouble);
    const stop = new FollowingAbort(signal);
    let endDeadline = () => {};
    const late = new Promise<never>((_, reject) => {
      endDeadline = clock.deadline(patience, () => {
        reject(embedderFailed(`${embedder.name} gave no vector within ${patience} s`));
        stop.abort();
      });
    });
    try {
      const zeros = await Promise.race([this.scale(), late]);
      const [vector] = await Promise.race([embedder.embed([cut(text)], stop.signal), late]);
      if (vector === undefined) return this.none('there is no vector');
      this.refuseOtherWidth(vector);
      return { kind: 'vector', vector, zero: zeros[languageOf(text)] };
    } catch (thrown) {
      if (signal.aborted) return { kind: 'none', why: 'the question was stopped' };
      return this.none(this.note(thrown));
    } finally {
      endDeadline();
      stop.release();
    }
  }

  /** From 0 to 1; null if the known question has no vector. */
  nearness(question: number, { vector, zero }: { vector: Float32Array; zero: number }): number | null {
    const cosine = this.table?.cosine(question, vector) ?? null;
    return cosine === null ? null : Math.min(1, Math.max(0, (cosine - zero) / (1 - zero)));
  }

  /** The known questions that are nearest in meaning. */
  nearest(vector: Float32Array, most: number): Neighbour[] {
    return this.table?.nearest(vector, most, (question) => this.known.isKnown(question)) ?? [];
  }

  async close(): Promise<void> {
    this.stop.abort(new Error('closed'));
    await this.filling?.catch(() => {});
    await this.settings.embedder.close();
  }

  private none(why: string): QuestionVector {
    this.failed++;
    return { kind: 'none', why };
  }

  /** @returns why, for people. */
  private note(thrown: unknown): string {
    this.trouble = oneLine(messageOf(thrown), 300);
    this.restUntil = this.settings.clock.now() + 1000 * this.settings.rest;
    return this.trouble;
  }

  private async fillNow(): Promise<void> {
    this.readKept();
    if (this.settings.makes) await this.scale();
    this.isFilled = true;
    const missing = this.missing();
    if (!this.settings.makes) return;
    for (let from = 0; from < missing.length && !this.table?.isFull; from += atATime) {
      const some = missing.slice(from, from + atATime);
      const vectors = await this.made(some.map((question) => this.known.questions.at(question)));
      for (const [index, question] of some.entries()) {
        const vector = vectors[index];
        if (vector && !this.table?.isFull) this.add(question, vector);
      }
      this.settings.progress(Math.min(from + atATime, missing.length), missing.length);
    }
  }

  /** Numbers of known questions without a vector, after those whose vectors are kept got them. */
  private missing(): number[] {
    const missing: number[] = [];
    for (let question = 0; question < this.known.questions.length; question++) {
      if (!this.known.isKnown(question) || this.table?.has(question)) continue;
      const key = vectorKey(cut(this.known.questions.at(question)));
      const kept = this.spare.get(key);
      if (kept === undefined) missing.push(question);
      else if (!this.table?.isFull) this.add(question, kept);
      this.spare.delete(key);
    }
    if (this.settings.makes) this.spare.clear();
    return missing;
  }

  private readKept(): void {
    if (this.isRead) return;
    this.isRead = true;
    const { kept } = this.settings;
    try {
      kept?.read((key, vector) => {
        this.spare.set(key, vector);
      });
    } catch (thrown) {
      throw embedderFailed(
        `the vectors in ${kept?.path} cannot be read (${oneLine(messageOf(thrown), 120)}); delete it, and they are made again`,
        thrown,
      );
    }
  }

  private add(question: number, vector: Float32Array): void {
    this.refuseOtherWidth(vector);
    this.table ??= new VectorTable(vector.length);
    this.table.add(question, vector);
  }

  private refuseOtherWidth(vector: Float32Array): void {
    const { kept, embedder } = this.settings;
    if (this.table && vector.length !== this.table.width)
      throw embedderFailed(
        `${embedder.name} gives vectors of ${vector.length} numbers, but those of known questions have ${this.table.width}; ${kept ? `delete ${kept.path}, and they are made again` : 'use one model'}`,
      );
  }

  /** The vectors of texts, which are then kept. */
  private async made(given: readonly string[]): Promise<readonly Float32Array[]> {
    const texts = given.map(cut);
    const vectors = await this.settings.embedder.embed(texts, this.stop.signal);
    this.stop.signal.throwIfAborted();
    this.keep(texts, vectors);
    return vectors;
  }

  /** A disk that is full keeps no question from being answered. */
  private keep(texts: readonly string[], vectors: readonly Float32Array[]): void {
    const entries = texts.flatMap((text, index) => {
      const vector = vectors[index];
      return vector ? [[vectorKey(text), vector] as const] : [];
    });
    try {
      this.settings.kept?.append(entries);
    } catch (thrown) {
      this.notKept = messageOf(thrown);
    }
  }

  /** The cosine of sentences that have nothing in common, by language. */
  private scale(): Promise<Scale> {
    this.scaling ??= this.measured().catch((thrown: unknown) => {
      this.scaling = null;
      throw thrown;
    });
    return this.scaling;
  }

  private async measured(): Promise<Scale> {
    this.readKept();
    const texts = [...strangers.en, ...strangers.zh];
    const kept = texts.flatMap((text) => this.spare.get(vectorKey(text)) ?? []);
    const vectors = kept.length === texts.length ? kept : await this.made(texts);
    const english = strangers.en.length;
    // A model that gives everything the same vector has no scale.
    const zero = (some: readonly Float32Array[]) => Math.min(0.99, Math.max(0, meanCosine(some)));
    return { en: zero(vectors.slice(0, english)), zh: zero(vectors.slice(english)) };
  }
}

function cut(text: string): string {
  return storable(text.slice(0, longestText));
}
