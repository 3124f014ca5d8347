// From the corpus to batches: conversations read, split, encoded, laid into rows. After this only integers are left,
// and a few prompts to show replies to.

import { createHash } from 'node:crypto';
import type { TrainOptions } from '../config/train-options.js';
import type { Dialogue } from '../corpus/dialogue.js';
import { type EncodedDialogue, encodeDialogue } from '../corpus/encode-dialogue.js';
import { readCorpus, summaryLines } from '../corpus/read-corpus.js';
import { reverseDialogue } from '../corpus/reverse-dialogue.js';
import { split, without } from '../corpus/split.js';
import { EpochWindows } from '../corpus/windows.js';
import { UserError } from '../errors.js';
import type { DialogueOrder } from '../nn/gpt2-config.js';
import type { TrainingInput } from '../nn/packed-pass.js';
import { option } from '../option-names.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { choosePrompts, type SamplePrompt } from './evaluation.js';
import type { DataFingerprints } from './run-state.js';

const promptCount = 4;

export interface TrainingData {
  readonly windows: EpochWindows;
  /** Null where nothing is kept aside. */
  readonly evaluation: EpochWindows | null;
  readonly prompts: readonly SamplePrompt[];
  /** Change when the data, or what orders them, do. */
  readonly fingerprints: DataFingerprints;
  readonly counts: DataCounts;
}

export interface DataCounts {
  readonly dialogues: number;
  readonly evalDialogues: number;
  /** Dialogues that lost their oldest turns, or part of an overlong one, to `--max-length`. */
  readonly shortenedDialogues: number;
  /** Dialogues in which nothing is left to learn. */
  readonly droppedDialogues: number;
  /** Of an epoch. */
  readonly tokens: number;
  readonly supervisedTokens: number;
}

/** The conversations of a run, before they are encoded; none stands on both sides. */
export interface Corpora {
  readonly train: readonly Dialogue[];
  readonly evaluation: readonly Dialogue[];
  /** What was read, and what was left out, for people. */
  readonly notes: readonly string[];
}

/** Which files are read, and what of them is kept aside. */
export type CorpusOptions = Pick<TrainOptions, 'data' | 'format' | 'evalData' | 'evalRatio' | 'seed'>;

/** @throws UserError (data) when the corpus cannot be read or split. */
export function readCorpora(options: CorpusOptions): Corpora {
  const { format, evalData, evalRatio, seed } = options;
  const { dialogues, summary } = readCorpus(options.data, { format });
  const notes = summaryLines(summary);
  if (evalData.length > 0) {
    const held = readCorpus(evalData, { format });
    notes.push(...summaryLines(held.summary));
    return { ...apart(dialogues, held.dialogues, notes), evaluation: held.dialogues };
  }
  return {
    ...(evalRatio > 0 ? split(dialogues, evalRatio, seed) : { train: dialogues, evaluation: [] }),
    notes,
  };
}

function apart(dialogues: readonly Dialogue[], held: readonly Dialogue[], notes: readonly string[]) {
  const train = without(dialogues, held);
  const shared = dialogues.length - train.length;
  if (train.length === 0)
    throw new UserError(
      'nothing-to-learn',
      `every dialogue of ${option('data')} is also in ${option('evalData')}, so none is left to learn from`,
    );
  const both = `${shared} dialogues of ${option('data')} are also in ${option('evalData')}: they are measured on and not learnt from`;
  return { train, notes: shared === 0 ? notes : [...notes, both] };
}

/** Which way round a run learns its conversations. */
export function dialogueOrder({ reverse }: Pick<TrainOptions, 'reverse'>): DialogueOrder {
  return reverse ? 'reversed' : 'forward';
}

/** What of a dialogue is learnt, and how dialogues lie in rows. */
export type LayoutOptions = Pick<
  TrainOptions,
  'data' | 'lossOn' | 'reverse' | 'packing' | 'perDeviceTrainBatchSize' | 'gradientAccumulationSteps' | 'seed'
>;

/** @throws UserError (data) when nothing in the corpus can be learnt. */
export function prepareData(
  { train, evaluation }: Corpora,
  options: LayoutOptions,
  tokenizer: Tokenizer,
  maxLength: number,
): TrainingData {
  const { lossOn, reverse } = options;
  const encoding = { lossOn, maxLength, order: dialogueOrder(options) };
  const encode = (dialogues: readonly Dialogue[]) =>
    dialogues.flatMap((dialogue) => encodeDialogue(dialogue, tokenizer, encoding) ?? []);
  const encoded = encode(train);
  const held = encode(evaluation);
  if (encoded.length === 0)
    throw new UserError(
      'nothing-to-learn',
      `nothing in ${options.data.join(', ')} can be learnt: no turn that ${option('lossOn', lossOn)} counts is left`,
    );
  const rows = (dialogues: EncodedDialogue[], gradientAccumulationSteps: number) =>
    new EpochWindows(dialogues, {
      maxLength,
      packing: options.packing,
      batchSize: options.perDeviceTrainBatchSize,
      gradientAccumulationSteps,
      seed: options.seed,
    });
  return {
    windows: rows(encoded, options.gradientAccumulationSteps),
    evaluation: held.length > 0 ? rows(held, 1) : null,
    prompts: choosePrompts(reverse ? evaluation.map(reverseDialogue) : evaluation, promptCount),
    fingerprints: {
      training: fingerprint(encoded, options, maxLength),
      evaluation: held.length > 0 ? fingerprint(held, options, maxLength) : null,
    },
    counts: {
      dialogues: encoded.length,
      evalDialogues: held.length,
      shortenedDialogues: [...encoded, ...held].filter(({ droppedTokens }) => droppedTokens > 0).length,
      droppedDialogues: train.length + evaluation.length - encoded.length - held.length,
      tokens: encoded.reduce((sum, { tokens }) => sum + tokens.length, 0),
      supervisedTokens: encoded.reduce((sum, dialogue) => sum + dialogue.supervisedTokens, 0),
    },
  };
}

/** The whole evaluation set, batch by batch, always in the same order. */
export function* evaluationBatches({ evaluation }: TrainingData): Iterable<TrainingInput> {
  if (!evaluation) return;
  for (let index = 0; index < evaluation.windowsPerEpoch; index++) yield* evaluation.window(0, index).batches;
}

function fingerprint(
  dialogues: readonly EncodedDialogue[],
  options: LayoutOptions,
  maxLength: number,
): string {
  const { perDeviceTrainBatchSize, gradientAccumulationSteps, packing, seed } = options;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([maxLength, perDeviceTrainBatchSize, gradientAccumulationSteps, packing, seed]));
  for (const { tokens, targets } of dialogues) hash.update(tokens).update(targets).update('|');
  return hash.digest('hex');
}
