// From the corpus to batches: conversations read, split, encoded, laid into rows. After this only integers are left,
// and a few prompts to show replies to.

import { createHash } from 'node:crypto';
import type { TrainOptions } from '../config/train-options.js';
import type { Dialogue } from '../corpus/dialogue.js';
import { type EncodedDialogue, encodeDialogue } from '../corpus/encode-dialogue.js';
import { learntTurns, learntTurnsReversed } from '../corpus/learnt-turns.js';
import { readCorpus } from '../corpus/read-corpus.js';
import { split, without } from '../corpus/split.js';
import { plural, summaryLines } from '../corpus/summary.js';
import { TrainingText } from '../corpus/training-text.js';
import { EpochWindows } from '../corpus/windows.js';
import { UserError } from '../errors.js';
import type { DialogueOrder } from '../nn/gpt2-config.js';
import type { TrainingInput } from '../nn/packed-pass.js';
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
  /** What people should know of how the text was read. */
  readonly notes: readonly string[];
}

export interface DataCounts {
  readonly dialogues: number;
  readonly evalDialogues: number;
  /** Of the dialogues to learn from, those of which only what the assistant says is learnt. */
  readonly assistantDialogues: number;
  /** What `--max-length` took away: dialogues that lost whole turns, learnt turns that lost their end, tokens in all. */
  readonly dialoguesThatLostTurns: number;
  readonly cutReplies: number;
  readonly lostTokens: number;
  /** Of all tokens, in 0..1. */
  readonly lostShare: number;
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
      'data',
      'every dialogue of --data is also in --eval-data, so none is left to learn from',
    );
  const both = `${shared} dialogues of --data are also in --eval-data: they are measured on and not learnt from`;
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
  const { lossOn } = options;
  const encoding = { lossOn, maxLength, order: dialogueOrder(options) };
  const text = new TrainingText(tokenizer);
  const encode = (dialogues: readonly Dialogue[]) =>
    dialogues.flatMap((dialogue) => encodeDialogue(dialogue, text, encoding) ?? []);
  const encoded = encode(train);
  const held = encode(evaluation);
  if (encoded.length === 0) throw nothingToLearn(options, train);
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
    prompts: choosePrompts(saidInOrder(evaluation, options), promptCount),
    fingerprints: {
      training: fingerprint(encoded, options, maxLength),
      evaluation: held.length > 0 ? fingerprint(held, options, maxLength) : null,
    },
    counts: {
      dialogues: encoded.length,
      evalDialogues: held.length,
      assistantDialogues: encoded.filter(({ rule }) => rule === 'assistant').length,
      ...lossToLength([...encoded, ...held]),
      droppedDialogues: train.length + evaluation.length - encoded.length - held.length,
      tokens: encoded.reduce((sum, { tokens }) => sum + tokens.length, 0),
      supervisedTokens: encoded.reduce((sum, dialogue) => sum + dialogue.supervisedTokens, 0),
    },
    notes: spelledNotes([...encoded, ...held]),
  };
}

function nothingToLearn({ data, lossOn }: LayoutOptions, train: readonly Dialogue[]): UserError {
  const nobody = train.every(({ turns }) => turns.every(({ role }) => role !== 'assistant'));
  const why =
    lossOn === 'assistant' && nobody
      ? 'no turn is known to be the assistant’s; use --loss-on responses'
      : `no turn that --loss-on ${lossOn} counts is left`;
  return new UserError('data', `nothing in ${data.join(', ')} can be learnt: ${why}`);
}

/** The texts of each dialogue up to the last one that is learnt, in the order in which the model reads them. */
function saidInOrder(dialogues: readonly Dialogue[], options: LayoutOptions): (readonly string[])[] {
  const inOrder = options.reverse ? learntTurnsReversed : learntTurns;
  return dialogues
    .map((dialogue) => inOrder(dialogue, options.lossOn).map(({ text }) => text))
    .filter((turns) => turns.length > 1);
}

function lossToLength(dialogues: readonly EncodedDialogue[]) {
  const lostTokens = dialogues.reduce((sum, { droppedTokens }) => sum + droppedTokens, 0);
  const keptTokens = dialogues.reduce((sum, { tokens }) => sum + tokens.length + 1, 0);
  return {
    dialoguesThatLostTurns: dialogues.filter(({ droppedTurns }) => droppedTurns > 0).length,
    cutReplies: dialogues.filter(({ cutReply }) => cutReply).length,
    lostTokens,
    lostShare: lostTokens / Math.max(1, lostTokens + keptTokens),
  };
}

/** Text that spells special tokens is not learnt as letters; nobody should have to find that out. */
function spelledNotes(dialogues: readonly EncodedDialogue[]): string[] {
  const ends = dialogues.reduce((sum, { endMarkers }) => sum + endMarkers, 0);
  const others = dialogues.reduce((sum, { specialTokens }) => sum + specialTokens, 0);
  return [
    ...(ends > 0 ? [`${plural(ends, 'end-of-text marker')} in the text: the turn ends there`] : []),
    ...(others > 0
      ? [`${plural(others, 'special token')} of the model in the text: each is learnt as one token`]
      : []),
  ];
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
