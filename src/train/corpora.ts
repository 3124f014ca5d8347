// The conversations of a run, divided into those that it learns from and those that it is evaluated on. They are texts, or tokens
// in the shards of prepared corpora, which need no reading. Both divide in the same way.

import type { TrainOptions } from '../config/train-options.js';
import { divideOriginals, withFamilies } from '../corpus/augmented.js';
import { type Conversations, TextConversations } from '../corpus/conversations.js';
import { DialogueStore } from '../corpus/dialogue-store.js';
import { evaluationParts } from '../corpus/prepared/prepared-files.js';
import { LearnedReading, type ReadLearnedOptions } from '../corpus/read-learned.js';
import { apart, split } from '../corpus/split.js';
import { plural } from '../corpus/summary.js';
import { numberTexts } from '../corpus/text-numbers.js';
import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { findShards, type OpenedShards, type ShardSearch, type ShardUser } from './find-shards.js';

/** The conversations of a run before encoding. No conversation is on both sides. */
export interface Corpora {
  readonly train: Conversations;
  readonly evaluation: Conversations;
  /** What may be learned again; null if nothing is replayed. */
  readonly replay: Conversations | null;
  /** What was read and what was left out, for people. */
  readonly notes: readonly string[];
}

/** Which files are read, and which part of them is held out for evaluation. */
export type CorpusOptions = Pick<TrainOptions, 'data' | 'replay' | 'evalData' | 'evalRatio' | 'seed'> &
  ReadLearnedOptions;

/** The corpora of a run. Texts are read at once, so that a misspelt path does not cost the download of a model. */
export class OpenCorpora {
  private readonly evalData: readonly string[];
  /** The evaluation parts of prepared corpora, if these are evaluated on. */
  private readonly setAside: readonly string[];
  /** For the data, for what it is evaluated on, and for what is replayed. */
  private readonly searches: readonly ShardSearch[];
  private texts: Corpora | undefined;
  private readonly stores: DialogueStore[] = [];
  private readonly opened: OpenedShards[] = [];

  /** @throws UserError (data) when a corpus is missing or its text cannot be read or split. */
  constructor(private readonly options: CorpusOptions) {
    const { data, replay, evalData, evalRatio } = options;
    this.setAside = evalData.length > 0 || evalRatio === 0 ? [] : evaluationParts(data);
    this.evalData = this.setAside.length > 0 ? this.setAside : evalData;
    this.searches = [data, this.evalData, replay].map((paths) => findShards(paths, options));
    if (this.searches.every(({ kind }) => kind === 'none')) this.texts = this.read(null);
  }

  /**
   * @param user the tokenizer of the run; token shards of another one are not read. Null: the texts are read.
   * @throws UserError (data) when a text cannot be read or split.
   */
  of(user: ShardUser | null): Corpora {
    this.texts ??= this.read(user);
    return this.texts;
  }

  /** Frees the texts, which are not needed after encoding. */
  releaseTexts(): void {
    for (const store of this.stores) store.release();
  }

  /** Frees everything. Nothing can be read any more. */
  close(): void {
    this.releaseTexts();
    for (const shards of this.opened) shards.close();
  }

  private read(user: ShardUser | null): Corpora {
    const { options, evalData } = this;
    const reading = new LearnedReading(options);
    const notes: string[] = [];
    const side = (paths: readonly string[], search: ShardSearch | undefined): Conversations => {
      const found = user && search && search.kind !== 'none' ? search.open(user) : null;
      if (found?.kind === 'refused' && !notes.includes(found.note)) notes.push(found.note);
      if (found?.kind === 'opened') {
        this.opened.push(found.shards);
        notes.push(...reading.notesOf(found.summary));
        return found.conversations;
      }
      const store = new DialogueStore();
      this.stores.push(store);
      notes.push(...reading.read(paths, store.push.bind(store)).notes);
      return new TextConversations(store);
    };
    const [ofData, ofEvaluation, ofReplay] = this.searches;
    const data = side(options.data, ofData);
    const held = evalData.length > 0 ? side(evalData, ofEvaluation) : null;
    const replay = options.replay.length > 0 ? side(options.replay, ofReplay) : null;
    notes.push(...reading.end());
    const divided = held ? this.apart(data, held, notes) : this.split(data, notes);
    return { ...divided, replay: replay && notEvaluated(replay, divided.evaluation), notes };
  }

  /** @param notes gets what people should know. */
  private apart(
    data: Conversations,
    held: Conversations,
    notes: string[],
  ): Omit<Corpora, 'replay' | 'notes'> {
    const { setAside } = this;
    const { train } = apart(unitsOf(data, held), data.length);
    const originals = indicesOf(held).filter((index) => !isAugmented(held, index));
    if (originals.length === 0 && held.length > 0)
      throw new UserError(
        'corpus-too-small',
        `every dialogue of ${option('evalData')} is augmented, and those are never evaluated on; use the evaluation part of the corpus`,
      );
    if (train.length === 0)
      throw new UserError(
        'nothing-to-learn',
        `every dialogue of ${option('data')} is also in ${option('evalData')}, so none is left to train on; use other dialogues for one of the two`,
      );
    if (setAside.length > 0)
      notes.push(
        `evaluates on ${setAside.join(', ')}, which ${setAside.length === 1 ? 'was' : 'were'} set aside when the corpus was prepared`,
      );
    const isTrained = new Uint8Array(data.length);
    for (const index of train) isTrained[index] = 1;
    const left = indicesOf(data).filter((index) => isTrained[index] === 0);
    const made = left.filter((index) => isAugmented(data, index)).length;
    if (left.length > made)
      notes.push(
        `${left.length - made} dialogues of ${option('data')} are also in ${option('evalData')}; they are used only for evaluation`,
      );
    notes.push(...leftOut(made));
    if (held.length > originals.length)
      notes.push(
        `${plural(held.length - originals.length, 'augmented dialogue')} of ${option('evalData')} not evaluated on`,
      );
    return {
      train: left.length > 0 ? data.subset(train) : data,
      evaluation: held.length > originals.length ? held.subset(originals) : held,
    };
  }

  /** @param notes gets what people should know. */
  private split(data: Conversations, notes: string[]): Omit<Corpora, 'replay' | 'notes'> {
    const { evalRatio, seed } = this.options;
    if (evalRatio === 0) return { train: data, evaluation: data.subset([]) };
    const { train, evaluation } = divideOriginals(
      unitsOf(data),
      (index) => isAugmented(data, index),
      (some) => split(some, evalRatio, seed),
    );
    notes.push(...leftOut(data.length - train.length - evaluation.length));
    return { train: data.subset(train), evaluation: data.subset(evaluation) };
  }
}

/** What a run is evaluated on must not be replayed. */
function notEvaluated(replay: Conversations, evaluation: Conversations): Conversations {
  if (evaluation.length === 0) return replay;
  const { train } = apart(unitsOf(replay, evaluation), replay.length);
  return train.length < replay.length ? replay.subset(train) : replay;
}

function leftOut(augmented: number): readonly string[] {
  if (augmented === 0) return [];
  return [`${plural(augmented, 'augmented dialogue')} left out, because the originals are evaluated on`];
}

function indicesOf({ length }: Conversations): Int32Array {
  return new Int32Array(length).map((_, index) => index);
}

function isAugmented(side: Conversations, index: number): boolean {
  return side.familyAt(index) < 0;
}

/**
 * The number of each dialogue's texts, those of `held` last. Dialogues of one family have one number. Digests take longer than
 * texts, which compare only with texts.
 */
function unitsOf(data: Conversations, held?: Conversations): Int32Array {
  const areTexts = [data, held].every((side) => side === undefined || side instanceof TextConversations);
  const bytesAt = (side: Conversations, index: number) =>
    areTexts && side instanceof TextConversations ? side.textsAt(index) : side.digestAt(index);
  const length = data.length + (held?.length ?? 0);
  const at = <Value>(index: number, get: (side: Conversations, index: number) => Value) =>
    held && index >= data.length ? get(held, index - data.length) : get(data, index);
  const families = new Float64Array(length).map((_, index) =>
    at(index, (side, place) => side.familyAt(place)),
  );
  return withFamilies(
    numberTexts(length, (index) => at(index, bytesAt)),
    families,
  );
}
