// Training as a function call. Options are checked with the command line's table. It prints nothing, catches no signals and
// never ends the process: that is left to the caller.

import { type LoadedOptions, settleOptions } from '../config/load.js';
import { type TrainOption, type TrainOptions, trainOptions } from '../config/train-options.js';
import { withProperties } from '../option-names.js';
import type { CheckpointEvent, EvaluationEvent, StepEvent, TrainingSummary } from '../train/events.js';
import type { RunPlan } from '../train/plan.js';
import { type RunWatcher, startRun } from '../train/run.js';
import { givenOptions } from './given.js';

/** Options that only make sense for the command line. */
const forPrograms = ['config', 'dryRun', 'failAboveEvalLoss', 'json', 'quiet'] as const;
type ForPrograms = (typeof forPrograms)[number];

/**
 * The options of a training run: every option of `chatbot-train` in camelCase, with the same default, except those that
 * only the command line has (`config`, `dryRun`, `failAboveEvalLoss`, `json`, `quiet`).
 */
export type TrainingOptions = Partial<
  Omit<TrainOptions, ForPrograms | 'data' | 'replay' | 'evalData' | 'outputDir'>
> & {
  /** Files or folders with conversations to train on. */
  readonly data: string | readonly string[];
  /** Files or folders with conversations that the model knows, of which some are learned again (`replayRatio`). */
  readonly replay?: string | readonly string[];
  /** Files or folders for evaluation; without it, a share of `data` (`evalRatio`). */
  readonly evalData?: string | readonly string[];
  /** The folder for the model, checkpoints, metrics and the report. */
  readonly outputDir: string;
};

/** Reported every `loggingSteps` steps; means are over the steps since the previous report. */
export interface LogProgress extends Omit<StepEvent, 'kind'> {
  readonly kind: 'log';
}

/** The events of a run, in order, distinguished by `kind`. */
export type TrainingProgress =
  /** Reported once, before the first step. */
  | { readonly kind: 'plan'; readonly plan: RunPlan }
  /** A sentence for people, for example about an option without effect. */
  | { readonly kind: 'note'; readonly text: string }
  /** Bytes downloaded of the model; `total` is 0 when unknown. */
  | { readonly kind: 'download'; readonly file: string; readonly done: number; readonly total: number }
  /** Reported after every optimizer step. */
  | { readonly kind: 'step'; readonly step: number; readonly loss: number; readonly tokensPerSecond: number }
  | LogProgress
  | EvaluationEvent
  | CheckpointEvent;

/** Callbacks of a run, and the signal that stops it. */
export interface TrainingHooks {
  /** Called in order, never concurrently. An exception ends the run and is passed on; checkpoints stay. */
  readonly onProgress?: (progress: TrainingProgress) => void;
  /** When aborted, the run finishes its step, saves a checkpoint and ends; `resume` continues from there. */
  readonly signal?: AbortSignal;
}

/** The result of a run. `savedStep` is null when `signal` ended it. */
export type TrainingResult = TrainingSummary;

/**
 * Trains a model and writes it to `outputDir`. `openChatModel` and transformers' `from_pretrained` can open that folder.
 *
 * Training computes in this process. Events and timers of the program run between micro-batches.
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
 * @throws the signal's reason if it was aborted before the run began.
 */
export async function train(options: TrainingOptions & TrainingHooks): Promise<TrainingResult> {
  const { run, watcher } = settle(options, false);
  const summary = await startRun(run, watcher);
  if (summary === null) throw new Error('a run that is no dry run has a result');
  return summary;
}

/**
 * Plans what `train` would do with these options: tokens, steps, memory and device. It writes no files in `outputDir`; of a
 * hub model it downloads everything except the weights.
 *
 * @throws UserError like `train`, also when there is not enough memory.
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
