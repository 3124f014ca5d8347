// The order of training: every epoch is cut into accumulation windows, each the batches of one optimizer step. A window
// is a function of seed, epoch and index alone, so that a resumed run finds its place without having been there.

import { type Batch, collate } from './batch.js';
import type { EncodedDialogue } from './encode-dialogue.js';
import { dealEpoch, planRows, type RowPlan } from './pack.js';

export interface WindowOptions {
  /** Most tokens of a row. */
  readonly maxLength: number;
  /** Several dialogues a row, no padding; otherwise one, padded to maxLength. */
  readonly packing: boolean;
  /** Rows a batch. */
  readonly batchSize: number;
  /** Batches a window. */
  readonly gradientAccumulationSteps: number;
  readonly seed: number;
}

/** The batches of one optimizer step; the last one of an epoch may be smaller. */
export interface Window {
  readonly batches: readonly Batch[];
  readonly tokens: number;
  readonly supervisedTokens: number;
}

export class EpochWindows {
  readonly windowsPerEpoch: number;
  /** Rows of an epoch. */
  readonly rows: number;
  /** The most tokens, padding included, that any batch can have. */
  readonly largestBatch: number;
  private readonly lengths: readonly number[];
  private readonly plan: RowPlan;
  private dealt: { readonly epoch: number; readonly rows: readonly (readonly number[])[] } | null = null;

  /** @param dialogues at least one, each of at most maxLength tokens. */
  constructor(
    private readonly dialogues: readonly EncodedDialogue[],
    private readonly options: WindowOptions,
  ) {
    const { maxLength, packing, batchSize, gradientAccumulationSteps } = options;
    this.lengths = dialogues.map(({ tokens }) => tokens.length);
    this.plan = planRows(this.lengths, maxLength, packing);
    this.rows = this.plan.length;
    this.windowsPerEpoch = Math.ceil(this.rows / (batchSize * gradientAccumulationSteps));
    const rowLengths = this.plan.map((row) => (packing ? row.reduce((sum, length) => sum + length, 0) : maxLength));
    const longest = rowLengths.sort((a, b) => b - a).slice(0, batchSize);
    this.largestBatch = longest.reduce((sum, length) => sum + length, 0);
  }

  /** @param index 0 to windowsPerEpoch - 1. */
  window(epoch: number, index: number): Window {
    const { batchSize, gradientAccumulationSteps, packing, maxLength } = this.options;
    const perWindow = batchSize * gradientAccumulationSteps;
    const rows = this.rowsOf(epoch).slice(index * perWindow, (index + 1) * perWindow);
    if (rows.length === 0) throw new RangeError(`an epoch has ${this.windowsPerEpoch} windows, none is number ${index}`);
    const batches: Batch[] = [];
    for (let from = 0; from < rows.length; from += batchSize) {
      const dialogues = rows
        .slice(from, from + batchSize)
        .map((row) => row.flatMap((dialogue) => this.dialogues[dialogue] ?? []));
      batches.push(collate(dialogues, packing ? null : maxLength));
    }
    return {
      batches,
      tokens: batches.reduce((sum, { tokenCount }) => sum + tokenCount, 0),
      supervisedTokens: batches.reduce((sum, { targets }) => sum + targets.length, 0),
    };
  }

  private rowsOf(epoch: number): readonly (readonly number[])[] {
    if (this.dealt?.epoch !== epoch)
      this.dealt = { epoch, rows: dealEpoch(this.plan, this.lengths, this.options.seed, epoch) };
    return this.dealt.rows;
  }
}
