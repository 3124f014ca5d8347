// Checkpoints: `<run>/checkpoint-<step>/` with the model as Hugging Face folders have it, the optimizer's moments and
// the run's state. A folder appears whole or not at all (files/atomic.ts), and a step's state is all in it.

import { existsSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { UserError } from '../errors.js';
import { copyFileAtomic, removeFolder, replaceFolder } from '../files/atomic.js';
import { makeFolder } from '../files/make-folder.js';
import type { GPT2 } from '../nn/gpt2.js';
import { expectedTensors } from '../nn/gpt2-config.js';
import { option } from '../option-names.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { saveModelFolder } from '../weights/model-folder.js';
import { openSafetensors, type TensorToSave, writeSafetensors } from '../weights/safetensors.js';
import type { AdamW } from './optimizer.js';
import { type RunState, readState, stateFileName, stateJson } from './run-state.js';

const optimizerFileName = 'optimizer.safetensors';
const argumentsFileName = 'training_args.json';
const checkpointName = /^checkpoint-(\d+)$/;

/** What of a run goes into its checkpoints. */
export interface Checkpointed {
  readonly model: GPT2;
  readonly optimizer: AdamW;
  readonly tokenizer: Tokenizer;
  /** The run's options, written down for people and for `recordedOption`. */
  readonly options: object;
}

export function checkpointFolder(runFolder: string, step: number): string {
  return join(runFolder, `checkpoint-${step}`);
}

/** Writes `<runFolder>/checkpoint-<step>`. @throws UserError (device) when it cannot; nothing is left then. */
export async function saveCheckpoint(
  runFolder: string,
  state: RunState,
  { model, optimizer, tokenizer, options }: Checkpointed,
): Promise<string> {
  const folder = checkpointFolder(runFolder, state.globalStep);
  const { device, parameters, config } = model;
  const tensors = expectedTensors(config).map(
    ({ name, shape }): TensorToSave => ({
      name,
      shape,
      data: () => device.download(parameters.get(name).master),
    }),
  );
  const moments = optimizer.moments().flatMap(({ name, shape, first, second }): TensorToSave[] => [
    { name: `exp_avg.${name}`, shape, data: () => device.download(first) },
    { name: `exp_avg_sq.${name}`, shape, data: () => device.download(second) },
  ]);
  await replaceFolder(folder, (temporary) => {
    saveModelFolder(temporary, {
      config,
      tensors,
      tokenizerFiles: tokenizer.files(),
      endOfText: tokenizer.endOfText,
      extra: new Map([
        [stateFileName, stateJson(state)],
        [argumentsFileName, `${JSON.stringify(options, null, 2)}\n`],
      ]),
    });
    writeSafetensors(join(temporary, optimizerFileName), moments);
  });
  return folder;
}

/** Reads moments into the optimizer. @throws UserError (model) when they do not fit the model or are damaged. */
export function restoreOptimizer(folder: string, state: RunState, { model, optimizer }: Checkpointed): void {
  const path = join(folder, optimizerFileName);
  const file = openSafetensors(path);
  const read = (name: string, size: number): Float32Array => {
    if (!file.tensors.has(name))
      throw new UserError(
        'checkpoint-damaged',
        `cannot resume: ${path} lacks ${name}; resume from another checkpoint`,
      );
    const data = file.read(name);
    if (data.length === size) return data;
    throw new UserError(
      'checkpoint-damaged',
      `cannot resume: ${name} in ${path} has ${data.length} numbers, the model needs ${size}`,
    );
  };
  for (const { name, first, second } of optimizer.moments()) {
    model.device.upload(first, read(`exp_avg.${name}`, first.size));
    model.device.upload(second, read(`exp_avg_sq.${name}`, second.size));
  }
  optimizer.restore(state.updates, state.lossScale ?? undefined);
}

/** An option that the checkpoint's run was started with; undefined where that is not known. */
export function recordedOption(checkpoint: string, key: string): unknown {
  try {
    const options: unknown = JSON.parse(readFileSync(join(checkpoint, argumentsFileName), 'utf8'));
    return typeof options === 'object' && options !== null ? Reflect.get(options, key) : undefined;
  } catch {
    return undefined;
  }
}

/** Steps that `<runFolder>` has complete checkpoints of, oldest first. */
export function checkpointSteps(runFolder: string): number[] {
  if (!existsSync(runFolder)) return [];
  return readdirSync(runFolder)
    .flatMap((name) => checkpointName.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/**
 * The checkpoint that `--resume` means: `folder` itself where it is one, else its newest; null where it has none.
 * @throws UserError (usage) when it is a file.
 */
export function findCheckpoint(folder: string): string | null {
  if (existsSync(join(folder, stateFileName)) || checkpointName.test(basename(folder))) {
    readState(join(folder, stateFileName));
    return folder;
  }
  if (!existsSync(folder)) return null;
  if (!statSync(folder).isDirectory())
    throw new UserError(
      'resume-not-found',
      `${option('resume')}: ${folder} is a file; name a run's folder or one of its checkpoints`,
    );
  const newest = checkpointSteps(folder).at(-1);
  return newest === undefined ? null : checkpointFolder(folder, newest);
}

/** Deletes the oldest checkpoints beyond `limit`, but never one of `kept` steps nor the newest. */
export function pruneCheckpoints(
  runFolder: string,
  limit: number | null,
  kept: readonly (number | null)[],
): void {
  if (limit === null) return;
  const steps = checkpointSteps(runFolder);
  const expendable = steps.filter((step) => step !== steps.at(-1) && !kept.includes(step));
  for (const step of expendable.slice(0, Math.max(0, steps.length - limit)))
    removeFolder(checkpointFolder(runFolder, step));
}

/**
 * Moves checkpoints after `step` out of the way of a run that goes back to it, so that nothing takes them for its own.
 * @returns where they are now; null when there were none.
 */
export function setAsideLaterCheckpoints(runFolder: string, step: number): string | null {
  const later = checkpointSteps(runFolder).filter((saved) => saved > step);
  if (later.length === 0) return null;
  const folder = join(runFolder, 'set-aside', new Date().toISOString().replaceAll(':', '-'));
  makeFolder(folder);
  for (const saved of later) {
    const from = checkpointFolder(runFolder, saved);
    renameSync(from, join(folder, basename(from)));
  }
  return folder;
}

/** Lays the model of a checkpoint, ready to be opened, at the top of the run's folder. */
export function publishModel(checkpoint: string, runFolder: string): void {
  for (const name of readdirSync(checkpoint))
    if (name !== optimizerFileName && name !== stateFileName && name !== argumentsFileName)
      copyFileAtomic(join(checkpoint, name), join(runFolder, name));
}
