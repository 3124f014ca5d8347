// The training loop: accumulate the gradients of a step's micro-batches, update, log, evaluate, save. It ends when all steps
// are done, when the evaluation loss stops improving, when the loss is not finite, or on request. Decisions depend only on
// RunState, and numbers only on RunState and the seed, so a resumed run repeats the numbers of an uninterrupted one.

import { setImmediate } from 'node:timers/promises';
import type { EpochSteps, StepBatches } from '../corpus/epoch-steps.js';
import type { Fetched } from '../device/device.js';
import { UserError } from '../errors.js';
import type { Batch } from '../nn/batch.js';
import { option } from '../option-names.js';
import {
  type Checkpointed,
  checkpointFolder,
  checkpointSteps,
  pruneCheckpoints,
  saveCheckpoint,
} from './checkpoint.js';
import { type EarlyStoppingOptions, outOfPatience, recordEvaluation } from './early-stopping.js';
import { evaluationLoss, type SamplePrompt, sampleReplies } from './evaluation.js';
import type { TrainingEvent } from './events.js';
import { measureExactMatches, noQuestions, type Questions } from './exact-match.js';
import type { Learner } from './learner.js';
import type { PendingUpdate } from './optimizer.js';
import type { RunState } from './run-state.js';
import { learningRateAt, type Schedule } from './schedule.js';

/** A run has diverged after this many steps in a row with a NaN or infinite loss. */
const brokenStepsAllowed = 3;
/** Steps in a row that fp16 may skip until it finds a loss scale at which the gradients do not overflow. */
const skippedStepsAllowed = 40;

/** A step that the device may still be computing. */
interface PendingStep {
  readonly stepBatches: StepBatches;
  readonly learningRate: number;
  readonly lossSum: Fetched;
  readonly update: PendingUpdate;
  /** Milliseconds of performance.now(). */
  readonly began: number;
}

export interface TrainerSettings {
  readonly outputDir: string;
  readonly seed: number;
  readonly totalSteps: number;
  readonly gradientAccumulationSteps: number;
  readonly schedule: Schedule;
  readonly loggingSteps: number;
  /** Steps between evaluations; null when there is no evaluation set. */
  readonly evalSteps: number | null;
  readonly saveSteps: number;
  readonly saveTotalLimit: number | null;
  readonly earlyStopping: EarlyStoppingOptions;
}

export interface TrainerInputs {
  readonly learner: Learner;
  readonly checkpointed: Checkpointed;
  readonly epochSteps: EpochSteps;
  readonly evaluationBatches: () => Iterable<Batch>;
  readonly prompts: readonly SamplePrompt[];
  readonly questions: Questions;
}

export interface Watcher {
  /** Called after every optimizer step. */
  step(update: { readonly step: number; readonly loss: number; readonly tokensPerSecond: number }): void;
  event(event: TrainingEvent): void;
  /** Whether the run should save and end. */
  shouldStop(): boolean;
}

export class Trainer {
  /** The step and evaluation that the newest checkpoint contains. */
  private saved: { readonly step: number; readonly evaluated: number };
  /** Sums since the last logged step. */
  private interval = { tokens: 0, supervisedTokens: 0, seconds: 0 };
  /** Steps that the device was given and that are not yet part of the state, oldest first. */
  private readonly pending: PendingStep[] = [];
  private settledAt = 0;
  private skippedSteps = 0;

  /** @param state the state of the run, which the trainer advances. */
  constructor(
    private readonly settings: TrainerSettings,
    private readonly inputs: TrainerInputs,
    readonly state: RunState,
    private readonly watcher: Watcher,
  ) {
    // A run that stopped early continues when it is resumed with more patience.
    state.stoppedEarly = this.stopsEarly();
    this.saved = { step: state.globalStep, evaluated: state.evaluatedStep };
  }

  /** @returns true when the run is complete; false when it was interrupted. Both leave everything saved. */
  async run(): Promise<boolean> {
    const { state } = this;
    while (!this.watcher.shouldStop()) {
      if (this.pending.length > 0 && !this.pausesBefore(this.nextStep())) {
        await this.step();
        continue;
      }
      this.settle(0);
      const best = this.evaluationIsDue() && (await this.evaluate());
      if (this.watcher.shouldStop()) break;
      const finished = state.stoppedEarly || state.globalStep >= this.settings.totalSteps;
      if (finished && this.isBroken()) throw this.diverged();
      if (best || finished || state.globalStep % this.settings.saveSteps === 0) await this.save();
      if (finished) return true;
      await this.step();
    }
    this.settle(0);
    await this.save();
    return false;
  }

  /** The number of steps that the device was given. */
  private nextStep(): number {
    return this.state.globalStep + this.pending.length;
  }

  /** Whether an action is due before `step` that needs all earlier steps to be done. */
  private pausesBefore(step: number): boolean {
    const { evalSteps, saveSteps, totalSteps } = this.settings;
    return step >= totalSteps || step % saveSteps === 0 || (evalSteps !== null && step % evalSteps === 0);
  }

  private stopsEarly(): boolean {
    const { earlyStopping, totalSteps } = this.settings;
    return outOfPatience(this.state, earlyStopping) && this.state.globalStep < totalSteps;
  }

  private evaluationIsDue(): boolean {
    const { evalSteps, totalSteps } = this.settings;
    const { globalStep: step, evaluatedStep: evaluated } = this.state;
    return evalSteps !== null && evaluated < step && (step % evalSteps === 0 || step >= totalSteps);
  }

  /** Measures the evaluation set unless interrupted. @returns whether the loss is the lowest so far. */
  private async evaluate(): Promise<boolean> {
    const { state } = this;
    const { learner, checkpointed, evaluationBatches, prompts, questions } = this.inputs;
    const began = performance.now();
    const interrupted = () => this.watcher.shouldStop();
    const loss = await evaluationLoss(learner, evaluationBatches(), interrupted);
    if (loss === null) return false;
    // Before the first step the model has not been taught anything.
    const asked = state.globalStep === 0 ? noQuestions : questions;
    const exactMatch = await measureExactMatches(learner, asked, interrupted);
    if (exactMatch === null) return false;
    // The replies of a diverged model are meaningless.
    const samples = Number.isFinite(loss)
      ? await sampleReplies(learner, checkpointed.tokenizer, prompts)
      : [];
    // The loss before the first step is the starting point, not a result of the run.
    const isStart = state.globalStep === 0;
    const { best, ...record } = isStart
      ? { best: false }
      : recordEvaluation(state, loss, this.settings.earlyStopping);
    Object.assign(state, record);
    state.evaluatedStep = state.globalStep;
    state.lastEvalLoss = Number.isFinite(loss) ? loss : null;
    if (isStart) state.startingEvalLoss = state.lastEvalLoss;
    if (best) state.bestStep = state.globalStep;
    state.stoppedEarly = this.stopsEarly();
    this.watcher.event({
      kind: 'evaluation',
      step: state.globalStep,
      epoch: state.epoch,
      evalLoss: loss,
      perplexity: Math.exp(loss),
      seconds: (performance.now() - began) / 1000,
      best,
      samples,
      exactMatch,
    });
    return best;
  }

  /** Gives the device one optimizer step. An interrupted step leaves no trace. */
  private async step(): Promise<void> {
    const { device, model, optimizer, pass } = this.inputs.learner;
    const { epochSteps } = this.inputs;
    const began = performance.now();
    const step = this.nextStep();
    const { stepsPerEpoch } = epochSteps;
    const stepBatches = epochSteps.step(Math.floor(step / stepsPerEpoch), step % stepsPerEpoch);
    if (!(await this.accumulate(stepBatches, step))) {
      const { gradients } = model.parameters;
      if (gradients) device.fill(gradients, 0);
      return;
    }
    const lossSum = device.fetch(pass.lossSum);
    const learningRate = learningRateAt(step, this.settings.schedule);
    const update = optimizer.update(learningRate);
    this.pending.push({ stepBatches, learningRate, lossSum, update, began });
    // The device computes this step while the next one is prepared. If it is already done, settling does not wait.
    this.settle(1);
  }

  /** Moves steps into the state: all that are done, and all but the newest `keep`. */
  private settle(keep: number): void {
    for (;;) {
      const [oldest] = this.pending;
      if (!oldest || (this.pending.length <= keep && !oldest.update.ready())) return;
      this.pending.shift();
      this.take(oldest);
    }
  }

  private take({ stepBatches, learningRate, lossSum, update, began }: PendingStep): void {
    const { state } = this;
    const loss = (lossSum.wait()[0] ?? Number.NaN) / stepBatches.supervisedTokens;
    const { updates, norm } = update.wait();
    const now = performance.now();
    const seconds = (now - Math.max(began, this.settledAt)) / 1000;
    this.settledAt = now;
    state.globalStep++;
    state.epoch = state.globalStep / this.inputs.epochSteps.stepsPerEpoch;
    state.updates = updates;
    state.tokens += stepBatches.tokens;
    state.supervisedTokens += stepBatches.supervisedTokens;
    state.trainingSeconds += seconds;
    this.interval.tokens += stepBatches.tokens;
    this.interval.supervisedTokens += stepBatches.supervisedTokens;
    this.interval.seconds += seconds;
    this.watcher.step({ step: state.globalStep, loss, tokensPerSecond: stepBatches.tokens / seconds });
    this.judge(loss, norm);
    const { loggingSteps, totalSteps } = this.settings;
    if (state.globalStep % loggingSteps === 0 || state.globalStep === totalSteps)
      this.log(learningRate, norm, loss);
  }

  /** Adds the loss to the sums, unless the step is broken or was skipped. */
  private judge(loss: number, norm: number): void {
    const { state } = this;
    if (Number.isFinite(loss) && Number.isFinite(norm)) {
      state.brokenSteps = this.skippedSteps = 0;
      state.trainLossSum += loss;
      state.lossSumSinceLogged += loss;
      return;
    }
    // With a loss scale, an overflow of the gradients only means that the scale was too large.
    const scaled = this.inputs.learner.optimizer.lossScale !== undefined && Number.isFinite(loss);
    if (scaled && ++this.skippedSteps <= skippedStepsAllowed) return;
    if (++state.brokenSteps >= brokenStepsAllowed) throw this.diverged();
  }

  /** Whether the current weights gave a NaN or infinite loss in training or evaluation. */
  private isBroken(): boolean {
    const { brokenSteps, evaluatedStep, globalStep, lastEvalLoss } = this.state;
    return brokenSteps > 0 || (globalStep > 0 && evaluatedStep === globalStep && lastEvalLoss === null);
  }

  private diverged(): UserError {
    const { globalStep: step, brokenSteps: broken } = this.state;
    const { outputDir } = this.settings;
    // A broken step changes no weights, so the weights that broke it may also be in a checkpoint.
    const good = checkpointSteps(outputDir).findLast((saved) => saved < step - broken);
    const kept =
      good === undefined
        ? 'there is no earlier good checkpoint; start again'
        : `resume from the last good checkpoint with ${option('resume', checkpointFolder(outputDir, good))}, or start again,`;
    return new UserError(
      'training-diverged',
      `the loss is NaN or infinite at step ${step}${broken > 1 ? `, for ${broken} steps in a row` : ''}; ${kept} with a lower ` +
        `${option('learningRate')} or more ${option('warmupSteps')}`,
    );
  }

  /** @param lastLoss the loss of the last step, reported for an interval without any update. */
  private log(learningRate: number, gradNorm: number, lastLoss: number): void {
    const { state, interval } = this;
    const updates = state.updates - state.loggedUpdates;
    this.watcher.event({
      kind: 'step',
      step: state.globalStep,
      epoch: state.epoch,
      loss: updates > 0 ? state.lossSumSinceLogged / updates : lastLoss,
      learningRate,
      gradNorm,
      tokensPerSecond: interval.tokens / interval.seconds,
      supervisedTokensPerSecond: interval.supervisedTokens / interval.seconds,
    });
    state.loggedUpdates = state.updates;
    state.lossSumSinceLogged = 0;
    this.interval = { tokens: 0, supervisedTokens: 0, seconds: 0 };
  }

  /** Writes a checkpoint unless nothing is new or the weights are broken. */
  private async save(): Promise<void> {
    const { state, settings } = this;
    const { globalStep: step, evaluatedStep: evaluated } = state;
    if (step === 0 || this.isBroken() || (this.saved.step === step && this.saved.evaluated === evaluated))
      return;
    state.lossScale = this.inputs.learner.optimizer.readLossScale();
    state.measuredChoices = this.inputs.learner.device.measuredChoices();
    const folder = await saveCheckpoint(settings.outputDir, state, this.inputs.checkpointed);
    this.saved = { step, evaluated };
    pruneCheckpoints(settings.outputDir, settings.saveTotalLimit, [state.bestStep]);
    this.watcher.event({ kind: 'checkpoint', step, folder });
  }

  /** Leaves the gradients and the loss sum of the step's batches on the device. @returns false when interrupted. */
  private async accumulate(stepBatches: StepBatches, step: number): Promise<boolean> {
    const { device, pass } = this.inputs.learner;
    const { gradientAccumulationSteps } = this.settings;
    const seed = BigInt(this.settings.seed);
    device.fill(pass.lossSum, 0);
    for (const [index, batch] of stepBatches.batches.entries()) {
      const microStep = step * gradientAccumulationSteps + index;
      pass.accumulate(batch, 1 / stepBatches.supervisedTokens, { seed, microStep });
      await setImmediate();
      if (this.watcher.shouldStop() && index < stepBatches.batches.length - 1) return false;
    }
    return true;
  }
}
