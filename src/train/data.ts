// From the corpus to batches: reads, splits, encodes and packs conversations. Afterwards only integers are left, and a few
// prompts for sample replies.

import { createHash } from 'node:crypto';
import type { TrainOptions } from '../config/train-options.js';
import { divideOriginals, withFamilies } from '../corpus/augmented.js';
import type { Dialogue } from '../corpus/dialogue.js';
import { type DialogueList, DialogueStore } from '../corpus/dialogue-store.js';
import { encodeDialogue } from '../corpus/encode-dialogue.js';
import { EncodedCorpus } from '../corpus/encoded-corpus.js';
import { EpochSteps } from '../corpus/epoch-steps.js';
import { learntTurns, learntTurnsReversed } from '../corpus/learnt-turns.js';
import { evaluationParts } from '../corpus/prepared/prepared-files.js';
import { LearnedReading, type ReadLearnedOptions } from '../corpus/read-learned.js';
import { apart, split } from '../corpus/split.js';
import { plural } from '../corpus/summary.js';
import { TrainingText } from '../corpus/training-text.js';
import { UserError } from '../errors.js';
import type { Batch } from '../nn/batch.js';
import type { DialogueOrder } from '../nn/gpt2-config.js';
import { option } from '../option-names.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { EncodingCounts, type LengthLoss } from './encoding-counts.js';
import { choosePrompts, type SamplePrompt } from './evaluation.js';
import { QuestionDraw, type Questions } from './exact-match.js';
import type { DataFingerprints } from './run-state.js';

const promptCount = 4;

export interface TrainingData {
  readonly epochSteps: EpochSteps;
  /** Null when nothing is held out. */
  readonly evaluation: EpochSteps | null;
  readonly prompts: readonly SamplePrompt[];
  readonly questions: Questions;
  /** They change with the data and with the options that order it. */
  readonly fingerprints: DataFingerprints;
  readonly counts: DataCounts;
  /** What people should know about how the text was read. */
  readonly notes: readonly string[];
}

export interface DataCounts extends LengthLoss {
  readonly dialogues: number;
  readonly evalDialogues: number;
  /** The training dialogues in which only the assistant's turns are learned. */
  readonly assistantDialogues: number;
  /** Dialogues without anything to learn. */
  readonly droppedDialogues: number;
  /** Per epoch. */
  readonly tokens: number;
  readonly supervisedTokens: number;
}

/** The conversations of a run before encoding. No conversation is on both sides. */
export interface Corpora {
  readonly train: DialogueList;
  readonly evaluation: DialogueList;
  /** What was read and what was left out, for people. */
  readonly notes: readonly string[];
}

/** The conversations that `readCorpora` returns. */
export interface CorporaRead extends Corpora {
  /** Frees the texts, which are not needed after encoding. */
  release(): void;
}

/** Which files are read, and which part of them is held out for evaluation. */
export type CorpusOptions = Pick<TrainOptions, 'data' | 'evalData' | 'evalRatio' | 'seed'> &
  ReadLearnedOptions;

/** @throws UserError (data) when the corpus cannot be read or split. */
export function readCorpora(options: CorpusOptions): CorporaRead {
  const { evalRatio, seed } = options;
  const prepared = options.evalData.length > 0 || evalRatio === 0 ? [] : evaluationParts(options.data);
  const evalData = prepared.length > 0 ? prepared : options.evalData;
  const store = new DialogueStore();
  const reading = new LearnedReading(options);
  const read = (paths: readonly string[]) => reading.read(paths, store.push.bind(store)).notes;
  const notes = [...read(options.data)];
  const count = store.length;
  const units = () => withFamilies(store.textNumbers(), store.families());
  const isAugmented = (index: number) => store.isAugmented(index);
  const corpora = (train: ArrayLike<number>, evaluation: ArrayLike<number>): CorporaRead => ({
    train: store.subset(train),
    evaluation: store.subset(evaluation),
    notes,
    release: () => store.release(),
  });
  if (evalData.length > 0) {
    notes.push(...read(evalData), ...reading.end());
    const { train, evaluation: held } = apart(units(), count);
    const evaluation = held.filter((index) => !isAugmented(index));
    if (evaluation.length === 0 && held.length > 0)
      throw new UserError(
        'corpus-too-small',
        `every dialogue of ${option('evalData')} is augmented, and those are never evaluated on; use the evaluation part of the corpus`,
      );
    if (train.length === 0)
      throw new UserError(
        'nothing-to-learn',
        `every dialogue of ${option('data')} is also in ${option('evalData')}, so none is left to train on; use other dialogues for one of the two`,
      );
    if (prepared.length > 0)
      notes.push(
        `evaluates on ${prepared.join(', ')}, which ${prepared.length === 1 ? 'was' : 'were'} set aside when the corpus was prepared`,
      );
    const isTrained = new Uint8Array(count);
    for (const index of train) isTrained[index] = 1;
    const left = [...isTrained.keys()].filter((index) => isTrained[index] === 0);
    const made = left.filter(isAugmented).length;
    if (left.length > made)
      notes.push(
        `${left.length - made} dialogues of ${option('data')} are also in ${option('evalData')}; they are used only for evaluation`,
      );
    notes.push(...leftOut(made));
    if (held.length > evaluation.length)
      notes.push(
        `${plural(held.length - evaluation.length, 'augmented dialogue')} of ${option('evalData')} not evaluated on`,
      );
    return corpora(train, evaluation);
  }
  notes.push(...reading.end());
  if (evalRatio === 0) return { ...corpora([], []), train: store };
  const { train, evaluation } = divideOriginals(units(), isAugmented, (some) => split(some, evalRatio, seed));
  notes.push(...leftOut(count - train.length - evaluation.length));
  return corpora(train, evaluation);
}

function leftOut(augmented: number): readonly string[] {
  if (augmented === 0) return [];
  return [`${plural(augmented, 'augmented dialogue')} left out, because the originals are evaluated on`];
}

/** Whether a run learns its conversations forward or reversed. */
export function dialogueOrder({ reverse }: Pick<TrainOptions, 'reverse'>): DialogueOrder {
  return reverse ? 'reversed' : 'forward';
}

/** What is learned of a dialogue, how dialogues are packed into sequences, and how many questions are asked. */
export type LayoutOptions = Pick<
  TrainOptions,
  'data' | 'lossOn' | 'reverse' | 'packing' | 'gradientAccumulationSteps' | 'evalReplies' | 'seed'
> & { readonly perDeviceTrainBatchSize: number };

/** @throws UserError (data) when nothing in the corpus can be learned. */
export function prepareData(
  { train, evaluation }: Corpora,
  options: LayoutOptions,
  tokenizer: Tokenizer,
  maxLength: number,
): TrainingData {
  const { lossOn, reverse } = options;
  const encoding = { lossOn, maxLength, order: dialogueOrder(options) };
  const text = new TrainingText(tokenizer);
  const total = new EncodingCounts();
  let assistantDialogues = 0;
  const encode = (dialogues: DialogueList) => {
    const corpus = new EncodedCorpus(tokenizer.vocabularySize);
    const questions = new QuestionDraw(tokenizer.endOfText, options);
    for (const dialogue of dialogues) {
      const encoded = encodeDialogue(dialogue, text, encoding);
      if (encoded === null) continue;
      corpus.push(encoded);
      if (!reverse) questions.add(encoded);
      total.add(encoded);
      if (dialogues === train && encoded.rule === 'assistant') assistantDialogues++;
    }
    return { corpus, questions: questions.drawn() };
  };
  const { corpus: encoded, questions: trained } = encode(train);
  const { corpus: held, questions: heldOut } = encode(evaluation);
  if (encoded.length === 0) throw nothingToLearn(options, train);
  const prompts = choosePrompts(evaluation, promptCount, (dialogue) => saidInOrder(dialogue, options));
  const epochSteps = (dialogues: EncodedCorpus, gradientAccumulationSteps: number) =>
    new EpochSteps(dialogues, {
      maxLength,
      packing: options.packing,
      batchSize: options.perDeviceTrainBatchSize,
      gradientAccumulationSteps,
      seed: options.seed,
    });
  return {
    epochSteps: epochSteps(encoded, options.gradientAccumulationSteps),
    evaluation: held.length > 0 ? epochSteps(held, 1) : null,
    prompts,
    questions: { trained, heldOut },
    fingerprints: {
      training: fingerprint(encoded, options, maxLength),
      evaluation: held.length > 0 ? fingerprint(held, options, maxLength) : null,
    },
    counts: {
      dialogues: encoded.length,
      evalDialogues: held.length,
      assistantDialogues,
      ...total.loss,
      droppedDialogues: train.length + evaluation.length - encoded.length - held.length,
      tokens: encoded.tokens,
      supervisedTokens: encoded.supervisedTokens,
    },
    notes: total.notes,
  };
}

function nothingToLearn({ data, lossOn }: LayoutOptions, train: DialogueList): UserError {
  const isAssistants = ({ turns }: Dialogue) => turns.some(({ role }) => role === 'assistant');
  const why =
    lossOn === 'assistant' && ![...train].some(isAssistants)
      ? `no turn is known to be an assistant's; use ${option('lossOn', 'responses')}`
      : `no turn that ${option('lossOn', lossOn)} counts is left`;
  return new UserError('nothing-to-learn', `nothing in ${data.join(', ')} can be learned: ${why}`);
}

/** The texts up to the last learned one, in the order in which the model reads them. */
function saidInOrder(dialogue: Dialogue, { reverse, lossOn }: LayoutOptions): readonly string[] {
  return (reverse ? learntTurnsReversed : learntTurns)(dialogue, lossOn).map(({ text }) => text);
}

/** The whole evaluation set, always in the same order. */
export function* evaluationBatches({ evaluation }: TrainingData): Iterable<Batch> {
  if (!evaluation) return;
  for (let index = 0; index < evaluation.stepsPerEpoch; index++) yield* evaluation.step(0, index).batches;
}

function fingerprint(dialogues: EncodedCorpus, options: LayoutOptions, maxLength: number): string {
  const { perDeviceTrainBatchSize, gradientAccumulationSteps, packing, seed } = options;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([maxLength, perDeviceTrainBatchSize, gradientAccumulationSteps, packing, seed]));
  for (const { tokens, targets } of dialogues) hash.update(tokens).update(targets).update('|');
  return hash.digest('hex');
}
