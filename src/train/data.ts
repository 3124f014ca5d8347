// From the corpus to batches: reads, splits, encodes and packs conversations. Afterwards only integers are left, and a few
// prompts for sample replies.

import type { TrainOptions } from '../config/train-options.js';
import type { Conversations, PlacedDialogues } from '../corpus/conversations.js';
import type { Dialogue } from '../corpus/dialogue.js';
import type { EncodedDialogue } from '../corpus/encode-dialogue.js';
import { EncodedCorpus } from '../corpus/encoded-corpus.js';
import { EpochSteps } from '../corpus/epoch-steps.js';
import { learntTurns, learntTurnsReversed } from '../corpus/learnt-turns.js';
import { TrainingText } from '../corpus/training-text.js';
import { UserError } from '../errors.js';
import type { Batch } from '../nn/batch.js';
import type { DialogueOrder } from '../nn/gpt2-config.js';
import { option } from '../option-names.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import type { Corpora } from './corpora.js';
import { DataFingerprint } from './data-fingerprint.js';
import { EncodingCounts, type LengthLoss } from './encoding-counts.js';
import { choosePrompts, type SamplePrompt } from './evaluation.js';
import { QuestionDraw, type Questions } from './exact-match.js';
import { drawn, replayNote } from './replay.js';
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
  /** To train on, replayed ones included. */
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

/** Whether a run learns its conversations forward or reversed. */
export function dialogueOrder({ reverse }: Pick<TrainOptions, 'reverse'>): DialogueOrder {
  return reverse ? 'reversed' : 'forward';
}

/** What is learned of a dialogue, how dialogues are packed into sequences, and how many questions are asked. */
export type LayoutOptions = Pick<
  TrainOptions,
  | 'data'
  | 'replay'
  | 'replayRatio'
  | 'lossOn'
  | 'reverse'
  | 'packing'
  | 'gradientAccumulationSteps'
  | 'evalReplies'
  | 'seed'
> & { readonly perDeviceTrainBatchSize: number };

/** @throws UserError (data) when nothing in the corpus can be learned. */
export function prepareData(
  { train, evaluation, replay }: Corpora,
  options: LayoutOptions,
  tokenizer: Tokenizer,
  maxLength: number,
): TrainingData {
  const { lossOn, reverse } = options;
  const encoding = { lossOn, maxLength, order: dialogueOrder(options) };
  const text = new TrainingText(tokenizer);
  const total = new EncodingCounts();
  let assistantDialogues = 0;
  const notes: string[] = [];
  let replayedDialogues = 0;
  const encode = (conversations: Conversations) => {
    const again = conversations === train ? replay : null;
    // Tokens that are read in place have no room for those of other conversations.
    const corpus = again
      ? new EncodedCorpus(tokenizer.vocabularySize)
      : conversations.place(tokenizer.vocabularySize, encoding);
    const questions = new QuestionDraw(tokenizer.endOfText, options);
    const fingerprint = new DataFingerprint(options, maxLength);
    const take = (encoded: EncodedDialogue, index: number) => {
      corpus.push(encoded, index);
      fingerprint.add(encoded);
      if (!reverse) questions.add(encoded);
      total.add(encoded);
      if (conversations === train && encoded.rule === 'assistant') assistantDialogues++;
    };
    let index = -1;
    for (const encoded of conversations.encoded(text, encoding)) {
      index++;
      if (encoded !== null) take(encoded, index);
    }
    if (again && corpus.length > 0) {
      const { replayRatio, seed } = options;
      const wanted = (corpus.tokens * replayRatio) / (1 - replayRatio);
      const own = corpus.tokens;
      const encodedOf = (some: Conversations) => some.encoded(text, encoding);
      for (const encoded of drawn(again, { wanted, seed }, encodedOf)) {
        take(encoded, ++index);
        replayedDialogues++;
      }
      notes.push(replayNote(options, replayedDialogues, (corpus.tokens - own) / corpus.tokens));
    }
    return { corpus, fingerprint: fingerprint.digest(), questions: questions.drawn() };
  };
  const { corpus: encoded, questions: trained, fingerprint: ofTraining } = encode(train);
  const { corpus: held, questions: heldOut, fingerprint: ofEvaluation } = encode(evaluation);
  if (encoded.length === 0) throw nothingToLearn(options, train);
  const prompts = choosePrompts(evaluation, promptCount, (dialogue) => saidInOrder(dialogue, options));
  const epochSteps = (dialogues: PlacedDialogues, gradientAccumulationSteps: number) =>
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
    fingerprints: { training: ofTraining, evaluation: held.length > 0 ? ofEvaluation : null },
    counts: {
      dialogues: encoded.length,
      evalDialogues: held.length,
      assistantDialogues,
      ...total.loss,
      droppedDialogues: train.length + replayedDialogues + evaluation.length - encoded.length - held.length,
      tokens: encoded.tokens,
      supervisedTokens: encoded.supervisedTokens,
    },
    notes: [...total.notes, ...notes],
  };
}

function nothingToLearn({ data, lossOn }: LayoutOptions, train: Conversations): UserError {
  const why =
    lossOn === 'assistant' && !train.hasAssistant()
      ? `no turn is known to be an assistant's; use ${option('lossOn', 'responses')}`
      : `no turn that ${option('lossOn', lossOn)} counts is left`;
  return new UserError('nothing-to-learn', `nothing in ${data.join(', ')} can be learned: ${why}`);
}

/** The texts up to the last learned one, in the order in which the model reads them. */
function saidInOrder(dialogue: Dialogue, { reverse, lossOn }: LayoutOptions): readonly string[] {
  return (reverse ? learntTurnsReversed : learntTurns)(dialogue, lossOn).map(({ turn }) => turn.text);
}

/** The whole evaluation set, always in the same order. */
export function* evaluationBatches({ evaluation }: TrainingData): Iterable<Batch> {
  if (!evaluation) return;
  for (let index = 0; index < evaluation.stepsPerEpoch; index++) yield* evaluation.step(0, index).batches;
}
