// Gives the trainer the micro-batches of each optimizer step. Any step of any epoch can be requested directly, and the
// result is always the same, so a resumed run needs only the numbers of its epoch and step.

import type { Batch } from '../nn/batch.js';
import { collate } from './batch.js';
import type { LabelledTokens } from './encode-dialogue.js';
import { type DealtEpoch, dealEpoch, type PackingPlan, planPacking } from './pack.js';

export interface EpochOptions {
  /** Tokens per sequence. */
  readonly maxLength: number;
  /** False: one dialogue per sequence, padded to maxLength. */
  readonly packing: boolean;
  /** Sequences per micro-batch. */
  readonly batchSize: number;
  /** Micro-batches per optimizer step. */
  readonly gradientAccumulationSteps: number;
  readonly seed: number;
}

/** The micro-batches of one optimizer step. */
export interface StepBatches {
  readonly batches: readonly Batch[];
  /** Total over all batches: the divisor of the loss. */
  readonly supervisedTokens: number;
  /** Total over all batches, without padding. */
  readonly tokens: number;
}

/** The part of an array or an EncodedCorpus that is used here. */
export interface EncodedDialogues {
  readonly length: number;
  at(index: number): LabelledTokens | undefined;
  /** Number of input tokens of a dialogue. If it is missing, `at` tells it. */
  lengthOf?(index: number): number;
}

export class EpochSteps {
  /** Sequences per epoch. */
  readonly sequences: number;
  /** The last step of an epoch takes the remaining sequences, so it can have fewer than the others. */
  readonly stepsPerEpoch: number;
  /** The largest possible number of tokens in a micro-batch, padding included. */
  readonly largestBatch: number;
  private readonly plan: PackingPlan;
  private readonly sequencesPerStep: number;
  private dealt: { readonly epoch: number; readonly sequences: DealtEpoch } | undefined;

  constructor(
    private readonly dialogues: EncodedDialogues,
    private readonly options: EpochOptions,
  ) {
    const { maxLength, packing, batchSize, gradientAccumulationSteps } = options;
    const lengths = Int32Array.from(
      { length: dialogues.length },
      (_, index) => dialogues.lengthOf?.(index) ?? dialogues.at(index)?.tokens.length ?? 0,
    );
    this.plan = planPacking(lengths, maxLength, packing);
    this.sequences = this.plan.sequences.length;
    const lengthOf = (sequence: Int32Array) =>
      packing ? sequence.reduce((sum, dialogue) => sum + (lengths[dialogue] ?? 0), 0) : maxLength;
    const shortestFirst = new Int32Array(this.sequences);
    for (let index = 0; index < this.sequences; index++)
      shortestFirst[index] = lengthOf(this.plan.sequences.at(index));
    shortestFirst.sort();
    this.largestBatch = shortestFirst.subarray(-batchSize).reduce((sum, length) => sum + length, 0);
    this.sequencesPerStep = batchSize * gradientAccumulationSteps;
    this.stepsPerEpoch = Math.ceil(this.sequences / this.sequencesPerStep);
  }

  /** @param index in [0, stepsPerEpoch). @throws RangeError if it is not. */
  step(epoch: number, index: number): StepBatches {
    if (index < 0 || index >= this.stepsPerEpoch)
      throw new RangeError(`step ${index} is not one of the ${this.stepsPerEpoch} steps of an epoch`);
    const { maxLength, packing, batchSize } = this.options;
    const first = index * this.sequencesPerStep;
    const dealt = this.epoch(epoch);
    const count = Math.min(this.sequencesPerStep, dealt.length - first);
    const sequences = Array.from({ length: count }, (_, place) =>
      Array.from(dealt.at(first + place)).flatMap((dialogue) => this.dialogues.at(dialogue) ?? []),
    );
    const batches: Batch[] = [];
    for (let from = 0; from < sequences.length; from += batchSize)
      batches.push(collate(sequences.slice(from, from + batchSize), { maxLength, pad: !packing }));
    return {
      batches,
      supervisedTokens: batches.reduce((sum, { targets }) => sum + targets.length, 0),
      tokens: sequences.flat().reduce((sum, { tokens }) => sum + tokens.length, 0),
    };
  }

  private epoch(epoch: number): DealtEpoch {
    if (this.dealt?.epoch !== epoch)
      this.dealt = { epoch, sequences: dealEpoch(this.plan, this.options.seed, epoch) };
    return this.dealt.sequences;
  }
}
