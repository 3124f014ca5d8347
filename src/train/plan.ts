// The plan of a run before its first step: tokens, steps and memory. A run that does not fit is refused here.

import type { TrainOptions } from '../config/train-options.js';
import type { LossOn } from '../corpus/learnt-turns.js';
import type { Device } from '../device/device.js';
import { type MemoryPlan, planMemory, totalBytes } from '../device/memory-plan.js';
import { UserError } from '../errors.js';
import { formatBytes } from '../files/format-bytes.js';
import type { GPT2Config } from '../nn/gpt2-config.js';
import { option, options } from '../option-names.js';
import type { DataCounts } from './data.js';
import type { DiskPlan } from './disk-plan.js';
import { buildLearner, type LearnerOptions } from './learner.js';

export interface RunPlan extends DataCounts {
  readonly model: string;
  readonly parameters: number;
  /** For people: processor or GPU, threads, vector width. */
  readonly device: string;
  readonly precision: string;
  readonly sequences: number;
  readonly maxLength: number;
  readonly epochs: number;
  readonly totalSteps: number;
  /** Steps already done when a run is resumed; else 0. */
  readonly firstStep: number;
  /** Bytes by purpose. */
  readonly memory: MemoryPlan;
  readonly availableMemoryBytes: number;
  readonly disk: DiskPlan;
  readonly outputDir: string;
  readonly lossOn: LossOn;
  readonly reverse: boolean;
}

/** The optimizer steps of a run with `stepsPerEpoch` steps per epoch. */
export function totalSteps(
  { maxSteps, numTrainEpochs }: Pick<TrainOptions, 'maxSteps' | 'numTrainEpochs'>,
  stepsPerEpoch: number,
): number {
  if (maxSteps > 0) return maxSteps;
  return Math.max(1, Math.ceil(numTrainEpochs * stepsPerEpoch));
}

/** Tokens per sequence: `--max-length`, else 512 or the model's context length if that is shorter. */
export function sequenceLength(
  { maxLength }: Pick<TrainOptions, 'maxLength'>,
  { nPositions }: GPT2Config,
): number {
  if (maxLength === null) return Math.min(512, nPositions);
  if (maxLength <= nPositions) return maxLength;
  throw new UserError(
    'option-invalid',
    `${option('maxLength')} is ${maxLength}, but the model's context length is ${nPositions} tokens; use ${option('maxLength', nPositions)} or less`,
  );
}

/**
 * Bytes of system memory that the program takes in addition to the device's allocations: JavaScript's heap, weights while
 * they are read, a checkpoint's files while they are written, batches, samples and the report. Measured: 65 to 115 MB from
 * the smallest model to GPT-2's 124 million parameters.
 */
export const programBytes = 128 * 2 ** 20;

/** The memory that a run takes where the device computes, by part. */
export function runMemory(device: Device, config: GPT2Config, options: LearnerOptions): MemoryPlan {
  const learner = planMemory(device, (counting) => buildLearner(counting, config, options));
  // A GPU has its own memory.
  return device.kind === 'cuda' ? learner : new Map([...learner, ['program', programBytes]]);
}

/**
 * The same, with packed weights if a step has several micro-batches, and if there is memory for them: they only save time. With
 * one micro-batch, recomputed activations would use them a second time too, but whoever recomputes wants to save memory.
 */
export function withPackedWeights(
  device: Device,
  config: GPT2Config,
  wanted: LearnerOptions,
  microBatches: number,
): LearnerOptions {
  if (microBatches === 1) return wanted;
  const packed = { ...wanted, packedWeights: true };
  return totalBytes(runMemory(device, config, packed)) <= device.availableMemory() ? packed : wanted;
}

/**
 * The memory that a run takes, by part.
 * @param batch sequences per micro-batch, and tokens per sequence.
 * @throws UserError (device) when that is more than is available; the message names options that make it fit.
 */
export function planRunMemory(
  device: Device,
  config: GPT2Config,
  wanted: LearnerOptions,
  batch: { readonly batchSize: number; readonly maxLength: number },
): MemoryPlan {
  const plan = (learning: LearnerOptions) => runMemory(device, config, learning);
  const memory = plan(wanted);
  const available = device.availableMemory();
  const needed = totalBytes(memory);
  if (needed <= available) return memory;
  const fits = (learning: LearnerOptions) => totalBytes(plan(learning)) <= available;
  const cure = cures(wanted, batch).find(({ learning }) => fits(learning));
  const parts = [...memory].map(([label, bytes]) => `${label} ${formatBytes(bytes)}`).join(', ');
  throw new UserError(
    'out-of-memory',
    `training needs ${formatBytes(needed)} of memory (${parts}), but ${formatBytes(available)} are available ` +
      `(${formatBytes(needed - available)} too little${device.memoryBound ? `; ${device.memoryBound}` : ''}); ` +
      (cure
        ? `it fits with ${options(cure.given)}`
        : 'use a smaller model, or a device or machine with more memory'),
  );
}

interface Cure {
  readonly learning: LearnerOptions;
  /** The options that lead to this. */
  readonly given: Readonly<Partial<Record<keyof TrainOptions, number | boolean>>>;
}

/** Variants that take less memory, ordered by how little they change the training. */
function cures(
  wanted: LearnerOptions,
  { batchSize, maxLength }: { readonly batchSize: number; readonly maxLength: number },
): Cure[] {
  const cure = (capacity: number, given: Cure['given']): Cure[] => {
    const learning = { ...wanted, capacity: Math.min(wanted.capacity, capacity) };
    return [
      { learning, given },
      {
        learning: { ...learning, gradientCheckpointing: true },
        given: { ...given, gradientCheckpointing: true },
      },
    ];
  };
  const found = cure(wanted.capacity, {});
  for (let size = batchSize >> 1; size >= 1; size >>= 1)
    found.push(...cure(size * maxLength, { perDeviceTrainBatchSize: size }));
  const short = Math.min(64, maxLength);
  found.push(...cure(short, { perDeviceTrainBatchSize: 1, maxLength: short }));
  return found;
}

/** Losing this share of all tokens or more causes a warning. */
const muchLost = 1 / 3;

/** A warning when much of the data does not fit into `--max-length`; null when little is lost. */
export function lengthWarning({ lostShare }: DataCounts, maxLength: number, longest: number): string | null {
  if (lostShare < muchLost) return null;
  const cure =
    maxLength < longest
      ? `a larger ${option('maxLength')} loses fewer (the model takes up to ${longest})`
      : 'the model takes no more; split the dialogues into shorter ones';
  return `warning: ${Math.round(100 * lostShare)}% of all tokens are lost, because dialogues are longer than ${maxLength} tokens; ${cure}`;
}
