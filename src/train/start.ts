// The starting point of a run: a pretrained model, a newly initialized one, or a checkpoint of the same run.

import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RunOptions } from '../config/output-folder.js';
import { UserError } from '../errors.js';
import { removeStaleTemporaries } from '../files/atomic.js';
import type { GPT2 } from '../nn/gpt2.js';
import { expectedTensors, type GPT2Config, presetConfig, presetVocabulary } from '../nn/gpt2-config.js';
import { initializeWeights } from '../nn/initialize.js';
import { option } from '../option-names.js';
import { oneLine } from '../quote.js';
import { Random } from '../random.js';
import { gpt2Tokenizer } from '../tokenizer/gpt2-tokenizer.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { type ModelShape, openModel, openModelShape } from '../weights/open-model.js';
import { resolveModel } from '../weights/resolve.js';
import { checkpointSteps, recordedOption } from './checkpoint.js';
import { dialogueOrder } from './data.js';
import { metricsFileName } from './metrics.js';
import { findResumePoint } from './resume-point.js';
import { type RunState, readState, stateFileName } from './run-state.js';

/** Separates the random numbers of fresh weights from the seed's other uses. */
const weightStream = 0x3e19;

export interface Start {
  /** The model as the user named it. */
  readonly label: string;
  readonly config: GPT2Config;
  /** The number of parameters. */
  readonly parameters: number;
  readonly tokenizer: Tokenizer;
  loadWeights(model: GPT2): void;
  /** The checkpoint that the run resumes from; null for a new run. */
  readonly checkpoint: string | null;
  readonly state: RunState | null;
}

/** The options that decide where a run starts. */
export type StartOptions = Pick<RunOptions, 'model' | 'resume' | 'reverse' | 'seed' | 'outputDir' | 'dryRun'>;

export interface StartWatcher {
  note(text: string): void;
  download(file: string, done: number, total: number): void;
}

/** @throws UserError (usage) when the output folder holds another run; UserError (model) when there is no model. */
export async function openStart(options: StartOptions, watcher: StartWatcher): Promise<Start> {
  if (!options.dryRun) removeStaleTemporaries(options.outputDir);
  const checkpoint = findResumePoint(options, (text) => watcher.note(text));
  if (!checkpoint || !isWithin(checkpoint, options.outputDir)) refuseOccupied(options);
  if (checkpoint) {
    const state = readState(join(checkpoint, stateFileName));
    noteOtherModel(options, checkpoint, watcher);
    const start = fromFolder(checkpoint, checkpoint, watcher);
    refuseOtherOrder(options, checkpoint, start.config);
    return { ...start, checkpoint, state };
  }
  const found = await resolveModel(options.model, {
    onProgress: ({ file, received, total }) => watcher.download(file, received, total),
    weights: !options.dryRun,
  });
  const start =
    found.kind === 'preset'
      ? fresh(found.preset, options.seed)
      : options.dryRun && found.fetched
        ? withoutWeights(openModelShape(found.folder), options.model, watcher)
        : fromFolder(found.folder, options.model, watcher);
  refuseReversed(options, start);
  const config = { ...start.config, dialogueOrder: dialogueOrder(options) };
  return { ...start, config, checkpoint: null, state: null };
}

/** A run cannot change its direction when it resumes. */
function refuseOtherOrder({ reverse }: StartOptions, checkpoint: string, config: GPT2Config): void {
  const reversed = config.dialogueOrder === 'reversed';
  if (reversed === reverse) return;
  throw new UserError(
    'resume-mismatch',
    reversed
      ? `${checkpoint} belongs to a run with ${option('reverse', true)} and cannot be resumed without it; pass ${option('reverse', true)} again`
      : `${checkpoint} belongs to a run without ${option('reverse', true)} and cannot be resumed with it; leave out ${option('reverse', true)}, or start a new run in another ${option('outputDir')}`,
  );
}

/**
 * Any model can be trained further on reversed conversations. A reversed model trained forward would unlearn its purpose,
 * and its folder would not show it.
 */
function refuseReversed({ reverse }: StartOptions, { label, config }: Opened): void {
  if (reverse || config.dialogueOrder === 'forward') return;
  throw new UserError(
    'reverse-not-given',
    `${option('model', label)} was trained with ${option('reverse', true)}, on reversed conversations; pass ${option('reverse', true)} again, or name another model`,
  );
}

/** The same command plus `--resume` resumes a run. The note also appears for the default, which the user may have passed. */
function noteOtherModel({ model }: StartOptions, checkpoint: string, watcher: StartWatcher): void {
  const trained = recordedOption(checkpoint, 'model');
  if (typeof trained === 'string' && trained !== model)
    watcher.note(
      `${option('model', model)} has no effect: the run resumes with the checkpoint's own model, which began as ${oneLine(trained)}`,
    );
}

/** @param path must exist. */
function isWithin(path: string, folder: string): boolean {
  if (!existsSync(folder)) return false;
  const real = realpathSync(path);
  return [real, dirname(real)].includes(realpathSync(folder));
}

export function refuseFile(outputDir: string): void {
  if (existsSync(outputDir) && !statSync(outputDir).isDirectory())
    throw new UserError('output-folder-in-use', `${option('outputDir', outputDir)} is a file; name a folder`);
}

export function refuseOccupied({ outputDir, resume }: Pick<RunOptions, 'outputDir' | 'resume'>): void {
  // A run that ended before its first checkpoint has left its metrics; `--resume` starts it again.
  const metrics = join(outputDir, metricsFileName);
  const diary = resume === false && existsSync(metrics) && statSync(metrics).size > 0;
  const holds =
    diary || checkpointSteps(outputDir).length > 0
      ? 'another run'
      : existsSync(join(outputDir, 'config.json'))
        ? 'a model'
        : null;
  if (holds === null) return;
  const goOn = holds === 'another run' ? `resume it with ${option('resume', true)}, or ` : '';
  throw new UserError(
    'output-folder-in-use',
    `${option('outputDir', outputDir)} holds ${holds}; ${goOn}name another folder`,
  );
}

function fresh(preset: string, seed: number): Opened {
  const tokenizer = gpt2Tokenizer(presetVocabulary(preset));
  const config = presetConfig(preset, tokenizer.vocabularySize);
  return {
    label: `${preset} (fresh)`,
    config,
    parameters: parameterCount(config),
    tokenizer,
    loadWeights: (model) => {
      const random = new Random(seed, weightStream);
      initializeWeights(model, () => random.next() / 2 ** 32);
    },
  };
}

type Opened = Omit<Start, 'checkpoint' | 'state'>;

function fromFolder(folder: string, label: string, watcher: StartWatcher): Opened {
  const { names, read, ...shape } = openModel(folder);
  return {
    ...withoutWeights(shape, label, watcher),
    loadWeights: (model) => {
      for (const name of names) model.parameters.load(model.device, name, read(name));
    },
  };
}

/** Everything that a plan needs. The weights cannot be loaded. */
function withoutWeights(
  { config, tokenizer, notes }: ModelShape,
  label: string,
  watcher: StartWatcher,
): Opened {
  for (const text of notes) watcher.note(text);
  return {
    label,
    config,
    parameters: parameterCount(config),
    tokenizer,
    loadWeights: () => {
      throw new Error(`the weights of ${label} were not asked for`);
    },
  };
}

function parameterCount(config: GPT2Config): number {
  const sizes = expectedTensors(config).map(({ shape }) =>
    shape.reduce((product, extent) => product * extent, 1),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
