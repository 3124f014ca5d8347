// Handles options that differ between a resumed run and the run that wrote its checkpoint. The checkpoint records the
// options of that run. The same command plus --resume changes nothing. A difference that changes the result is refused or
// reported, never ignored.

import type { RunOptions } from '../config/output-folder.js';
import type { TrainOption } from '../config/train-options.js';
import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { oneLine } from '../quote.js';
import { recordedOption } from './checkpoint.js';
import { type EarlyStoppingOptions, outOfPatience } from './early-stopping.js';
import type { DataFingerprints, RunState } from './run-state.js';

/**
 * The effect of a changed option on a resumed run. `data`: the batches differ, which their fingerprint shows.
 * `rest`: it applies from the resumed step on. `none`: it does not change what is learned.
 */
type Effect = 'data' | 'rest' | 'none';

const effects: Readonly<Record<TrainOption, Effect>> = {
  // A resumed run uses the checkpoint's own model; start.ts reports that.
  model: 'none',
  data: 'data',
  format: 'data',
  encoding: 'data',
  learn: 'data',
  alias: 'data',
  learnRole: 'data',
  sessionGap: 'data',
  dateOrder: 'data',
  columns: 'data',
  branches: 'data',
  maxBadRatio: 'none',
  maxLength: 'data',
  packing: 'data',
  lossOn: 'data',
  reverse: 'data',
  config: 'none',
  numTrainEpochs: 'rest',
  maxSteps: 'rest',
  perDeviceTrainBatchSize: 'data',
  gradientAccumulationSteps: 'data',
  learningRate: 'rest',
  lrSchedulerType: 'rest',
  warmupSteps: 'rest',
  weightDecay: 'rest',
  adamBeta1: 'rest',
  adamBeta2: 'rest',
  adamEpsilon: 'rest',
  maxGradNorm: 'rest',
  labelSmoothingFactor: 'rest',
  dropout: 'rest',
  seed: 'data',
  evalData: 'data',
  replay: 'data',
  replayRatio: 'data',
  evalRatio: 'data',
  evalSteps: 'rest',
  evalReplies: 'none',
  earlyStoppingPatience: 'rest',
  earlyStoppingThreshold: 'rest',
  failAboveEvalLoss: 'none',
  saveSteps: 'none',
  saveTotalLimit: 'none',
  loadBestModelAtEnd: 'rest',
  resume: 'none',
  device: 'rest',
  precision: 'rest',
  gradientCheckpointing: 'none',
  threads: 'none',
  outputDir: 'none',
  loggingSteps: 'none',
  dryRun: 'none',
  json: 'none',
  quiet: 'none',
};

/** The options with this effect that differ from the checkpoint's, each as "now (was before)". */
function changes(checkpoint: string, options: RunOptions, effect: Effect): string[] {
  return Object.entries(effects).flatMap(([key, its]) => {
    if (its !== effect) return [];
    const before = recordedOption(checkpoint, key);
    const now: unknown = Reflect.get(options, key);
    // Earlier versions did not have all options.
    if (before === undefined || JSON.stringify(before) === JSON.stringify(now)) return [];
    if (key === 'numTrainEpochs' && options.maxSteps > 0) return [];
    return [`${spelt(key, now)} (was ${spelt(key, before)})`];
  });
}

function spelt(key: string, value: unknown): string {
  if (typeof value === 'boolean' || typeof value === 'number') return option(key, value);
  const text = Array.isArray(value) ? value.join(' ') : value;
  return typeof text === 'string' && text !== ''
    ? option(key, oneLine(text, 80))
    : `${option(key)} not given`;
}

/** @throws UserError (usage) when the resumed run would train or evaluate on other batches. */
export function refuseOtherData(
  checkpoint: string,
  options: RunOptions,
  state: RunState,
  { training, evaluation }: DataFingerprints,
): void {
  const measuredOn = state.evaluationFingerprint;
  const sameEvaluation = measuredOn === null || measuredOn === evaluation;
  if (state.dataFingerprint === training && sameEvaluation) return;
  const changed = changes(checkpoint, options, 'data');
  const what = state.dataFingerprint === training ? 'its losses were measured' : 'it was trained';
  const why =
    changed.length > 0
      ? changed.join(', ')
      : 'the files have changed since, or an earlier version read them differently';
  throw new UserError(
    'resume-mismatch',
    `cannot resume ${checkpoint}: ${what} on other data: ${why}; use the options that it was started with, or start a new run ` +
      `from its weights with ${option('model', checkpoint)} and another ${option('outputDir')}`,
  );
}

/** The notes that people see before a run resumes. @param precision the dtype of the computation. */
export function resumeNotes(
  checkpoint: string,
  options: RunOptions,
  precision: string,
  progress: {
    readonly state: RunState;
    readonly totalSteps: number;
    readonly earlyStopping: EarlyStoppingOptions;
  },
): string[] {
  const changed = changes(checkpoint, options, 'rest');
  const before = recordedOption(checkpoint, resolvedPrecision);
  if (typeof before === 'string' && before !== precision)
    changed.push(`computed in ${precision} (was ${oneLine(before, 10)})`);
  const { state } = progress;
  const finished = finishedText(checkpoint, options, progress);
  return [
    ...(changed.length > 0
      ? [
          `the run continues after step ${state.globalStep} with other options than before: ${changed.join(', ')}`,
        ]
      : []),
    ...(finished === null ? [] : [finished]),
  ];
}

/** The key in training_args.json for the precision that `--precision auto` selected. */
export const resolvedPrecision = 'resolvedPrecision';

/** Says that nothing is left to train, and how to train further; null when steps are left. */
function finishedText(
  checkpoint: string,
  { maxSteps, numTrainEpochs, outputDir }: RunOptions,
  { state, totalSteps, earlyStopping }: Parameters<typeof resumeNotes>[3],
): string | null {
  const { globalStep, evaluationsWithoutImprovement } = state;
  const impatient = outOfPatience(state, earlyStopping);
  if (globalStep < totalSteps && !impatient) return null;
  const done =
    globalStep < totalSteps
      ? `it stopped early at step ${globalStep} of ${totalSteps}, after ${evaluationsWithoutImprovement} evaluations without improvement`
      : `all ${totalSteps} steps are done`;
  const larger = [
    ...(globalStep >= totalSteps
      ? [
          maxSteps > 0
            ? `${option('maxSteps')} (now ${maxSteps})`
            : `${option('numTrainEpochs')} (now ${numTrainEpochs})`,
        ]
      : []),
    ...(impatient
      ? [`${option('earlyStoppingPatience')} (now ${earlyStopping.patience}; 0 never stops early)`]
      : []),
  ];
  return (
    `the run in ${outputDir} is finished: ${done}; to train further, resume it with a larger ${larger.join(' and ')}, ` +
    `or start a new run with ${option('model', checkpoint)} and another ${option('outputDir')}`
  );
}
