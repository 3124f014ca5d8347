// An epoch as the trainer takes it: windows of micro-batches, one window an optimizer step. Any window of any epoch can
// be asked for by itself, which is all that resuming needs; the same question always has the same answer.

import { type Batch, collate } from './batch.js';
import type { LabelledTokens } from './encode-dialogue.js';
import { dealEpoch, planRows, type RowPlan } from './pack.js';

export interface WindowOptions {
  /** Tokens a row. */
  readonly maxLength: number;
  /** False: one dialogue a row, filled up with padding. */
  readonly packing: boolean;
  /** Rows a micro-batch. */
  readonly batchSize: number;
  /** Micro-batches a window. */
  readonly gradientAccumulationSteps: number;
  readonly seed: number;
}

export interface Window {
  readonly batches: readonly Batch[];
  /** Of all its batches together: what the loss is divided by. */
  readonly supervisedTokens: number;
  /** Of all its batches together, padding left out. */
  readonly tokens: number;
}

/** An array, or an EncodedCorpus. */
export interface EncodedDialogues {
  readonly length: number;
  at(index: number): LabelledTokens | undefined;
}

export class EpochWindows {
  /** How many rows an epoch has. */
  readonly rows: number;
  /** The last one has the rows that are left, perhaps fewer than the others. */
  readonly windowsPerEpoch: number;
  /** The most tokens, padding included, that a micro-batch can have. */
  readonly largestBatch: number;
  private readonly plan: RowPlan;
  private readonly rowsPerWindow: number;
  private dealt: { readonly epoch: number; readonly rows: readonly (readonly number[])[] } | undefined;

  constructor(
    private readonly dialogues: EncodedDialogues,
    private readonly options: WindowOptions,
  ) {
    const { maxLength, packing, batchSize, gradientAccumulationSteps } = options;
    const lengths = Int32Array.from(
      { length: dialogues.length },
      (_, index) => dialogues.at(index)?.tokens.length ?? 0,
    );
    this.plan = planRows(lengths, maxLength, packing);
    this.rows = this.plan.rows.length;
    const lengthOf = (row: readonly number[]) =>
      packing ? row.reduce((sum, dialogue) => sum + (lengths[dialogue] ?? 0), 0) : maxLength;
    const longest = this.plan.rows.map(lengthOf).sort((left, right) => right - left);
    this.largestBatch = longest.slice(0, batchSize).reduce((sum, length) => sum + length, 0);
    this.rowsPerWindow = batchSize * gradientAccumulationSteps;
    this.windowsPerEpoch = Math.ceil(this.rows / this.rowsPerWindow);
  }

  /** @param index in 0..windowsPerEpoch-1. */
  window(epoch: number, index: number): Window {
    if (index < 0 || index >= this.windowsPerEpoch)
      throw new RangeError(`window ${index} is not one of ${this.windowsPerEpoch}`);
    const { maxLength, packing, batchSize } = this.options;
    const first = index * this.rowsPerWindow;
    const rows = this.epoch(epoch)
      .slice(first, first + this.rowsPerWindow)
      .map((row) => row.flatMap((dialogue) => this.dialogues.at(dialogue) ?? []));
    const batches: Batch[] = [];
    for (let row = 0; row < rows.length; row += batchSize)
      batches.push(collate(rows.slice(row, row + batchSize), { maxLength, padTo: packing ? 'none' : 'row' }));
    return {
      batches,
      supervisedTokens: batches.reduce((sum, { targets }) => sum + targets.length, 0),
      tokens: batches.reduce((sum, { tokenCount }) => sum + tokenCount, 0),
    };
  }

  private epoch(epoch: number): readonly (readonly number[])[] {
    if (this.dealt?.epoch !== epoch)
      this.dealt = { epoch, rows: dealEpoch(this.plan, this.options.seed, epoch) };
    return this.dealt.rows;
  }
}
