// `auto` for the rows that are computed at once: as many as memory allows, of the rows that an optimizer step has. Those
// stay as many whatever fits: what no longer fits at once is accumulated.

import type { RunOptions } from '../config/output-folder.js';
import { trainOptions } from '../config/train-options.js';
import { option } from '../option-names.js';

/** Options of a run that knows its micro-batches. */
export type SettledOptions = RunOptions & { readonly perDeviceTrainBatchSize: number };

export interface BatchSizeLimits {
  /** Tokens of a row. */
  readonly maxLength: number;
  /** Tokens of a micro-batch beyond which the device computes no faster; Infinity where it is not known. */
  readonly usefulTokens: number;
  /** Whether memory is enough for so many tokens at once. */
  fits(tokens: number): boolean;
  /** What the checkpoint says that the run goes on from; undefined where there is none. */
  recorded(key: string): unknown;
}

/** On a processor the matrices are as large as they need be to keep it busy. */
export const usefulTokensOnCpu = 4096;

/**
 * A step has as many rows as it would have without `auto`: the default rows of a batch times
 * --gradient-accumulation-steps. A resumed run keeps how they were divided, since sums of other parts have other bits.
 */
export function settleBatchSize(options: RunOptions, limits: BatchSizeLimits): SettledOptions {
  const { perDeviceTrainBatchSize: wanted, gradientAccumulationSteps } = options;
  if (wanted !== 'auto') return { ...options, perDeviceTrainBatchSize: wanted };
  const rowsAStep = trainOptions.perDeviceTrainBatchSize.default * gradientAccumulationSteps;
  const rows = recordedRows(rowsAStep, limits) ?? largest(rowsAStep, limits);
  return { ...options, perDeviceTrainBatchSize: rows, gradientAccumulationSteps: rowsAStep / rows };
}

/** For people. */
export function batchSizeNote({
  perDeviceTrainBatchSize: rows,
  gradientAccumulationSteps: batches,
}: SettledOptions): string {
  const once = batches === 1 ? 'all at once' : `in ${batches} batches of ${rows}`;
  return `${option('perDeviceTrainBatchSize', 'auto')}: the ${rows * batches} rows of a step are computed ${once}`;
}

function recordedRows(rowsAStep: number, { recorded }: BatchSizeLimits): number | undefined {
  const rows = recorded('perDeviceTrainBatchSize');
  const batches = recorded('gradientAccumulationSteps');
  if (typeof rows !== 'number' || typeof batches !== 'number') return undefined;
  return Number.isInteger(rows) && rows >= 1 && rows * batches === rowsAStep ? rows : undefined;
}

/** Of the numbers that divide the rows of a step evenly; 1 where nothing fits, which the plan then refuses. */
function largest(rowsAStep: number, { maxLength, usefulTokens, fits }: BatchSizeLimits): number {
  const most = Math.max(1, Math.min(rowsAStep, Math.floor(usefulTokens / maxLength)));
  for (let rows = most; rows > 1; rows--) if (rowsAStep % rows === 0 && fits(rows * maxLength)) return rows;
  return 1;
}
