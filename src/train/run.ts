// A training run from its options to the folder with the trained model. This file is the table of contents: the starting
// point, the data, the plan, the loop, and what the run leaves on disk.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { evaluates } from '../config/load.js';
import type { RunOptions } from '../config/output-folder.js';
import { type TrainOptions, trainOptions } from '../config/train-options.js';
import type { LossOn } from '../corpus/learnt-turns.js';
import { recordTraining } from '../corpus/prepared/trained-models.js';
import type { Device } from '../device/device.js';
import { totalBytes } from '../device/memory-plan.js';
import { compileNote, fallbackNote, resolvePrecision, selectDevice } from '../device/select.js';
import { messageOf, UserError } from '../errors.js';
import { type FolderLock, lockFolder } from '../files/folder-lock.js';
import type { GPT2Config } from '../nn/gpt2-config.js';
import { option } from '../option-names.js';
import { oneLine } from '../quote.js';
import { batchSizeNote, settleBatchSize, usefulTokensOnCpu } from './batch-size.js';
import {
  checkpointFolder,
  checkpointSteps,
  publishModel,
  recordedOption,
  restoreOptimizer,
  setAsideLaterCheckpoints,
} from './checkpoint.js';
import { OpenCorpora } from './corpora.js';
import { evaluationBatches, prepareData, type TrainingData } from './data.js';
import { type DiskPlan, freeDisk, planDisk, refuseFullDisk } from './disk-plan.js';
import type { ExactMatches, TrainingEvent, TrainingSummary } from './events.js';
import { measureExactMatches } from './exact-match.js';
import { buildLearner, type Learner, type LearnerOptions } from './learner.js';
import { MetricsFile, metricsFileName, readMetrics } from './metrics.js';
import {
  lengthWarning,
  planRunMemory,
  type RunPlan,
  runMemory,
  sequenceLength,
  totalSteps,
  withPackedWeights,
} from './plan.js';
import { writeRunReport } from './report/run-report.js';
import { refuseOtherData, resolvedPrecision, resumeNotes } from './resume-options.js';
import { freshState, type RunState } from './run-state.js';
import { warmupSteps } from './schedule.js';
import { openStart, refuseFile, refuseOccupied, type Start } from './start.js';
import { TensorBoardFile } from './tensorboard.js';
import { Trainer, type TrainerSettings, type Watcher } from './trainer.js';

export interface RunWatcher extends Watcher {
  /** Called before the first step. A dry run ends after it. */
  plan(plan: RunPlan): void;
  note(text: string): void;
  /** @param total bytes, 0 where unknown. */
  download(file: string, done: number, total: number): void;
}

/**
 * @returns null after a dry run.
 * @throws UserError for everything that the user can fix.
 */
export async function startRun(options: RunOptions, watcher: RunWatcher): Promise<TrainingSummary | null> {
  refuseFile(options.outputDir);
  // An existing folder is locked before anything in it is read. A new folder is locked when the first file is written.
  const lock = options.dryRun || !existsSync(options.outputDir) ? null : lockFolder(options.outputDir);
  try {
    return await lockedRun(options, watcher, lock !== null);
  } finally {
    lock?.release();
  }
}

async function lockedRun(
  given: RunOptions,
  watcher: RunWatcher,
  isLocked: boolean,
): Promise<TrainingSummary | null> {
  // The cheapest checks come first: a misspelt path must not cost the download of a model.
  const opened = new OpenCorpora(given);
  const device = await selectDevice(given.device, {
    threads: given.threads ?? undefined,
    tf32: given.precision === 'fp32',
    onCompile: (what) => watcher.note(compileNote(what)),
    onFallback: (left, why) => watcher.note(fallbackNote(left, why)),
    onNote: (text) => watcher.note(text),
  });
  try {
    const precision = resolvePrecision(device, given.precision);
    const { note } = device.precisions[precision];
    if (note) watcher.note(note);
    const start = await openStart(given, watcher);
    const withLoss = { ...given, lossOn: resumedLoss(given, start, watcher) };
    const config = withDropout(start.config, given.dropout);
    const maxLength = sequenceLength(given, config);
    const options = settleBatchSize(withLoss, {
      maxLength,
      usefulTokens: device.kind === 'cuda' ? Number.POSITIVE_INFINITY : usefulTokensOnCpu,
      recorded: (key) => (start.checkpoint ? recordedOption(start.checkpoint, key) : undefined),
      fits: (capacity) => {
        const learning = learnerOptions(given, { precision, capacity, samples: evaluates(given) });
        return totalBytes(runMemory(device, config, learning)) <= device.availableMemory();
      },
    });
    const corpora = opened.of({ tokenizer: start.tokenizer, model: start.checkpoint ?? given.model });
    const data = prepareData(corpora, options, start.tokenizer, maxLength);
    opened.releaseTexts();
    const state = start.state ?? freshState(data.fingerprints);
    if (start.checkpoint) refuseOtherData(start.checkpoint, options, state, data.fingerprints);
    repeatChoices(device, state, watcher);
    const wanted = learnerOptions(options, {
      precision,
      capacity: Math.max(data.epochSteps.largestBatch, data.evaluation?.largestBatch ?? 0),
      samples: data.prompts.length > 0,
    });
    const learning = withPackedWeights(device, config, wanted, options.gradientAccumulationSteps);
    const own = device.ownMemory();
    const planned = planRunMemory(device, config, learning, {
      batchSize: options.perDeviceTrainBatchSize,
      maxLength,
    });
    const settings = trainerSettings(options, data);
    const disk = checkedDisk(options, start, settings, state.globalStep);
    const plan: RunPlan = {
      model: start.label,
      parameters: start.parameters,
      device: device.description,
      precision,
      ...data.counts,
      sequences: data.epochSteps.sequences,
      maxLength,
      epochs: settings.totalSteps / data.epochSteps.stepsPerEpoch,
      totalSteps: settings.totalSteps,
      firstStep: state.globalStep,
      memory: new Map([...planned, ...own]),
      availableMemoryBytes: device.availableMemory() + totalBytes(own),
      disk,
      outputDir: options.outputDir,
      lossOn: options.lossOn,
      reverse: options.reverse,
    };
    for (const line of [...corpora.notes, ...data.notes]) watcher.note(line);
    const warning = lengthWarning(data.counts, maxLength, config.nPositions);
    if (warning !== null) watcher.note(warning);
    if (given.perDeviceTrainBatchSize === 'auto') watcher.note(batchSizeNote(options));
    if (options.reverse)
      watcher.note(
        `${option('reverse', true)}: each turn is learned from the turns after it; use the model to rank replies, not to talk`,
      );
    if (start.checkpoint)
      for (const line of resumeNotes(start.checkpoint, options, precision, { state, ...settings }))
        watcher.note(line);
    watcher.plan(plan);
    if (options.dryRun) return null;
    const lock = isLocked ? null : lockNewFolder(options);
    try {
      device.reserve(totalBytes(planned));
      recordTraining([...options.data, ...options.replay, ...options.evalData], options.outputDir);
      const learner = buildLearner(device, config, learning);
      return await train({ options, start, data, learner, settings, state, plan, watcher });
    } finally {
      lock?.release();
    }
  } finally {
    device.dispose();
    opened.close();
  }
}

/** With `auto`, a resumed run keeps the value that it began with, because earlier versions had another default. */
function resumedLoss({ lossOn }: RunOptions, { checkpoint }: Start, watcher: RunWatcher): LossOn {
  if (lossOn !== 'auto' || !checkpoint) return lossOn;
  const recorded = recordedOption(checkpoint, 'lossOn');
  const began = trainOptions.lossOn.choices.find((choice) => choice === recorded) ?? lossOn;
  if (began !== lossOn) watcher.note(`resuming with ${option('lossOn', began)}, as the run began`);
  return began;
}

/** The resumed run computes what can be computed in several ways as before, so that results round as before. */
function repeatChoices(device: Device, { measuredChoices }: RunState, watcher: RunWatcher): void {
  const why = measuredChoices && device.repeatChoices(measuredChoices);
  if (why !== null)
    watcher.note(
      `from here on, results round differently than in an uninterrupted run: the checkpoint records how matrix products were computed, but ${oneLine(why, 300)}`,
    );
}

/** Another run may have created the folder in the meantime. */
function lockNewFolder(options: Pick<RunOptions, 'outputDir' | 'resume'>): FolderLock {
  const lock = lockFolder(options.outputDir);
  try {
    refuseOccupied(options);
    return lock;
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
}

/** @throws UserError (device) when the disk has no room for what the run will write. */
function checkedDisk(
  { outputDir }: RunOptions,
  { parameters, tokenizer }: Start,
  settings: TrainerSettings,
  firstStep: number,
): DiskPlan {
  const existing = checkpointSteps(outputDir).length;
  const writing = { ...settings, parameters, vocabularySize: tokenizer.vocabularySize, firstStep, existing };
  const plan = planDisk(writing, freeDisk(outputDir));
  refuseFullDisk(outputDir, writing, plan);
  return plan;
}

interface Run {
  readonly options: RunOptions;
  readonly start: Start;
  readonly data: TrainingData;
  readonly learner: Learner;
  readonly settings: TrainerSettings;
  readonly state: RunState;
  readonly plan: RunPlan;
  readonly watcher: RunWatcher;
}

async function train(run: Run): Promise<TrainingSummary> {
  const { options, start, data, learner, settings, state, watcher } = run;
  const began = performance.now();
  const { outputDir } = options;
  const checkpointed = {
    model: learner.model,
    optimizer: learner.optimizer,
    tokenizer: start.tokenizer,
    options: { ...options, [resolvedPrecision]: run.plan.precision },
  };
  start.loadWeights(learner.model);
  if (start.checkpoint) restoreOptimizer(start.checkpoint, state, checkpointed);
  else learner.optimizer.restore(0);
  const resumedAt = start.checkpoint ? state.globalStep : null;
  const setAside = setAsideLaterCheckpoints(outputDir, state.globalStep);
  if (setAside)
    watcher.note(`going back to step ${state.globalStep}: later checkpoints are now in ${setAside}`);
  const metrics = new MetricsFile(outputDir, resumedAt);
  const tensorBoard = new TensorBoardFile(outputDir, resumedAt);
  const record = (event: TrainingEvent) => {
    metrics.write(event);
    tensorBoard.write(event);
    watcher.event(event);
  };
  const inputs = {
    learner,
    checkpointed,
    epochSteps: data.epochSteps,
    evaluationBatches: () => evaluationBatches(data),
    prompts: data.prompts,
    questions: data.questions,
  };
  const trainer = new Trainer(settings, inputs, state, { ...watcher, event: record });
  try {
    const complete = await trainer.run();
    const savedStep = complete ? publish(options, state, watcher) : null;
    const exactMatch = await exactMatchOf(run, savedStep);
    const summary = summarize(run, savedStep, exactMatch, (performance.now() - began) / 1000);
    writeRunReport(options, run.plan, summary);
    return summary;
  } finally {
    metrics.close();
    tensorBoard.close();
  }
}

/**
 * Copies the result of the run to the top of its folder: the model with the lowest evaluation loss with
 * `loadBestModelAtEnd`, else the last one.
 * @returns its step.
 */
function publish(
  { outputDir, loadBestModelAtEnd }: Pick<RunOptions, 'outputDir' | 'loadBestModelAtEnd'>,
  { bestStep }: RunState,
  { note }: Pick<RunWatcher, 'note'>,
): number {
  const steps = checkpointSteps(outputDir);
  const last = steps.at(-1);
  if (last === undefined) throw new Error(`${outputDir} has no checkpoint at the end of the run`);
  if (loadBestModelAtEnd && bestStep !== null && bestStep !== last)
    try {
      publishModel(checkpointFolder(outputDir, bestStep), outputDir);
      return bestStep;
    } catch (thrown) {
      // A damaged or missing best checkpoint must not cost the rest of the run.
      if (!isUnreadable(thrown)) throw thrown;
      note(`the model of step ${bestStep}, the best one, cannot be used: ${messageOf(thrown)}`);
    }
  publishModel(checkpointFolder(outputDir, last), outputDir);
  return last;
}

function isUnreadable(thrown: unknown): boolean {
  if (thrown instanceof UserError) return thrown.fault === 'model';
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
}

/** Exact matches of the saved model: from its evaluation, or measured now when the run has no evaluations. */
async function exactMatchOf(
  { options, learner, data, settings }: Run,
  savedStep: number | null,
): Promise<ExactMatches> {
  const unknown = { trained: null, heldOut: null };
  if (savedStep === null) return unknown;
  // Without evaluations the saved model is the last one, and it is still on the device.
  if (settings.evalSteps === null)
    return (await measureExactMatches(learner, data.questions, () => false)) ?? unknown;
  const evaluation = readMetrics(join(options.outputDir, metricsFileName)).findLast(
    (event) => event.kind === 'evaluation' && event.step === savedStep,
  );
  return evaluation?.kind === 'evaluation' ? evaluation.exactMatch : unknown;
}

function withDropout(config: GPT2Config, dropout: number | null): GPT2Config {
  if (dropout === null) return config;
  return { ...config, embdPdrop: dropout, attnPdrop: dropout, residPdrop: dropout };
}

/** The options of AdamW and of the training pass. */
type LearningOptions = Pick<
  TrainOptions,
  | 'adamBeta1'
  | 'adamBeta2'
  | 'adamEpsilon'
  | 'gradientCheckpointing'
  | 'labelSmoothingFactor'
  | 'maxGradNorm'
  | 'weightDecay'
>;

function learnerOptions(
  options: LearningOptions,
  size: Pick<LearnerOptions, 'precision' | 'capacity' | 'samples'>,
): LearnerOptions {
  return {
    ...size,
    gradientCheckpointing: options.gradientCheckpointing,
    labelSmoothing: options.labelSmoothingFactor,
    beta1: options.adamBeta1,
    beta2: options.adamBeta2,
    epsilon: options.adamEpsilon,
    weightDecay: options.weightDecay,
    maxGradNorm: options.maxGradNorm,
  };
}

function trainerSettings(options: RunOptions, data: TrainingData): TrainerSettings {
  const { stepsPerEpoch } = data.epochSteps;
  const steps = totalSteps(options, stepsPerEpoch);
  return {
    outputDir: options.outputDir,
    seed: options.seed,
    totalSteps: steps,
    gradientAccumulationSteps: options.gradientAccumulationSteps,
    schedule: {
      type: options.lrSchedulerType,
      learningRate: options.learningRate,
      warmupSteps: warmupSteps(options.warmupSteps, steps),
      totalSteps: steps,
    },
    loggingSteps: options.loggingSteps ?? Math.max(1, Math.min(500, Math.floor(steps / 50))),
    evalSteps: data.evaluation && (options.evalSteps ?? stepsPerEpoch),
    saveSteps: options.saveSteps,
    saveTotalLimit: options.saveTotalLimit,
    earlyStopping: { patience: options.earlyStoppingPatience, threshold: options.earlyStoppingThreshold },
  };
}

function summarize(
  { learner, plan, options, state }: Run,
  savedStep: number | null,
  exactMatch: ExactMatches,
  seconds: number,
): TrainingSummary {
  const { lastEvalLoss: evalLoss } = state;
  return {
    steps: state.globalStep,
    epochs: state.epoch,
    trainLoss: state.updates > 0 ? state.trainLossSum / state.updates : Number.NaN,
    startingEvalLoss: state.startingEvalLoss,
    evalLoss,
    bestEvalLoss: state.bestEvalLoss,
    bestStep: state.bestStep,
    savedStep,
    perplexity: evalLoss === null ? null : Math.exp(evalLoss),
    exactMatch,
    tokensPerSecond: state.tokens / state.trainingSeconds,
    supervisedTokensPerSecond: state.supervisedTokens / state.trainingSeconds,
    peakMemoryBytes: learner.device.peakMemory(),
    device: plan.device,
    precision: plan.precision,
    outputDir: options.outputDir,
    stoppedEarly: state.stoppedEarly,
    seconds,
  };
}
