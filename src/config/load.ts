// From flags and config file to the options of a run: defaults < file < flags. Checks every value, refuses contradictions
// and reports options without effect.

import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { completeOptions, type Given, type GivenOptions } from './schema.js';
import { shippedConfigPath, withinPackage } from './shipped-configs.js';
import { type TrainOption, type TrainOptions, trainOptions } from './train-options.js';

export interface LoadedOptions {
  readonly options: TrainOptions;
  /** Sentences about options that have no effect in combination with others. */
  readonly notes: readonly string[];
}

/** @throws UserError (usage) for invalid or contradictory options. */
export async function loadOptions(flags: GivenOptions<TrainOption>): Promise<LoadedOptions> {
  return settleOptions([await givenByFile(flags.get('config')), flags]);
}

/**
 * Merges layers of options; later layers override earlier ones.
 * @throws UserError (usage) for invalid or contradictory options.
 */
export function settleOptions(layers: readonly GivenOptions<TrainOption>[]): LoadedOptions {
  const options = completeOptions(trainOptions, layers);
  const given = new Set(layers.flatMap((layer) => [...layer.keys()]));
  // A flag that turns evaluation off overrides the interval in a config file.
  const last = layers.at(-1);
  if (last?.has('evalRatio') && !last.has('evalSteps')) given.delete('evalSteps');
  refuseContradictions(options, given);
  return { options, notes: withoutEffect(options, given) };
}

async function givenByFile(config: Given | undefined): Promise<GivenOptions<TrainOption>> {
  if (typeof config?.value !== 'string') return new Map();
  const { readConfigFile } = await import('./file.js');
  const shipped = shippedConfigPath(config.value);
  return shipped === null ? readConfigFile(config.value) : withinPackage(await readConfigFile(shipped));
}

/** Whether the run has evaluations. */
export function evaluates(options: TrainOptions): boolean {
  return options.evalRatio > 0 || options.evalData.length > 0;
}

function refuseContradictions(options: TrainOptions, given: ReadonlySet<TrainOption>): void {
  if (options.data.length === 0)
    throw new UserError(
      'data-not-named',
      `no conversations to train on; name files or folders, for example ${option('data', 'data/')}`,
    );
  if (options.warmupSteps >= 1 && !Number.isInteger(options.warmupSteps))
    throw new UserError(
      'option-invalid',
      `${option('warmupSteps')} is ${options.warmupSteps}, but must be a whole number of steps or, below 1, a share of them`,
    );
  if (options.resume === true && options.outputDir === null)
    throw new UserError(
      'resume-not-found',
      `${option('resume')} needs a folder; name a checkpoint after it, or the run with ${option('outputDir')}`,
    );
  if (evaluates(options)) return;
  const needing = (['evalSteps', 'failAboveEvalLoss'] as const).find((key) => given.has(key));
  if (needing !== undefined)
    throw new UserError(
      'options-conflict',
      `${option(needing)} needs an evaluation set, but ${option('evalRatio')} is 0; raise it or pass ${option('evalData')}`,
    );
}

function withoutEffect(options: TrainOptions, given: ReadonlySet<TrainOption>): readonly string[] {
  const notes: string[] = [];
  if (options.maxSteps > 0 && given.has('numTrainEpochs'))
    notes.push(
      `${option('numTrainEpochs')} has no effect, because ${option('maxSteps')} decides the length of the run`,
    );
  if (options.maxSteps > 0 && options.warmupSteps > options.maxSteps)
    notes.push(
      `${option('warmupSteps')} is longer than ${option('maxSteps')}: the learning rate never reaches ${option('learningRate')}`,
    );
  if (options.lrSchedulerType === 'constant' && options.warmupSteps > 0)
    notes.push(
      `${option('lrSchedulerType', 'constant')} has no warm-up; use constant_with_warmup with ${option('warmupSteps')}`,
    );
  if (options.evalData.length > 0 && given.has('evalRatio'))
    notes.push(`${option('evalRatio')} has no effect, because ${option('evalData')} is the evaluation set`);
  if (options.replay.length === 0 && given.has('replayRatio'))
    notes.push(`${option('replayRatio')} has no effect, because ${option('replay')} names no conversations`);
  const asksToStopEarly = given.has('earlyStoppingPatience') || given.has('earlyStoppingThreshold');
  if (!evaluates(options) && asksToStopEarly)
    notes.push(
      `there are no evaluations, so ${option('earlyStoppingPatience')} and ${option('earlyStoppingThreshold')} have no effect`,
    );
  if (
    options.earlyStoppingPatience === 0 &&
    given.has('earlyStoppingThreshold') &&
    options.earlyStoppingThreshold > 0
  )
    notes.push(
      `${option('earlyStoppingPatience', 0)} disables early stopping; ${option('earlyStoppingThreshold')} has no effect`,
    );
  return notes;
}
