// `--batch-size auto`: the largest micro-batch that memory allows. The number of sequences per optimizer step does not
// depend on it: sequences that do not fit into one micro-batch are accumulated.

import type { RunOptions } from '../config/output-folder.js';
import { trainOptions } from '../config/train-options.js';
import { option } from '../option-names.js';

/** Options of a run with a known micro-batch size. */
export type SettledOptions = RunOptions & { readonly perDeviceTrainBatchSize: number };

export interface BatchSizeLimits {
  /** Tokens per sequence. */
  readonly maxLength: number;
  /** Tokens of a micro-batch beyond which the device computes no faster; Infinity when unknown. */
  readonly usefulTokens: number;
  /** Whether a micro-batch of this many tokens fits into memory. */
  fits(tokens: number): boolean;
  /** An option recorded in the checkpoint that the run resumes from; undefined when there is none. */
  recorded(key: string): unknown;
}

/** On a CPU, matrices of this size already keep all cores busy. */
export const usefulTokensOnCpu = 4096;

/**
 * A step has as many sequences as without `auto`: the default batch size times --gradient-accumulation-steps. A resumed run
 * keeps its micro-batch size, because sums over other micro-batches differ in their last bits.
 */
export function settleBatchSize(options: RunOptions, limits: BatchSizeLimits): SettledOptions {
  const { perDeviceTrainBatchSize: wanted, gradientAccumulationSteps } = options;
  if (wanted !== 'auto') return { ...options, perDeviceTrainBatchSize: wanted };
  const rowsAStep = trainOptions.perDeviceTrainBatchSize.default * gradientAccumulationSteps;
  const rows = recordedRows(rowsAStep, limits) ?? largest(rowsAStep, limits);
  return { ...options, perDeviceTrainBatchSize: rows, gradientAccumulationSteps: rowsAStep / rows };
}

/** The note that people see. */
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

/** The largest divisor of the sequences per step that fits; 1 when nothing fits, which the plan then refuses. */
function largest(rowsAStep: number, { maxLength, usefulTokens, fits }: BatchSizeLimits): number {
  const most = Math.max(1, Math.min(rowsAStep, Math.floor(usefulTokens / maxLength)));
  for (let rows = most; rows > 1; rows--) if (rowsAStep % rows === 0 && fits(rows * maxLength)) return rows;
  return 1;
}
