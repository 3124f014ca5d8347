// What a run will be, known before its first step: tokens, steps and memory. A run that cannot fit is refused here.

import type { TrainOptions } from '../config/train-options.js';
import type { Device } from '../device/device.js';
import { type MemoryPlan, planMemory, totalBytes } from '../device/memory-plan.js';
import { UserError } from '../errors.js';
import { formatBytes } from '../files/format-bytes.js';
import type { GPT2Config } from '../nn/gpt2-config.js';
import type { DataCounts } from './data.js';
import { buildLearner, type LearnerOptions } from './learner.js';

export interface RunPlan extends DataCounts {
  readonly model: string;
  readonly parameters: number;
  /** For people: processor or card, threads, vector width. */
  readonly device: string;
  readonly precision: string;
  readonly sequences: number;
  readonly maxLength: number;
  readonly epochs: number;
  readonly totalSteps: number;
  /** Steps already done, where a run is resumed; else 0. */
  readonly firstStep: number;
  /** Bytes by what they are for. */
  readonly memory: MemoryPlan;
  readonly availableMemoryBytes: number;
  readonly outputDir: string;
}

/** Optimizer steps of a run whose epochs have `stepsPerEpoch`. */
export function totalSteps(
  options: Pick<TrainOptions, 'maxSteps' | 'numTrainEpochs'>,
  stepsPerEpoch: number,
): number {
  if (options.maxSteps > 0) return options.maxSteps;
  return Math.max(1, Math.ceil(options.numTrainEpochs * stepsPerEpoch));
}

/** Tokens per sequence: `--max-length`, else 512 or what the model can take. */
export function rowLength(options: Pick<TrainOptions, 'maxLength'>, { nPositions }: GPT2Config): number {
  if (options.maxLength === null) return Math.min(512, nPositions);
  if (options.maxLength <= nPositions) return options.maxLength;
  throw new UserError(
    'option-invalid',
    `--max-length is ${options.maxLength}, but the model's context ends at ${nPositions} tokens; use at most that`,
  );
}

/**
 * The memory that the learner takes, by part.
 * @param batch sequences per micro-batch, and tokens per sequence.
 * @throws UserError (device) when that is more than there is; the message names what would make it fit.
 */
export function planRunMemory(
  device: Device,
  config: GPT2Config,
  wanted: LearnerOptions,
  batch: { readonly batchSize: number; readonly maxLength: number },
): MemoryPlan {
  const plan = (options: LearnerOptions) =>
    planMemory(device, (counting) => buildLearner(counting, config, options));
  const memory = plan(wanted);
  const available = device.availableMemory();
  const needed = totalBytes(memory);
  if (needed <= available) return memory;
  const fits = (options: LearnerOptions) => totalBytes(plan(options)) <= available;
  const cure = cures(wanted, batch).find(({ options }) => fits(options));
  const parts = [...memory].map(([label, bytes]) => `${label} ${formatBytes(bytes)}`).join(', ');
  throw new UserError(
    'out-of-memory',
    `training needs ${formatBytes(needed)} of memory (${parts}) and ${formatBytes(available)} are available ` +
      `(${formatBytes(needed - available)} too little${device.memoryBound ? `; ${device.memoryBound}` : ''}); ` +
      (cure ? `it fits with ${cure.words}` : 'use a smaller model, or a device or machine with more memory'),
  );
}

interface Cure {
  readonly options: LearnerOptions;
  /** The flags that give these options. */
  readonly words: string;
}

/** What takes less memory, what changes the training least first. */
function cures(
  wanted: LearnerOptions,
  { batchSize, maxLength }: { readonly batchSize: number; readonly maxLength: number },
): Cure[] {
  const cure = (capacity: number, words: string): Cure[] => {
    const options = { ...wanted, capacity: Math.min(wanted.capacity, capacity) };
    const recomputing = { ...options, gradientCheckpointing: true };
    return [
      { options, words },
      { options: recomputing, words: `${words} --gradient-checkpointing`.trimStart() },
    ];
  };
  const found = cure(wanted.capacity, '');
  for (let sequences = batchSize >> 1; sequences >= 1; sequences >>= 1)
    found.push(...cure(sequences * maxLength, `--per-device-train-batch-size ${sequences}`));
  const short = Math.min(64, maxLength);
  found.push(...cure(short, `--per-device-train-batch-size 1 --max-length ${short}`));
  return found;
}
