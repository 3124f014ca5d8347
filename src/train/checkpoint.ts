// Checkpoints: `<run>/checkpoint-<step>/` holds the model in the Hugging Face layout, the optimizer's moments and the run's
// state. A folder appears complete or not at all (files/atomic.ts). One folder holds everything that its step needs.

import { existsSync, readdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Device } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import { UserError } from '../errors.js';
import { copyFileAtomic, removeFolder, replaceFolder } from '../files/atomic.js';
import { checksumsFileName, damageOf, readChecksums, writeChecksums } from '../files/checksums.js';
import { makeFolder } from '../files/make-folder.js';
import { parseJson } from '../files/parse-json.js';
import { readRegularFile } from '../files/regular-file.js';
import type { GPT2 } from '../nn/gpt2.js';
import { expectedTensors } from '../nn/gpt2-config.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { openModelFolder, saveModelFolder } from '../weights/model-folder.js';
import { openSafetensors, type TensorToSave, writeSafetensors } from '../weights/safetensors.js';
import type { AdamW } from './optimizer.js';
import { type RunState, readState, stateFileName, stateJson } from './run-state.js';

const optimizerFileName = 'optimizer.safetensors';
const argumentsFileName = 'training_args.json';
const longestArguments = 2 ** 20;
/** The files that the checksums of a complete checkpoint must list. */
const checksummed = ['model.safetensors', 'config.json', optimizerFileName, stateFileName, argumentsFileName];
const checkpointName = /^checkpoint-(\d+)$/;

/** Float32 numbers downloaded from the device per chunk while a checkpoint is written. */
const savedAtATime = 2 ** 20;

/** The parts of a run that its checkpoints store. */
export interface Checkpointed {
  readonly model: GPT2;
  readonly optimizer: AdamW;
  readonly tokenizer: Tokenizer;
  /** The run's options, stored for people to read and for `recordedOption`. */
  readonly options: object;
}

export function checkpointFolder(runFolder: string, step: number): string {
  return join(runFolder, `checkpoint-${step}`);
}

/** Writes `<runFolder>/checkpoint-<step>`. @throws UserError (device) when it cannot; then nothing is left behind. */
export async function saveCheckpoint(
  runFolder: string,
  state: RunState,
  { model, optimizer, tokenizer, options }: Checkpointed,
): Promise<string> {
  const folder = checkpointFolder(runFolder, state.globalStep);
  const { device, parameters, config } = model;
  const piece = new Float32Array(savedAtATime);
  const tensors = expectedTensors(config).map(
    ({ name, shape }): TensorToSave => ({
      name,
      shape,
      data: () => piecesOf(device, parameters.get(name).master, piece),
    }),
  );
  const moments = optimizer.moments().flatMap(({ name, shape, first, second }): TensorToSave[] => [
    { name: momentNames(name)[0], shape, data: () => piecesOf(device, first, piece) },
    { name: momentNames(name)[1], shape, data: () => piecesOf(device, second, piece) },
  ]);
  await replaceFolder(folder, (temporary) => {
    const sums = saveModelFolder(temporary, {
      config,
      tensors,
      tokenizerFiles: tokenizer.files(),
      endOfText: tokenizer.endOfText,
      extra: new Map([
        [stateFileName, stateJson(state)],
        [argumentsFileName, `${JSON.stringify(options, null, 2)}\n`],
      ]),
    });
    sums.set(optimizerFileName, writeSafetensors(join(temporary, optimizerFileName), moments));
    writeChecksums(temporary, sums);
  });
  return folder;
}

/** Downloads a tensor in chunks into one reused buffer, so that saving needs no second copy of the model. */
function* piecesOf(device: Device, tensor: Tensor, piece: Float32Array): Generator<Float32Array> {
  for (let from = 0; from < tensor.size; from += piece.length) {
    const size = Math.min(piece.length, tensor.size - from);
    yield device.download(tensor.view(from, [size]), piece.subarray(0, size));
  }
}

/** PyTorch's AdamW names for the first and second moment of a parameter. */
function momentNames(parameter: string): readonly [first: string, second: string] {
  return [`exp_avg.${parameter}`, `exp_avg_sq.${parameter}`];
}

function lacks(path: string, name: string): UserError {
  return new UserError(
    'checkpoint-damaged',
    `cannot resume: ${path} has no ${name}; resume from another checkpoint`,
  );
}

/** Reads the moments into the optimizer. @throws UserError (model) when they are damaged or do not fit the model. */
export function restoreOptimizer(folder: string, state: RunState, { model, optimizer }: Checkpointed): void {
  const path = join(folder, optimizerFileName);
  const file = openSafetensors(path);
  const read = (name: string, size: number): Float32Array => {
    if (!file.tensors.has(name)) throw lacks(path, name);
    const data = file.read(name);
    if (data.length === size) return data;
    throw new UserError(
      'checkpoint-damaged',
      `cannot resume: ${name} in ${path} has ${data.length} numbers, but the model needs ${size}`,
    );
  };
  for (const { name, first, second } of optimizer.moments()) {
    const [firstName, secondName] = momentNames(name);
    model.device.upload(first, read(firstName, first.size));
    model.device.upload(second, read(secondName, second.size));
  }
  optimizer.restore(state.updates, state.lossScale ?? undefined);
}

/** An option of the run that wrote the checkpoint; undefined when the checkpoint does not record it. */
export function recordedOption(checkpoint: string, key: string): unknown {
  try {
    const options: unknown = parseJson(
      readRegularFile(join(checkpoint, argumentsFileName), longestArguments).toString('utf8'),
    );
    return typeof options === 'object' && options !== null ? Reflect.get(options, key) : undefined;
  } catch {
    return undefined;
  }
}

/** The steps of the complete checkpoints in `<runFolder>`, oldest first. */
export function checkpointSteps(runFolder: string): number[] {
  if (!existsSync(runFolder)) return [];
  return readdirSync(runFolder)
    .flatMap((name) => checkpointName.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** Whether a path is a checkpoint, or is named like one, as opposed to a run's folder. */
export function isCheckpoint(folder: string): boolean {
  return existsSync(join(folder, stateFileName)) || checkpointName.test(basename(folder));
}

/** Whether a checkpoint has checksums. Checkpoints of earlier versions have none. */
export function hasChecksums(checkpoint: string): boolean {
  return existsSync(join(checkpoint, checksumsFileName));
}

/**
 * Checks everything that resuming reads: each file against its checksum or, without checksums, whether the files can be
 * read and fit together.
 * @throws UserError (model) that names the file.
 */
export function checkCheckpoint(checkpoint: string): void {
  checkSums(checkpoint, () => true);
  readState(join(checkpoint, stateFileName));
  const { names } = openModelFolder(checkpoint);
  const path = join(checkpoint, optimizerFileName);
  const { tensors } = openSafetensors(path);
  for (const name of names)
    for (const moment of momentNames(name)) if (!tensors.has(moment)) throw lacks(path, moment);
}

/** @throws UserError (model) when a file that `concerns` selects differs from what was written. */
function checkSums(checkpoint: string, concerns: (name: string) => boolean): void {
  const sums = readChecksums(checkpoint);
  if (sums === null) return;
  const damaged = (name: string, what: string) =>
    new UserError('checkpoint-damaged', `${join(checkpoint, name)} ${what}`);
  if (sums === 'damaged') throw damaged(checksumsFileName, 'is damaged');
  for (const name of checksummed)
    if (!sums.has(name)) throw damaged(checksumsFileName, `is damaged: it does not list ${name}`);
  for (const [name, sum] of sums) {
    const damage = concerns(name) ? damageOf(checkpoint, name, sum) : null;
    if (damage !== null) throw damaged(name, damage);
  }
}

/** Deletes the oldest checkpoints beyond `limit`, but never the newest nor those of the steps in `kept`. */
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
 * Moves checkpoints after `step` out of the run's folder when the run goes back to that step, so that they are not
 * mistaken for checkpoints of the resumed run.
 * @returns the folder that holds them now; null when there were none.
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

/** Files of a checkpoint that are not part of the model. */
const runFileNames: readonly string[] = [
  optimizerFileName,
  stateFileName,
  argumentsFileName,
  checksumsFileName,
];

/**
 * Copies the model of a checkpoint, ready to be opened, to the top of the run's folder.
 * @throws UserError (model) when it is damaged; then nothing is written.
 */
export function publishModel(checkpoint: string, runFolder: string): void {
  const ofModel = (name: string) => !runFileNames.includes(name);
  checkSums(checkpoint, ofModel);
  for (const name of readdirSync(checkpoint).filter(ofModel))
    copyFileAtomic(join(checkpoint, name), join(runFolder, name));
}
