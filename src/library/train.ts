// Training as a function call. Options are checked by the table that the command line has; nothing is printed, no
// signal is caught and the process is never ended: all of that is the caller's.

import { type LoadedOptions, settleOptions } from '../config/load.js';
import { type TrainOption, type TrainOptions, trainOptions } from '../config/train-options.js';
import { withProperties } from '../option-names.js';
import type { CheckpointEvent, EvaluationEvent, StepEvent, TrainingSummary } from '../train/events.js';
import type { RunPlan } from '../train/plan.js';
import { type RunWatcher, startRun } from '../train/run.js';
import { givenOptions } from './given.js';

/** Options that only mean something to a program: the rest is the library's. */
const forPrograms = ['config', 'dryRun', 'failAboveEvalLoss', 'json', 'quiet'] as const;
type ForPrograms = (typeof forPrograms)[number];

/**
 * What to train, on what, and how. Every option of `chatbot-train` in camelCase, with the same default, except those
 * that only a program has (`config`, `dryRun`, `failAboveEvalLoss`, `json`, `quiet`).
 */
export type TrainingOptions = Partial<Omit<TrainOptions, ForPrograms | 'data' | 'evalData' | 'outputDir'>> & {
  /** Files or folders with conversations to learn from. */
  readonly data: string | readonly string[];
  /** Files or folders to measure the model on; without it, a share of `data` (`evalRatio`). */
  readonly evalData?: string | readonly string[];
  /** Where the model, checkpoints, metrics and the report go. */
  readonly outputDir: string;
};

/** Once every `loggingSteps` steps; means are over the steps since the last one. */
export interface LogProgress extends Omit<StepEvent, 'kind'> {
  readonly kind: 'log';
}

/** What happens in a run, in order; `kind` tells which. */
export type TrainingProgress =
  /** Once, before the first step. */
  | { readonly kind: 'plan'; readonly plan: RunPlan }
  /** A sentence for people, such as an option that has no effect. */
  | { readonly kind: 'note'; readonly text: string }
  /** Of the model, in bytes; `total` is 0 where it is not known. */
  | { readonly kind: 'download'; readonly file: string; readonly done: number; readonly total: number }
  /** After every optimizer step. */
  | { readonly kind: 'step'; readonly step: number; readonly loss: number; readonly tokensPerSecond: number }
  | LogProgress
  | EvaluationEvent
  | CheckpointEvent;

/** What the caller of a run wants to hear, and how it stops one. */
export interface TrainingHooks {
  /** Called in order, never two at a time. What it throws ends the run; checkpoints stay. */
  readonly onProgress?: (progress: TrainingProgress) => void;
  /** Once aborted, the run finishes its step, saves a checkpoint and ends; `resume` goes on from there. */
  readonly signal?: AbortSignal;
}

/** What a run came to. `savedStep` is null where `signal` ended it. */
export type TrainingResult = TrainingSummary;

/**
 * Trains a model and writes it to `outputDir`, which `openChatModel` and transformers' `from_pretrained` open.
 *
 * The process computes while it trains; events and timers of the program run between micro-batches.
 *
 * @example
 * ```js
 * import { train } from 'chatbot-train';
 *
 * const result = await train({
 *   model: 'microsoft/DialoGPT-small',
 *   data: 'my-chats.json',
 *   outputDir: 'results/mine',
 *   numTrainEpochs: 3,
 *   onProgress(progress) {
 *     if (progress.kind === 'evaluation') console.log(progress.step, progress.evalLoss);
 *   },
 * });
 * console.log(result.bestEvalLoss, result.outputDir);
 * ```
 *
 * @throws UserError for options, data, a model or a device that cannot be used, and for a loss that diverges.
 * @throws the signal's reason where it was aborted before the run began.
 */
export async function train(options: TrainingOptions & TrainingHooks): Promise<TrainingResult> {
  const { run, watcher } = settle(options, false);
  const summary = await startRun(run, watcher);
  if (summary === null) throw new Error('a run that is no dry run has a result');
  return summary;
}

/**
 * What `train` would do with these options, without doing it: tokens, steps, memory and device. Writes nothing; a model
 * of the hub is fetched without its weights.
 *
 * @throws UserError as `train`, also where the memory does not suffice.
 */
export async function planTraining(options: TrainingOptions & TrainingHooks): Promise<RunPlan> {
  const { run, watcher } = settle(options, true);
  const planned: RunPlan[] = [];
  const plan = (made: RunPlan) => {
    planned.push(made);
    watcher.plan(made);
  };
  await startRun(run, { ...watcher, plan });
  const [made] = planned;
  if (made === undefined) throw new Error('a dry run has a plan');
  return made;
}

function settle({ onProgress, signal, ...options }: TrainingOptions & TrainingHooks, dryRun: boolean) {
  signal?.throwIfAborted();
  const watcher = watcherOf(onProgress, signal);
  const given = givenOptions(trainOptions, isForLibraries, options);
  const { options: settled, notes }: LoadedOptions = settleOptions([given]);
  for (const note of notes) watcher.note(note);
  return { run: { ...settled, dryRun, outputDir: options.outputDir }, watcher };
}

function isForLibraries(key: TrainOption): key is Exclude<TrainOption, ForPrograms> {
  return !forPrograms.some((known) => known === key);
}

function watcherOf(
  tell: (progress: TrainingProgress) => void = () => {},
  signal: AbortSignal | undefined,
): RunWatcher {
  return {
    plan: (plan) => tell({ kind: 'plan', plan }),
    note: (text) => tell({ kind: 'note', text: withProperties(text) }),
    download: (file, done, total) => tell({ kind: 'download', file, done, total }),
    step: (update) => tell({ kind: 'step', ...update }),
    event: (event) => tell(event.kind === 'step' ? { ...event, kind: 'log' } : event),
    shouldStop: () => signal?.aborted === true,
  };
}
