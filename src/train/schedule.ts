// The learning rate of every optimizer step: transformers.get_scheduler as a pure function, so that a resumed run
// needs no scheduler state. Steps count from 0: the first step of a warm-up has learning rate 0, as in the Trainer.

/** Names as in Hugging Face's SchedulerType. Only `constant` has no warm-up. */
export const schedulerTypes = ['linear', 'cosine', 'constant', 'constant_with_warmup'] as const;

export type SchedulerType = (typeof schedulerTypes)[number];

export interface Schedule {
  readonly type: SchedulerType;
  /** The highest learning rate of the run. */
  readonly learningRate: number;
  /** Steps over which the rate rises linearly from 0; see {@link warmupSteps}. */
  readonly warmupSteps: number;
  /** Optimizer steps of the whole run: the step at which `linear` and `cosine` reach 0. */
  readonly totalSteps: number;
}

/** @param step 0 for the first optimizer step. */
export function learningRateAt(step: number, schedule: Schedule): number {
  return schedule.learningRate * shareAt(step, schedule);
}

/** @param option `--warmup-steps`: a number of steps, or if below 1 a share of all steps, rounded up as in the Trainer. */
export function warmupSteps(option: number, totalSteps: number): number {
  return option >= 1 ? Math.trunc(option) : Math.ceil(totalSteps * option);
}

/** The share of the highest rate, 0 to 1. (The lr_lambda functions of transformers/optimization.py.) */
function shareAt(step: number, { type, warmupSteps, totalSteps }: Schedule): number {
  if (type === 'constant') return 1;
  if (step < warmupSteps) return step / Math.max(1, warmupSteps);
  const decaySteps = Math.max(1, totalSteps - warmupSteps);
  switch (type) {
    case 'constant_with_warmup':
      return 1;
    case 'linear':
      return Math.max(0, (totalSteps - step) / decaySteps);
    case 'cosine':
      return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * ((step - warmupSteps) / decaySteps))));
    default:
      return type satisfies never;
  }
}
